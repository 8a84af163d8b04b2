"""How the server stops, and what it does not wait for."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn

from advisor.channels.api import limits, stream
from advisor.channels.process import HEAD_SECONDS, PatientProtocol
from advisor.channels.server import bind, create_app
from advisor.channels.session import Desk
from advisor.config import Settings
from benchmarks.load import HOLD, SlowModel
from benchmarks.servers import Server
from tests.answers import Scripted
from tests.homes import records_at
from tests.test_api import serving

ASK = {"question": "What?"}


def test_a_signal_ends_it_in_steps_and_loses_no_answer(advisor_home: Settings, tmp_path: Path) -> None:
    """Not ready at once, no new answers, the one being written to its end, exit code 0."""
    with SlowModel() as model, Server(
        ADVISOR_HOME=str(advisor_home.home), ADVISOR_DATABASE_URL=f"sqlite:///{tmp_path}/a.db",
        OPENAI_BASE_URL=model.url, OPENAI_API_KEY="k", ADVISOR_CHAT_MODEL="slow", ADVISOR_ANSWER_SECONDS="60",
    ) as server, httpx.Client(base_url=server.url, timeout=30) as client:  # fmt: skip
        body = {"question": f"How do we roll back a model? {HOLD}", "stream": True}
        with client.stream("POST", "/v1/ask", json=body) as response:
            lines = response.iter_lines()
            assert next(lines) == "event: status"
            server.process.send_signal(signal.SIGTERM)
            began = time.monotonic()
            while (ready := httpx.get(f"{server.url}/readyz")).status_code == 200:
                assert time.monotonic() - began < 1
            assert ready.json()["status"] == "stopping"
            refused = httpx.post(f"{server.url}/v1/ask", json=ASK)
            assert refused.status_code == 503
            assert int(refused.headers["Retry-After"]) >= 1
            model.release.set()
            assert "event: done" in list(lines)
        assert server.process.wait(30) == 0
        assert time.monotonic() - began < 30
        assert "Traceback" not in "".join(server.said)


def test_a_second_signal_ends_it_now(advisor_home: Settings, tmp_path: Path) -> None:
    with SlowModel() as model, Server(
        ADVISOR_HOME=str(advisor_home.home), ADVISOR_DATABASE_URL=f"sqlite:///{tmp_path}/a.db",
        OPENAI_BASE_URL=model.url, OPENAI_API_KEY="k", ADVISOR_CHAT_MODEL="slow", ADVISOR_ANSWER_SECONDS="60",
    ) as server, httpx.Client(base_url=server.url, timeout=30) as client:  # fmt: skip
        body = {"question": f"How do we roll back a model? {HOLD}", "stream": True}
        with client.stream("POST", "/v1/ask", json=body) as response:
            next(response.iter_lines())
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            server.process.send_signal(signal.SIGTERM)
            began = time.monotonic()
            server.process.wait(10)
            assert time.monotonic() - began < 5


def test_a_stream_that_would_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "TICK_SECONDS", 0.1)
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.1)
    release = threading.Event()
    app = create_app(Desk(Scripted(lambda: release.wait(20) and None), records_at(tmp_path / "a.db")))
    with running(app) as url, httpx.stream("POST", f"{url}/v1/ask", json={**ASK, "stream": True}) as response:
        lines = response.iter_lines()
        assert next(lines) == "event: status"
        while next(lines) != ": waiting":
            pass
        app.state.answering.ending = app.state.answering.cut = True
        rest = list(lines)
        assert "event: error" in rest
        assert "shutting down" in rest[rest.index("event: error") + 1]
        release.set()


@contextmanager
def running(app: object) -> Iterator[str]:
    """A server of an application; its address."""
    listener = bind("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, http=PatientProtocol, log_level="critical"))  # type: ignore[arg-type]
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def closed_after(port: int, pieces: list[bytes], pause: float) -> float:
    """Seconds until the server closes a connection on which the pieces come slowly."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        began = time.monotonic()
        for piece in pieces:
            try:
                connection.sendall(piece)
                connection.settimeout(pause)
                if connection.recv(1) == b"":
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        else:
            connection.settimeout(10)
            try:
                while connection.recv(4096):
                    pass
            except OSError:
                pass
        return time.monotonic() - began


def test_a_client_that_sends_its_request_in_drops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert HEAD_SECONDS <= 10
    monkeypatch.setattr(PatientProtocol, "patience", 0.5)
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.5)
    with serving(Scripted(), tmp_path / "a.db") as client:
        port = client.base_url.port
        assert port
        assert closed_after(port, [], 0) < 3
        assert closed_after(port, [b"GET /healthz HTTP/1.1\r\n"] + [b"X-A: b\r\n"] * 30, 0.1) < 3
        head = b"POST /v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n"
        assert closed_after(port, [head] + [b" "] * 30, 0.1) < 3
        assert closed_after(port, [b"GET / HTTP/1.1\r\nX-A: " + b"b" * 70_000] * 3, 0.05) < 3
        idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(300)]
        assert client.get("/healthz").status_code == 200
        for one in idle:
            one.close()
