"""Load on loopback against a real `advisor serve`, without a chat model: answers a second, latency, memory, streams.

    python -m benchmarks.load [--seconds 20] [--requests 10000] [--streams 200] [--json FILE]

Every question is sent under an Idempotency-Key, as the Python client does, and recorded. A 503 with Retry-After is
tried again, as the client does, and its time counts. Client and server share the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import tempfile
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from benchmarks.common import QUESTIONS
from benchmarks.servers import Connection, Server

CLIENTS = (1, 8, 32, 128)
TRIES = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20, help="for each number of clients")
    parser.add_argument("--requests", type=int, default=10_000, help="for the memory figure")
    parser.add_argument("--streams", type=int, default=200, help="held open beside questions")
    parser.add_argument("--home", type=Path, help="a data directory whose index is built; else one is made")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="advisor-load-") as folder:
        home = {"ADVISOR_HOME": str(args.home or Path(folder) / "home")}
        home["ADVISOR_DATABASE_URL"] = f"sqlite:///{folder}/load.db"
        with Server(**home) as server:
            asyncio.run(load(server, 1, 3))  # warm
            for clients in CLIENTS:
                results[f"{clients} clients"] = asyncio.run(load(server, clients, args.seconds))
                show(f"{clients} clients", results[f"{clients} clients"])
            results["memory"] = asyncio.run(memory(server, args.requests))
            show("memory", results["memory"])
        results["streams"] = streams(home, args.streams)
        show(f"{args.streams} streams", results["streams"])
    if args.json:
        args.json.write_text(json.dumps(results, indent=1))


def show(name: str, figures: dict[str, Any]) -> None:
    print(f"{name:12}", "  ".join(f"{k} {v:.5g}" if isinstance(v, float) else f"{k} {v}" for k, v in figures.items()),
          flush=True)  # fmt: skip


async def load(server: Server, clients: int, seconds: float = 0, requests: int = 0) -> dict[str, Any]:
    """So many clients, each asking one question after the other, for so long or so often."""
    times: list[float] = []
    errors: Counter[str] = Counter()
    retries = 0
    left = requests
    began, cpu = time.perf_counter(), server.cpu_seconds()

    async def client(n: int) -> None:
        nonlocal retries, left
        connection = Connection(server.port)
        at = n
        while time.perf_counter() - began < seconds if seconds else left > 0:
            left -= 1
            at += 1
            sent = time.perf_counter()
            outcome, again = await asked(connection, QUESTIONS[at % len(QUESTIONS)])
            retries += again
            if outcome:
                errors[outcome] += 1
            else:
                times.append(time.perf_counter() - sent)
        connection.close()

    await asyncio.gather(*(client(n) for n in range(clients)))
    took = time.perf_counter() - began
    ordered = sorted(times)
    return {
        "answers": len(times),
        "per_second": len(times) / took,
        **{f"p{p}_ms": ordered[min(len(ordered) - 1, len(ordered) * p // 100)] * 1e3 for p in (50, 95, 99)},
        "cpu_ms": (server.cpu_seconds() - cpu) / max(1, len(times)) * 1e3,
        "errors": sum(errors.values()),
        "retries": retries,
        **({"what": dict(errors)} if errors else {}),
    }


async def asked(connection: Connection, question: str) -> tuple[str, int]:
    """What went wrong, or nothing; and how often it was tried again."""
    key = secrets.token_hex(16)
    for attempt in range(TRIES):
        try:
            status, headers, body = await connection.send(
                "POST", "/v1/ask", {"question": question}, Idempotency_Key=key
            )
        except (OSError, asyncio.IncompleteReadError, ValueError) as e:
            return type(e).__name__, attempt
        if status == 200:
            return ("" if json.loads(body)["text"] else "empty"), attempt
        if status not in (429, 503):
            return str(status), attempt
        await asyncio.sleep(float(headers.get("retry-after", "1")))
    return "busy", TRIES


async def memory(server: Server, requests: int) -> dict[str, Any]:
    """Resident memory and open files over so many requests, after as many as make every cache full."""
    await load(server, 8, requests=500)
    points = [server.rss_mb()]
    files = server.figure("fd")
    done = errors = 0
    while done < requests:
        part = min(1000, requests - done)
        errors += (await load(server, 8, requests=part))["errors"]
        done += part
        points.append(server.rss_mb())
    return {
        "requests": done,
        "errors": errors,
        "rss_mb": [round(p, 1) for p in points],
        "growth_percent": (points[-1] / points[0] - 1) * 100,
        "files": [files, server.figure("fd")],
    }


def streams(home: dict[str, str], count: int) -> dict[str, Any]:
    """So many streams that wait for one slow answer of a chat model, and what questions beside them take."""
    with SlowModel() as model, Server(
        **home, OPENAI_BASE_URL=model.url, OPENAI_API_KEY="k", ADVISOR_CHAT_MODEL="slow", ADVISOR_ANSWER_SECONDS="60"
    ) as server:  # fmt: skip
        return asyncio.run(_streams(server, model, count))


async def _streams(server: Server, model: SlowModel, count: int) -> dict[str, Any]:
    await load(server, 1, requests=20)
    before = await load(server, 1, requests=100)
    rss, threads = server.rss_mb(), server.figure("Threads")
    key, held = secrets.token_hex(16), [Connection(server.port) for _ in range(count)]
    body = {"question": f"How do we roll back a model? {HOLD}", "stream": True}
    statuses = await asyncio.gather(*(c.stream("/v1/ask", body, Idempotency_Key=key) for c in held))
    beside = await load(server, 1, requests=100)
    figures = {
        "open": sum(status == 200 for status in statuses),
        "p50_ms_before": before["p50_ms"],
        "p50_ms_beside": beside["p50_ms"],
        "p95_ms_beside": beside["p95_ms"],
        "rss_mb_more": server.rss_mb() - rss,
        "threads_more": server.figure("Threads") - threads,
    }
    await asyncio.sleep(11)  # a heartbeat comes to each
    model.release.set()

    async def rest(connection: Connection) -> bytes:
        text = b""
        while piece := await connection.chunk():
            text += piece
        connection.close()
        return text

    texts = await asyncio.gather(*(rest(c) for c in held))
    ids = {json.loads(t.split(b"event: done\ndata: ")[1].split(b"\n")[0])["id"] for t in texts if b"event: done" in t}
    figures |= {
        "heartbeats": sum(b": waiting" in t for t in texts),
        "ended_well": sum(b"event: done" in t for t in texts),
        "answers": len(ids),
    }
    return figures


HOLD = "(in detail)"


class SlowModel:
    """A chat endpoint that is quick, but for questions marked HOLD: those wait until `release`."""

    def __init__(self) -> None:
        self.release = threading.Event()
        model = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
                if HOLD in sent:
                    model.release.wait(50)
                delta = {"content": "Keep the last version at hand and switch back to it."}
                pieces = [{"choices": [{"index": 0, "delta": delta}]},
                          {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}]  # fmt: skip
                text = "".join(f"data: {json.dumps(p)}\n\n" for p in pieces) + "data: [DONE]\n\n"
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> SlowModel:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release.set()
        self._server.shutdown()


if __name__ == "__main__":
    os.environ.pop("ADVISOR_CHAT_MODEL", None)
    main()
