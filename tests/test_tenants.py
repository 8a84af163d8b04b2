"""What is one tenant's does not exist for another: every route that takes an id, from the OpenAPI document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from advisor.answer.pipeline import Advisor
from advisor.channels.api.auth import Access
from advisor.channels.session import Desk
from advisor.records.conversations import NoSuchConversation
from advisor.records.owner import Owner
from tests.homes import records_at
from tests.test_api import events, serving

KNOWLEDGE = {"/v1/documents/{doc_id}", "/v1/models/{id}"} | {
    f"/v1/{kind}/{{id}}"
    for kind in ("tools", "roles", "practices", "costs", "threats", "stages", "levels", "maturity-models")
}
"""Ids of what everybody may read."""
PROFILE = {"people": 25, "name": "Zyxwv Holding"}


class Two:
    """Two tenants on one server, one of which has one of everything."""

    def __init__(self, url: str, tokens: list[str], signed_in: bool = False) -> None:
        make = (lambda t: {"X-Forwarded-User": t}) if signed_in else (lambda t: {"Authorization": f"Bearer {t}"})
        self.a, self.b = (httpx.Client(base_url=url, headers=make(t), timeout=30) for t in tokens)
        self.key = "slack:T1:C1"
        body = {"question": "We are 25 people. What next?", "conversation_key": self.key}
        answer = self.a.post("/v1/ask", json=body, headers={"Idempotency-Key": "e1"}).json()
        assert self.a.put(f"/v1/profiles/{self.key}", json=PROFILE).status_code == 204
        saved = self.a.post("/v1/assessments", json={"profile": PROFILE, "save": True}).json()
        self.ids = {
            "/v1/answers/{id}": answer["id"],
            "/v1/conversations/{id}": answer["conversation_id"],
            "/v1/conversations/{id}/profile": answer["conversation_id"],
            "/v1/assessments/{id}": saved["id"],
            "/v1/profiles/{key}": self.key,
            "/v1/users/{user}": "ada",
        }
        self.answer = answer

    def seen(self) -> list[Any]:
        """Everything of the first tenant, as it sees it."""
        reads = ("/v1/answers/{id}", "/v1/conversations/{id}", "/v1/assessments/{id}", "/v1/profiles/{key}")
        return [self.a.get(re.sub(r"{\w+}", self.ids[path], path)).json() for path in reads]


@pytest.fixture(scope="module")
def two(advisor: Advisor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    db = tmp_path_factory.mktemp("tenants") / "advisor.db"
    records = records_at(db)
    tokens = [records.keys.create(t, "all", ["admin"], per_minute=10_000)[1] for t in ("acme", "bravo")]
    with serving(advisor, db, access=Access(required=True)) as client:
        two = Two(str(client.base_url), tokens)
        records.of(Owner("acme")).conversations.append("c-ada", _as_other(two.answer), user="ada")
        yield two
    records.close()


def _as_other(answer: dict[str, Any]) -> Any:
    from advisor.schema import Answer

    return Answer.model_validate({**answer, "id": "ans_ada", "conversation_id": "c-ada"})


def routes(client: httpx.Client) -> list[tuple[str, str, dict[str, Any]]]:
    """Every (method, path, operation) that takes an id of a tenant's thing."""
    paths = client.get("/openapi.json").json()["paths"]
    return [
        (method, path, operation)
        for path, operations in paths.items()
        for method, operation in operations.items()
        if "{" in path and path not in KNOWLEDGE
    ]


def called(client: httpx.Client, method: str, path: str, id: str, operation: dict[str, Any]) -> tuple[int, Any]:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
    response = client.request(method, re.sub(r"{\w+}", id, path), json=body)
    said = response.json() if response.content else None
    if isinstance(said, dict):
        said = {k: v for k, v in said.items() if k not in ("request_id", "at", "user")}
    return response.status_code, said


def test_another_tenants_id_is_as_good_as_none(two: Two) -> None:
    before, tried = two.seen(), set()
    for method, path, operation in routes(two.a):
        tried.add(path)
        theirs = called(two.b, method, path, two.ids[path], operation)
        nobodys = called(two.b, method, path, "no-such-thing", operation)
        assert theirs == nobodys, (method, path)
        if (method == "get" and "users" not in path) or (method in ("patch", "put") and "conversations" in path):
            assert theirs[0] == 404, (method, path)
    assert tried == set(two.ids)
    assert two.seen() == before
    assert "ans_ada" in two.a.get("/v1/users/ada").text


def test_an_id_in_a_body_or_a_query_is_no_better(two: Two) -> None:
    before = two.seen()
    for id in (two.answer["conversation_id"], "no-such-thing"):
        assert two.b.post("/v1/ask", json={"question": "What next?", "conversation_id": id}).status_code == 404
    for id in (two.answer["id"], "no-such-thing"):
        assert two.b.post("/v1/feedback", json={"answer_id": id, "value": 1}).status_code == 404
    two.b.delete(f"/v1/profiles/{two.key}")
    assert two.b.get("/v1/questionnaire", params={"profile_key": two.key}).status_code == 404
    assert two.b.post("/v1/assessments", json={"profile_key": two.key}).status_code == 404
    told = two.b.post("/v1/ask", json={"question": "What next?", "profile_key": two.key}).json()
    assert "Zyxwv" not in str(told)
    assert two.seen() == before


def test_names_are_each_tenants_own(two: Two) -> None:
    body = {"question": "What next?", "conversation_key": two.key}
    theirs = two.b.post("/v1/ask", json=body).json()
    assert theirs["conversation_id"] != two.answer["conversation_id"]
    again = two.b.post("/v1/ask", json={"question": "Why?", "stream": True}, headers={"Idempotency-Key": "e1"})
    assert "Idempotency-Replayed" not in again.headers
    assert events(again.text)[-1][1]["id"] != two.answer["id"]


def test_lists_show_only_ones_own(two: Two) -> None:
    for path in ("conversations", "profiles", "assessments"):
        mine = [str(i) for i in two.a.get(f"/v1/{path}", params={"limit": 100}).json()["items"]]
        theirs = [str(i) for i in two.b.get(f"/v1/{path}", params={"limit": 100}).json()["items"]]
        assert mine
        assert not set(mine) & set(theirs)


@pytest.mark.parametrize("field", ["tenant", "tenant_id", "owner", "is_admin", "rights"])
def test_a_tenant_comes_from_the_key_alone(two: Two, field: str) -> None:
    assert two.b.post("/v1/ask", json={"question": "What next?", field: "acme"}).status_code == 422
    answer = f"/v1/answers/{two.answer['id']}"
    assert two.b.get(answer, params={field: "acme"}).status_code == 404
    assert two.b.get(answer, headers={f"X-{field}": "acme"}).status_code == 404


def test_two_people_behind_one_proxy(advisor: Advisor, tmp_path: Path) -> None:
    import ipaddress

    access = Access(True, "X-Forwarded-User", (ipaddress.ip_network("127.0.0.1"),))
    with serving(advisor, tmp_path / "sso.db", access=access) as client:
        people = Two(str(client.base_url), ["ada@example.org", "bob@example.org"], signed_in=True)
        before = people.seen()
        for method, path, operation in routes(people.a):
            theirs = called(people.b, method, path, people.ids[path], operation)
            assert theirs == called(people.b, method, path, "no-such-thing", operation), (method, path)
        assert people.seen() == before


def test_an_answer_is_gone_with_its_conversation(advisor: Advisor, tmp_path: Path) -> None:
    desk = Desk(advisor, records_at(tmp_path / "advisor.db"))
    *_, last = desk.ask("What is a feature store?")
    assert last.answer
    assert last.answer.conversation_id
    assert desk.answer(last.answer.id).id == last.answer.id
    desk.records.conversations.delete(last.answer.conversation_id)
    with pytest.raises(NoSuchConversation):
        desk.answer(last.answer.id)
