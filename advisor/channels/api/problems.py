"""Errors as RFC 9457 problem details: what happened and what to do, never a trace and never the input."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from advisor.channels.api.limits import RETRY_SECONDS
from advisor.errors import AdvisorError, Busy, IndexUnavailable, InputError, ModelUnavailable, StorageError
from advisor.records.conversations import NoSuchConversation

log = logging.getLogger(__name__)

_STATUS: tuple[tuple[type[AdvisorError], int], ...] = (
    (NoSuchConversation, 404),
    (InputError, 422),
    (Busy, 503),
    (IndexUnavailable, 503),
    (ModelUnavailable, 503),
    (StorageError, 503),
)


def problem(status: int, title: str, hint: str = "", **more: Any) -> JSONResponse:
    """A problem+json response."""
    content = {"type": "about:blank", "title": title, "status": status, "hint": hint, **more}
    headers = {"Retry-After": str(RETRY_SECONDS)} if status == 503 else None
    return JSONResponse(content, status, headers, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Give `app` the handlers that turn every error into a problem."""

    @app.exception_handler(AdvisorError)
    async def _known(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, AdvisorError)
        status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
        return problem(status, error.message, error.hint)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        errors = [
            {"field": ".".join(str(p) for p in e["loc"] if p != "body"), "problem": str(e["msg"])}
            for e in error.errors()[:20]
        ]
        return problem(
            422, "The request is not valid.", "Correct the fields listed under errors.", errors=_safe(errors)
        )

    @app.exception_handler(HTTPException)
    async def _http(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        return problem(error.status_code, str(error.detail), "See /docs for what the server offers.")

    @app.exception_handler(Exception)
    async def _unexpected(_request: Request, error: Exception) -> JSONResponse:
        log.error("unexpected error while answering a request", exc_info=error)
        response = problem(500, "Something went wrong on our side.", "Try again; the server's log has the details.")
        response.headers["Connection"] = "close"  # the server drops the connection after an error of this kind
        return response


def _safe(errors: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{k: v.encode("utf-8", "replace").decode()[:300] for k, v in e.items()} for e in errors]
