"""The OpenAPI document says what the server does: a short run of Schemathesis; benchmarks/schema.py is the long one."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from advisor.answer.pipeline import Advisor
from advisor.channels.api.auth import Access
from benchmarks.schema import command, make_key
from tests.test_api import serving


@pytest.fixture
def document(tmp_path: Path) -> dict[str, Any]:
    from tests.answers import Scripted

    with serving(Scripted(), tmp_path / "a.db") as client:
        found: dict[str, Any] = client.get("/openapi.json").json()
    return found


def test_no_5xx_and_nothing_that_the_document_does_not_say(advisor: Advisor, tmp_path: Path) -> None:
    token = make_key(tmp_path / "a.db")
    with serving(advisor, tmp_path / "a.db", access=Access(required=True)) as client:
        short = [*command(str(client.base_url), token, 4, 1), "--phases", "examples,fuzzing"]
        done = subprocess.run(short, capture_output=True, text=True, timeout=240, cwd=tmp_path)
        assert client.get("/healthz").status_code == 200
    assert done.returncode == 0, done.stdout[-6000:]


def test_the_document_is_openapi_3_1_with_examples(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if body := operation.get("requestBody"):
                assert body["content"]["application/json"]["example"], (method, path)
            if path.startswith("/v1/"):
                assert {"401", "403", "429", "503"} <= set(operation["responses"]), (method, path)
                assert operation["security"], (method, path)
            assert operation["summary"]


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(part: Any) -> set[str]:
        if isinstance(part, dict):
            own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
            return own.union(*map(references, part.values()))
        return set().union(*map(references, part)) if isinstance(part, list) else set()

    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert references(document) <= known
