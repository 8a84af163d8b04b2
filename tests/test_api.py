"""The API through a real server on this machine, asked with a real client."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from advisor.answer.pipeline import Advisor
from advisor.channels.api.auth import Access
from advisor.channels.api.limits import HEADERS
from advisor.channels.api.slots import Slots
from advisor.channels.process import PatientProtocol
from advisor.channels.server import bind, check_access, create_app
from advisor.channels.session import Answers, Desk
from advisor.config import load_settings
from advisor.errors import ConfigError
from advisor.records.database import Database
from advisor.records.store import Records
from advisor.schema import Answer, Event
from tests.answers import Scripted

QUESTION = "What is a feature store, and does a team with one model need it?"


@contextmanager
def serving(
    advisor: Answers, db: Path | str, slots: Slots | int = 8, access: Access | None = None
) -> Iterator[httpx.Client]:
    """The API on a free port, over a database of its own or shared with another server."""
    records = Records(Database(db))
    slots = Slots(slots, waiting=0) if isinstance(slots, int) else slots
    app = create_app(Desk(advisor, records), slots=slots, access=access or Access())
    listener = bind("127.0.0.1", 0)
    config = uvicorn.Config(app, http=PatientProtocol, log_level="critical", server_header=False, proxy_headers=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=30) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()
        records.close()


@pytest.fixture(scope="module")
def client(advisor: Advisor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with serving(advisor, tmp_path_factory.mktemp("api") / "advisor.db") as client:
        yield client


@pytest.fixture
def scripted(tmp_path: Path) -> Iterator[httpx.Client]:
    with serving(Scripted(), tmp_path / "advisor.db") as client:
        yield client


def events(text: str) -> list[tuple[str, Any]]:
    blocks = [block.split("\n", 1) for block in text.strip().split("\n\n")]
    return [(kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for kind, data in blocks]


def test_an_answer_whose_citations_stand_in_the_pinned_documents(client: httpx.Client) -> None:
    response = client.post("/v1/ask", json={"question": QUESTION})
    assert response.status_code == 200
    answer = Answer.model_validate(response.json())
    assert answer.citations
    assert answer.conversation_id
    for c in answer.citations:
        document = client.get(f"/v1/documents/{c.doc_id}").json()
        assert document["text"][c.start : c.end] == c.quote
        assert f"[{c.n}]" in answer.text


def test_a_conversation_goes_on_by_its_id(client: httpx.Client) -> None:
    first = client.post("/v1/ask", json={"question": "We are 25 people with two data scientists."}).json()
    assert {c["field"] for c in first["profile_changes"]} >= {"people", "team"}
    then = client.post(
        "/v1/ask", json={"question": "What should we do next?", "conversation_id": first["conversation_id"]}
    ).json()
    assert then["conversation_id"] == first["conversation_id"]
    assert "two data scientists" in then["text"]


def test_a_profile_may_be_sent_along(client: httpx.Client) -> None:
    body = {"question": "What should we do next?", "profile": {"people": 25, "team": {"data-scientist": 3}}}
    assert "three data scientists" in client.post("/v1/ask", json=body).json()["text"]


def test_an_unknown_conversation_is_404(scripted: httpx.Client) -> None:
    response = scripted.post("/v1/ask", json={"question": "What?", "conversation_id": "nowhere"})
    assert response.status_code == 404
    assert response.json()["title"] == "There is no such conversation."


@pytest.mark.parametrize("how", ["body", "header"])
def test_events_add_up_to_the_answer(client: httpx.Client, how: str) -> None:
    body = {"question": QUESTION, "stream": how == "body"}
    headers = {"Accept": "text/event-stream"} if how == "header" else {}
    response = client.post("/v1/ask", json=body, headers=headers)
    assert response.headers["content-type"].startswith("text/event-stream")
    got = events(response.text)
    kinds = [kind for kind, _ in got]
    assert kinds[0] == "status"
    assert kinds[-1] == "done"
    answer = Answer.model_validate(got[-1][1])
    assert "".join(data["text"] for kind, data in got if kind == "sentence") == answer.text


def test_text_comes_while_the_rest_is_written(tmp_path: Path) -> None:
    release = threading.Event()
    with (
        serving(Scripted(before=lambda: release.wait(10) and None), tmp_path / "a.db") as client,
        client.stream("POST", "/v1/ask", json={"question": "What?", "stream": True}) as response,
    ):
        lines = response.iter_lines()
        assert next(lines) == "event: status"
        release.set()
        assert "event: done" in list(lines)


BAD = {
    "empty": {"question": ""},
    "blank": {"question": "  \n "},
    "invisible": {"question": "\u200b\u2060"},
    "too long": {"question": "x" * 4001},
    "not text": {"question": 7},
    "control": {"question": "a\x00b"},
    "escape": {"question": "\x1b[31mred"},
    "unknown field": {"question": "What?", "tenant": "other"},
    "profile field": {"question": "What?", "profile": {"peple": 3}},
    "profile value": {"question": "What?", "profile": {"people": -1}},
    "id": {"question": "What?", "conversation_id": "../../etc"},
    "no question": {},
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
def test_a_bad_request_is_422_with_a_hint(scripted: httpx.Client, body: dict[str, Any]) -> None:
    response = scripted.post("/v1/ask", json=body)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["title"]
    assert problem["hint"]
    assert "Traceback" not in response.text


@pytest.mark.parametrize("raw", [b'{"question": "a\\ud800b"}', b'{"question": "\xff"}', b"{", b"[" * 5000, b"null"])
def test_broken_json_and_broken_unicode_are_422(scripted: httpx.Client, raw: bytes) -> None:
    response = scripted.post("/v1/ask", content=raw, headers={"Content-Type": "application/json"})
    assert response.status_code in (400, 422)
    assert response.headers["content-type"] == "application/problem+json"
    assert "Traceback" not in response.text


@pytest.mark.parametrize(
    "question", ["ما هي MLOps؟", "🦊🏳️‍🌈 What is a feature store?", "z\u0341\u0342\u0343" * 300, "x" * 4000]
)
def test_odd_but_readable_questions_are_answered(client: httpx.Client, question: str) -> None:
    response = client.post("/v1/ask", json={"question": question})
    assert response.status_code == 200
    assert response.json()["text"]


ODD = {
    "twice": b'{"question": "What?", "question": "Which?"}',
    "deep": b'{"question": ' + b"[" * 40 + b"]" * 40 + b"}",
    "very deep": b"[" * 20_000,
    "not a number": b'{"question": "What?", "profile": {"budget": NaN}}',
    "endless": b'{"question": "What?", "profile": {"budget": 1e400}}',
    "huge": b'{"question": "What?", "profile": {"people": ' + b"9" * 5000 + b"}}",
    "text for a number": b'{"question": "What?", "profile": {"people": "5"}}',
    "truth for a number": b'{"question": "What?", "profile": {"people": true}}',
    "number for truth": b'{"question": "What?", "stream": 1}',
    "a tenant": b'{"question": "What?", "tenant_id": "acme", "is_admin": true}',
    "nul": b'{"question": "a\\u0000b"}',
    "nul in a profile": b'{"question": "What?", "profile": {"name": "a\\u0000b"}}',
}


@pytest.mark.parametrize("raw", ODD.values(), ids=ODD.keys())
def test_json_is_read_strictly(scripted: httpx.Client, raw: bytes) -> None:
    response = scripted.post("/v1/ask", content=raw, headers={"Content-Type": "application/json"})
    assert response.status_code == 422
    assert response.json()["errors"]


def test_only_json_is_read(scripted: httpx.Client) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        response = scripted.post("/v1/ask", content=b'{"question": "What?"}', headers={"Content-Type": kind})
        assert response.status_code == 422


def test_request_ids(scripted: httpx.Client) -> None:
    sent = scripted.get("/healthz", headers={"X-Request-Id": "abc-1.2:3"})
    assert sent.headers["X-Request-Id"] == "abc-1.2:3"
    for odd in ("", "x" * 129, "a b", "a<script>"):
        made = scripted.get("/nowhere", headers={"X-Request-Id": odd})
        assert made.headers["X-Request-Id"].startswith("req_")
        assert made.json()["request_id"] == made.headers["X-Request-Id"]


def test_too_many_headers(scripted: httpx.Client) -> None:
    assert scripted.get("/healthz", headers={f"X-{n}": "a" for n in range(120)}).status_code == 431


def test_a_question_waits_for_its_turn(tmp_path: Path) -> None:
    def slow() -> None:
        time.sleep(0.05)

    with (
        serving(Scripted(before=slow), tmp_path / "a.db", Slots(2, waiting=30, seconds=10)) as client,
        ThreadPoolExecutor(24) as pool,
    ):
        got = list(pool.map(lambda _: client.post("/v1/ask", json={"question": "What?"}), range(24)))
        assert [r.status_code for r in got] == [200] * 24


def test_a_turn_that_does_not_come(tmp_path: Path) -> None:
    release = threading.Event()
    with (
        serving(Scripted(lambda: release.wait(10) and None), tmp_path / "a.db", Slots(1, 5, 0.3)) as client,
        ThreadPoolExecutor(4) as pool,
    ):
        waiting = [pool.submit(client.post, "/v1/ask", json={"question": "What?"}) for _ in range(4)]
        time.sleep(1)
        assert sorted(w.result().status_code for w in waiting if w.done()) == [503] * 3
        release.set()
        assert sorted(w.result().status_code for w in waiting) == [200, 503, 503, 503]
        assert client.post("/v1/ask", json={"question": "What?"}).status_code == 200


def test_a_long_body_is_refused_before_it_is_parsed(scripted: httpx.Client) -> None:
    long = json.dumps({"question": "x" * 70_000}).encode()
    assert scripted.post("/v1/ask", content=long).status_code == 413

    def pieces() -> Iterator[bytes]:
        for at in range(0, len(long), 8192):
            yield long[at : at + 8192]

    response = scripted.post("/v1/ask", content=pieces(), headers={"Content-Type": "application/json"})
    assert response.status_code == 413
    assert response.json()["hint"]


def test_every_response_carries_the_security_headers(scripted: httpx.Client) -> None:
    for response in (
        scripted.get("/healthz"),
        scripted.get("/nowhere"),
        scripted.post("/v1/ask", json={}),
        scripted.post("/v1/ask", content=b"x" * 70_000),
        scripted.get("/healthz", headers={"Host": "evil.example"}),
    ):
        for name, value in HEADERS.items():
            assert response.headers[name] == value
        assert "server" not in response.headers


def test_another_name_for_this_machine_is_refused(scripted: httpx.Client) -> None:
    assert scripted.get("/v1/documents/guide/hire", headers={"Host": "evil.example"}).status_code == 400


def test_health(scripted: httpx.Client) -> None:
    assert scripted.get("/healthz").json() == {"status": "ok"}
    assert scripted.get("/readyz").json() == {"status": "ready", "documents": "ok", "record": "ok"}


def test_not_ready_where_nothing_can_be_recorded_and_answering_all_the_same(tmp_path: Path) -> None:
    with serving(Scripted(), tmp_path / "missing" / "advisor.db") as client:
        assert client.get("/readyz").status_code == 503
        answer = client.post("/v1/ask", json={"question": "What?"}).json()
        assert answer["text"] == "Do this [1]."
        assert "not recorded" in answer["note"]


def test_an_unknown_document_is_404(scripted: httpx.Client) -> None:
    response = scripted.get("/v1/documents/guide/%2e%2e/secret")
    assert response.status_code == 404
    assert response.json()["status"] == 404


def test_one_question_too_many_is_refused_at_once(tmp_path: Path) -> None:
    started, release = threading.Event(), threading.Event()

    def wait() -> None:
        started.set()
        release.wait(10)

    with serving(Scripted(before=wait), tmp_path / "a.db", slots=1) as client:
        first = threading.Thread(target=client.post, args=("/v1/ask",), kwargs={"json": {"question": "What?"}})
        first.start()
        assert started.wait(5)
        begun = time.monotonic()
        response = client.post("/v1/ask", json={"question": "What?"})
        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) >= 1
        assert time.monotonic() - begun < 1
        release.set()
        first.join()
        assert client.post("/v1/ask", json={"question": "What?"}).status_code == 200


def test_a_reader_who_leaves_gives_the_place_back(tmp_path: Path) -> None:
    release = threading.Event()
    with serving(Scripted(before=lambda: release.wait(10) and None), tmp_path / "a.db", slots=1) as client:
        with client.stream("POST", "/v1/ask", json={"question": "What?", "stream": True}) as response:
            next(response.iter_lines())
        release.set()
        deadline = time.monotonic() + 5
        while client.post("/v1/ask", json={"question": "What?"}).status_code == 503:
            assert time.monotonic() < deadline
            time.sleep(0.05)


class Broken(Scripted):
    def stream(self, *_args: Any, **_more: Any) -> Iterator[Event]:
        raise RuntimeError("secret detail /etc/passwd")


@pytest.mark.filterwarnings("ignore")
def test_a_bug_of_ours_shows_no_trace(tmp_path: Path) -> None:
    with serving(Broken(), tmp_path / "a.db", slots=1) as client:
        for _ in range(2):
            response = client.post("/v1/ask", json={"question": "What?"})
            assert response.status_code == 500
            assert response.headers["content-type"] == "application/problem+json"
            assert "secret" not in response.text


def test_a_port_in_use_and_an_open_address_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=str(port)) as error:
            bind("127.0.0.1", port)
        assert "ADVISOR_PORT" in error.value.hint
    for host in ("0.0.0.0", "::", "192.168.0.1", "example.org"):
        monkeypatch.setenv("ADVISOR_HOST", host)
        with pytest.raises(ConfigError, match="open to other machines"):
            check_access(load_settings())
