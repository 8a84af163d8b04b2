"""OpenAI's chat API over the advisor: POST /v1/chat/completions and GET /v1/models.

The client holds the conversation and sends it whole. Citations stand as links in the text, because clients show
text and drop fields they do not know, and as annotations for those that read them.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from advisor.channels.api.answering import Answering, KeyTaken, Question
from advisor.channels.api.ask import IdempotencyKey
from advisor.channels.api.auth import Caller, Door
from advisor.channels.api.bodies import reads, taking
from advisor.channels.api.common import json_of
from advisor.channels.api.inline import Annotation, Inline, linked
from advisor.channels.api.openai_models import (
    MODEL,
    AnswerMessage,
    ChatMessage,
    ChatRequest,
    Choice,
    Completion,
    ErrorBody,
    MessageAnnotation,
    Model,
    ModelList,
    OpenAIError,
    TokenUsage,
    UrlCitation,
)
from advisor.channels.api.problems import MEANINGS, NotFound
from advisor.channels.api.stream import streamed
from advisor.channels.text import check_question
from advisor.errors import AdvisorError, InputError
from advisor.schema import Answer, Event

RECALLED = 50
"""Earlier questions that are read for what they tell about the organisation, the latest ones."""

_KINDS = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_EVENT = {
    "type": "object",
    "description": "One event: a chunk as JSON, or [DONE].",
    "properties": {"data": {"type": "string"}},
    "required": ["data"],
}
_EXAMPLE = {"model": MODEL, "messages": [{"role": "user", "content": "What should we do next?"}]}


class Refused(InputError):
    """A request that is valid and yet cannot be served; `param` names the field."""

    def __init__(self, message: str, hint: str, param: str, code: str) -> None:
        super().__init__(message, hint)
        self.param, self.code = param, code


class OpenAIRoute(APIRoute):
    """A route whose errors look as OpenAI's clients expect them."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, its errors reworded."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await inner(request)
            except (AdvisorError, RequestValidationError) as error:
                kind = AdvisorError if isinstance(error, AdvisorError) else RequestValidationError
                problem = await request.app.exception_handlers[kind](request, error)
                return _reworded(problem, error)

        return handle


def openai_routes(door: Door, answering: Answering) -> APIRouter:
    """POST /v1/chat/completions, GET /v1/models and /v1/models/{id}."""
    router = APIRouter(tags=["openai"], route_class=OpenAIRoute)

    @router.post(
        "/v1/chat/completions",
        response_model=Completion,
        openapi_extra=taking(ChatRequest, _EXAMPLE),
        responses={
            200: {
                "description": "The answer; as chat.completion.chunk events where `stream` is true",
                "content": {"text/event-stream": {"schema": _EVENT}},
            },
            **_errors(400, 401, 403, 404, 422, 429, 503),
        },
    )
    async def complete(
        request: Request,
        caller: Caller = door.needs("ask", filler=True),
        body: ChatRequest = Depends(reads(ChatRequest)),
        idempotency_key: IdempotencyKey = None,
    ) -> Any:
        """Answer the last user message; sampling options, tools and system messages change nothing."""
        _check(body)
        text, before = _asked(body.messages)
        profile, earlier = await run_in_threadpool(answering.desk.advisor.recall, before)
        question = Question(text, profile=profile, earlier=tuple(earlier))
        sent = body.model_dump_json(include={"messages"}) if idempotency_key else ""
        told = await answering.told(caller, question, idempotency_key, hashlib.sha256(sent.encode()).hexdigest())
        server = str(request.base_url)
        if body.stream:
            usage = bool(body.stream_options and body.stream_options.include_usage)
            return streamed(told, caller, door, answering, Chunks(told.job.answer_id, server, usage))
        answer = await told.job.whole()
        return json_of(completion(answer, server), {"Idempotency-Replayed": "true"} if told.replayed else None)

    @router.get("/v1/models", response_model=ModelList, responses=_errors(401, 403, 429, 503))
    async def models(_caller: Caller = door.needs("ask", filler=True)) -> Any:
        """The one model there is."""
        return json_of(ModelList())

    @router.get("/v1/models/{id}", response_model=Model, responses=_errors(401, 403, 404, 429, 503))
    async def model(id: str, _caller: Caller = door.needs("ask", filler=True)) -> Any:
        """The one model there is, by its name."""
        _check_model(id)
        return json_of(Model())

    return router


def completion(answer: Answer, server: str) -> Completion:
    """The whole answer; `server` is this server's own address, for documents without one on the web."""
    text, annotations = linked(answer, server)
    message = AnswerMessage(content=text, annotations=_annotated(annotations))
    return Completion(id=answer.id, created=int(time.time()), choices=[Choice(message=message)], usage=_usage(answer))


class Chunks:
    """The events of one answer as chat.completion.chunk events."""

    def __init__(self, id: str, server: str, usage: bool) -> None:
        self._inline = Inline(server)
        self._usage = usage
        self._base = {"id": id, "object": "chat.completion.chunk", "created": int(time.time()), "model": MODEL}
        self._begun = False

    def written(self, event: Event) -> Iterator[str]:
        """What one event adds; the last one brings the sources, the annotations and the end."""
        if not self._begun:
            self._begun = True
            yield self._chunk({"role": "assistant", "content": ""})
        if event.kind == "text":
            for citation in event.citations:
                self._inline.know(citation)
            if text := self._inline.add(event.text):
                yield self._chunk({"content": text})
        if event.answer is not None:
            if text := self._inline.end(event.answer):
                yield self._chunk({"content": text})
            if annotations := _annotated(self._inline.annotations):
                yield self._chunk({"annotations": [a.model_dump() for a in annotations]})
            yield self._chunk({}, "stop")
            if self._usage:
                yield _data({**self._base, "choices": [], "usage": _usage(event.answer).model_dump()})
            yield "data: [DONE]\n\n"

    def broken(self, status: int, title: str, hint: str) -> str:
        """The end of a stream that failed."""
        return _data(_error(status, f"{title} {hint}").model_dump())

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        usage = {"usage": None} if self._usage else {}
        return _data({**self._base, "choices": [choice], **usage})


def _check(body: ChatRequest) -> None:
    _check_model(body.model)
    if body.n not in (None, 1):
        raise Refused("There is one answer to a question.", "Leave out n.", "n", "unsupported_value")


def _check_model(name: str) -> None:
    if name != MODEL:
        raise NotFound(f"There is no such model; this server has one, {MODEL}.", "GET /v1/models lists it.")


def _asked(messages: Sequence[ChatMessage]) -> tuple[str, list[str]]:
    """The question, and the user's messages before it. Raises InputError."""
    spoken = [(at, m) for at, m in enumerate(messages) if m.role in ("user", "assistant")]
    if not spoken or spoken[-1][1].role != "user":
        raise Refused("The last message has to be the user's.", "Put the question last.", "messages", "invalid_value")
    *before, text = [_text(m, f"messages.{at}.content") for at, m in spoken if m.role == "user"]
    try:
        return check_question(text), [b for b in before[-RECALLED:] if _readable(b)]
    except InputError as e:
        raise Refused(e.message, e.hint, f"messages.{spoken[-1][0]}.content", "invalid_value") from e


def _text(message: ChatMessage, where: str) -> str:
    if not isinstance(message.content, list):
        return message.content or ""
    for part in message.content:
        if part.type != "text" or part.text is None:
            raise Refused(
                "Only text can be read, no images, sound or files.",
                "Send the text alone.",
                where,
                "unsupported_content",
            )
    return "\n".join(part.text or "" for part in message.content)


def _readable(text: str) -> bool:
    with suppress(InputError):
        return bool(check_question(text))
    return False


def _annotated(annotations: Sequence[Annotation]) -> list[MessageAnnotation]:
    return [
        MessageAnnotation(
            url_citation=UrlCitation(start_index=a.start, end_index=a.end, url=a.url, title=a.citation.title)
        )
        for a in annotations
    ]


def _usage(answer: Answer) -> TokenUsage:
    read, written = answer.usage.prompt_tokens, answer.usage.completion_tokens
    return TokenUsage(prompt_tokens=read, completion_tokens=written, total_tokens=read + written)


def _data(content: dict[str, Any]) -> str:
    # ASCII only: some clients take U+2028 and its like for the end of a line.
    return f"data: {json.dumps(content, separators=(',', ':'))}\n\n"


def _errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {s: {"description": MEANINGS.get(s, MEANINGS[422]), "model": OpenAIError} for s in statuses}


def _error(status: int, message: str, param: str | None = None, code: str | None = None) -> OpenAIError:
    kind = _KINDS.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return OpenAIError(error=ErrorBody(message=message, type=kind, param=param, code=code))


def _reworded(problem: Response, error: Exception) -> Response:
    """A problem as OpenAI's clients expect an error; its status and headers stay, but that a bad request is 400."""
    said = json.loads(bytes(problem.body))
    fields = said.get("errors") or []
    message = " ".join([said["title"], *(f"{f['field']}: {f['problem']}." for f in fields), said["hint"]]).strip()
    param, code = (fields[0]["field"] or None, "invalid_value") if fields else (None, None)
    if isinstance(error, Refused):
        param, code = error.param, error.code
    elif isinstance(error, NotFound):
        param, code = "model", "model_not_found"
    status = 400 if problem.status_code == 422 and not isinstance(error, KeyTaken) else problem.status_code
    headers = {k: v for k, v in problem.headers.items() if k in ("retry-after", "www-authenticate")}
    return JSONResponse(_error(status, message, param, code).model_dump(), status, headers)
