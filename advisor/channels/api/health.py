"""How the server is: alive, ready, and its figures."""

from __future__ import annotations

import logging

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from advisor.channels.api.answering import Answering
from advisor.channels.api.auth import Door
from advisor.channels.api.problems import responses
from advisor.errors import AdvisorError
from advisor.records.store import Records

log = logging.getLogger(__name__)


class Health(BaseModel):
    """The process is up."""

    status: str


class Readiness(BaseModel):
    """Whether the server can answer and record, and each check's own word."""

    status: str
    documents: str
    record: str


def health_routes(door: Door, answering: Answering) -> APIRouter:
    """/healthz and /readyz, open to everyone; /metrics for whoever may read."""
    router = APIRouter(tags=["health"])
    desk = answering.desk

    @router.get("/healthz", response_model=Health)
    async def healthz() -> dict[str, str]:
        """The process is up."""
        return {"status": "ok"}

    @router.get("/readyz", response_model=Readiness, responses={503: {"model": Readiness, "description": "Not ready"}})
    async def readyz() -> JSONResponse:
        """The server can answer and record; 503 where it cannot, or is about to stop."""
        checks = {"documents": "ok" if desk.advisor.documents else "none"}
        try:
            checks["record"] = await run_in_threadpool(_writable, desk.records)
        except AdvisorError as e:
            log.warning("not ready: %s", e.message)
            checks["record"] = "cannot be used"  # no more than that: this is open to everyone
        ready = set(checks.values()) == {"ok"} and not answering.ending
        status = "ready" if ready else "stopping" if answering.ending else "not ready"
        return JSONResponse({"status": status, **checks}, 200 if ready else 503)

    @router.get(
        "/metrics",
        dependencies=[door.needs("read")],
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **responses(401, 403, 429, 503)},
    )
    def metrics() -> Response:
        """Figures for Prometheus: requests, answers, tokens, what is waiting."""
        return Response(answering.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router


def _writable(records: Records) -> str:
    """`ok` where a transaction that may write can begin; it looks at nothing, so it takes no longer as time goes by."""
    with records.db.writing(durable=False) as session:
        session.connection()
    return "ok"
