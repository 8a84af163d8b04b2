"""A circuit breaker: an endpoint that keeps failing is left alone for a while."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable


class Breaker:
    """Opens after `failures` within `window` seconds; one probe is let through after each cool-down."""

    def __init__(
        self,
        failures: int = 5,
        window: float = 30.0,
        cool_down: float = 5.0,
        longest: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit, self._window, self._first, self._longest = failures, window, cool_down, longest
        self._clock = clock
        self._lock = threading.Lock()
        self._failed: deque[float] = deque(maxlen=failures)
        self._open_until: float | None = None
        self._cool_down = cool_down

    @property
    def open(self) -> bool:
        """Is the endpoint being left alone right now?"""
        with self._lock:
            return self._open_until is not None and self._clock() < self._open_until

    def allow(self) -> bool:
        """May a call go out? While open, only one probe at the end of each cool-down may."""
        with self._lock:
            if self._open_until is None:
                return True
            if self._clock() < self._open_until:
                return False
            self._open_until = self._clock() + self._cool_down
            return True

    def succeed(self) -> None:
        """Close, and forget every failure."""
        with self._lock:
            self._failed.clear()
            self._open_until, self._cool_down = None, self._first

    def fail(self, *, at_once: bool = False) -> None:
        """Count a failure; `at_once` opens without waiting for more (a refused key)."""
        with self._lock:
            now = self._clock()
            self._failed.append(now)
            recent = [t for t in self._failed if now - t <= self._window]
            if at_once or self._open_until is not None or len(recent) >= self._limit:
                self._open_until = now + self._cool_down
                self._cool_down = min(self._cool_down * 2, self._longest)
