"""Every request the client can make, as a value: what is sent, whether it may be sent twice, how the reply reads."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, TypeAdapter, ValidationError

from advisor.client.events import not_understood
from advisor.client.replies import Assessment, Conversation, ConversationSummary, Found, Page, Reply
from advisor.errors import InputError
from advisor.schema import Answer, Document, Finding, Profile

T = TypeVar("T")
Records = Literal["tools", "roles", "practices", "costs", "threats", "stages", "levels", "maturity-models"]
ReportFormat = Literal["html", "md", "json", "pdf"]

_PRINTABLE = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True)
class Received:
    """A response that is no error, read to its end; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    lost: bool = False
    """An earlier attempt of the same call may have been served."""


@dataclass(frozen=True)
class Call(Generic[T]):
    """One request. `repeatable`: sending it twice does no more than sending it once."""

    method: str
    path: str
    read: Callable[[Received], T]
    params: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = True

    @property
    def content(self) -> bytes | None:
        """The body as bytes."""
        return None if self.body is None else json.dumps(self.body).encode()


def ask(
    question: str,
    conversation_id: str | None,
    conversation_key: str | None,
    profile: Profile | None,
    profile_key: str | None,
    user: str | None,
    idempotency_key: str | None,
    *,
    stream: bool = False,
) -> Call[Reply]:
    """POST /v1/ask, always with an idempotency key, so that a retry cannot ask twice. Raises InputError."""
    key = secrets.token_urlsafe(16) if idempotency_key is None else idempotency_key
    if not _PRINTABLE.fullmatch(key):
        raise InputError(
            "The idempotency key is not usable.", "Use 1 to 200 printable ASCII characters without spaces."
        )
    body = _some(
        question=question,
        conversation_id=conversation_id,
        conversation_key=conversation_key,
        profile=_json(profile),
        profile_key=profile_key,
        user=user,
        stream=True if stream else None,
    )
    headers = {"Idempotency-Key": key, "Accept": "text/event-stream" if stream else "application/json"}
    return Call("POST", "/v1/ask", _reply, body=body, headers=headers)


def answer(id: str) -> Call[Answer]:
    """GET /v1/answers/{id}"""
    return Call("GET", f"/v1/answers/{_part(id)}", _model(Answer))


def feedback(answer_id: str, value: Literal[1, -1], comment: str, user: str | None) -> Call[None]:
    """POST /v1/feedback; a second vote replaces the first."""
    body = _some(answer_id=answer_id, value=value, comment=comment or None, user=user)
    return Call("POST", "/v1/feedback", _nothing, body=body)


def conversations(limit: int, after: str | None) -> Call[Page[ConversationSummary]]:
    """GET /v1/conversations"""
    params = _words(limit=limit, after=after)
    return Call("GET", "/v1/conversations", _model(Page[ConversationSummary]), params=params)


def conversation(id: str) -> Call[Conversation]:
    """GET /v1/conversations/{id}"""
    return Call("GET", f"/v1/conversations/{_part(id)}", _model(Conversation))


def delete_conversation(id: str) -> Call[None]:
    """DELETE /v1/conversations/{id}"""
    return Call("DELETE", f"/v1/conversations/{_part(id)}", _nothing)


def get_profile(key: str) -> Call[Profile]:
    """GET /v1/profiles/{key}"""
    return Call("GET", f"/v1/profiles/{_part(key)}", _model(Profile))


def put_profile(key: str, profile: Profile) -> Call[None]:
    """PUT /v1/profiles/{key}"""
    return Call("PUT", f"/v1/profiles/{_part(key)}", _nothing, body=_json(profile))


def delete_profile(key: str) -> Call[None]:
    """DELETE /v1/profiles/{key}"""
    return Call("DELETE", f"/v1/profiles/{_part(key)}", _nothing)


def assess(profile: Profile | None, profile_key: str | None, name: str | None, save: bool) -> Call[Assessment]:
    """POST /v1/assessments; a saved one is a new record each time, so it is not sent twice."""
    body = _some(profile=_json(profile), profile_key=profile_key, name=name, save=save)
    return Call("POST", "/v1/assessments", _model(Assessment), body=body, repeatable=not save)


def report(profile: Profile, format: ReportFormat) -> Call[bytes]:
    """POST /v1/reports"""
    return Call("POST", "/v1/reports", lambda got: got.body, body={"profile": _json(profile), "format": format})


def search(q: str, k: int, kind: str | None, stage: int | None, level: int | None) -> Call[list[Found]]:
    """GET /v1/search"""
    params = _words(q=q, k=k, kind=kind, stage=stage, level=level)
    return Call("GET", "/v1/search", lambda got: _model(Page[Found])(got).items, params=params)


def document(doc_id: str) -> Call[Document]:
    """GET /v1/documents/{doc_id}"""
    return Call("GET", f"/v1/documents/{quote(doc_id)}", _model(Document))


def browse(
    records: Records, q: str | None, stage: int | None, level: int | None, limit: int, after: str | None
) -> Call[Page[dict[str, Any]]]:
    """GET /v1/tools, /v1/roles and their like."""
    params = _words(q=q, stage=stage, level=level, limit=limit, after=after)
    return Call("GET", f"/v1/{records}", _model(Page[dict[str, Any]]), params=params)


def record(records: Records, id: str) -> Call[dict[str, Any]]:
    """GET /v1/tools/{id} and its like."""
    return Call("GET", f"/v1/{records}/{_part(id)}", _model(dict[str, Any]))


def compare(tools: Sequence[str], profile: Profile | None) -> Call[list[Finding]]:
    """POST /v1/compare"""
    return Call("POST", "/v1/compare", _findings, body=_some(tools=list(tools), profile=_json(profile)))


def estimate(profile: Profile) -> Call[list[Finding]]:
    """POST /v1/estimate"""
    return Call("POST", "/v1/estimate", _findings, body={"profile": _json(profile)})


def version() -> Call[dict[str, Any]]:
    """GET /v1/version"""
    return Call("GET", "/v1/version", _model(dict[str, Any]))


def _model(shape: type[T]) -> Callable[[Received], T]:
    def read(got: Received) -> T:
        try:
            return TypeAdapter(shape).validate_json(got.body)
        except ValidationError as e:
            raise not_understood(got.status) from e

    return read


def _reply(got: Received) -> Reply:
    headers = got.headers
    return Reply(_model(Answer)(got), replayed(headers, got.lost), headers.get("x-request-id", ""))


def _findings(got: Received) -> list[Finding]:
    class Findings(BaseModel):
        findings: list[Finding]

    return _model(Findings)(got).findings


def replayed(headers: Mapping[str, str], lost: bool) -> bool:
    """Did another call ask for this answer? Not where an attempt of this one was `lost`: that may be what asked."""
    return headers.get("idempotency-replayed", "") == "true" and not lost


def _nothing(_got: Received) -> None:
    return None


def _json(model: BaseModel | None) -> dict[str, Any] | None:
    # What was never set stays out: a server of an older version may not know a new field.
    return None if model is None else model.model_dump(mode="json", exclude_defaults=True)


def _some(**values: Any) -> dict[str, Any]:
    return {k: v for k, v in values.items() if v is not None}


def _words(**values: Any) -> dict[str, str]:
    return {k: str(v) for k, v in values.items() if v is not None}


def _part(id: str) -> str:
    return quote(id, safe="")
