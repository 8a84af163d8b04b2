"""Errors as RFC 9457 problem details: what happened and what to do, never a trace and never the input."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from advisor.channels.api.slots import RETRY_SECONDS
from advisor.errors import AdvisorError, Busy, IndexUnavailable, InputError, ModelUnavailable, StorageError
from advisor.records.assessments import NoSuchAssessment
from advisor.records.conversations import NoSuchConversation
from advisor.records.keys import BadKey
from advisor.records.limits import OverBudget, TooMany
from advisor.records.profiles import NoSuchProfile

log = logging.getLogger(__name__)


class NotFound(AdvisorError):
    """Nothing has that id, or it is another's."""


class NotAllowed(AdvisorError):
    """The caller is known, and may not do this."""


_STATUS: tuple[tuple[type[AdvisorError], int], ...] = (
    (NoSuchConversation, 404),
    (NoSuchAssessment, 404),
    (NoSuchProfile, 404),
    (NotFound, 404),
    (BadKey, 401),
    (NotAllowed, 403),
    (TooMany, 429),
    (OverBudget, 429),
    (InputError, 422),
    (Busy, 503),
    (IndexUnavailable, 503),
    (ModelUnavailable, 503),
    (StorageError, 503),
)
MEANINGS = {
    401: "No key, or one that is not accepted",
    403: "The key does not carry the right for this",
    404: "There is nothing of that id, or it is another's",
    408: "The body did not come within 30 seconds",
    413: "The body is longer than 64 KiB",
    422: "The request is not valid; `errors` names the fields",
    429: "Too many requests, or the month's tokens are used up; see Retry-After",
    503: "Too much to do, shutting down, or the record cannot be used; see Retry-After",
}


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    field: str
    problem: str


class Problem(BaseModel):
    """What every error looks like (RFC 9457)."""

    type: str
    title: str
    status: int
    hint: str = ""
    errors: list[FieldProblem] = []
    request_id: str = ""


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may answer with these errors."""
    schema = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": MEANINGS[status], "content": schema} for status in statuses}


def content(status: int, title: str, hint: str = "", **more: Any) -> dict[str, Any]:
    """The fields of a problem."""
    return {"type": "about:blank", "title": title, "status": status, "hint": hint, **more}


def problem(status: int, title: str, hint: str = "", **more: Any) -> JSONResponse:
    """A problem+json response."""
    headers = {"Retry-After": str(RETRY_SECONDS)} if status == 503 else {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(content(status, title, hint, **more), status, headers, media_type="application/problem+json")


def status_of(error: AdvisorError) -> int:
    """The HTTP status that an error has."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def install(app: FastAPI) -> None:
    """Give `app` the handlers that turn every error into a problem."""

    @app.exception_handler(AdvisorError)
    async def _known(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, AdvisorError)
        status = status_of(error)
        if status >= 500:
            log.warning("request %s: %s %s", _id(request), type(error).__name__, error.message)
        response = problem(status, error.message, error.hint, **_named(request))
        if isinstance(error, TooMany | OverBudget):
            response.headers["Retry-After"] = str(max(1, error.retry_after))
        return response

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        errors = [
            {"field": ".".join(str(p) for p in e["loc"] if p != "body"), "problem": str(e["msg"])}
            for e in error.errors()[:20]
        ]
        hint = "Correct the fields listed under errors."
        return problem(422, "The request is not valid.", hint, errors=_safe(errors), **_named(request))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        hint = "GET /openapi.json says what the server offers."
        response = problem(error.status_code, str(error.detail), hint, **_named(request))
        response.headers.update(error.headers or {})
        if error.status_code == 405:
            response.headers["Allow"] = ", ".join(_methods(request))
        return response

    @app.exception_handler(Exception)
    async def _unexpected(request: Request, error: Exception) -> JSONResponse:
        log.error("request %s: unexpected error", _id(request), exc_info=error)
        hint = "Try again; the server's log has the details under this request's id."
        response = problem(500, "Something went wrong on our side.", hint, **_named(request))
        response.headers["Connection"] = "close"  # the server drops the connection after an error of this kind
        return response


def _id(request: Request) -> str:
    return str(getattr(request.state, "request_id", ""))


def _methods(request: Request) -> list[str]:
    """What a path takes, by whichever of its routes."""
    path = request.url.path
    return next((methods for pattern, methods in request.app.state.methods if pattern.match(path)), [])


def _named(request: Request) -> dict[str, str]:
    id = _id(request)
    return {"request_id": id} if id else {}


def _safe(errors: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{k: v.encode("utf-8", "replace").decode()[:300] for k, v in e.items()} for e in errors]
