"""What `advisor doctor` looks at: one function a check, each with the fix for what it finds."""

from __future__ import annotations

import errno
import importlib.util
import os
import shutil
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from advisor.config import Settings
from advisor.errors import AdvisorError

FREE_BYTES = 200 * 1024 * 1024


@dataclass(frozen=True)
class Check:
    """One thing looked at, how it is, and the fix where it is not well."""

    name: str
    state: Literal["ok", "warn", "FAIL"]
    detail: str
    fix: str = ""


def examine(settings: Settings) -> list[Check]:
    """Every check in order; one that breaks is reported and never stops the others."""
    return [
        _guarded(check, settings) for check in (_python, _data, _disk, _weights, _index, _chroma, _record, _chat, _port)
    ]


def _guarded(check: Callable[[Settings], Check], settings: Settings) -> Check:
    try:
        return check(settings)
    except AdvisorError as e:
        return Check(check.__name__.strip("_"), "FAIL", e.message, e.hint)


def _python(_settings: Settings) -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    if (3, 11) <= sys.version_info[:2] <= (3, 13):
        return Check("python", "ok", version)
    return Check("python", "FAIL", f"{version} is not supported", "Use Python 3.11, 3.12 or 3.13.")


def _data(settings: Settings) -> Check:
    mode = settings.data.stat().st_mode & 0o777
    if mode & 0o077:
        return Check("data", "warn", f"{settings.data} can be read by others", f"chmod 700 {settings.data}")
    return Check("data", "ok", str(settings.data))


def _disk(settings: Settings) -> Check:
    free = shutil.disk_usage(settings.data).free
    detail = f"{free / 2**30:,.1f} GiB free"
    if free < FREE_BYTES:
        return Check("disk", "FAIL", detail, "Free at least 200 MB, or set ADVISOR_HOME to another disk.")
    return Check("disk", "ok", detail)


def _weights(settings: Settings) -> Check:
    if settings.embedder.removeprefix("sentence-transformers/") != "all-MiniLM-L6-v2":
        return Check("weights", "ok", f"{settings.embedder} (not the packaged model; not checked)")
    from advisor.index.weights import SHA256, checked

    checked()
    return Check("weights", "ok", f"all-MiniLM-L6-v2, sha256 {SHA256[:12]}…")


def _index(settings: Settings) -> Check:
    from advisor.channels.startup import stale
    from advisor.index.manifest import current, damaged, read_manifest
    from advisor.models.embedder import make_embedder

    if why := stale(settings):
        return Check("index", "warn", why, "advisor index")
    folder = current(settings.data)
    assert folder is not None
    manifest = read_manifest(folder)
    if manifest.embedder != make_embedder(settings).identity:
        return Check("index", "FAIL", "it was built with another embedder", "advisor index")
    if bad := [name for name in damaged(folder, manifest, content=True) if not name.startswith("chroma/")]:
        return Check("index", "FAIL", f"damaged: {', '.join(bad)}", "advisor index --rebuild")
    return Check("index", "ok", f"{manifest.passages} passages, corpus {manifest.corpus}")


def _chroma(settings: Settings) -> Check:
    from advisor.index.manifest import current, damaged, read_manifest

    if (folder := current(settings.data)) is None:
        return Check("chroma", "warn", "not built yet", "advisor index")
    manifest = read_manifest(folder)
    if not manifest.chroma or damaged(folder, manifest, "chroma/", content=True):
        return Check(
            "chroma", "warn", "damaged; exact search over the same vectors answers instead", "advisor index --rebuild"
        )
    return Check("chroma", "ok", settings.chroma_url or "embedded")


def _record(settings: Settings) -> Check:
    if importlib.util.find_spec("sqlalchemy") is None:
        return Check("record", "FAIL", "SQLAlchemy is not installed", "pip install mlops-advisor")
    from advisor.records import open_records

    found = open_records(settings).conversations.check()
    if found != "ok":
        return Check("record", "FAIL", found, "Restore advisor.db from a backup, or move it away to start afresh.")
    return Check("record", "ok", "conversations can be written")


def _chat(settings: Settings) -> Check:
    if not settings.chat_configured:
        return Check("chat", "ok", "no chat model configured: answers are composed from rules and cited passages")
    parts = urlsplit(settings.base_url or "https://api.openai.com")
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((host, port), timeout=3).close()
    except OSError as e:
        why = e.strerror or str(e)
        return Check(
            "chat", "warn", f"{host}:{port} does not answer ({why}); answers go on without it", "Check OPENAI_BASE_URL."
        )
    return Check("chat", "ok", f"{settings.chat_model} at {host}:{port}")


def _port(settings: Settings) -> Check:
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        try:
            probe.bind((settings.host, settings.port))
        except OSError as e:
            used = "in use" if e.errno == errno.EADDRINUSE else os.strerror(e.errno or 0)
            return Check(
                "port", "warn", f"{settings.port} is {used}", "advisor serve --port 7861, or ADVISOR_PORT=7861"
            )
    return Check("port", "ok", f"{settings.port} is free")
