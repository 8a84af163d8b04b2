"""`advisor mcp`: the advisor as tools for assistants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from advisor.errors import InputError, MissingExtra

if TYPE_CHECKING:
    from advisor.answer.pipeline import Advisor

HTTP_PORT = 7861


def mcp(
    http: Annotated[bool, typer.Option("--http", help="Serve HTTP, in place of standard input and output.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="With --http; 0 picks a free one.")] = HTTP_PORT,
    host: Annotated[str | None, typer.Option(help="With --http; other than loopback only with keys.")] = None,
) -> None:
    """Serve assistants over the Model Context Protocol."""
    try:
        from advisor.channels.mcp.opening import Opening
        from advisor.channels.mcp.run import serve_http, serve_stdio
    except ModuleNotFoundError as e:
        if e.name in ("mcp", "mcp_types", "anyio"):
            raise MissingExtra("The MCP server", "mcp") from e
        raise
    from advisor.channels.terminal import say
    from advisor.config import load_settings

    settings = load_settings()

    def opened() -> Advisor:
        from advisor.channels.startup import open_advisor

        return open_advisor(settings, "exact")

    opening = Opening(opened)
    if not http:
        if host is not None or port != HTTP_PORT:
            raise InputError("--host and --port are for HTTP.", "Add --http.")
        serve_stdio(opening)
        return
    from advisor.records import open_records

    changes = {"port": port, "host": host or settings.host}
    settings = settings.model_copy(update=changes)
    records = open_records(settings)
    try:
        serve_http(opening, records, settings, say)
    finally:
        records.close()
