"""Two replicas work on the same requests and are killed at random moments; `KILLS=200` does it more often."""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from advisor.records.database import Database
from advisor.records.store import Records
from advisor.schema import Answer
from tests.records_writer import WORDS, write

pytest_plugins = ["tests.databases"]

KILLS = int(os.environ.get("KILLS", "20"))


class Replica:
    """A writer and what it acknowledged; restarted, it goes on at the first request that it did not."""

    def __init__(self, where: Path | str, context: Any) -> None:
        self.where, self.context, self.next = where, context, 0
        self.acknowledged: dict[int, set[str]] = {}
        self.start()

    def start(self) -> None:
        self.pipe, theirs = self.context.Pipe(duplex=False)
        self.process = self.context.Process(target=write, args=(self.where, self.next, theirs), daemon=True)
        self.process.start()
        theirs.close()

    def listen(self, pipe: Connection, *, to_the_end: bool = False) -> None:
        """Take what was acknowledged so far; `to_the_end` after the writer's death."""
        try:
            while to_the_end or pipe.poll(0):
                n, id = pipe.recv()
                self.acknowledged.setdefault(n, set()).add(id)
                self.next = n + 1
        except (EOFError, OSError):
            pass

    def kill(self) -> None:
        self.process.kill()
        self.process.join()
        self.listen(self.pipe, to_the_end=True)
        self.pipe.close()


def test_kill_minus_nine_of_a_replica_loses_and_doubles_nothing(where: Path | str) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.records_writer"])
    seeded = random.Random(11)
    Records(Database(where)).conversations.recent()
    replicas = [Replica(where, context) for _ in range(2)]
    for kill in range(KILLS):
        victim, other = replicas[kill % 2], replicas[1 - kill % 2]
        before = victim.next
        deadline = time.monotonic() + 30
        while victim.next == before and time.monotonic() < deadline:
            victim.listen(victim.pipe)
            other.listen(other.pipe)
        assert victim.next > before, "nothing was answered in 30 s"
        time.sleep(seeded.uniform(0, 0.06))
        victim.kill()
        victim.start()
    for replica in replicas:
        replica.kill()

    records = Records(Database(where))
    rows = records.upkeep.export("local")
    assert records.conversations.check() == "ok"
    kept = {turn["answer_id"]: Answer.model_validate(turn["answer"]) for turn in rows["turns"]}
    assert len(kept) == len(rows["turns"])
    for id, answer in kept.items():
        n = answer.question.removeprefix("Question ").removesuffix("?")
        assert (answer.id, answer.text) == (id, f"{WORDS}{n}")
    # Every request that was acknowledged stands there once, with the id that was given, on both replicas.
    promised = {r["key"]: r["answer_id"] for r in rows["requests"]}
    for replica in replicas:
        for n, ids in replica.acknowledged.items():
            assert ids == {promised[f"k{n}"]}
            assert kept[promised[f"k{n}"]].question == f"Question {n}?"
    assert len({answer.question for answer in kept.values()}) == len(kept)
    # A request is done exactly where its answer is recorded.
    assert {r["answer_id"] for r in rows["requests"] if r["done"]} == set(kept)
    for id in ("c0", "c1", "c2"):
        order = [turn["sequence"] for turn in rows["turns"] if turn["conversation_id"] == id]
        assert sorted(order) == list(range(1, len(order) + 1))
    records.close()
    assert len(kept) >= KILLS / 2
