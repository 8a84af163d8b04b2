"""Two replicas over one database; one after the other is killed (-9) in mid-answer under load, and started again.

    python -m benchmarks.kill [--kills 6] [--clients 8] [--json FILE]

Clients are `advisor.client`, through a proxy that tries the other replica where one does not answer. On PostgreSQL
where this machine has its programs, else on SQLite. Then every acknowledged answer must stand in the records as it
was given, no question may have been recorded twice, and no client may have seen an error.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from advisor.client import AdvisorClient
from advisor.errors import AdvisorError
from advisor.records.database import Database
from advisor.records.store import Records
from benchmarks.common import QUESTIONS
from benchmarks.servers import Server

BETWEEN_SECONDS = (1.0, 3.0)
"""From a replica's being ready to its end, and again to its next start."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--home", type=Path, help="a data directory whose index is built; else one is made")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="advisor-kill-") as folder, database(Path(folder)) as url:
        env = {"ADVISOR_HOME": str(args.home or Path(folder) / "home"), "ADVISOR_DATABASE_URL": url}
        with Server(**env) as one, Server(**env) as two, Proxy([one.port, two.port]) as proxy:
            told = ordeal([one, two], proxy, args.clients, args.kills, random.Random(args.seed))
        figures = {"database": url.split(":")[0], "kills": args.kills, **verdict(url, told)}
    print(json.dumps(figures, indent=1))
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1))
    if figures["lost"] or figures["changed"] or figures["duplicated"] or figures["errors"]:
        raise SystemExit(1)


@contextlib.contextmanager
def database(folder: Path) -> Iterator[str]:
    """The address of an empty database."""
    from tests import databases

    if databases._available():
        with databases.postgres_server() as server:
            yield server + "postgres"
    else:
        print(databases.NO_POSTGRES)
        yield f"sqlite:///{folder}/kill.db"


@dataclass
class Told:
    """What the clients were told."""

    answers: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Question as asked → (answer id, text)."""
    seconds: list[float] = field(default_factory=list)
    replayed: int = 0
    errors: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def ordeal(replicas: list[Server], proxy: Proxy, clients: int, kills: int, rng: random.Random) -> Told:
    """Load, with kills in between."""
    told, stop = Told(), threading.Event()
    threads = [threading.Thread(target=ask_on, args=(proxy.url, n, told, stop)) for n in range(clients)]
    for thread in threads:
        thread.start()
    for n in range(kills):
        time.sleep(rng.uniform(*BETWEEN_SECONDS))
        victim = replicas[n % 2]
        victim.process.send_signal(signal.SIGKILL)
        victim.process.wait()
        time.sleep(rng.uniform(*BETWEEN_SECONDS))
        victim.start()
    time.sleep(BETWEEN_SECONDS[1])
    stop.set()
    for thread in threads:
        thread.join()
    return told


def ask_on(url: str, n: int, told: Told, stop: threading.Event) -> None:
    """One client: question after question in one conversation, every second client reading streams."""
    with AdvisorClient(url, seconds=90, retries=20) as client:
        serial = 0
        while not stop.is_set():
            serial += 1
            question = f"{QUESTIONS[serial % len(QUESTIONS)]} ({n}-{serial})"
            began = time.monotonic()
            try:
                if n % 2:
                    with client.stream(question, conversation_key=f"client:{n}") as events:
                        answer = [e.answer for e in events if e.answer][-1]
                    replayed = events.replayed
                else:
                    answer, replayed, _ = client.ask(question, conversation_key=f"client:{n}")
            except AdvisorError as e:
                with told.lock:
                    told.errors.append(f"{question}: {e.message}")
                continue
            with told.lock:
                told.answers[question] = (answer.id, answer.text)
                told.seconds.append(time.monotonic() - began)
                told.replayed += replayed


def verdict(url: str, told: Told) -> dict[str, Any]:
    """What the records say to it."""
    with contextlib.closing(Records(Database(url))) as records:
        turns = []
        after = None
        while True:
            page, after = records.conversations.page(100, after)
            turns += [a for c in page for a in records.conversations.get(c.id).answers]
            if after is None:
                break
    found = {a.id: a for a in turns}
    asked = Counter(a.question for a in turns)
    slow = sorted(told.seconds)
    return {
        "acknowledged": len(told.answers),
        "recorded": len(turns),
        "replayed": told.replayed,
        "lost": [q for q, (id, _) in told.answers.items() if id not in found],
        "changed": [q for q, (id, text) in told.answers.items() if id in found and found[id].text != text],
        "duplicated": [q for q, n in asked.items() if n > 1],
        "errors": told.errors,
        "p50_ms": slow[len(slow) // 2] * 1e3,
        "slowest_s": slow[-1],
    }


class Proxy:
    """Hands connections to the replicas in turn; where one refuses, to the other."""

    def __init__(self, ports: list[int]) -> None:
        self.ports = ports
        self._turn = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._run, daemon=True).start()
        self._ready.wait(5)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._connected, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()

    def _end(self) -> None:
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.call_soon(self._loop.stop)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._turn += 1
        for n in range(len(self.ports)):
            try:
                there = await asyncio.open_connection("127.0.0.1", self.ports[(self._turn + n) % len(self.ports)])
            except OSError:
                continue
            await asyncio.gather(_pipe(reader, there[1]), _pipe(there[0], writer))
            return
        writer.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()


if __name__ == "__main__":
    os.environ.pop("ADVISOR_CHAT_MODEL", None)
    main()
