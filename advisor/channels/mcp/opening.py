"""The advisor, opened in a thread when somebody first wants it: a client is greeted before anything heavy loads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING

from advisor.errors import Busy

if TYPE_CHECKING:
    from advisor.answer.pipeline import Advisor

WAIT_SECONDS = 45.0
"""Many clients give up after a minute; before that they are told to come back. The first index takes longer."""


class Opening:
    """One advisor for all callers. Opening that failed is tried again by the next caller."""

    def __init__(self, open_advisor: Callable[[], Advisor], seconds: float = WAIT_SECONDS) -> None:
        self._open = open_advisor
        self._seconds = seconds
        self._lock = threading.Lock()
        self._attempt: Future[Advisor] | None = None

    def begin(self) -> Future[Advisor]:
        """Start to open in the background, where that is not under way or done."""
        with self._lock:
            if self._attempt is None or (self._attempt.done() and self._attempt.exception()):
                self._attempt = Future()
                threading.Thread(target=self._run, args=(self._attempt,), name="opening", daemon=True).start()
            return self._attempt

    def get(self) -> Advisor:
        """The advisor, waited for. Raises Busy where it takes too long, else whatever opening it raised."""
        try:
            return self.begin().result(self._seconds)
        except TimeoutError as e:
            raise Busy("The advisor is getting ready: its index is being built.", "Ask again in a minute.") from e

    def close(self) -> None:
        """Give the index back. An opening that is nearly done is waited for: ending amid it could crash."""
        if self._attempt is not None:
            with suppress(Exception):
                self._attempt.result(5).close()

    def _run(self, attempt: Future[Advisor]) -> None:
        try:
            attempt.set_result(self._open())
        except BaseException as e:
            attempt.set_exception(e)
