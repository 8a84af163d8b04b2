"""Server-sent events: bytes to events, and going on where a broken stream stopped."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import ValidationError

from advisor.client.errors import ApiError, problem_error
from advisor.schema import Answer, Citation, Finding, ProfileChange

Kind = Literal["status", "profile", "sentence", "citation", "finding", "restart", "done"]


@dataclass(frozen=True)
class StreamEvent:
    """One step of an answer. The texts of all `sentence` events since the last `restart` add up to answer.text.

    `restart`: the server was lost, and another attempt words the answer differently; what came before is void.
    """

    kind: Kind
    text: str = ""
    citation: Citation | None = None
    finding: Finding | None = None
    changes: list[ProfileChange] = field(default_factory=list)
    answer: Answer | None = None


class Lines:
    """Turns the bytes of a stream into (event, data) pairs, whatever the pieces they arrive in."""

    def __init__(self) -> None:
        self._rest = b""
        self._kind = ""
        self._data: list[str] = []

    def feed(self, piece: bytes) -> list[tuple[str, str]]:
        """The events that `piece` completes."""
        # Split at \n only: what str.splitlines also takes for a line's end may stand inside a JSON string.
        *lines, self._rest = (self._rest + piece).split(b"\n")
        events = []
        for raw in lines:
            line = raw.removesuffix(b"\r").decode("utf-8", "replace")
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if not line:
                if self._data:
                    events.append((self._kind, "\n".join(self._data)))
                self._kind, self._data = "", []
            elif name == "event":
                self._kind = value
            elif name == "data":
                self._data.append(value)
        return events


def read_event(kind: str, data: str) -> StreamEvent | None:
    """The event, or None for a kind of a newer server. Raises ApiError: the server's error, or one it garbled."""
    try:
        said: Any = json.loads(data)
        if kind == "error":
            status = int(said.get("status") or 500)
            raise problem_error(status, said, {"retry-after": str(said.get("retry_after") or "")})
        if kind == "status":
            return StreamEvent("status", text=str(said["text"]))
        if kind == "sentence":
            return StreamEvent("sentence", text=str(said["text"]))
        if kind == "profile":
            return StreamEvent("profile", changes=[ProfileChange.model_validate(c) for c in said["changes"]])
        if kind == "citation":
            return StreamEvent("citation", citation=Citation.model_validate(said))
        if kind == "finding":
            return StreamEvent("finding", finding=Finding.model_validate(said))
        if kind == "done":
            return StreamEvent("done", answer=Answer.model_validate(said))
    except (ValueError, KeyError, TypeError, AttributeError, ValidationError) as e:
        raise not_understood(200) from e
    return None


def not_understood(status: int) -> ApiError:
    """What came is not an answer of this API."""
    return ApiError(
        "The server's answer is not one that this client understands.",
        "Check that ADVISOR_URL is the advisor's address, and that server and client are of one version.",
        status=status,
    )


class Told:
    """What the reader has been told, so that a second attempt tells only what is new."""

    def __init__(self) -> None:
        self._text = ""
        self._things: set[str] = set()
        self._attempt: list[StreamEvent] = []
        self._attempt_text = ""

    def again(self) -> None:
        """Another attempt begins, from the answer's start."""
        self._attempt, self._attempt_text = [], ""

    def news(self, event: StreamEvent) -> list[StreamEvent]:
        """What of `event` to pass on: nothing where the reader knows it, all over again where it is now another."""
        if event.kind in ("status", "done"):
            return [event]
        self._attempt.append(event)
        if event.kind != "sentence":
            thing = repr(event)
            known = thing in self._things
            self._things.add(thing)
            return [] if known else [event]
        self._attempt_text += event.text
        if self._text.startswith(self._attempt_text):
            return []
        if self._attempt_text.startswith(self._text):
            more = self._attempt_text[len(self._text) :]
            self._text = self._attempt_text
            return [StreamEvent("sentence", text=more)]
        self._text = self._attempt_text
        self._things = {repr(e) for e in self._attempt if e.kind != "sentence"}
        return [StreamEvent("restart"), *self._attempt]
