"""An answer as server-sent events: status, profile, sentence, citation, finding, done; error where it ends badly."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import AsyncIterator, Iterator
from typing import Protocol

from fastapi.responses import StreamingResponse

from advisor.channels.api.answering import Answering, Ending, Job, Told
from advisor.channels.api.auth import Caller, Door
from advisor.channels.api.problems import content, status_of
from advisor.errors import AdvisorError
from advisor.records.keys import BadKey
from advisor.schema import Event

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 10.0
TICK_SECONDS = 3.0
"""Between looks at whether the key is still good and the server stays up."""
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Wire(Protocol):
    """How one answer's events are written."""

    def written(self, event: Event) -> Iterator[str]:
        """What one event adds."""

    def broken(self, status: int, title: str, hint: str) -> str:
        """The end of a stream that failed."""


def streamed(
    told: Told, caller: Caller, door: Door, answering: Answering, wire: Wire | None = None
) -> StreamingResponse:
    """The response that sends the answer as it is written; in this API's own events if not told otherwise."""
    headers = HEADERS | ({"Idempotency-Replayed": "true"} if told.replayed else {})
    sent = _sent(told.job, caller, door, answering, wire or TypedEvents())
    return StreamingResponse(sent, media_type="text/event-stream", headers=headers)


async def _sent(job: Job, caller: Caller, door: Door, answering: Answering, wire: Wire) -> AsyncIterator[str]:
    beat = time.monotonic()
    try:
        async for event in job.read(TICK_SECONDS):
            if event is not None:
                for text in wire.written(event):
                    yield text
                beat = time.monotonic()
                continue
            if answering.cut:
                raise Ending
            if not await door.still(caller):
                raise BadKey
            if time.monotonic() - beat >= HEARTBEAT_SECONDS:
                beat = time.monotonic()
                yield ": waiting\n\n"
    except AdvisorError as e:
        yield wire.broken(status_of(e), e.message, e.hint)
    except Exception as e:
        log.error("an answer broke off", exc_info=e)
        yield wire.broken(500, "Something went wrong on our side.", "Ask again; the server's log has the details.")
    finally:
        job.leave()


class TypedEvents:
    """status, profile, sentence, citation, finding, done; a citation comes once, after the sentence that needs it."""

    def __init__(self) -> None:
        self._cited: set[int] = set()

    def written(self, event: Event) -> Iterator[str]:
        """What one event of the advisor becomes; the last is preceded by the findings."""
        if event.kind == "status":
            yield _event("status", event.model_dump_json(include={"text"}))
        elif event.kind == "profile":
            yield _event("profile", event.model_dump_json(include={"changes"}))
        elif event.kind == "text":
            yield _event("sentence", event.model_dump_json(include={"text"}))
        for citation in event.answer.citations if event.answer else event.citations:
            if citation.n not in self._cited:
                self._cited.add(citation.n)
                yield _event("citation", citation.model_dump_json())
        if event.answer is not None:
            for finding in event.answer.findings:
                yield _event("finding", finding.model_dump_json())
            yield _event("done", event.answer.model_dump_json())

    def broken(self, status: int, title: str, hint: str) -> str:
        """The last event of a stream that failed."""
        return _event("error", json.dumps(content(status, title, hint)))


def _event(kind: str, data: str) -> str:
    return f"event: {kind}\ndata: {data}\n\n"
