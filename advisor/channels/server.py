"""One server: the API at once, the page as soon as Gradio is loaded."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from starlette.middleware.trustedhost import TrustedHostMiddleware

from advisor import __version__
from advisor.channels.api.answering import Answering
from advisor.channels.api.auth import Access, Door, loopback
from advisor.channels.api.limits import BodyLimit, SecurityHeaders
from advisor.channels.api.problems import install
from advisor.channels.api.routes import add_routes, page_routes
from advisor.channels.api.slots import Slots
from advisor.channels.api.watch import Metrics, Watch
from advisor.channels.session import Desk
from advisor.errors import AdvisorError, ConfigError

if TYPE_CHECKING:
    from advisor.config import Settings

log = logging.getLogger(__name__)

LOCAL_NAMES = ["127.0.0.1", "localhost", "[::1]", "::1"]
SWEEP_SECONDS = 6 * 3600.0
LOCAL_ACCESS = Access()
_STARTING = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="1">'
    '<meta name="viewport" content="width=device-width"><title>MLOps Advisor</title>'
    '<body style="font:16px system-ui;display:grid;place-items:center;min-height:90vh;color-scheme:light dark">'
    '<p role="status">The page is starting…</p>'
)


def create_app(
    desk: Desk,
    build_web: Callable[[], Any] | None = None,
    slots: Slots | None = None,
    access: Access = LOCAL_ACCESS,
    sweep: Callable[[], object] | None = None,
) -> FastAPI:
    """The application. `build_web` makes the page's own application, in a thread, after the API is up; `sweep` is
    done every few hours.

    Where keys are required there is no page: it knows nobody by key.
    """
    slots = slots or Slots()
    metrics = Metrics(desk.advisor.versions, lambda: slots.taken, lambda: slots.waiting)
    answering = Answering(desk, slots, metrics)
    door = Door(access, desk.records)
    if access.required:
        build_web = None

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        stopping = asyncio.Event()
        page = asyncio.create_task(_run_page(app, build_web, stopping)) if build_web else None
        sweeping = asyncio.create_task(_sweep(sweep)) if sweep else None
        yield
        stopping.set()
        if sweeping:
            sweeping.cancel()
        if page:
            await page
        answering.close()

    app = FastAPI(
        title="MLOps Advisor",
        version=__version__,
        lifespan=lifespan,
        redoc_url=None,
        docs_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.answering = answering
    install(app)
    add_routes(app, door, answering)
    if build_web:
        app.include_router(page_routes(desk, door))

        @app.get("/", include_in_schema=False)
        def starting() -> HTMLResponse:
            return HTMLResponse(_STARTING, headers={"Cache-Control": "no-store"})

    # A page elsewhere that points its own name at this address must not be able to read answers.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*LOCAL_NAMES, *access.hosts])
    app.add_middleware(BodyLimit)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Watch, metrics=metrics)
    return app


async def _run_page(app: FastAPI, build_web: Callable[[], Any], stopping: asyncio.Event) -> None:
    try:
        web = await asyncio.to_thread(build_web)
        async with web.router.lifespan_context(web):
            app.router.routes[:] = [r for r in app.router.routes if getattr(r, "path", None) != "/"]
            app.mount("/", web)
            await stopping.wait()
    except Exception:
        log.exception("the page could not be started; the API goes on without it")


async def _sweep(sweep: Callable[[], object]) -> None:
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        try:
            await asyncio.to_thread(sweep)
        except AdvisorError as e:
            log.warning("old records were not removed: %s", e.message)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises ConfigError where the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as e:
        listener.close()
        why = "is in use by another program" if e.errno == errno.EADDRINUSE else f"cannot be used: {e.strerror}"
        raise ConfigError(
            f"Port {port} on {host} {why}.",
            "Choose another: ADVISOR_PORT=7861, or advisor serve --port 7861 (0 picks a free one).",
        ) from e
    return listener


def check_access(settings: Settings) -> None:
    """Raises ConfigError where other machines could reach the server and nothing would keep strangers out."""
    if loopback(settings.host) or Access.of(settings).sso_header:
        return
    from advisor.records import open_records

    made = settings.model_copy(update={"home": settings.data})
    with contextlib.closing(open_records(made)) as records:
        if records.keys.any():
            return
    raise ConfigError(
        f"{settings.host} is open to other machines, and there is no key to keep strangers out.",
        "Make one: advisor keys create. Or use 127.0.0.1 (the default) behind a proxy that signs people in.",
    )


def serve(settings: Settings, open_desk: Callable[[], Desk], say: Callable[[str], None], *, page: bool = True) -> None:
    """Serve the page and the API, or the API alone, until stopped. Raises ConfigError before anything slow loads."""
    check_access(settings)
    with contextlib.closing(bind(settings.host, settings.port)) as listener:
        desk = open_desk()

        def build_web() -> Any:
            from advisor.channels.web.mount import web_app

            return web_app(desk)

        def sweep() -> object:
            return desk.records.upkeep.sweep(settings.keep_days)

        app = create_app(desk, build_web if page else None, access=Access.of(settings), sweep=sweep)
        listener.listen(128)  # from here on a browser waits for us, and is not turned away
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        say(f"MLOps Advisor is at http://{host}:{listener.getsockname()[1]} (stop with Ctrl+C)")

        from advisor.channels.process import run

        run(app, app.state.answering, listener)
        desk.records.close()
