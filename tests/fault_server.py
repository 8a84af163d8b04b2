"""A chat endpoint on loopback that misbehaves on request: the name of the model picks the fault.

with FaultServer() as server:
    client = openai.OpenAI(base_url=server.url, api_key="k")
    client.chat.completions.create(model="429", ...)
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Self

GOOD_USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
HANG_SECONDS = 30.0

Send = Callable[[str], Awaitable[None]]


def chunk(text: str | None, finish: str | None = None) -> dict[str, Any]:
    """One piece of a streamed reply, as OpenAI writes it."""
    delta = {"content": text} if text is not None else {}
    return {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }


def event(data: object) -> str:
    """A server-sent event."""
    return f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n"


def pieces(text: str) -> list[str]:
    """The text in pieces of five characters, so that words and marks are cut apart."""
    return [text[i : i + 5] for i in range(0, len(text), 5)]


class FaultServer:
    """The server in a thread of its own, on a free port; `requests` holds every body it was sent."""

    def __init__(self, reply: Callable[[dict[str, Any]], str] | str = "Use a script to deploy.") -> None:
        self.reply = reply
        self.requests: list[dict[str, Any]] = []
        self.redirected: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fault-server", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(5)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(5)

    @property
    def url(self) -> str:
        """What OPENAI_BASE_URL should be."""
        return f"http://127.0.0.1:{self.port}/v1"

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            if not head.startswith("POST /v1/"):
                self.redirected.append(head.split("\r\n", 1)[0])
                return
            length = next(int(h.split(":")[1]) for h in head.split("\r\n") if h.lower().startswith("content-length:"))
            body = json.loads(await reader.readexactly(length))
            self.requests.append(body)
            await self._answer(body, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _answer(self, body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        fault = body["model"]
        if fault in WHOLE:
            status, kind, headers, content = WHOLE[fault]
            _head(writer, status, kind, f"{headers}Content-Length: {len(content)}\r\n")
            writer.write(content.encode())
        elif fault == "partial-json":
            _head(writer, "200 OK", "application/json", "Content-Length: 400\r\n")
            writer.write(b'{"id":"x","choices":[{"message":{"content')
        elif fault == "hang":
            await asyncio.sleep(HANG_SECONDS)
        elif fault == "drip-headers":
            writer.write(b"HTTP/1.1 200 OK\r\n")
            for i in range(int(HANG_SECONDS / 0.1)):
                writer.write(f"X-{i}: a\r\n".encode())
                await writer.drain()
                await asyncio.sleep(0.1)
        else:
            closed = fault.endswith("-close")
            frame = "Connection: close\r\n" if closed else "Transfer-Encoding: chunked\r\n"
            _head(writer, "200 OK", "text/event-stream", frame)

            async def send(text: str) -> None:
                data = text.encode("utf-8", "surrogatepass")
                writer.write(data if closed else b"%x\r\n%s\r\n" % (len(data), data))
                await writer.drain()

            text = self.reply if isinstance(self.reply, str) else self.reply(body)
            await _stream(fault.removesuffix("-close"), text, send)
            if not closed and fault not in ("cut", "stall"):
                writer.write(b"0\r\n\r\n")


WHOLE: dict[str, tuple[str, str, str, str]] = {
    "400": ("400 Bad Request", "application/json", "", '{"error":{"message":"no such parameter"}}'),
    "401": ("401 Unauthorized", "application/json", "", '{"error":{"message":"bad key"}}'),
    "404": ("404 Not Found", "application/json", "", '{"error":{"message":"no such model"}}'),
    "too-long": (
        "400 Bad Request", "application/json", "",
        '{"error":{"code":400,"message":"request (9534 tokens) exceeds the available context size"}}',
    ),
    "429": ("429 Too Many Requests", "application/json", "Retry-After: 1\r\n", "{}"),
    "429-2": ("429 Too Many Requests", "application/json", "Retry-After: 2\r\n", "{}"),
    "429-30": ("429 Too Many Requests", "application/json", "Retry-After: 30\r\n", "{}"),
    "500": ("500 Internal Server Error", "text/html", "", "<html>"),
    "html": ("200 OK", "text/html", "", "<html><body>Please log in</body></html>"),
    "redirect": ("307 Temporary Redirect", "text/plain", "Location: /elsewhere\r\n", ""),
    "null": ("200 OK", "text/event-stream", "", event("null") + event("[DONE]")),
    "not-a-chunk": ("200 OK", "text/event-stream", "", event({"choices": "no"}) + event("[DONE]")),
    "odd-choice": ("200 OK", "text/event-stream", "", event({"choices": [None]}) + event("[DONE]")),
    "number": ("200 OK", "text/event-stream", "", event("5") + event("[DONE]")),
    "deep": ("200 OK", "text/event-stream", "", event("[" * 50_000) + event("[DONE]")),
    "nothing": ("200 OK", "text/event-stream", "", ""),
}  # fmt: skip
"""Faults that are one whole response: status line, content type, further headers, body."""


async def _stream(fault: str, text: str, send: Send) -> None:
    async def say(data: object) -> None:
        await send(event(data))

    async def say_all(parts: Iterable[str]) -> None:
        for part in parts:
            await say(chunk(part))

    match fault:
        case "cut":
            await say_all(pieces(text)[:3])
        case "malformed":
            await say(chunk("Use "))
            await say('{"id":"c","choices":[{"delta":{"conte')
        case "empty-choices":
            await say({**chunk(None), "choices": []})
            await say_all(pieces(text))
            await say(chunk(None, "stop"))
            await say("[DONE]")
        case "error-event":
            await say(chunk("Use "))
            await say({"error": {"message": "overloaded", "type": "server_error"}})
        case "stall":
            await say(chunk("Use "))
            await asyncio.sleep(HANG_SECONDS)
        case "drip":
            while True:
                await say(chunk("a"))
                await asyncio.sleep(0.1)
        case "drip-comments":
            while True:
                await send(": still thinking\n\n")
                await asyncio.sleep(0.1)
        case "flood":
            for _ in range(200):
                await say(chunk("long " * 2_000))
        case "no-done":
            await say_all(pieces(text))
            await say(chunk(None, "stop"))
        case "no-finish":
            await say_all(pieces(text))
            await say("[DONE]")
        case "length":
            await say_all(pieces(text))
            await say(chunk(None, "length"))
            await say("[DONE]")
        case _:
            await say_all(pieces(text))
            await say(chunk(None, "stop"))
            await say({**chunk(None), "choices": [], "usage": GOOD_USAGE})
            await say("[DONE]")


def _head(writer: asyncio.StreamWriter, status: str, kind: str, headers: str) -> None:
    writer.write(f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{headers}\r\n".encode())
