"""The embedder behind an endpoint, against a real local HTTP server that behaves and misbehaves."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from advisor.config import load_settings
from advisor.errors import ModelUnavailable
from advisor.models.embedder import make_embedder
from advisor.models.openai_embedder import BATCH


class Endpoint(BaseHTTPRequestHandler):
    """`/v1` answers with unnormalised vectors; `/html` and `/short` talk nonsense."""

    asked: list[int] = []  # noqa: RUF012

    def do_POST(self) -> None:
        texts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["input"]
        self.asked.append(len(texts))
        rows = [{"object": "embedding", "index": i, "embedding": [len(t), 3, 4]} for i, t in enumerate(texts)]
        reply = {"object": "list", "model": "m", "data": rows, "usage": {"prompt_tokens": 1, "total_tokens": 1}}
        body, kind = json.dumps(reply), "application/json"
        if self.path.startswith("/short"):
            body = json.dumps({**reply, "data": []})
        if self.path.startswith("/html"):
            body, kind = "<html>log in</html>", "text/html"
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def embedder(url: str):  # type: ignore[no-untyped-def]
    settings = load_settings().model_copy(update={"embedder": "openai:m", "base_url": url})
    return make_embedder(settings)


def test_vectors_are_unit_length_and_batched(address: str) -> None:
    endpoint = embedder(f"{address}/v1")
    assert endpoint.dimension == 3
    Endpoint.asked.clear()
    vectors = endpoint.embed_documents(["x" * n for n in range(BATCH + 1)])
    assert Endpoint.asked == [BATCH, 1]
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    assert np.allclose(endpoint.embed_query(""), [0, 0.6, 0.8])
    assert endpoint.identity.startswith("openai:m;")


@pytest.mark.parametrize("path", ["/html", "/short"])
def test_nonsense_is_an_error_a_person_can_act_on(address: str, path: str) -> None:
    with pytest.raises(ModelUnavailable, match="embedding endpoint failed") as e:
        embedder(address + path).embed_query("hello")
    assert "ADVISOR_EMBEDDER" in e.value.hint


def test_an_endpoint_that_is_away_is_an_error_a_person_can_act_on() -> None:
    with pytest.raises(ModelUnavailable, match="embedding endpoint failed"):
        embedder("http://127.0.0.1:9/v1").embed_query("hello")
