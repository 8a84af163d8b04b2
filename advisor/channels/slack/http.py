"""The door for Slack's requests over HTTP: read so much, verify the bytes, only then parse and dispatch."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import TYPE_CHECKING, Any

import uvicorn
from slack_bolt import App, BoltRequest, BoltResponse

from advisor.channels.process import PatientProtocol
from advisor.channels.slack.verify import is_from_slack
from advisor.errors import ConfigError

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

PATH = "/slack/events"
MOST_BYTES = 1024 * 1024
BODY_SECONDS = 10
DISPATCHERS = 16
log = logging.getLogger(__name__)


class Door:
    """The ASGI application: POST /slack/events for Slack, GET /healthz for whoever watches."""

    def __init__(self, app: App, signing_secret: str, clock: Callable[[], float] = time.time) -> None:
        self._app = app
        self._secret = signing_secret
        self._clock = clock
        self._threads = ThreadPoolExecutor(DISPATCHERS, thread_name_prefix="slack-door")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] == "/healthz" and scope["method"] in ("GET", "HEAD"):
            await _send(send, 200, {"status": "ok"})
        elif scope["path"] != PATH:
            await _send(send, 404, {"error": "not found"})
        elif scope["method"] != "POST":
            await _send(send, 405, {"error": "only POST"})
        else:
            await self._take(scope, receive, send)

    async def _take(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _body(receive)
        except TimeoutError:
            await _send(send, 408, {"error": "the body took too long"})
            return
        if body is None:
            await _send(send, 413, {"error": "the body is too long"})
            return
        if not is_from_slack(self._secret, scope["headers"], body, self._clock()):
            await _send(send, 401, {"error": "invalid request"})
            return
        try:
            request = BoltRequest(
                body=body.decode(), headers={k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
            )
        except (ValueError, AttributeError, TypeError):
            await _send(send, 401 if not _is_utf8(body) else 400, {"error": "invalid request"})
            return
        response = await asyncio.get_running_loop().run_in_executor(self._threads, self._app.dispatch, request)
        await _answer(send, response)


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None where it is too long."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message["type"] == "http.request" and message.get("more_body", False)
        if len(body) > MOST_BYTES:
            return None
    return body


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


async def _answer(send: Send, response: BoltResponse) -> None:
    headers = [(k.encode(), v.encode()) for k, v in response.first_headers_without_set_cookie().items()]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": (response.body or "").encode()})


async def _send(send: Send, status: int, content: Any) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(content).encode()})


def listening(host: str, port: int) -> socket.socket:
    """A listening socket. Raises ConfigError where the address cannot be had."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as e:
        listener.close()
        why = "is in use by another program" if e.errno == errno.EADDRINUSE else f"cannot be used: {e.strerror}"
        raise ConfigError(f"Port {port} on {host} {why}.", "Choose another: advisor slack --port 3001") from e
    listener.listen(128)
    return listener


class _Server(uvicorn.Server):
    """Takes a signal as the end of serving alone: what was begun is finished after it."""

    def handle_exit(self, _signal: int, _frame: FrameType | None) -> None:
        """A second signal does not wait for open connections."""
        self.force_exit = self.should_exit
        self.should_exit = True


def serve_http(door: Door, listener: socket.socket) -> None:
    """Serve until stopped."""
    config = uvicorn.Config(
        door,
        http=PatientProtocol,
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=5,
        h11_max_incomplete_event_size=64 * 1024,
    )
    _Server(config).run(sockets=[listener])
