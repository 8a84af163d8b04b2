"""The client for programs with an event loop: the methods of AdvisorClient, awaited."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any, Literal, TypeVar

import httpx

from advisor.client import calls
from advisor.client.attempts import SILENCE_SECONDS, Attempts, http_options, lost, request_options, unreachable
from advisor.client.calls import Call, Received
from advisor.client.errors import ApiError, error_of
from advisor.client.events import Lines, StreamEvent, Told, read_event
from advisor.client.replies import Assessment, Conversation, ConversationSummary, Found, Page, Reply
from advisor.schema import Answer, Document, Finding, Profile

T = TypeVar("T")


class AsyncAdvisorClient:
    """The advisor over HTTP, for one event loop; every method raises ApiError.

    `seconds` bounds a call with all its retries. The address and key come from ADVISOR_URL and ADVISOR_KEY where
    they are not given.
    """

    def __init__(
        self, url: str | None = None, key: str | None = None, *, seconds: float = 60, retries: int = 3
    ) -> None:
        self._http = httpx.AsyncClient(**http_options(url, key))
        self._seconds = seconds
        self._retries = retries

    async def ask(
        self,
        question: str,
        *,
        conversation_id: str | None = None,
        conversation_key: str | None = None,
        profile: Profile | None = None,
        profile_key: str | None = None,
        user: str | None = None,
        idempotency_key: str | None = None,
    ) -> Reply:
        """The answer to a question, asked once however often it has to be sent."""
        return await self._do(
            calls.ask(question, conversation_id, conversation_key, profile, profile_key, user, idempotency_key)
        )

    def stream(
        self,
        question: str,
        *,
        conversation_id: str | None = None,
        conversation_key: str | None = None,
        profile: Profile | None = None,
        profile_key: str | None = None,
        user: str | None = None,
        idempotency_key: str | None = None,
    ) -> AsyncStream:
        """The answer as it is written: `async with client.stream(…) as events: async for event in events: …`"""
        call = calls.ask(
            question, conversation_id, conversation_key, profile, profile_key, user, idempotency_key, stream=True
        )
        return AsyncStream(self._http, call, self._attempts(call))

    async def answer(self, id: str) -> Answer:
        """An answer given before."""
        return await self._do(calls.answer(id))

    async def feedback(self, answer_id: str, value: Literal[1, -1], comment: str = "", user: str | None = None) -> None:
        """Say that an answer helped (1) or did not (-1)."""
        await self._do(calls.feedback(answer_id, value, comment, user))

    async def conversations(self, limit: int = 50, after: str | None = None) -> Page[ConversationSummary]:
        """Conversations, latest first."""
        return await self._do(calls.conversations(limit, after))

    async def conversation(self, id: str) -> Conversation:
        """One conversation with its answers."""
        return await self._do(calls.conversation(id))

    async def delete_conversation(self, id: str) -> None:
        """Remove a conversation with its answers."""
        await self._do(calls.delete_conversation(id))

    async def get_profile(self, key: str) -> Profile | None:
        """The profile kept under `key`; None where there is none."""
        try:
            return await self._do(calls.get_profile(key))
        except ApiError as e:
            if e.status == 404:
                return None
            raise

    async def put_profile(self, key: str, profile: Profile) -> None:
        """Keep a profile under a key of the caller's own."""
        await self._do(calls.put_profile(key, profile))

    async def delete_profile(self, key: str) -> None:
        """Remove the profile kept under `key`."""
        await self._do(calls.delete_profile(key))

    async def assess(
        self,
        profile: Profile | None = None,
        name: str | None = None,
        save: bool = False,
        *,
        profile_key: str | None = None,
    ) -> Assessment:
        """What the rules say about a profile, given or kept."""
        return await self._do(calls.assess(profile, profile_key, name, save))

    async def report(self, profile: Profile, format: calls.ReportFormat = "html") -> bytes:
        """The assessment as a document."""
        return await self._do(calls.report(profile, format))

    async def search(
        self, q: str, k: int = 8, *, kind: str | None = None, stage: int | None = None, level: int | None = None
    ) -> list[Found]:
        """Passages that fit a query, best first."""
        return await self._do(calls.search(q, k, kind, stage, level))

    async def document(self, doc_id: str) -> Document:
        """The document that citations with this doc_id point into."""
        return await self._do(calls.document(doc_id))

    async def browse(
        self,
        records: calls.Records,
        q: str | None = None,
        *,
        stage: int | None = None,
        level: int | None = None,
        limit: int = 50,
        after: str | None = None,
    ) -> Page[dict[str, Any]]:
        """Records of one kind: `browse("tools", "feature store")`."""
        return await self._do(calls.browse(records, q, stage, level, limit, after))

    async def record(self, records: calls.Records, id: str) -> dict[str, Any]:
        """One record of a kind: `record("tools", "mlflow")`."""
        return await self._do(calls.record(records, id))

    async def compare(self, tools: Sequence[str], profile: Profile | None = None) -> list[Finding]:
        """Tools against each other, for a profile."""
        return await self._do(calls.compare(tools, profile))

    async def estimate(self, profile: Profile) -> list[Finding]:
        """What a profile's plan costs."""
        return await self._do(calls.estimate(profile))

    async def version(self) -> dict[str, Any]:
        """What the server answers with: corpus, rules, models, product."""
        return await self._do(calls.version())

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> AsyncAdvisorClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _attempts(self, call: Call[T]) -> Attempts:
        return Attempts(self._seconds, self._retries, call.repeatable)

    async def _do(self, call: Call[T]) -> T:
        attempts = self._attempts(call)
        while True:
            try:
                return call.read(await self._once(call, attempts))
            except ApiError as e:
                await asyncio.sleep(attempts.pause(e))

    async def _once(self, call: Call[T], attempts: Attempts) -> Received:
        async with aclosing(await _opened(self._http, call, attempts.timeout())) as response:
            body = b""
            try:
                async for piece in response.aiter_bytes():
                    body += piece
                    attempts.left()
            except httpx.HTTPError as e:
                raise unreachable(self._http.base_url, e) from e
            return Received(response.status_code, response.headers, body, attempts.lost)


class AsyncStream:
    """The events of one answer, ending with `done`; a broken stream is taken up again where it stopped.

    `replayed` and `request_id` are known from entering it.
    """

    def __init__(self, http: httpx.AsyncClient, call: Call[Reply], attempts: Attempts) -> None:
        self.replayed = False
        self.request_id = ""
        self._http = http
        self._call = call
        self._attempts = attempts
        self._response: httpx.Response | None = None
        self._events = self._read()

    async def __aenter__(self) -> AsyncStream:
        while self._response is None:
            try:
                await self._open()
            except ApiError as e:
                await asyncio.sleep(self._attempts.pause(e))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._events.aclose()
        await self._close()

    def __aiter__(self) -> AsyncIterator[StreamEvent]:
        return self._events

    async def __anext__(self) -> StreamEvent:
        return await anext(self._events)

    async def _open(self) -> httpx.Response:
        response = await _opened(self._http, self._call, self._attempts.timeout(SILENCE_SECONDS))
        self._response = response
        self.replayed = calls.replayed(response.headers, self._attempts.lost)
        self.request_id = response.headers.get("x-request-id", "")
        return response

    async def _close(self) -> None:
        if self._response is not None:
            await self._response.aclose()
            self._response = None

    async def _read(self) -> AsyncGenerator[StreamEvent, None]:
        told = Told()
        while True:
            try:
                async with aclosing(self._attempt()) as attempt:
                    async for event in attempt:
                        for news in told.news(event):
                            yield news
                        if event.kind == "done":
                            return
                raise lost(self._http.base_url)
            except ApiError as e:
                await self._close()
                await asyncio.sleep(self._attempts.pause(e))
                told.again()

    async def _attempt(self) -> AsyncGenerator[StreamEvent, None]:
        lines = Lines()
        try:
            async for piece in (self._response or await self._open()).aiter_bytes():
                self._attempts.left()
                for kind, data in lines.feed(piece):
                    if event := read_event(kind, data):
                        yield event
        except httpx.HTTPError as e:
            raise unreachable(self._http.base_url, e) from e


async def _opened(http: httpx.AsyncClient, call: Call[Any], timeout: httpx.Timeout) -> httpx.Response:
    """A response that is no error, its body not yet read. Raises ApiError."""
    try:
        response = await http.send(http.build_request(**request_options(call, timeout)), stream=True)
        if response.is_success:
            return response
        try:
            raise error_of(response.status_code, response.headers, await response.aread())
        finally:
            await response.aclose()
    except httpx.HTTPError as e:
        raise unreachable(http.base_url, e) from e
