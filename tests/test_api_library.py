"""Look-ups, search, assessments, reports and the rest that needs no question."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from advisor.answer.pipeline import Advisor
from tests.test_api import serving

LISTS = ("tools", "roles", "practices", "costs", "threats", "stages", "levels", "maturity-models")
PROFILE = {"people": 25, "team": {"data-scientist": 2}, "clouds": ["aws"], "models_in_production": 1}


@pytest.fixture(scope="module")
def client(advisor: Advisor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with serving(advisor, tmp_path_factory.mktemp("library") / "advisor.db") as client:
        yield client


@pytest.mark.parametrize("path", LISTS)
def test_a_list_is_read_page_by_page_and_each_record_by_its_id(client: httpx.Client, path: str) -> None:
    seen: list[str] = []
    after = {}
    while True:
        page = client.get(f"/v1/{path}", params={"limit": 7, **after}).json()
        seen += [r["id"] for r in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert len(seen) == len(set(seen)) == client.get("/v1/corpus").json()["records"][path.removesuffix("s")]
    one = client.get(f"/v1/{path}/{seen[-1]}")
    assert one.json()["id"] == seen[-1]
    assert client.get(f"/v1/{path}/no-such-thing").status_code == 404


def test_filters(client: httpx.Client) -> None:
    found = client.get("/v1/tools", params={"q": "experiment tracking", "limit": 100}).json()["items"]
    assert "mlflow" in [t["id"] for t in found]
    for stage in (1, 7):
        found = client.get("/v1/practices", params={"stage": stage, "limit": 100}).json()["items"]
        assert found
        assert all(stage in p["stages"] for p in found)
    found = client.get("/v1/tools", params={"level": 0, "limit": 100}).json()["items"]
    assert found
    assert all(t["level_from"] == 0 for t in found)
    assert [s["number"] for s in client.get("/v1/stages", params={"stage": 3}).json()["items"]] == [3]


@pytest.mark.parametrize("after", ["x", "bm9wZQ", "%%%"])
def test_a_cursor_of_nowhere_is_refused(client: httpx.Client, after: str) -> None:
    for path in ("tools", "conversations", "profiles", "assessments"):
        assert client.get(f"/v1/{path}", params={"after": after}).status_code == 422


def test_search_gives_passages_that_stand_in_their_documents(client: httpx.Client) -> None:
    found = client.get("/v1/search", params={"q": "roll back a model", "k": 5}).json()["items"]
    assert 0 < len(found) <= 5
    for hit in found:
        document = client.get(f"/v1/documents/{hit['doc_id']}").json()
        assert document["text"][hit["start"] : hit["end"]] == hit["text"]
    tools = client.get("/v1/search", params={"q": "tracking", "kind": "tool"}).json()["items"]
    assert tools
    assert {h["kind"] for h in tools} == {"tool"}


@pytest.mark.parametrize("query", [{"q": ""}, {"q": "x", "k": 0}, {"q": "x", "k": "many"}, {"q": "x", "kind": "y"}, {}])
def test_a_search_that_cannot_be(client: httpx.Client, query: dict[str, str]) -> None:
    assert client.get("/v1/search", params=query).status_code == 422


def test_versions(client: httpx.Client, advisor: Advisor) -> None:
    assert client.get("/v1/version").json() == advisor.versions.model_dump()
    corpus = client.get("/v1/corpus").json()
    assert corpus["version"] == advisor.corpus.version
    assert corpus["guides"] > 100


def test_an_assessment_is_computed_and_kept_if_wanted(client: httpx.Client) -> None:
    made = client.post("/v1/assessments", json={"profile": PROFILE}).json()
    assert made["id"] is None
    assert {f["kind"] for f in made["findings"]} >= {"roadmap", "cost", "threat"}
    assert made["charts"]
    kept = client.post("/v1/assessments", json={"profile": PROFILE, "save": True, "name": "Before"}).json()
    again = client.get(f"/v1/assessments/{kept['id']}").json()
    assert again["findings"] == made["findings"]
    assert again["profile"]["people"] == 25
    assert "Before" in [a["name"] for a in client.get("/v1/assessments").json()["items"]]
    assert client.delete(f"/v1/assessments/{kept['id']}").status_code == 204
    assert client.get(f"/v1/assessments/{kept['id']}").status_code == 404


def test_an_assessment_of_a_kept_profile(client: httpx.Client) -> None:
    assert client.put("/v1/profiles/slack:T1", json=PROFILE).status_code == 204
    by_key = client.post("/v1/assessments", json={"profile_key": "slack:T1"}).json()
    assert by_key["findings"] == client.post("/v1/assessments", json={"profile": PROFILE}).json()["findings"]
    assert client.post("/v1/assessments", json={"profile_key": "nobody"}).status_code == 404
    assert client.post("/v1/assessments", json={}).status_code == 422


@pytest.mark.parametrize(
    ("form", "kind", "begins"),
    [
        ("html", "text/html; charset=utf-8", b"<!doctype html"),
        ("md", "text/markdown; charset=utf-8", b"# "),
        ("json", "application/json", b"{"),
        ("pdf", "application/pdf", b"%PDF"),
    ],
)
def test_a_report_in_every_form(client: httpx.Client, form: str, kind: str, begins: bytes) -> None:
    response = client.post("/v1/reports", json={"profile": PROFILE, "format": form})
    assert response.status_code == 200
    assert response.headers["content-type"] == kind
    assert response.content[:20].lower().startswith(begins.lower())


def test_the_questionnaire_goes_on_with_what_was_answered(client: httpx.Client) -> None:
    first = client.get("/v1/questionnaire", params={"n": 3}).json()
    assert len({q["practice"] for q in first["items"]}) == 3
    practice = first["items"][0]["practice"]
    profile = {"practices": {practice: {"answer": "no"}}}
    client.put("/v1/profiles/asked", json=profile)
    then = client.get("/v1/questionnaire", params={"profile_key": "asked"}).json()
    assert then["answered"] == 1
    assert then["items"][0]["practice"] != practice


def test_tools_side_by_side(client: httpx.Client) -> None:
    found = client.post("/v1/compare", json={"tools": ["mlflow", "wandb"], "profile": PROFILE}).json()["findings"]
    assert found[0]["kind"] == "comparison"
    assert found[0]["table"]
    for bad in (["mlflow"], ["mlflow", "mlflow"], ["mlflow", "no-such-tool"]):
        assert client.post("/v1/compare", json={"tools": bad}).status_code == 422


def test_an_estimate_with_figures_of_ones_own(client: httpx.Client) -> None:
    def total(body: dict[str, object]) -> float:
        found = client.post("/v1/estimate", json=body).json()["findings"]
        return next(v["high"] for v in found[0]["values"])

    mine = {"people": {"low": 40, "high": 50}}
    assert total({"profile": PROFILE, "assumptions": mine}) > total({"profile": PROFILE})
    for bad in (
        {"people": {"low": 5, "high": 1}},
        {"people": {"low": -1, "high": 1}},
        {"peeple": {"low": 1, "high": 1}},
    ):
        assert client.post("/v1/estimate", json={"profile": PROFILE, "assumptions": bad}).status_code == 422


def test_a_conversation_from_beginning_to_end(client: httpx.Client) -> None:
    id = client.post("/v1/conversations", json={"title": "Platform", "profile": PROFILE}).json()["id"]
    answer = client.post("/v1/ask", json={"question": "What should we do next?", "conversation_id": id}).json()
    assert answer["conversation_id"] == id
    assert client.get(f"/v1/answers/{answer['id']}").json() == answer
    assert client.post("/v1/feedback", json={"answer_id": answer["id"], "value": -1}).status_code == 204
    client.patch(f"/v1/conversations/{id}", json={"title": "Renamed"})
    client.put(f"/v1/conversations/{id}/profile", json={"people": 7})
    whole = client.get(f"/v1/conversations/{id}").json()
    assert (whole["title"], whole["profile"]["people"]) == ("Renamed", 7)
    assert whole["answers"] == [answer]
    assert whole["feedback"] == {answer["id"]: -1}
    assert id in [c["id"] for c in client.get("/v1/conversations").json()["items"]]
    assert client.delete(f"/v1/conversations/{id}").status_code == 204
    assert client.get(f"/v1/conversations/{id}").status_code == 404


def test_a_conversation_by_the_callers_own_name(client: httpx.Client) -> None:
    key = "slack:T1:C2:1763900000.000100"
    first = client.post("/v1/ask", json={"question": "We are 25 people.", "conversation_key": key}).json()
    then = client.post("/v1/ask", json={"question": "What should we do next?", "conversation_key": key}).json()
    assert then["conversation_id"] == first["conversation_id"]
    assert client.post("/v1/conversations", json={"key": key}).json()["id"] == first["conversation_id"]


def test_a_kept_profile_is_where_a_new_conversation_starts(client: httpx.Client) -> None:
    client.put("/v1/profiles/team", json={"people": 25, "team": {"data-scientist": 3}})
    body = {"question": "What should we do next?", "profile_key": "team"}
    assert "three data scientists" in client.post("/v1/ask", json=body).json()["text"]
    assert client.post("/v1/ask", json=body | {"profile_key": "nothing-yet"}).status_code == 200
    assert client.get("/v1/profiles/team").json()["people"] == 25
    assert "team" in [p["key"] for p in client.get("/v1/profiles").json()["items"]]
    assert client.delete("/v1/profiles/team").status_code == 204
    assert client.get("/v1/profiles/team").status_code == 404


def test_what_is_known_of_a_user_can_be_had_and_erased(client: httpx.Client) -> None:
    asked = client.post("/v1/ask", json={"question": "What is drift, in short?", "user": "U1"}).json()
    assert asked["id"] in client.get("/v1/users/U1").text
    assert client.delete("/v1/users/U1").status_code == 200
    assert asked["id"] not in client.get("/v1/users/U1").text


def test_metrics(client: httpx.Client) -> None:
    client.post("/v1/ask", json={"question": "What is drift?"})
    client.get("/v1/tools/mlflow")
    text = client.get("/metrics").text
    assert 'advisor_answers_total{abstained="false",mode="keyless"}' in text
    assert 'advisor_requests_total{method="GET",route="/v1/tools/{id}",status="200"}' in text
    assert "process_resident_memory_bytes" in text
    assert "drift" not in text
