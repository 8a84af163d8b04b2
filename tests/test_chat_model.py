"""The chat model's adapter under every fault of the wire, through the real openai client."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from advisor.answer.cite import broken
from advisor.answer.pipeline import Advisor
from advisor.errors import ModelUnavailable
from advisor.interfaces import ChatModel, Message
from advisor.models.breaker import Breaker
from advisor.models.chat import OpenAIChat
from advisor.models.scripted import ScriptedChat
from advisor.schema import Answer
from tests.fault_server import FaultServer

HELLO: list[Message] = [{"role": "user", "content": "How do we deploy?"}]
TEXT = "Use a script to deploy."
SLACK = 0.6
"""Seconds past the deadline that a busy test machine may need to say so."""


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer(TEXT) as server:
        yield server


def ask(model: ChatModel, seconds: float = 1.0) -> tuple[str, str, float]:
    """(text so far, reason of failure or "", seconds taken)."""
    begun = time.monotonic()
    said: list[str] = []
    reason = ""
    try:
        for piece in model.stream(HELLO, deadline=begun + seconds):
            said.append(piece)
    except ModelUnavailable as e:
        reason = e.reason
    return "".join(said), reason, time.monotonic() - begun


ROWS = [
    # fault, text that came through, reason, most seconds (the deadline is 1.0)
    ("401", "", "auth", 0.5),
    ("404", "", "bad-request", 0.5),
    ("400", "", "bad-request", 0.5),
    ("too-long", "", "too-long", 0.5),
    ("429-2", "", "rate-limited", 0.5),
    ("429-30", "", "rate-limited", 0.5),
    ("500", "", "server-error", 0.5),
    ("html", "", "nonsense", 0.5),
    ("redirect", "", "server-error", 0.5),
    ("partial-json", "", "cut", 0.5),
    ("null", "", "nonsense", 0.5),
    ("number", "", "nonsense", 0.5),
    ("not-a-chunk", "", "nonsense", 0.5),
    ("odd-choice", "", "nonsense", 0.5),
    ("deep", "", "nonsense", 1.0),
    ("nothing", "", "nonsense", 0.5),
    ("hang", "", "timeout", 1.0),
    ("drip-headers", "", "timeout", 1.0),
    ("drip-comments", "", "timeout", 1.0),
    ("drip", None, "timeout", 1.0),
    ("stall", "Use ", "timeout", 1.0),
    ("cut", "Use a script to", "cut", 0.5),
    ("cut-close", "Use a script to", "cut", 0.5),
    ("malformed", "Use ", "nonsense", 0.5),
    ("malformed-close", "Use ", "nonsense", 0.5),
    ("error-event", "Use ", "nonsense", 0.5),
    ("no-finish", TEXT, "cut", 0.5),
    ("no-finish-close", TEXT, "cut", 0.5),
    ("length", TEXT, "length", 0.5),
    ("flood", None, "length", 1.0),
    ("empty-choices", TEXT, "", 0.5),
    ("no-done", TEXT, "", 0.5),
    ("good", TEXT, "", 0.5),
    ("good-close", TEXT, "", 0.5),
]


@pytest.mark.parametrize(("fault", "text", "reason", "most"), ROWS, ids=[r[0] for r in ROWS])
def test_every_fault_has_a_reason_and_an_end(
    server: FaultServer, fault: str, text: str | None, reason: str, most: float
) -> None:
    said, why, seconds = ask(OpenAIChat(fault, server.url, "k"))
    assert why == reason
    assert text is None or said == text
    assert seconds < most + SLACK


def test_an_endpoint_that_is_not_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
        _, reason, seconds = ask(OpenAIChat("good", url, "k"))
    assert reason == "unreachable"
    assert seconds < 1.5 + SLACK


def test_usage_and_what_was_sent(server: FaultServer) -> None:
    reply = OpenAIChat("good", server.url, "k", max_tokens=123).stream(HELLO, deadline=time.monotonic() + 2)
    pieces = list(reply)
    sent = server.requests[-1]
    assert len(pieces) > 1
    assert reply.usage == (11, 7)
    assert sent["messages"] == HELLO
    assert (sent["max_tokens"], sent["temperature"], sent["stream"]) == (123, 0, True)
    assert "tools" not in sent


def test_one_retry_where_waiting_helps_and_none_where_it_does_not(server: FaultServer) -> None:
    def calls(fault: str) -> int:
        before = len(server.requests)
        ask(OpenAIChat(fault, server.url, "k"), seconds=3)
        return len(server.requests) - before

    twice, once = ["500", "429"], ["429-30", "401", "400", "cut", "error-event", "length"]
    assert {fault: calls(fault) for fault in twice + once} == dict.fromkeys(twice, 2) | dict.fromkeys(once, 1)


def test_a_prompt_never_follows_a_redirect(server: FaultServer) -> None:
    ask(OpenAIChat("redirect", server.url, "k"))
    assert server.redirected == []


def test_a_deadline_that_has_passed_sends_nothing_and_blames_nobody(server: FaultServer) -> None:
    model = OpenAIChat("good", server.url, "k")
    before = len(server.requests)
    for _ in range(6):
        assert ask(model, seconds=0.0)[1] == "timeout"
    assert len(server.requests) == before
    assert not model.breaker.open


@pytest.mark.parametrize("fault", ["drip", "drip-comments", "stall"])
def test_the_reading_thread_ends_with_the_reply(server: FaultServer, fault: str) -> None:
    before = _readers()
    ask(OpenAIChat(fault, server.url, "k"), seconds=0.5)
    assert _gone(before)


def test_a_reader_who_leaves_ends_the_reply_and_costs_the_endpoint_nothing(server: FaultServer) -> None:
    model, before = OpenAIChat("drip", server.url, "k"), _readers()
    for _ in range(6):
        pieces = iter(model.stream(HELLO, deadline=time.monotonic() + 20))
        next(pieces)
        pieces.close()  # type: ignore[attr-defined]
    assert _gone(before)
    assert not model.breaker.open


def _readers() -> set[threading.Thread]:
    return {t for t in threading.enumerate() if t.name == "chat-reply"}


def _gone(before: set[threading.Thread]) -> bool:
    """Does every reader started since `before` end within two seconds?"""
    for thread in _readers() - before:
        thread.join(2)
    return not _readers() - before


# ---------------------------------------------------------------- the breaker


def test_a_failing_endpoint_is_left_alone_after_five(server: FaultServer) -> None:
    model = OpenAIChat("error-event", server.url, "k")
    assert [ask(model)[1] for _ in range(6)] == ["nonsense"] * 5 + ["resting"]
    before = len(server.requests)
    assert ask(model)[2] < 0.1
    assert len(server.requests) == before


def test_a_refused_key_opens_at_once(server: FaultServer) -> None:
    model = OpenAIChat("401", server.url, "k")
    assert [ask(model)[1] for _ in range(2)] == ["auth", "resting"]


@pytest.mark.parametrize("fault", ["400", "404", "too-long", "length"])
def test_a_request_of_ours_that_fails_says_nothing_about_the_endpoint(server: FaultServer, fault: str) -> None:
    model = OpenAIChat(fault, server.url, "k")
    for _ in range(6):
        ask(model)
    assert not model.breaker.open


class Hands:
    """A clock that moves when told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_half_open_lets_one_probe_through_and_waits_twice_as_long_after_it_fails() -> None:
    clock = Hands()
    breaker = Breaker(failures=5, cool_down=5, longest=12, clock=clock)
    for _ in range(4):
        breaker.fail()
    assert breaker.allow()
    breaker.fail()
    assert breaker.open
    assert not breaker.allow()
    waits = []
    for _ in range(3):
        begun = clock.now
        while not breaker.allow():
            clock.now += 0.5
        assert not breaker.allow(), "one probe at a time"
        waits.append(clock.now - begun)
        breaker.fail()
    assert waits == [5, 10, 12]
    clock.now += 12
    assert breaker.allow()
    breaker.succeed()
    assert breaker.allow()
    breaker.fail()
    assert not breaker.open, "a success forgets the failures before it"


def test_a_probe_that_never_reports_does_not_close_the_door_for_good() -> None:
    clock = Hands()
    breaker = Breaker(clock=clock)
    breaker.fail(at_once=True)
    clock.now += 5
    assert breaker.allow()
    clock.now += 60
    assert breaker.allow()


def test_failures_far_apart_do_not_open_it() -> None:
    clock = Hands()
    breaker = Breaker(clock=clock)
    for _ in range(20):
        breaker.fail()
        clock.now += 8
    assert not breaker.open


# ---------------------------------------------------------------- one contract for both chat models


@pytest.fixture(params=["openai", "scripted"])
def model(request: pytest.FixtureRequest, server: FaultServer) -> ChatModel:
    return OpenAIChat("good", server.url, "k") if request.param == "openai" else ScriptedChat(lambda m: TEXT)


@pytest.fixture(params=["openai", "scripted"])
def cut(request: pytest.FixtureRequest, server: FaultServer) -> ChatModel:
    failure = ModelUnavailable("The chat model's reply was cut off.", reason="cut")
    return (
        OpenAIChat("no-finish", server.url, "k") if request.param == "openai" else ScriptedChat(lambda m: TEXT, failure)
    )


def test_pieces_add_up_and_usage_is_known_at_the_end(model: ChatModel) -> None:
    reply = model.stream(HELLO, deadline=time.monotonic() + 2)
    pieces = list(reply)
    assert "".join(pieces) == TEXT
    assert len(pieces) > 1
    assert all(pieces)
    assert reply.usage[0] > 0
    assert reply.usage[1] > 0
    assert model.name


def test_what_came_before_a_cut_is_handed_over_first(cut: ChatModel) -> None:
    assert ask(cut)[:2] == (TEXT, "cut")


def test_a_passed_deadline_is_a_timeout(model: ChatModel) -> None:
    assert ask(model, seconds=0.0)[:2] == ("", "timeout")


def test_two_replies_at_once_do_not_mix(model: ChatModel) -> None:
    replies = [iter(model.stream(HELLO, deadline=time.monotonic() + 2)) for _ in range(2)]
    said = ["", ""]
    for pair in zip(*replies, strict=True):
        said = [a + b for a, b in zip(said, pair, strict=True)]
    assert said == [TEXT, TEXT]


# ---------------------------------------------------------------- and the whole advisor behind it

QUESTION = "How should we deploy our first model?"
SECONDS = 1.6


def held(answer: Answer, advisor: Advisor) -> None:
    """Every mark has its citation, every quote stands in its document."""
    marks = {int(n) for n in re.findall(r"\[(\d+)\]", answer.text)}
    assert marks
    assert marks <= {c.n for c in answer.citations}
    assert broken(answer.citations, advisor.documents) == []


@pytest.mark.parametrize("fault", [r[0] for r in ROWS if r[2]])
def test_every_fault_still_gets_a_cited_answer_in_time(
    server: FaultServer, advisor_with: Callable[..., Advisor], fault: str
) -> None:
    advisor = advisor_with(OpenAIChat(fault, server.url, "k"), answer_seconds=SECONDS)
    begun = time.monotonic()
    answer = advisor.ask(QUESTION)
    assert time.monotonic() - begun < SECONDS + SLACK
    assert answer.mode == "fallback"
    assert "chat model" in answer.note.lower()
    assert not answer.abstained
    held(answer, advisor)


@pytest.mark.parametrize("fault", ["stall", "cut", "drip"])
def test_what_streams_adds_up_to_the_text(
    server: FaultServer, advisor_with: Callable[..., Advisor], fault: str
) -> None:
    events = list(advisor_with(OpenAIChat(fault, server.url, "k"), answer_seconds=SECONDS).stream(QUESTION))
    assert events[-1].answer
    assert "".join(e.text for e in events if e.kind == "text") == events[-1].answer.text


def test_once_the_breaker_is_open_the_answer_is_fast(server: FaultServer, advisor_with: Callable[..., Advisor]) -> None:
    advisor = advisor_with(OpenAIChat("401", server.url, "k"))
    advisor.ask(QUESTION)
    before = len(server.requests)
    answer = advisor.ask(QUESTION)
    assert answer.mode == "fallback"
    assert answer.usage.seconds < 1
    assert len(server.requests) == before


def test_a_failure_is_told_in_words_and_never_as_a_trace(
    server: FaultServer, advisor_with: Callable[..., Advisor]
) -> None:
    notes = {f: advisor_with(OpenAIChat(f, server.url, "k")).ask(QUESTION).note for f in ("401", "html", "too-long")}
    assert "refused the key" in notes["401"]
    assert "too long" in notes["too-long"]
    assert not any(word in note for note in notes.values() for word in ("Traceback", "Error", "openai."))
