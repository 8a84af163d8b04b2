"""A chat model that says what it is told to: the fake that ships beside the real one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from advisor.interfaces import Message


class ScriptedReply:
    def __init__(self, pieces: Sequence[str], failure: Exception | None) -> None:
        self._pieces, self._failure = pieces, failure
        self.usage = (0, 0)

    def __iter__(self) -> Iterator[str]:
        yield from self._pieces
        if self._failure:
            raise self._failure
        self.usage = (1, len(self._pieces))


class ScriptedChat:
    """Answers with `script(messages)`, cut into small pieces; keeps what it was sent in `sent`."""

    name = "scripted"

    def __init__(self, script: Callable[[Sequence[Message]], str], failure: Exception | None = None) -> None:
        self._script, self._failure = script, failure
        self.sent: list[list[Message]] = []

    def stream(self, messages: Sequence[Message], *, deadline: float) -> ScriptedReply:  # noqa: ARG002
        self.sent.append(list(messages))
        text = self._script(messages)
        return ScriptedReply([text[i : i + 7] for i in range(0, len(text), 7)], self._failure)
