"""The server's process: how long it waits for a client's request, and how it stops."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from types import FrameType
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from advisor.channels.api.answering import Answering

HEAD_SECONDS = 10.0
"""How long a client may take to send a request's headers."""
HEAD_BYTES = 64 * 1024
DRAIN_SECONDS = 2.0
"""After SIGTERM /readyz says 503 for so long before the address closes, so that a proxy looks elsewhere."""
FINISH_SECONDS = 15.0
"""Answers that are being written may go on for so long after it."""
CLOSE_SECONDS = 5
"""Then open streams end with an error, and connections close."""

_Protocol: Any = AutoHTTPProtocol


class PatientProtocol(_Protocol):  # type: ignore[misc]
    """Closes a connection whose request headers do not come, or do not end."""

    patience = HEAD_SECONDS
    _timer: asyncio.TimerHandle | None = None
    _head = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._timer = asyncio.get_running_loop().call_later(self.patience, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        self._relax()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._answering:
            self._relax()
            return
        self._head += len(data)
        if self._head > HEAD_BYTES:
            self._give_up()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self.patience, self._give_up)

    @property
    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _relax(self) -> None:
        self._head = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self._timer = None
        if not self._answering:
            self.transport.close()


class Server(uvicorn.Server):
    """Stops in steps: not ready, then no new connections, then no open streams. A second signal stops it at once."""

    def __init__(self, config: uvicorn.Config, answering: Answering) -> None:
        super().__init__(config)
        self._answering = answering
        self._closes = self._cuts = 0.0

    def handle_exit(self, sig: int, _frame: FrameType | None) -> None:
        """The first signal begins the end. It is not raised again afterwards: to stop when asked is a success."""
        if self._answering.ending:
            self.should_exit = self.force_exit = True
            return
        self._answering.ending = True
        self._closes = time.monotonic() + (DRAIN_SECONDS if sig == signal.SIGTERM else 0)
        self._cuts = time.monotonic() + (FINISH_SECONDS if sig == signal.SIGTERM else 0)

    async def on_tick(self, counter: int) -> bool:
        """Called ten times a second; true ends the server."""
        if self._answering.ending and not self.should_exit:
            now = time.monotonic()
            self.should_exit = now >= self._cuts or (now >= self._closes and not self._answering.busy)
        if self.should_exit:
            self._answering.cut = True
        return await super().on_tick(counter)


def run(app: ASGIApp, answering: Answering, listener: socket.socket) -> None:
    """Serve until a signal; the process ends here where an answer's thread would keep it."""
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
    server = Server(config, answering)
    server.run(sockets=[listener])
    if server.force_exit or answering.busy:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(1 if server.force_exit else 0)
