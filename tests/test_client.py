"""The Python client: against the real server, and against one that breaks in every way a network can."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from advisor.answer.pipeline import Advisor
from advisor.client import AdvisorClient, ApiError, AsyncAdvisorClient, Reply, StreamEvent, Unreachable
from advisor.client.events import Lines
from advisor.errors import ConfigError, InputError
from advisor.records.database import Database
from advisor.records.store import Records
from advisor.schema import Answer, Profile
from tests.answers import make_answer
from tests.serving import served

ROOT = Path(__file__).parents[1]
ANSWER = make_answer("What?", id="ans_1")
OTHER = make_answer("What?", "Never do that [1]. At all.", id="ans_1")


class Handler(BaseHTTPRequestHandler):
    """Plays the next step of the server's script; the last one again and again."""

    protocol_version = "HTTP/1.1"
    server: Flaky

    def _play(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        script = self.server.script
        step = script.pop(0) if len(script) > 1 else script[0]
        self.server.seen.append((self.command, self.path, dict(self.headers), json.loads(body) if body else None))
        step(self)

    do_GET = do_POST = do_PUT = do_DELETE = _play

    def log_message(self, *_: Any) -> None: ...

    def whole(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def drop(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


class Flaky(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, *script: Callable[[Handler], None], port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.script = list(script)
        self.seen: list[tuple[str, str, dict[str, str], Any]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    @property
    def keys(self) -> list[str | None]:
        return [headers.get("Idempotency-Key") for _, _, headers, _ in self.seen]


def says(answer: Answer = ANSWER, **headers: str) -> Callable[[Handler], None]:
    return lambda h: h.whole(200, answer.model_dump_json().encode(), X_Request_Id="req_9", **headers)


def refuses(status: int, retry_after: str | None = None, **more: Any) -> Callable[[Handler], None]:
    body = json.dumps({"title": f"No: {status}.", "hint": "Do otherwise.", "status": status, **more}).encode()
    headers = {"Retry_After": retry_after} if retry_after is not None else {}
    return lambda h: h.whole(status, body, X_Request_Id="req_9", **headers)


def hangs(h: Handler) -> None:
    time.sleep(3)
    h.drop()


def drips(h: Handler) -> None:
    h.send_response(200)
    h.send_header("Content-Length", "1000")
    h.end_headers()
    for _ in range(60):
        h.wfile.write(b" ")
        time.sleep(0.05)
    h.drop()


def half(h: Handler) -> None:
    h.send_response(200)
    h.send_header("Content-Length", "1000")
    h.end_headers()
    h.wfile.write(b'{"id": "ans')
    h.drop()


def sse(*events: tuple[str, Any], cut: bool = False, **headers: str) -> Callable[[Handler], None]:
    """A stream of these events in pieces of seven bytes; `cut` breaks the connection after them."""

    def play(h: Handler) -> None:
        h.send_response(200)
        for name, value in {"Content-Type": "text/event-stream", "Connection": "close", **headers}.items():
            h.send_header(name.replace("_", "-"), value)
        h.send_header("Transfer-Encoding", "chunked")
        h.end_headers()
        data = ": waiting\n\n" + "".join(
            f"event: {kind}\ndata: {json.dumps(d, ensure_ascii=False)}\n\n" for kind, d in events
        )
        raw = data.encode()
        for at in range(0, len(raw), 7):
            piece = raw[at : at + 7]
            h.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        if not cut:
            h.wfile.write(b"0\r\n\r\n")
        h.drop()

    return play


def told(answer: Answer, *sentences: str) -> list[tuple[str, Any]]:
    dumped = answer.model_dump(mode="json")
    given = [("sentence", {"text": s}) for s in sentences]
    return [
        ("status", {"text": "Thinking"}), *given, ("citation", dumped["citations"][0]), ("mood", 1), ("done", dumped)
    ]  # fmt: skip


class Sync:
    def __init__(self, url: str, **options: Any) -> None:
        self.client = AdvisorClient(url, **options)

    def call(self, method: str, *args: Any, **more: Any) -> Any:
        with self.client:
            return getattr(self.client, method)(*args, **more)

    def stream(self, question: str, **more: Any) -> tuple[list[StreamEvent], bool, str]:
        with self.client, self.client.stream(question, **more) as events:
            return list(events), events.replayed, events.request_id


class Async:
    def __init__(self, url: str, **options: Any) -> None:
        self.url, self.options = url, options

    def call(self, method: str, *args: Any, **more: Any) -> Any:
        async def main() -> Any:
            async with AsyncAdvisorClient(self.url, **self.options) as client:
                return await getattr(client, method)(*args, **more)

        return asyncio.run(main())

    def stream(self, question: str, **more: Any) -> tuple[list[StreamEvent], bool, str]:
        async def main() -> tuple[list[StreamEvent], bool, str]:
            async with (
                AsyncAdvisorClient(self.url, **self.options) as client,
                client.stream(question, **more) as events,
            ):
                return [event async for event in events], events.replayed, events.request_id

        return asyncio.run(main())


@pytest.fixture(params=[Sync, Async], ids=["sync", "async"])
def client(request: pytest.FixtureRequest) -> type[Sync]:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("advisor.client.attempts.FIRST_PAUSE", 0.02)


def test_an_answer_with_its_request_id(client: type[Sync]) -> None:
    with Flaky(says(Idempotency_Replayed="true")) as server:
        reply = client(server.url, key="adv_1_x").call("ask", "What?", user="ann", profile=Profile(people=0))
    assert reply == Reply(ANSWER, True, "req_9")
    method, path, headers, body = server.seen[0]
    assert (method, path) == ("POST", "/v1/ask")
    assert body == {"question": "What?", "user": "ann", "profile": {"people": 0}}
    assert headers["Authorization"] == "Bearer adv_1_x"
    assert len(headers["Idempotency-Key"]) >= 20


@pytest.mark.parametrize("trouble", [refuses(429, "0"), refuses(502), refuses(503, "0"), refuses(504), Handler.drop])
def test_what_passes_is_tried_again_under_the_same_key(client: type[Sync], trouble: Callable[[Handler], None]) -> None:
    with Flaky(trouble, trouble, says()) as server:
        assert client(server.url).call("ask", "What?").answer == ANSWER
    assert len(server.keys) == 3
    assert len(set(server.keys)) == 1


def test_a_key_of_the_callers_own_is_sent(client: type[Sync]) -> None:
    with Flaky(says()) as server:
        client(server.url).call("ask", "What?", idempotency_key="slack:T1:Ev1")
        assert server.keys == ["slack:T1:Ev1"]
        for bad in ("", "a b", "x" * 201, "ключ", "a\nb"):
            with pytest.raises(InputError):
                client(server.url).call("ask", "What?", idempotency_key=bad)


def test_only_so_many_tries(client: type[Sync]) -> None:
    with Flaky(refuses(503, "0")) as server:
        with pytest.raises(ApiError, match="No: 503") as error:
            client(server.url, retries=2).call("ask", "What?")
        assert len(server.seen) == 3
    assert (error.value.status, error.value.request_id, error.value.hint) == (503, "req_9", "Do otherwise.")


def test_it_waits_as_long_as_it_is_told(client: type[Sync]) -> None:
    with Flaky(refuses(429, "1"), says()) as server:
        began = time.monotonic()
        client(server.url).call("ask", "What?")
        assert 1 <= time.monotonic() - began < 2


def test_a_wait_that_is_too_long_is_left_to_the_caller(client: type[Sync]) -> None:
    with Flaky(refuses(429, "30"), says()) as server:
        began = time.monotonic()
        with pytest.raises(ApiError) as error:
            client(server.url, seconds=5).call("ask", "What?")
        assert time.monotonic() - began < 1
        assert error.value.retry_after == 30


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 500])
def test_what_would_fail_again_is_not_repeated(client: type[Sync], status: int) -> None:
    with Flaky(refuses(status, errors=[{"field": "question", "problem": "too long"}])) as server:
        with pytest.raises(ApiError, match="question: too long") as error:
            client(server.url).call("ask", "What?")
        assert len(server.seen) == 1
        assert error.value.status == status


def test_a_proxys_page_and_a_strangers_answer_are_errors(client: type[Sync]) -> None:
    with Flaky(lambda h: h.whole(403, b"<h1>Forbidden</h1>"), lambda h: h.whole(200, b"<h1>Welcome</h1>")) as server:
        with pytest.raises(ApiError, match="status 403"):
            client(server.url).call("ask", "What?")
        with pytest.raises(ApiError, match="not one that this client understands"):
            client(server.url).call("ask", "What?")


@pytest.mark.parametrize("step", [hangs, drips])
def test_the_time_is_up_whatever_the_server_does(client: type[Sync], step: Callable[[Handler], None]) -> None:
    with Flaky(step) as server:
        began = time.monotonic()
        with pytest.raises(Unreachable):
            client(server.url, seconds=0.4).call("ask", "What?")
        assert time.monotonic() - began < 1.5


def test_nobody_there(client: type[Sync]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://ann:secret@127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(Unreachable, match="Nothing answers") as error:
        client(url, retries=1).call("ask", "What?")
    assert error.value.status == 0
    assert "advisor serve" in error.value.hint
    assert "secret" not in str(error.value)


def test_a_server_that_comes_back(client: type[Sync]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started: list[Flaky] = []
    timer = threading.Timer(0.1, lambda: started.append(Flaky(says(), port=port)))
    timer.start()
    assert client(f"http://127.0.0.1:{port}", retries=20).call("ask", "What?").answer == ANSWER
    timer.join()
    started[0].__exit__()


def test_a_new_record_is_not_made_twice(client: type[Sync]) -> None:
    said = json.dumps({"findings": [], "versions": ANSWER.versions.model_dump()}).encode()
    with Flaky(Handler.drop, lambda h: h.whole(200, said)) as server:
        with pytest.raises(Unreachable):
            client(server.url).call("assess", Profile(people=3), save=True)
        assert len(server.seen) == 1
        assert client(server.url).call("assess", Profile(people=3)).findings == []
    with Flaky(refuses(503, "0"), lambda h: h.whole(200, said)) as server:
        client(server.url).call("assess", Profile(people=3), save=True)  # refused before anything was done
        assert len(server.seen) == 2


def test_an_answer_that_was_asked_for_before_is_said_to_be(client: type[Sync]) -> None:
    again = says(Idempotency_Replayed="true")
    with Flaky(refuses(503, "0"), again) as server:
        assert client(server.url).call("ask", "What?").replayed


@pytest.mark.parametrize("lost", [Handler.drop, refuses(502), half])
def test_an_answer_that_this_call_may_have_caused_is_not_called_replayed(
    client: type[Sync], lost: Callable[[Handler], None]
) -> None:
    """Else a bot whose connection broke would take its own answer for somebody else's, and nobody would post it."""
    with Flaky(lost, says(Idempotency_Replayed="true")) as server:
        assert not client(server.url).call("ask", "What?").replayed
    cut = sse(("sentence", {"text": "Do"}), cut=True)
    with Flaky(cut, sse(*told(ANSWER, ANSWER.text), Idempotency_Replayed="true")) as server:
        _, replayed, _ = client(server.url).stream("What?")
        assert not replayed


def test_no_profile_is_none(client: type[Sync]) -> None:
    with Flaky(refuses(404), refuses(403)) as server:
        assert client(server.url).call("get_profile", "slack:T1/x") is None
        assert server.seen[0][1] == "/v1/profiles/slack%3AT1%2Fx"
        with pytest.raises(ApiError):
            client(server.url).call("get_profile", "k")


def test_a_stream_adds_up(client: type[Sync]) -> None:
    words = ["Do\u2028this", " [1].\n\nNow."]
    answer = make_answer("What?", "".join(words), id="ans_1")
    with Flaky(sse(*told(answer, *words), Idempotency_Replayed="true", X_Request_Id="req_7")) as server:
        events, replayed, request_id = client(server.url).stream("What?")
    assert (replayed, request_id) == (True, "req_7")
    assert [e.kind for e in events] == ["status", "sentence", "sentence", "citation", "done"]
    assert "".join(e.text for e in events if e.kind == "sentence") == events[-1].answer.text == answer.text
    assert events[3].citation == answer.citations[0]
    assert server.seen[0][3]["stream"] is True


@pytest.mark.parametrize("lost", ["cut", "ended", "refused", "reported"])
def test_a_broken_stream_is_taken_up_where_it_stopped(client: type[Sync], lost: str) -> None:
    half = sse(("status", {"text": "Thinking"}), ("sentence", {"text": "Do this"}), cut=lost == "cut")
    steps = [half, sse(*told(ANSWER, "Do ", "this [1]."))]
    if lost == "refused":
        steps.insert(1, refuses(503, "0"))
    if lost == "reported":
        steps[0] = sse(("sentence", {"text": "Do this"}), ("error", {"title": "Stopping.", "status": 503}))
    with Flaky(*steps) as server:
        events, _, _ = client(server.url).stream("What?")
    assert "".join(e.text for e in events if e.kind == "sentence") == ANSWER.text
    assert "restart" not in [e.kind for e in events]
    assert len(set(server.keys)) == 1


def test_another_wording_after_a_break_starts_again(client: type[Sync]) -> None:
    first = sse(*told(ANSWER, "Do this [1].")[:-1], cut=True)
    with Flaky(first, sse(*told(OTHER, "Never do that [1].", " At all."))) as server:
        events, _, _ = client(server.url).stream("What?")
    kinds = [e.kind for e in events if e.kind != "status"]
    assert kinds == ["sentence", "citation", "restart", "sentence", "sentence", "citation", "done"]
    after = events[[e.kind for e in events].index("restart") :]
    assert "".join(e.text for e in after if e.kind == "sentence") == OTHER.text


def test_an_error_in_a_stream_is_an_error(client: type[Sync]) -> None:
    with Flaky(
        sse(("status", {"text": "…"}), ("error", {"title": "Broken.", "hint": "Wait.", "status": 500}))
    ) as server:
        with pytest.raises(ApiError, match="Broken") as error:
            client(server.url).stream("What?")
        assert (error.value.status, error.value.hint, len(server.seen)) == (500, "Wait.", 1)


def test_leaving_a_stream_closes_it() -> None:
    with (
        Flaky(sse(*told(ANSWER, ANSWER.text))) as server,
        AdvisorClient(server.url) as client,
        client.stream("What?") as events,
    ):
        assert next(events).kind == "status"
    with pytest.raises(StopIteration):
        next(events)


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_events_whatever_the_pieces(size: int) -> None:
    raw = ": hello\r\n\r\nevent: a\r\ndata: 1\r\ndata:2\r\n\r\nevent: b\n\ndata: é\n\n".encode()
    lines, got = Lines(), []
    for at in range(0, len(raw), size):
        got += lines.feed(raw[at : at + size])
    assert got == [("a", "1\n2"), ("", "é")]


def test_address_and_key_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with Flaky(says()) as server:
        monkeypatch.setenv("ADVISOR_URL", server.url)
        monkeypatch.setenv("ADVISOR_KEY", "adv_2_y")
        monkeypatch.setenv("ADVISOR_API_KEY", "sk-of-the-chat-model")
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        with AdvisorClient() as client:
            client.ask("What?")
    assert server.seen[0][2]["Authorization"] == "Bearer adv_2_y"


@pytest.mark.parametrize("url", ["ftp://host", "host:7860", "http://", "http://h:port"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(ConfigError):
        AdvisorClient(url)


def test_a_key_that_is_none() -> None:
    with pytest.raises(ConfigError) as error:
        AdvisorClient("http://127.0.0.1:1", "adv_1_x\nX-Other: 1")
    assert "X-Other" not in str(error.value)


def test_the_client_brings_little_with_it() -> None:
    code = "import sys, advisor.client; print(*sorted(m.split('.')[0] for m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    heavy = {"fastapi", "sqlalchemy", "numpy", "chromadb", "gradio", "openai", "onnxruntime", "uvicorn", "typer"}
    assert heavy.isdisjoint(done.stdout.split())
    assert "httpx" in done.stdout


# ---------------------------------------------------------------- the real server


@pytest.fixture(scope="module")
def url(advisor: Advisor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(advisor, Records(Database(tmp_path_factory.mktemp("client") / "advisor.db"))) as url:
        yield url


def test_everything_a_program_can_ask_for(client: type[Sync], url: str) -> None:
    def call(method: str, *args: Any, **more: Any) -> Any:
        return client(url).call(method, *args, **more)

    name = client.__name__
    profile = Profile(people=25, team={"data-scientist": 2}, models_in_production=0)
    reply = call("ask", "What should we do next?", conversation_key=f"slack:{name}", profile=profile, user="ann")
    assert not reply.replayed
    assert reply.request_id
    assert call("answer", reply.answer.id) == reply.answer
    call("feedback", reply.answer.id, 1, "Thanks")
    page = call("conversations", limit=1)
    assert page.items[0].id == reply.answer.conversation_id
    known = call("conversation", page.items[0].id)
    assert known.answers == [reply.answer]
    assert known.feedback == {reply.answer.id: 1}
    assert known.profile.models_in_production == 0  # zero is not "nobody said"
    call("delete_conversation", known.id)
    with pytest.raises(ApiError, match="no such") as gone:
        call("conversation", known.id)
    assert gone.value.status == 404

    assert call("get_profile", f"slack:{name}") is None
    call("put_profile", f"slack:{name}", profile)
    assert call("get_profile", f"slack:{name}") == profile
    kept = call("assess", profile_key=f"slack:{name}", name="Ours", save=True)
    assert kept.id
    assert kept.findings == call("assess", profile).findings
    assert b"<html" in call("report", profile)
    assert call("report", profile, "md").startswith(b"#")
    call("delete_profile", f"slack:{name}")
    assert call("get_profile", f"slack:{name}") is None

    found = call("search", "feature store", 3, kind="guide")
    assert 1 <= len(found) <= 3
    assert found[0].text in call("document", found[0].doc_id).text
    tools = call("browse", "tools", limit=2)
    assert len(tools.items) == 2
    more = call("browse", "tools", limit=2, after=tools.next)
    assert {t["id"] for t in more.items}.isdisjoint({t["id"] for t in tools.items})
    assert call("record", "tools", "mlflow")["id"] == "mlflow"
    assert call("compare", ["mlflow", "wandb"], profile)
    assert call("estimate", profile)
    assert call("version") == reply.answer.versions.model_dump()


def test_a_real_stream_and_its_replay(client: type[Sync], url: str) -> None:
    key = f"stream-{client.__name__}"
    events, replayed, request_id = client(url).stream("What is a feature store?", idempotency_key=key)
    assert not replayed
    assert request_id
    answer = events[-1].answer
    assert answer
    assert "".join(e.text for e in events if e.kind == "sentence") == answer.text
    assert [e.citation for e in events if e.citation] == answer.citations
    again, replayed, _ = client(url).stream("What is a feature store?", idempotency_key=key)
    assert replayed
    assert again[-1].answer == answer
    assert client(url).call("ask", "What is a feature store?", idempotency_key=key).answer == answer
    with pytest.raises(ApiError, match="another body") as error:
        client(url).call("ask", "What else?", idempotency_key=key)
    assert error.value.status == 422


def test_many_at_once_under_one_key_get_one_answer(url: str) -> None:
    async def main() -> list[Reply]:
        async with AsyncAdvisorClient(url) as client:
            return await asyncio.gather(
                *(client.ask("Which tools fit us?", idempotency_key="crowd") for _ in range(12))
            )

    replies = asyncio.run(main())
    assert len({r.answer.id for r in replies}) == 1
    assert sum(not r.replayed for r in replies) == 1


def test_the_example(url: str) -> None:
    environment = {**os.environ, "ADVISOR_URL": url}
    done = subprocess.run(
        [sys.executable, "examples/ask.py", "What is a feature store?"], cwd=ROOT, env=environment, capture_output=True,
        text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "[1] " in done.stdout.split("\n\n")[-1]


BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "client.md").read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=[str(n) for n in range(len(BLOCKS))])
def test_what_the_guide_shows_runs(
    url: str, block: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ADVISOR_URL", url)
    exec(compile(block, "docs/client.md", "exec"), {"__name__": "guide"})
    assert capsys.readouterr().out.strip()
