"""A memory that forgets: what was seen lately, and no more of it than fits."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

REDELIVERY_SECONDS = 900
"""Slack's last delivery of an event comes about six minutes after the first."""


class Seen:
    """Remembers keys for `seconds`, the latest `most` of them. Safe between threads."""

    def __init__(
        self, seconds: float = REDELIVERY_SECONDS, most: int = 20_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._most = most
        self._clock = clock
        self._until: OrderedDict[Hashable, float] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, key: Hashable) -> bool:
        """Remember the key; whether it is new."""
        now = self._clock()
        with self._lock:
            new = self._until.get(key, 0) <= now
            self._until[key] = now + self._seconds
            self._until.move_to_end(key)
            while len(self._until) > self._most:
                self._until.popitem(last=False)
            return new

    def __contains__(self, key: Hashable) -> bool:
        with self._lock:
            return self._until.get(key, 0) > self._clock()
