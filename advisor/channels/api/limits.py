"""What stands before every request: a body limit, security headers, and so many answers at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from advisor.errors import Busy

API_BODY = 64 * 1024
PAGE_BODY = 1024 * 1024
ANSWERS_AT_ONCE = 8
RETRY_SECONDS = 2

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; media-src 'self'; font-src 'self' data:; connect-src 'self'; object-src 'none'; "
        "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class TooBusy(Busy):
    """As many answers as this process gives at a time are being written."""

    def __init__(self) -> None:
        super().__init__("Too many questions at once.", f"Try again in {RETRY_SECONDS} seconds.")


class Slots:
    """So many answers at a time; one more is refused at once, and never queued."""

    def __init__(self, count: int = ANSWERS_AT_ONCE) -> None:
        self._free = BoundedSemaphore(count)

    def take(self) -> None:
        """Raises TooBusy."""
        if not self._free.acquire(blocking=False):
            raise TooBusy

    def give_back(self) -> None:
        self._free.release()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Holds a slot. Raises TooBusy."""
        self.take()
        try:
            yield
        finally:
            self.give_back()


class SecurityHeaders:
    """Adds HEADERS to every response."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                names = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *((n, v) for n, v in message["headers"] if n.lower() != b"server"),
                    *((k.lower().encode(), v.encode()) for k, v in HEADERS.items() if k.lower().encode() not in names),
                ]
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)


class BodyLimit:
    """Reads the body before anything parses it, and answers 413 where it is too long."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self.app(scope, receive, send)
            return
        limit = API_BODY if scope["path"].startswith("/v1/") else PAGE_BODY
        declared = next((v for k, v in scope["headers"] if k == b"content-length"), b"0")
        body, more = b"", not (declared.isdigit() and int(declared) > limit)
        too_long = not more
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > limit:
                too_long, more = True, False
        if too_long:
            await _refuse(send, limit)
            return
        sent = False

        async def replay() -> Message:
            nonlocal sent
            if not sent:
                sent = True
                return {"type": "http.request", "body": body, "more_body": False}
            return await receive()

        await self.app(scope, replay, send)


async def _refuse(send: Send, limit: int) -> None:
    content = json.dumps(
        {
            "type": "about:blank",
            "title": "The request is too long",
            "status": 413,
            "detail": f"The body may have {limit:,} bytes.",
            "hint": "Shorten the question; it may have 4,000 characters.",
        }
    ).encode()
    headers = [(b"content-type", b"application/problem+json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": content})
