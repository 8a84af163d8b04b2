"""A question sent twice is answered once: at the same time, later, with another body, on another replica."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from advisor.channels.api import answering
from advisor.schema import Event
from tests.answers import Scripted
from tests.homes import records_at
from tests.test_api import events, serving

ASK = {"question": "What?"}


def ask(client: httpx.Client, key: str, body: dict[str, Any] = ASK) -> httpx.Response:
    return client.post("/v1/ask", json=body, headers={"Idempotency-Key": key})


def replayed(response: httpx.Response) -> bool:
    return response.headers.get("Idempotency-Replayed") == "true"


def test_the_same_key_gives_the_same_answer(tmp_path: Path) -> None:
    advisor = Scripted()
    with serving(advisor, tmp_path / "a.db") as client:
        first, again, other = ask(client, "k"), ask(client, "k"), ask(client, "l")
        assert first.json() == again.json()
        assert (replayed(first), replayed(again)) == (False, True)
        assert other.json()["id"] != first.json()["id"]
        assert len(advisor.asked) == 2


def test_another_body_under_the_same_key_is_422(tmp_path: Path) -> None:
    with serving(Scripted(), tmp_path / "a.db") as client:
        first = ask(client, "k")
        for other in ({"question": "Which?"}, {**ASK, "user": "U1"}, {**ASK, "profile": {"people": 3}}):
            response = ask(client, "k", other)
            assert response.status_code == 422
            assert "another body" in response.json()["title"]
        assert ask(client, "k", {**ASK, "stream": True}).status_code == 200  # how it is sent is not what is asked
        assert ask(client, "k").json() == first.json()


def test_a_replay_streams_the_recorded_answer(tmp_path: Path) -> None:
    with serving(Scripted(), tmp_path / "a.db") as client:
        first = ask(client, "k").json()
        response = ask(client, "k", {**ASK, "stream": True})
        assert replayed(response)
        got = events(response.text)
        assert got[-1] == ("done", first)
        assert "".join(data["text"] for kind, data in got if kind == "sentence") == first["text"]
        assert [data for kind, data in got if kind == "citation"] == first["citations"]


@pytest.mark.parametrize("key", ["", "x" * 201, "é", "a\tb"])
def test_a_key_that_is_none(tmp_path: Path, key: str) -> None:
    with serving(Scripted(), tmp_path / "a.db") as client:
        headers = [(b"Idempotency-Key", key.encode("latin-1"))]
        assert client.post("/v1/ask", json=ASK, headers=headers).status_code == 422


class Slow(Scripted):
    """Says the status, then waits to be released."""

    def __init__(self) -> None:
        self.started, self.release = threading.Event(), threading.Event()
        super().__init__(self._wait)

    def _wait(self) -> None:
        self.started.set()
        assert self.release.wait(20)


def both(work: Callable[[int], httpx.Response], n: int, between: Callable[[], None]) -> list[httpx.Response]:
    with ThreadPoolExecutor(n) as pool:
        waiting = [pool.submit(work, i) for i in range(n)]
        between()
        return [w.result() for w in waiting]


def test_while_the_first_is_still_running(tmp_path: Path) -> None:
    advisor = Slow()
    with serving(advisor, tmp_path / "a.db") as client:

        def let_go() -> None:
            assert advisor.started.wait(10)
            time.sleep(0.3)
            advisor.release.set()

        got = both(lambda i: ask(client, "k", {**ASK, "stream": i % 2 == 1}), 8, let_go)
        answers = [events(r.text)[-1][1] if i % 2 else r.json() for i, r in enumerate(got)]
        assert [r.status_code for r in got] == [200] * 8
        assert len({a["id"] for a in answers}) == 1
        assert sorted(map(replayed, got)) == [False] + [True] * 7
        assert len(advisor.asked) == 1
        assert ask(client, "k", {"question": "Which?"}).status_code == 422


def test_a_waiting_reader_sees_the_text_as_it_is_written(tmp_path: Path) -> None:
    advisor = Slow()
    with serving(advisor, tmp_path / "a.db") as client:
        body, headers = {**ASK, "stream": True}, {"Idempotency-Key": "k"}
        with client.stream("POST", "/v1/ask", json=body, headers=headers) as first:
            assert next(first.iter_lines()) == "event: status"
            with client.stream("POST", "/v1/ask", json=body, headers=headers) as second:
                assert next(second.iter_lines()) == "event: status"
                advisor.release.set()
        assert len(advisor.asked) == 1


@pytest.fixture
def replicas(tmp_path: Path) -> Iterator[tuple[Slow, httpx.Client, Slow, httpx.Client]]:
    one, two = Slow(), Slow()
    with serving(one, tmp_path / "a.db") as a, serving(two, tmp_path / "a.db") as b:
        yield one, a, two, b
        one.release.set()
        two.release.set()


def test_on_another_replica(replicas: tuple[Slow, httpx.Client, Slow, httpx.Client]) -> None:
    one, a, two, b = replicas
    two.release.set()

    def let_go() -> None:
        assert one.started.wait(10)
        time.sleep(0.5)
        one.release.set()

    def work(i: int) -> httpx.Response:
        if i:
            assert one.started.wait(10)
        return ask(b if i else a, "k")

    got = both(work, 4, let_go)
    assert [r.json() for r in got] == [got[0].json()] * 4
    assert [replayed(r) for r in got] == [False, True, True, True]
    assert (len(one.asked), len(two.asked)) == (1, 0)
    assert ask(b, "k", {"question": "Which?"}).status_code == 422


def test_what_a_dead_replica_left_is_taken_over(tmp_path: Path) -> None:
    """A process that was killed in mid-answer has begun the request and will never end it."""
    from hashlib import sha256

    from advisor.channels.api.ask import AskRequest

    body = sha256(AskRequest(**ASK).model_dump_json(exclude={"stream"}).encode()).hexdigest()
    records = records_at(tmp_path / "a.db")
    with serving(Scripted(), tmp_path / "a.db") as client:
        began = time.monotonic()
        dead = records.requests.begin("k", body, 1.0)
        assert dead.state == "new"
        response = ask(client, "k")
        assert response.json()["id"] == dead.answer_id
        assert not replayed(response)
        assert 1 <= time.monotonic() - began < 8
        assert [a.id for a in records.conversations.get(response.json()["conversation_id"]).answers] == [dead.answer_id]
    records.close()


def test_an_answer_that_never_comes_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from advisor.channels.api.slots import Slots

    monkeypatch.setattr(answering, "KEYLESS_SECONDS", 0.3)
    monkeypatch.setattr(answering, "SPARE_SECONDS", 0.1)
    one, two = Slow(), Scripted()
    with (
        serving(one, tmp_path / "a.db", Slots(seconds=60)) as a,
        serving(two, tmp_path / "a.db", Slots(seconds=0.1)) as b,
        ThreadPoolExecutor(1) as pool,
    ):
        first = pool.submit(ask, a, "k")
        assert one.started.wait(10)
        response = ask(b, "k")
        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) >= 1
        one.release.set()
        assert first.result().status_code == 200
        assert ask(b, "k").json() == first.result().json()


class Failing(Scripted):
    """Fails the first time."""

    def stream(self, *args: Any, **more: Any) -> Iterator[Event]:
        events = super().stream(*args, **more)
        yield next(events)
        if len(self.asked) == 1:
            raise RuntimeError("once")
        yield from events


@pytest.mark.filterwarnings("ignore")
def test_a_failure_is_not_kept(tmp_path: Path) -> None:
    advisor = Failing()
    with serving(advisor, tmp_path / "a.db") as client:
        assert ask(client, "k").status_code == 500
        response = ask(client, "k")
        assert response.status_code == 200
        assert not replayed(response)


def test_a_reader_who_leaves_finds_the_answer_when_he_comes_back(tmp_path: Path) -> None:
    advisor = Slow()
    with serving(advisor, tmp_path / "a.db", 1) as client:
        headers = {"Idempotency-Key": "k"}
        with client.stream("POST", "/v1/ask", json={**ASK, "stream": True}, headers=headers) as response:
            next(response.iter_lines())
        advisor.release.set()
        response = ask(client, "k")
        assert response.status_code == 200
        assert replayed(response)
        assert len(advisor.asked) == 1


def test_a_full_house_gives_the_key_back(tmp_path: Path) -> None:
    advisor = Slow()
    with serving(advisor, tmp_path / "a.db", 1) as client, ThreadPoolExecutor(1) as pool:
        first = pool.submit(ask, client, "k")
        assert advisor.started.wait(10)
        assert ask(client, "l").status_code == 503
        advisor.release.set()
        assert first.result().status_code == 200
        response = ask(client, "l")
        assert response.status_code == 200
        assert not replayed(response)
