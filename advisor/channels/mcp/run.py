"""The two transports: standard input and output for a client that starts us, HTTP for those that find us."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import anyio

from advisor.channels.mcp.opening import Opening
from advisor.channels.mcp.server import make_server

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from advisor.config import Settings
    from advisor.records.store import Records

PATH = "/mcp"


def serve_stdio(opening: Opening) -> None:
    """Serve the one client at the other end until it hangs up. Standard output carries the protocol alone."""
    from mcp.server.stdio import stdio_server

    server = make_server(opening)

    async def run() -> None:
        async with stdio_server() as (reading, writing):
            await server.run(reading, writing, server.create_initialization_options())

    try:
        anyio.run(run)
    finally:
        opening.close()


def http_app(opening: Opening, records: Records, settings: Settings) -> ASGIApp:
    """The application behind the API's door. It keeps no session, so any replica may answer."""
    from mcp.server.transport_security import TransportSecuritySettings

    from advisor.channels.api.auth import Access, Door
    from advisor.channels.api.limits import API_BODY
    from advisor.channels.mcp.gate import Gate
    from advisor.channels.server import LOCAL_NAMES

    names = [*LOCAL_NAMES, *settings.allowed_hosts]
    app = make_server(opening, records.limits).streamable_http_app(
        streamable_http_path=PATH,
        json_response=True,
        stateless_http=True,
        max_request_body_size=API_BODY,
        transport_security=TransportSecuritySettings(
            allowed_hosts=[*names, *(f"{name}:*" for name in names)],
            allowed_origins=[
                f"{scheme}://{name}{port}" for name in names for scheme in ("http", "https") for port in ("", ":*")
            ],
        ),
    )
    return Gate(app, Door(Access.of(settings), records))


def serve_http(opening: Opening, records: Records, settings: Settings, say: Callable[[str], None]) -> None:
    """Serve until stopped. Raises ConfigError before anything slow loads."""
    import uvicorn

    from advisor.channels.process import CLOSE_SECONDS, HEAD_BYTES, PatientProtocol
    from advisor.channels.server import bind, check_access

    check_access(settings)
    with contextlib.closing(bind(settings.host, settings.port)) as listener:
        app = http_app(opening, records, settings)
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        say(f"MLOps Advisor speaks MCP at http://{host}:{listener.getsockname()[1]}{PATH} (stop with Ctrl+C)")
        config = uvicorn.Config(
            app,
            http=PatientProtocol,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,  # the peer is who connects; a header may say what it likes
            timeout_graceful_shutdown=CLOSE_SECONDS,
            h11_max_incomplete_event_size=HEAD_BYTES,
        )
        try:
            uvicorn.Server(config).run(sockets=[listener])
        finally:
            opening.close()
