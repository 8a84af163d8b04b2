"""What stands before every request: limits on its body, and security headers on what goes back."""

from __future__ import annotations

import asyncio
import json

from starlette.types import ASGIApp, Message, Receive, Scope, Send

API_BODY = 64 * 1024
PAGE_BODY = 1024 * 1024
CHAT = "/v1/chat/completions"
"""Its clients send the whole conversation each time: as much as the page may."""
MOST_HEADERS = 100
BODY_SECONDS = 30.0
"""How long a client may take to send its body."""

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
    """Reads the body before anything parses it; answers 413 where it is too long, 408 where it does not come.

    More headers than a client needs are 431.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if len(scope.get("headers", ())) > MOST_HEADERS:
            await _refuse(send, 431, "The request has too many headers.", f"{MOST_HEADERS} are the most.")
            return
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self.app(scope, receive, send)
            return
        path = scope["path"]
        limit = API_BODY if path.startswith("/v1/") and path != CHAT else PAGE_BODY
        declared = next((v for k, v in scope["headers"] if k == b"content-length"), b"0")
        if declared.isdigit() and int(declared) > limit:
            await _refuse(send, *_too_long(limit))
            return
        body, more = bytearray(), True
        try:
            async with asyncio.timeout(BODY_SECONDS):
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return
                    body += message.get("body", b"")
                    more = message.get("more_body", False)
                    if len(body) > limit:
                        await _refuse(send, *_too_long(limit))
                        return
        except TimeoutError:
            await _refuse(send, 408, "The request did not come whole.", f"Send the body within {BODY_SECONDS:.0f} s.")
            return
        sent = False

        async def replay() -> Message:
            nonlocal sent
            if not sent:
                sent = True
                return {"type": "http.request", "body": bytes(body), "more_body": False}
            return await receive()

        await self.app(scope, replay, send)


def _too_long(limit: int) -> tuple[int, str, str]:
    return 413, "The request is too long.", f"Its body may have {limit:,} bytes; a question may have 4,000 characters."


async def _refuse(send: Send, status: int, title: str, hint: str) -> None:
    content = json.dumps({"type": "about:blank", "title": title, "status": status, "hint": hint}).encode()
    headers = [(b"content-type", b"application/problem+json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
