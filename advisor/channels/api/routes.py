"""The HTTP API: ask, read the pinned documents, ask how the server is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool

from advisor.channels.api.limits import Slots
from advisor.channels.api.problems import problem
from advisor.channels.session import Desk
from advisor.channels.text import QUESTION_CHARS, check_question
from advisor.errors import AdvisorError
from advisor.schema import Answer, Document, Event, Profile


class AskRequest(BaseModel):
    """The body of POST /v1/ask."""

    model_config = ConfigDict(extra="forbid", strict=True)
    question: Annotated[str, Field(min_length=1, max_length=QUESTION_CHARS)]
    conversation_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None
    profile: Profile | None = None
    stream: bool = False


def api_routes(desk: Desk, slots: Slots) -> APIRouter:
    """Everything under /v1, and the health routes."""
    router = APIRouter()

    @router.post("/v1/ask", response_model=Answer)
    async def ask(body: AskRequest, request: Request) -> Any:
        """Answer a question; as server-sent events where `stream` is true or the client accepts them."""
        check_question(body.question)
        slots.take()
        try:
            events = await run_in_threadpool(_begin, desk, body)
        except BaseException:
            slots.give_back()
            raise
        if body.stream or "text/event-stream" in request.headers.get("accept", ""):
            headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
            return StreamingResponse(_sent(events, slots), media_type="text/event-stream", headers=headers)
        try:
            answer = await run_in_threadpool(_last, events)
        finally:
            slots.give_back()
        return JSONResponse(answer.model_dump(mode="json"))

    @router.get("/v1/documents/{doc_id:path}", response_model=Document)
    def document(doc_id: str) -> Any:
        """A pinned corpus document: the text that citations point into, and its sources."""
        found = desk.advisor.documents.get(doc_id)
        if found is None:
            return problem(404, "There is no such document.", "Document ids are the doc_id of a citation.")
        return found

    @router.get("/healthz")
    def healthz() -> dict[str, str]:
        """The process is up."""
        return {"status": "ok"}

    @router.get("/readyz", response_model=None)
    def readyz() -> JSONResponse:
        """The server can answer and record."""
        checks = {"documents": "ok" if desk.advisor.documents else "none"}
        try:
            checks["record"] = desk.records.check()
        except AdvisorError as e:
            checks["record"] = e.message
        ready = set(checks.values()) == {"ok"}
        return JSONResponse({"status": "ready" if ready else "not ready", **checks}, 200 if ready else 503)

    return router


def page_routes(desk: Desk) -> APIRouter:
    """What the chat page fetches besides Gradio's own calls."""
    router = APIRouter(include_in_schema=False)

    @router.get("/ui/passage/{answer_id}/{n}")
    def passage(answer_id: str, n: int) -> HTMLResponse:
        from advisor.channels.web.passage import passage_html

        answer = desk.answer(answer_id)
        cited = next((c for c in answer.citations if c.n == n), None)
        if cited is None:
            return HTMLResponse("<p>This answer has no such source.</p>", 404)
        return HTMLResponse(passage_html(cited, desk.advisor.documents.get(cited.doc_id)))

    return router


def _begin(desk: Desk, body: AskRequest) -> Iterator[Event]:
    """The events, the first of them already there: what is wrong with a request shows before the status line."""
    events = desk.ask(body.question, conversation_id=body.conversation_id, profile=body.profile)
    first = next(events)

    def rest() -> Iterator[Event]:
        yield first
        yield from events

    return rest()


def _last(events: Iterator[Event]) -> Answer:
    answer = None
    for event in events:
        answer = event.answer or answer
    assert answer is not None, "a stream ends with its answer"
    return answer


async def _sent(events: Iterator[Event], slots: Slots) -> AsyncIterator[str]:
    try:
        async for event in iterate_in_threadpool(events):
            data = event.answer if event.kind == "done" and event.answer else event
            fields = {"answer"} if data is event else set()
            yield f"event: {event.kind}\ndata: {data.model_dump_json(exclude=fields)}\n\n"
    except AdvisorError as e:
        yield f"event: error\ndata: {bytes(problem(503, e.message, e.hint).body).decode()}\n\n"
    finally:
        slots.give_back()
