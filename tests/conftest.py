"""Every test has its own home and environment, and can dial nothing but this machine."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

if TYPE_CHECKING:
    from advisor.answer.pipeline import Advisor
    from advisor.config import Settings
    from advisor.interfaces import ChatModel


@pytest.fixture(autouse=True)
def _isolated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.startswith(("ADVISOR_", "OPENAI_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ADVISOR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A product that answers without a network must be seen to do so."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = str(address[0]) if isinstance(address, tuple) else ""
            if host not in ("127.0.0.1", "::1", "localhost"):
                raise AssertionError(f"a test dialled {host}")
        real(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.fixture(scope="session")
def advisor_home() -> Settings:
    """Settings over the real corpus, whose home and its index are kept from run to run."""
    from advisor.index.build import build
    from advisor.knowledge.load import default_root
    from advisor.models.embedder import make_embedder
    from tests.homes import SHARED, settings_for

    home = SHARED / f"home-{hashlib.sha256(str(default_root()).encode()).hexdigest()[:8]}"
    SHARED.mkdir(exist_ok=True, mode=0o700)
    with FileLock(SHARED / "home.lock"):
        settings = settings_for(default_root(), home)
        build(settings, make_embedder(settings))
    return settings


@pytest.fixture(scope="session")
def advisor(advisor_home: Settings) -> Advisor:
    """The advisor over the real corpus, without a chat model."""
    from advisor.answer.pipeline import Advisor

    return Advisor.open(advisor_home, store="exact")


@pytest.fixture
def advisor_with(advisor: Advisor) -> Callable[..., Advisor]:
    """The same advisor with a chat model, and settings of one's own: `advisor_with(chat, answer_seconds=3)`."""

    from advisor.answer.pipeline import Advisor

    def make(chat: ChatModel, **settings: object) -> Advisor:
        changed = advisor.settings.model_copy(update=settings)
        return Advisor(advisor.corpus, advisor.index, advisor.retriever, changed, chat)

    return make
