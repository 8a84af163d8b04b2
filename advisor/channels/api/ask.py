"""Ask, read an answer again, say whether it helped."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from advisor.channels.api.answering import Answering, Question
from advisor.channels.api.auth import Caller, Door
from advisor.channels.api.bodies import Body, reads, taking
from advisor.channels.api.common import Id, IdPath, Key, UserName, json_of
from advisor.channels.api.problems import responses
from advisor.channels.api.stream import streamed
from advisor.channels.text import QUESTION_CHARS, check_question
from advisor.schema import Answer, Profile

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[!-~]([ -~]{0,198}[!-~])?$",
        description="A name of your own for this question, 1 to 200 printable characters: sent again within 24 hours, "
        "also while the first is still running and on any replica, it gives the same answer.",
    ),
]
EVENT = {
    "type": "object",
    "properties": {
        "event": {"enum": ["status", "profile", "sentence", "citation", "finding", "done", "error"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
    "required": ["event", "data"],
}
STREAM = """event: status
data: {"text":"Searching the corpus"}

event: sentence
data: {"text":"Start with a registry [1]."}

event: citation
data: {"n":1,"doc_id":"guide/registry","title":"A model registry", …}

event: done
data: {"id":"ans_…","text":"Start with a registry [1].", …}
"""


class AskRequest(Body):
    """A question, and in which conversation and about which organisation it is asked."""

    question: Annotated[str, Field(min_length=1, max_length=QUESTION_CHARS)]
    conversation_id: Id | None = None
    """Goes on with this conversation; without it a new one is begun."""
    conversation_key: Key | None = None
    """The caller's own name for a conversation, such as a thread's; made when new."""
    profile: Profile | None = None
    """In place of what the conversation knows about the organisation."""
    profile_key: Key | None = None
    """A kept profile to start from where the conversation has none; an unknown name starts from nothing."""
    user: UserName | None = None
    """Whom the question is recorded for, so that it can be exported and erased with that person's other things."""
    stream: bool = False
    """True: the answer comes as server-sent events."""


class FeedbackRequest(Body):
    """A thumb for an answer."""

    answer_id: Id
    value: Literal[1, -1]
    comment: Annotated[str, Field(max_length=2000)] = ""
    user: UserName | None = None


def ask_routes(door: Door, answering: Answering) -> APIRouter:
    """POST /v1/ask, GET /v1/answers/{id}, POST /v1/feedback."""
    router = APIRouter(tags=["ask"])
    desk = answering.desk

    @router.post(
        "/v1/ask",
        response_model=Answer,
        openapi_extra=taking(
            AskRequest,
            {"question": "What should we do next?", "profile": {"people": 25, "team": {"data-scientist": 2}}},
        ),
        responses={
            200: {
                "description": "The answer; its events where `stream` is true or the client accepts text/event-stream",
                "content": {"text/event-stream": {"schema": EVENT, "example": STREAM}},
                "headers": {
                    "Idempotency-Replayed": {
                        "description": "`true` where another request with the same key caused the answer",
                        "schema": {"type": "string"},
                    }
                },
            },
            **responses(401, 403, 404, 408, 413, 422, 429, 503),
        },
    )
    async def ask(
        request: Request,
        caller: Caller = door.needs("ask"),
        body: AskRequest = Depends(reads(AskRequest)),
        idempotency_key: IdempotencyKey = None,
    ) -> Any:
        """Answer a question with cited sources.

        Server-sent events: `status` {text}, `profile` {changes}, `sentence` {text}, `citation`, `finding`, `done` (the
        whole answer), `error` (a problem). The texts of all `sentence` events add up to the answer's text.
        """
        check_question(body.question)
        question = Question(
            body.question, body.conversation_id, body.conversation_key, body.profile, body.profile_key, body.user
        )
        sent = body.model_dump_json(exclude={"stream"}) if idempotency_key else ""
        told = await answering.told(caller, question, idempotency_key, hashlib.sha256(sent.encode()).hexdigest())
        if body.stream or "text/event-stream" in request.headers.get("accept", ""):
            return streamed(told, caller, door, answering)
        answer = await told.job.whole()
        return json_of(answer, {"Idempotency-Replayed": "true"} if told.replayed else None)

    @router.get("/v1/answers/{id}", response_model=Answer, responses=responses(401, 403, 404, 422, 429, 503))
    def answer(id: IdPath, caller: Caller = door.needs("read")) -> Any:
        """An answer given before."""
        return json_of(desk.answer(id, caller.owner))

    @router.post(
        "/v1/feedback",
        status_code=204,
        response_class=Response,
        openapi_extra=taking(FeedbackRequest, {"answer_id": "ans_0123456789abcdef", "value": 1}),
        responses=responses(401, 403, 404, 408, 413, 422, 429, 503),
    )
    async def feedback(
        caller: Caller = door.needs("feedback"), body: FeedbackRequest = Depends(reads(FeedbackRequest))
    ) -> Response:
        """Say whether an answer helped; a second vote replaces the first."""
        conversations = desk.records.of(caller.owner).conversations
        user = caller.user(body.user)
        await run_in_threadpool(conversations.give_feedback, body.answer_id, body.value, body.comment, user=user)
        answering.metrics.feedback.labels("up" if body.value == 1 else "down").inc()
        return Response(status_code=204)

    return router
