"""The client for programs without an event loop."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
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


class AdvisorClient:
    """The advisor over HTTP. Safe to use from several threads; every method raises ApiError.

    `seconds` bounds a call with all its retries. The address and key come from ADVISOR_URL and ADVISOR_KEY where
    they are not given.
    """

    def __init__(
        self, url: str | None = None, key: str | None = None, *, seconds: float = 60, retries: int = 3
    ) -> None:
        self._http = httpx.Client(**http_options(url, key))
        self._seconds = seconds
        self._retries = retries

    def ask(
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
        return self._do(
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
    ) -> Stream:
        """The answer as it is written: `with client.stream(…) as events: for event in events: …`"""
        call = calls.ask(
            question, conversation_id, conversation_key, profile, profile_key, user, idempotency_key, stream=True
        )
        return Stream(self._http, call, self._attempts(call))

    def answer(self, id: str) -> Answer:
        """An answer given before."""
        return self._do(calls.answer(id))

    def feedback(self, answer_id: str, value: Literal[1, -1], comment: str = "", user: str | None = None) -> None:
        """Say that an answer helped (1) or did not (-1)."""
        self._do(calls.feedback(answer_id, value, comment, user))

    def conversations(self, limit: int = 50, after: str | None = None) -> Page[ConversationSummary]:
        """Conversations, latest first."""
        return self._do(calls.conversations(limit, after))

    def conversation(self, id: str) -> Conversation:
        """One conversation with its answers."""
        return self._do(calls.conversation(id))

    def delete_conversation(self, id: str) -> None:
        """Remove a conversation with its answers."""
        self._do(calls.delete_conversation(id))

    def get_profile(self, key: str) -> Profile | None:
        """The profile kept under `key`; None where there is none."""
        try:
            return self._do(calls.get_profile(key))
        except ApiError as e:
            if e.status == 404:
                return None
            raise

    def put_profile(self, key: str, profile: Profile) -> None:
        """Keep a profile under a key of the caller's own."""
        self._do(calls.put_profile(key, profile))

    def delete_profile(self, key: str) -> None:
        """Remove the profile kept under `key`."""
        self._do(calls.delete_profile(key))

    def assess(
        self,
        profile: Profile | None = None,
        name: str | None = None,
        save: bool = False,
        *,
        profile_key: str | None = None,
    ) -> Assessment:
        """What the rules say about a profile, given or kept."""
        return self._do(calls.assess(profile, profile_key, name, save))

    def report(self, profile: Profile, format: calls.ReportFormat = "html") -> bytes:
        """The assessment as a document."""
        return self._do(calls.report(profile, format))

    def search(
        self, q: str, k: int = 8, *, kind: str | None = None, stage: int | None = None, level: int | None = None
    ) -> list[Found]:
        """Passages that fit a query, best first."""
        return self._do(calls.search(q, k, kind, stage, level))

    def document(self, doc_id: str) -> Document:
        """The document that citations with this doc_id point into."""
        return self._do(calls.document(doc_id))

    def browse(
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
        return self._do(calls.browse(records, q, stage, level, limit, after))

    def record(self, records: calls.Records, id: str) -> dict[str, Any]:
        """One record of a kind: `record("tools", "mlflow")`."""
        return self._do(calls.record(records, id))

    def compare(self, tools: Sequence[str], profile: Profile | None = None) -> list[Finding]:
        """Tools against each other, for a profile."""
        return self._do(calls.compare(tools, profile))

    def estimate(self, profile: Profile) -> list[Finding]:
        """What a profile's plan costs."""
        return self._do(calls.estimate(profile))

    def version(self) -> dict[str, Any]:
        """What the server answers with: corpus, rules, models, product."""
        return self._do(calls.version())

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> AdvisorClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _attempts(self, call: Call[T]) -> Attempts:
        return Attempts(self._seconds, self._retries, call.repeatable)

    def _do(self, call: Call[T]) -> T:
        attempts = self._attempts(call)
        while True:
            try:
                return call.read(self._once(call, attempts))
            except ApiError as e:
                time.sleep(attempts.pause(e))

    def _once(self, call: Call[T], attempts: Attempts) -> Received:
        with closing(_opened(self._http, call, attempts.timeout())) as response:
            body = b""
            try:
                for piece in response.iter_bytes():
                    body += piece
                    attempts.left()
            except httpx.HTTPError as e:
                raise unreachable(self._http.base_url, e) from e
            return Received(response.status_code, response.headers, body, attempts.lost)


class Stream:
    """The events of one answer, ending with `done`; a broken stream is taken up again where it stopped.

    `replayed` and `request_id` are known from entering it.
    """

    def __init__(self, http: httpx.Client, call: Call[Reply], attempts: Attempts) -> None:
        self.replayed = False
        self.request_id = ""
        self._http = http
        self._call = call
        self._attempts = attempts
        self._response: httpx.Response | None = None
        self._events = self._read()

    def __enter__(self) -> Stream:
        while self._response is None:
            try:
                self._open()
            except ApiError as e:
                time.sleep(self._attempts.pause(e))
        return self

    def __exit__(self, *_: object) -> None:
        self._events.close()
        self._close()

    def __iter__(self) -> Iterator[StreamEvent]:
        return self._events

    def __next__(self) -> StreamEvent:
        return next(self._events)

    def _open(self) -> httpx.Response:
        response = _opened(self._http, self._call, self._attempts.timeout(SILENCE_SECONDS))
        self._response = response
        self.replayed = calls.replayed(response.headers, self._attempts.lost)
        self.request_id = response.headers.get("x-request-id", "")
        return response

    def _close(self) -> None:
        if self._response is not None:
            self._response.close()
            self._response = None

    def _read(self) -> Generator[StreamEvent, None, None]:
        told = Told()
        while True:
            try:
                for event in self._attempt():
                    yield from told.news(event)
                    if event.kind == "done":
                        return
                raise lost(self._http.base_url)
            except ApiError as e:
                self._close()
                time.sleep(self._attempts.pause(e))
                told.again()

    def _attempt(self) -> Iterator[StreamEvent]:
        lines = Lines()
        try:
            for piece in (self._response or self._open()).iter_bytes():
                self._attempts.left()
                for kind, data in lines.feed(piece):
                    if event := read_event(kind, data):
                        yield event
        except httpx.HTTPError as e:
            raise unreachable(self._http.base_url, e) from e


def _opened(http: httpx.Client, call: Call[Any], timeout: httpx.Timeout) -> httpx.Response:
    """A response that is no error, its body not yet read. Raises ApiError."""
    try:
        response = http.send(http.build_request(**request_options(call, timeout)), stream=True)
        if response.is_success:
            return response
        try:
            raise error_of(response.status_code, response.headers, response.read())
        finally:
            response.close()
    except httpx.HTTPError as e:
        raise unreachable(http.base_url, e) from e
