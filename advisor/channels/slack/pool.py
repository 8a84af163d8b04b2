"""The work after the acknowledgement: a few threads, a bounded queue, and one question at a time in each thread."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
from collections import deque
from collections.abc import Callable

Job = Callable[[], None]
log = logging.getLogger(__name__)


class Pool:
    """Runs jobs on `threads` threads, at most `room` waiting. Jobs of one lane run one by one, lowest order first."""

    def __init__(self, threads: int = 8, room: int = 200) -> None:
        self._room = room
        self._changed = threading.Condition()
        self._lanes: dict[str, list[tuple[str, int, Job]]] = {}
        self._ready: deque[str] = deque()
        """Lanes that have a job and none running."""
        self._running: set[str] = set()
        self._waiting = 0
        self._count = itertools.count()
        self._closed = False
        self._threads = [threading.Thread(target=self._work, name=f"slack-{n}", daemon=True) for n in range(threads)]
        for thread in self._threads:
            thread.start()

    @property
    def full(self) -> bool:
        """Whether the next job would be refused."""
        with self._changed:
            return self._closed or self._waiting >= self._room

    def submit(self, lane: str, order: str, job: Job) -> bool:
        """Whether there was room for the job."""
        with self._changed:
            if self._closed or self._waiting >= self._room:
                return False
            self._waiting += 1
            jobs = self._lanes.setdefault(lane, [])
            heapq.heappush(jobs, (order, next(self._count), job))
            if lane not in self._running and lane not in self._ready:
                self._ready.append(lane)
            self._changed.notify()
            return True

    def close(self, seconds: float = 25) -> bool:
        """Take no more jobs and wait for those there are; whether all are done in time."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            return self._changed.wait_for(lambda: not self._waiting and not self._running, seconds)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._ready or (self._closed and not self._waiting))
                if not self._ready:
                    return
                lane = self._ready.popleft()
                *_, job = heapq.heappop(self._lanes[lane])
                self._waiting -= 1
                self._running.add(lane)
            try:
                job()
            except Exception as e:  # a job tells the person itself; what it let through is ours
                log.error("a job failed: %s", where(e))
            with self._changed:
                self._running.discard(lane)
                if self._lanes[lane]:
                    self._ready.append(lane)
                else:
                    del self._lanes[lane]
                self._changed.notify_all()


def where(error: BaseException) -> str:
    """The error's type and place. Its message stays out of the log: it may quote what somebody wrote."""
    at = error.__traceback__
    while at and at.tb_next:
        at = at.tb_next
    place = f" at {at.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{at.tb_lineno}" if at else ""
    return f"{type(error).__name__}{place}"
