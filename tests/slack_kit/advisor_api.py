"""The advisor's API as the service behind the bot, over scripted answers. Another bot's author writes another one."""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import uvicorn

from advisor.channels.api.auth import Access
from advisor.channels.server import create_app
from advisor.channels.session import Desk
from advisor.knowledge.load import Corpus
from advisor.records.database import Database
from advisor.records.store import Records
from advisor.schema import Event, Profile, Turn
from tests.answers import Scripted, make_answer

SENTENCE = "Keep every model in a registry [1]. "


class Spoken(Scripted):
    """Answers with `text`, sentence by sentence, after `seconds`."""

    def __init__(self, corpus: Corpus | None) -> None:
        super().__init__()
        if corpus is not None:
            self.corpus = corpus
        self.text = SENTENCE.strip()
        self.seconds = 0.0

    def stream(
        self,
        question: str,
        *,
        profile: Profile | None = None,
        conversation: Sequence[Turn] = (),
        conversation_id: str | None = None,
    ) -> Iterator[Event]:
        self.asked.append((question, profile, list(conversation)))
        yield Event(kind="status", text="Reading the question")
        time.sleep(self.seconds)
        text = self.text.replace("{question}", question)
        for sentence in text.split("\n"):
            yield Event(kind="text", text=sentence + "\n")
        yield Event(kind="done", answer=make_answer(question, text=text + "\n", conversation_id=conversation_id))


class AdvisorApi:
    """The API on one port, which can be shut and opened again; what it recorded stays."""

    def __init__(self, corpus: Corpus | None = None, access: Access | None = None) -> None:
        self.advisor = Spoken(corpus)
        self._folder = tempfile.TemporaryDirectory()
        self.records = Records(Database(Path(self._folder.name) / "advisor.db"))
        self._access = access or Access()
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self.port = 0
        self.up()

    @property
    def url(self) -> str:
        """What ADVISOR_URL is set to."""
        return f"http://127.0.0.1:{self.port}"

    def say(self, markdown: str) -> None:
        """What every question is answered with from now on; `{question}` stands for the question."""
        self.advisor.text = markdown

    def slow(self, seconds: float) -> None:
        """How long an answer takes from now on."""
        self.advisor.seconds = seconds

    def up(self) -> None:
        """Answer requests."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        app = create_app(Desk(self.advisor, self.records), access=self._access)
        config = uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]}, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def down(self) -> None:
        """Refuse connections."""
        if self._server and self._thread:
            self._server.should_exit = True
            self._thread.join()
            self._server = None

    def close(self) -> None:
        """Shut for good."""
        self.down()
        self.records.close()
        self._folder.cleanup()
