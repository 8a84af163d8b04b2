"""A clock that a test sets, and threads that begin at one moment."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable

from advisor.errors import AdvisorError
from advisor.records.tables import now


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.at = now()

    def __call__(self) -> dt.datetime:
        return self.at

    def forward(self, seconds: float) -> None:
        self.at += dt.timedelta(seconds=seconds)


def at_once(work: Callable[[], object], times: int = 8) -> list[object]:
    """What that many threads got, all let go at the same moment."""
    barrier, got = threading.Barrier(times), []

    def run() -> None:
        barrier.wait()
        try:
            got.append(work())
        except AdvisorError as e:
            got.append(e)

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got
