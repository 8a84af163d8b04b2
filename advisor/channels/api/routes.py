"""Every route of the API, by subject."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.routing import APIRoute
from starlette.routing import compile_path

from advisor.channels.api.answering import Answering
from advisor.channels.api.ask import ask_routes
from advisor.channels.api.assess import assess_routes
from advisor.channels.api.auth import Caller, Door
from advisor.channels.api.health import health_routes
from advisor.channels.api.keeping import conversation_routes, profile_routes, user_routes
from advisor.channels.api.library import library_routes
from advisor.channels.api.openai import openai_routes
from advisor.channels.api.openapi import document
from advisor.channels.session import Desk


def add_routes(app: FastAPI, door: Door, answering: Answering) -> None:
    """Everything under /v1, the health routes, and the OpenAPI document."""
    desk = answering.desk
    routers = (
        ask_routes(door, answering),
        conversation_routes(door, desk.records),
        profile_routes(door, desk.records),
        assess_routes(door, desk, answering.slots),
        library_routes(door, desk.advisor),
        user_routes(door, desk.records),
        openai_routes(door, answering),
        health_routes(door, answering),
    )
    known: dict[str, set[str]] = {}
    for router in routers:
        app.include_router(router)
        for route in router.routes:
            assert isinstance(route, APIRoute)
            known.setdefault(route.path, set()).update(route.methods or ())
    app.state.methods = [(compile_path(path)[0], sorted(methods)) for path, methods in known.items()]

    @app.get("/openapi.json", include_in_schema=False, dependencies=[door.needs("read")])
    def openapi() -> JSONResponse:
        if app.openapi_schema is None:
            app.openapi_schema = document(app)
        return JSONResponse(app.openapi_schema)


def page_routes(desk: Desk, door: Door) -> APIRouter:
    """What the chat page fetches besides Gradio's own calls."""
    router = APIRouter(include_in_schema=False)

    @router.get("/ui/passage/{answer_id}/{n}")
    def passage(answer_id: str, n: int, caller: Caller = door.needs("read")) -> HTMLResponse:
        from advisor.channels.web.passage import passage_html

        answer = desk.answer(answer_id, caller.owner)
        cited = next((c for c in answer.citations if c.n == n), None)
        if cited is None:
            return HTMLResponse("<p>This answer has no such source.</p>", 404)
        return HTMLResponse(passage_html(cited, desk.advisor.documents.get(cited.doc_id)))

    return router
