"""Answers being written: each in a thread of its own, read by anyone who asked for it, given once for each key."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from advisor.channels.api.auth import Caller
from advisor.channels.api.slots import Slots, TooBusy
from advisor.channels.api.watch import Metrics
from advisor.channels.session import Desk
from advisor.errors import Busy, InputError, StorageError
from advisor.records.requests import new_answer_id
from advisor.schema import Answer, Event, Profile, Turn

log = logging.getLogger(__name__)

KEYLESS_SECONDS = 3.0
"""More than an answer without a chat model takes on a busy machine."""
SPARE_SECONDS = 3.0
_MARK = re.compile(r"\[(\d{1,3})\]")
POLL_SECONDS = (0.05, 1.0)
"""Between looks at what another replica is writing: at first, and at most."""


class Ending(Busy):
    """The server is about to stop."""

    def __init__(self) -> None:
        super().__init__("The server is shutting down.", "Send the request again; another server will answer it.")


class KeyTaken(InputError):
    """The Idempotency-Key was used for something else."""

    def __init__(self) -> None:
        super().__init__(
            "This Idempotency-Key came with another body before.",
            "Use a new key for each question; retries keep theirs.",
        )


@dataclass(frozen=True)
class Question:
    """What is asked, in which conversation, for whom. `earlier` is for callers who hold the conversation themselves."""

    text: str
    conversation_id: str | None = None
    conversation_key: str | None = None
    profile: Profile | None = None
    profile_key: str | None = None
    user: str | None = None
    earlier: tuple[Turn, ...] | None = None


class Job:
    """One answer in the making, and everything said of it so far. Lives on the event loop."""

    def __init__(self, answer_id: str, body: str = "", lasting: bool = False) -> None:
        self.answer_id = answer_id
        self.body = body
        """The hash of the request that began it."""
        self.events: list[Event] = []
        self.answer: Answer | None = None
        self.error: BaseException | None = None
        self.abandoned = False
        """Nobody reads any more; it need not be finished."""
        self._lasting = lasting
        self._changed = asyncio.Event()

    @property
    def ended(self) -> bool:
        return self.answer is not None or self.error is not None

    def say(self, event: Event) -> None:
        """Everyone who reads along sees the event."""
        self.events.append(event)
        self.answer = event.answer or self.answer
        self._wake()

    def fail(self, error: BaseException) -> None:
        """Everyone who reads along gets the error."""
        self.error = error
        self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def leave(self) -> None:
        """A reader goes. An answer under a request key is finished all the same: the reader may come back for it."""
        self.abandoned = not self._lasting

    async def begun(self) -> None:
        """Until the first event. Raises what went wrong before it."""
        while not self.events and not self.ended:
            await self._changed.wait()
        if self.error is not None and not self.events:
            raise self.error

    async def whole(self) -> Answer:
        """The answer. Raises what went wrong."""
        while not self.ended:
            await self._changed.wait()
        if self.answer is None:
            assert self.error is not None
            raise self.error
        return self.answer

    async def read(self, tick: float) -> AsyncIterator[Event | None]:
        """Every event from the first; None after each `tick` seconds of silence. Raises what went wrong."""
        at = 0
        while True:
            while at < len(self.events):
                yield self.events[at]
                at += 1
            if self.answer is not None:
                return
            if self.error is not None:
                raise self.error
            changed = self._changed
            try:
                async with asyncio.timeout(tick):
                    await changed.wait()
            except TimeoutError:
                yield None


@dataclass(frozen=True)
class Told:
    """An answer being written, or one that was recorded before. `replayed`: this request did not cause it."""

    job: Job
    replayed: bool


class Answering:
    """Where answers are written: so many at a time, and one for each request key, over all replicas."""

    def __init__(self, desk: Desk, slots: Slots, metrics: Metrics) -> None:
        self.desk, self.slots, self.metrics = desk, slots, metrics
        self.ending = False
        """The server is about to stop: no new answers."""
        self.cut = False
        """It stops now: streams that are still open end."""
        self._threads = ThreadPoolExecutor(slots.count, thread_name_prefix="answer")
        self._tasks: set[asyncio.Task[None]] = set()
        self._keyed: dict[tuple[str, str, str], Job] = {}

    @property
    def busy(self) -> bool:
        """Whether an answer is being written or waited for."""
        return bool(self._tasks)

    def close(self) -> None:
        """Give the threads back as they end."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def told(self, caller: Caller, question: Question, key: str | None = None, body: str = "") -> Told:
        """The answer to a question, as it is written. With a request key, whoever asked first; `body` is the hash of
        what was sent with it. Raises TooBusy, Ending, KeyTaken, StorageError, and what Desk.ask raises at its start.
        """
        if self.ending:
            raise Ending
        told = await self._keyed_job(caller, question, key, body) if key else Told(self._job(caller, question), False)
        await told.job.begun()
        if told.replayed:
            self.metrics.replayed.inc()
        return told

    async def _keyed_job(self, caller: Caller, question: Question, key: str, body: str) -> Told:
        name = (caller.owner.tenant, caller.owner.user, key)
        records = self.desk.records.of(caller.owner)
        limit = self.slots.seconds + self._answer_seconds() + SPARE_SECONDS
        gives_up, pause = time.monotonic() + limit, POLL_SECONDS[0]
        while True:
            if running := self._keyed.get(name):
                if running.body != body:
                    raise KeyTaken
                return Told(running, True)
            begun = await asyncio.to_thread(records.requests.begin, key, body, limit)
            if begun.state == "new":
                return Told(self._job(caller, question, key, body, begun.answer_id), False)
            if begun.state == "conflict":
                raise KeyTaken
            if begun.state == "done":
                job = Job(begun.answer_id, body)
                for event in replay(await asyncio.to_thread(records.conversations.answer, begun.answer_id)):
                    job.say(event)
                return Told(job, True)
            if time.monotonic() > gives_up:
                raise TooBusy
            await asyncio.sleep(pause)
            pause = min(1.5 * pause, POLL_SECONDS[1])

    def _answer_seconds(self) -> float:
        advisor = self.desk.advisor
        return advisor.settings.answer_seconds if advisor.mode == "model" else KEYLESS_SECONDS

    def _job(
        self, caller: Caller, question: Question, key: str | None = None, body: str = "", answer_id: str | None = None
    ) -> Job:
        job = Job(answer_id or new_answer_id(), body, lasting=key is not None)
        if key:
            self._keyed[caller.owner.tenant, caller.owner.user, key] = job
        task = asyncio.create_task(self._run(job, caller, question, key))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    async def _run(self, job: Job, caller: Caller, question: Question, key: str | None) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with self.slots.one():
                if not job.abandoned:
                    write = partial(self._write, loop, job, caller, question, key)
                    await loop.run_in_executor(self._threads, write)
        except BaseException as e:
            job.fail(e)
            if not isinstance(e, Exception):
                raise
        finally:
            if key:
                del self._keyed[caller.owner.tenant, caller.owner.user, key]
                if job.answer is None:
                    await asyncio.to_thread(self._release, caller, key)

    def _write(
        self,
        loop: asyncio.AbstractEventLoop,
        job: Job,
        caller: Caller,
        question: Question,
        key: str | None,
    ) -> None:
        events = self.desk.ask(
            question.text,
            conversation_id=question.conversation_id,
            conversation_key=question.conversation_key,
            profile=question.profile,
            profile_key=question.profile_key,
            earlier=question.earlier,
            owner=caller.owner,
            user=caller.user(question.user),
            answer_id=job.answer_id,
            request_key=key,
        )
        for event in events:
            loop.call_soon_threadsafe(job.say, event)
            if event.answer is not None:
                self._count(caller, event.answer)
            elif job.abandoned:
                return

    def _count(self, caller: Caller, answer: Answer) -> None:
        self.metrics.answered(answer)
        tokens = answer.usage.prompt_tokens + answer.usage.completion_tokens
        if caller.key is not None and tokens:
            try:
                self.desk.records.limits.spend(caller.key, tokens)
            except StorageError as e:
                log.warning("tokens of key %s were not counted: %s", caller.key.id, e.message)

    def _release(self, caller: Caller, key: str) -> None:
        with suppress(StorageError):  # then the key comes free with its lease
            self.desk.records.of(caller.owner).requests.release(key)


def replay(answer: Answer) -> Iterator[Event]:
    """A recorded answer as the events that made it, block by block."""
    if answer.profile_changes:
        yield Event(kind="profile", changes=answer.profile_changes)
    left = {c.n: c for c in answer.citations}
    for n, block in enumerate(answer.text.split("\n\n")):
        marks = dict.fromkeys(int(mark) for mark in _MARK.findall(block))
        cited = [left.pop(mark) for mark in marks if mark in left]
        yield Event(kind="text", text=f"\n\n{block}" if n else block, citations=cited)
    yield Event(kind="done", answer=answer)
