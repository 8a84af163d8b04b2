"""A chat model that says what it is told to: the fake that ships beside the real one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from advisor.errors import ModelUnavailable
from advisor.interfaces import Message


class ScriptedReply:
    """Pieces of a scripted text, and then its failure, if it has one."""

    def __init__(self, pieces: Sequence[str], failure: ModelUnavailable | None, deadline: float) -> None:
        self._pieces, self._failure, self._deadline = pieces, failure, deadline
        self.usage = (0, 0)

    def __iter__(self) -> Iterator[str]:
        if time.monotonic() > self._deadline:
            raise ModelUnavailable("The chat model had no time left to answer.", reason="timeout")
        yield from self._pieces
        if self._failure:
            raise self._failure
        self.usage = (1, len(self._pieces))


class ScriptedChat:
    """Answers with `script(messages)`, cut into small pieces; keeps what it was sent in `sent`."""

    name = "scripted"

    def __init__(self, script: Callable[[Sequence[Message]], str], failure: ModelUnavailable | None = None) -> None:
        self._script, self._failure = script, failure
        self.sent: list[list[Message]] = []

    def stream(self, messages: Sequence[Message], *, deadline: float) -> ScriptedReply:
        """The script's text for these messages."""
        self.sent.append(list(messages))
        text = self._script(messages)
        return ScriptedReply([text[i : i + 7] for i in range(0, len(text), 7)], self._failure, deadline)
