"""What replicas do, as processes of their own that a test can start together or kill at any moment."""

from __future__ import annotations

import time
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path

from advisor.records.database import Database
from advisor.records.store import Records
from tests.answers import make_answer

LEASE = 0.2
"""Seconds until another replica takes over what a killed one had begun."""
WORDS = "word " * 400


def write(where: Path | str, start: int, to: Connection) -> None:
    """Answer the requests k<start>, k<start+1>, … one after the other; each is acknowledged once it is recorded."""
    records = Records(Database(where))
    n = start
    while True:
        key = f"k{n}"
        begun = records.requests.begin(key, "sha", LEASE)
        if begun.state == "running":
            time.sleep(0.01)
            continue
        if begun.state == "new":
            answer = make_answer(f"Question {n}?", f"{WORDS}{n}", id=begun.answer_id)
            records.conversations.append(f"c{n % 3}", answer, request_key=key)
        to.send((n, begun.answer_id))
        n += 1


def open_new(where: Path | str, barrier: Barrier) -> None:
    """Open a database that may have no tables yet, at the same moment as others, and write to it."""
    barrier.wait()
    Records(Database(where)).conversations.create()
