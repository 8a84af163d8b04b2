"""Who gets in: keys, their rights, limits and end; a proxy's word; names that the server goes by."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from advisor.channels.api.auth import Access
from advisor.channels.server import check_access, create_app
from advisor.channels.session import Desk
from advisor.config import load_settings
from advisor.errors import ConfigError
from advisor.records import open_records
from advisor.records.store import Records
from tests.answers import Scripted, make_answer
from tests.homes import records_at
from tests.test_api import serving

PUBLIC = {"/healthz", "/readyz"}
ASK = {"question": "What?"}
REQUIRED = Access(required=True)


def api_routes(routes: list[Any]) -> Iterator[APIRoute]:
    """Every route, those of included routers too."""
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(route, "original_router"):
            yield from api_routes(route.original_router.routes)


def test_every_route_is_guarded_or_in_the_public_list(tmp_path: Path) -> None:
    app = create_app(Desk(Scripted(), records_at(tmp_path / "a.db")), build_web=lambda: None)
    routes = list(api_routes(app.routes))
    assert len(routes) > 40
    open_to_all = {r.path for r in routes if not any(hasattr(d.call, "right") for d in r.dependant.dependencies)}
    assert open_to_all == PUBLIC | {"/"}  # "/" says that the page is starting, where no key is required


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    records = records_at(tmp_path / "a.db")
    yield records
    records.close()


@pytest.fixture
def client(tmp_path: Path, records: Records) -> Iterator[httpx.Client]:
    with serving(Scripted(), tmp_path / "a.db", access=REQUIRED) as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_without_a_key_everything_but_health_is_closed_in_the_same_words(
    client: httpx.Client, records: Records
) -> None:
    info, token = records.keys.create("acme", "bot", ["ask"])
    revoked, old = records.keys.create("acme", "old", ["ask"])
    records.keys.revoke(revoked.id)
    tries: list[dict[str, Any]] = [
        {},
        {"headers": bearer("adv_nobody_x")},
        {"headers": bearer(f"adv_{info.id}_wrong")},
        {"headers": bearer(old)},
        {"headers": bearer("sk-something-else")},
        {"headers": {"x-api-key": token}},
        {"headers": {"Cookie": f"Authorization=Bearer {token}"}},
        {"params": {"api_key": token, "access_token": token}},
        {"headers": {"Authorization": f"Basic {token}"}},
    ]
    got = [client.post("/v1/ask", json=ASK, **how) for how in tries]
    assert {r.status_code for r in got} == {401}
    assert {r.headers["www-authenticate"] for r in got} == {"Bearer"}
    bodies = [{k: v for k, v in r.json().items() if k != "request_id"} for r in got]
    assert all(b == bodies[0] for b in bodies)
    for path in ("/v1/tools", "/v1/conversations", "/metrics", "/openapi.json", "/v1/models"):
        assert client.get(path).status_code == 401
    assert client.get("/").status_code in (401, 404)
    assert [client.get(p).status_code for p in sorted(PUBLIC)] == [200, 200]
    assert client.post("/v1/ask", json=ASK, headers=bearer(token)).status_code == 200


@pytest.mark.parametrize("path", ["//v1/ask", "/v1/%61sk", "/v1/ask/", "/v1/./ask", "/v1/ask/..;/admin", "/v1/ask%00"])
def test_other_spellings_of_a_path_open_nothing(client: httpx.Client, path: str) -> None:
    response = client.request("POST", httpx.URL(str(client.base_url)).copy_with(raw_path=path.encode()), json=ASK)
    assert response.status_code in (401, 404, 405)


@pytest.mark.parametrize(
    ("rights", "allowed"),
    [
        (["ask"], {"ask"}),
        (["read"], {"read"}),
        (["feedback"], {"feedback"}),
        (["ask", "read"], {"ask", "read"}),
        (["admin"], {"ask", "read", "feedback", "admin"}),
    ],
)
def test_rights(client: httpx.Client, records: Records, rights: list[str], allowed: set[str]) -> None:
    info, token = records.keys.create("acme", "bot", rights)
    answer = make_answer()
    records.of(info.owner).conversations.append("c1", answer)
    calls = {
        "ask": ("POST", "/v1/ask", ASK),
        "read": ("GET", f"/v1/answers/{answer.id}", None),
        "feedback": ("POST", "/v1/feedback", {"answer_id": answer.id, "value": 1}),
        "admin": ("GET", "/v1/users/U1", None),
    }
    for right, (method, path, body) in calls.items():
        response = client.request(method, path, json=body, headers=bearer(token))
        assert response.status_code in ({200, 204} if right in allowed else {403}), (right, response.text)
    assert (client.delete("/v1/users/U1", headers=bearer(token)).status_code) == (200 if "admin" in allowed else 403)


def test_a_key_that_is_sent_counts_where_none_is_needed(tmp_path: Path, records: Records) -> None:
    _, token = records.keys.create("acme", "bot", ["ask", "read"])
    with serving(Scripted(), tmp_path / "a.db") as client:
        assert client.post("/v1/ask", json=ASK, headers=bearer("adv_nobody_x")).status_code == 401
        theirs = client.post("/v1/ask", json=ASK, headers=bearer(token)).json()
        mine = client.post("/v1/ask", json=ASK).json()
        assert client.get(f"/v1/answers/{theirs['id']}").status_code == 404
        assert client.get(f"/v1/answers/{mine['id']}").status_code == 200
        assert client.get(f"/v1/answers/{mine['id']}", headers=bearer(token)).status_code == 404


def test_a_key_has_so_many_requests_a_minute_over_all_replicas(tmp_path: Path, records: Records) -> None:
    _, few = records.keys.create("acme", "few", ["read"], per_minute=5)
    _, other = records.keys.create("acme", "other", ["read"])
    with (
        serving(Scripted(), tmp_path / "a.db", access=REQUIRED) as a,
        serving(Scripted(), tmp_path / "a.db", access=REQUIRED) as b,
    ):
        got = [(a, b)[i % 2].get("/v1/version", headers=bearer(few)) for i in range(12)]
        assert [r.status_code for r in got[:5]] == [200] * 5
        assert got[-1].status_code == 429
        assert got[-1].headers["content-type"] == "application/problem+json"
        assert 1 <= int(got[-1].headers["Retry-After"]) <= 60
        assert a.get("/v1/version", headers=bearer(other)).status_code == 200


class Costly(Scripted):
    def stream(self, *args: Any, **more: Any) -> Iterator[Any]:
        for event in super().stream(*args, **more):
            if event.answer:
                event.answer.usage.prompt_tokens = 70
            yield event


def test_a_months_tokens_can_be_used_up(tmp_path: Path, records: Records) -> None:
    _, token = records.keys.create("acme", "bot", ["ask"], monthly_tokens=100)
    with serving(Costly(), tmp_path / "a.db", access=REQUIRED) as client:
        got = [client.post("/v1/ask", json=ASK, headers=bearer(token)) for _ in range(3)]
        assert [r.status_code for r in got] == [200, 200, 429]
        assert int(got[2].headers["Retry-After"]) > 60 or "month" in got[2].text


def test_a_stream_ends_soon_after_its_key(tmp_path: Path, records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    from advisor.channels.api import stream

    assert stream.TICK_SECONDS < 5
    monkeypatch.setattr(stream, "TICK_SECONDS", 0.2)
    release = threading.Event()
    info, token = records.keys.create("acme", "bot", ["ask"])
    with (
        serving(Scripted(lambda: release.wait(10) and None), tmp_path / "a.db", access=REQUIRED) as client,
        client.stream("POST", "/v1/ask", json={**ASK, "stream": True}, headers=bearer(token)) as response,
    ):
        lines = response.iter_lines()
        assert next(lines) == "event: status"
        records.keys.revoke(info.id)
        began = time.monotonic()
        rest = list(lines)
        assert time.monotonic() - began < 3
        assert "event: error" in rest
        assert "event: done" not in rest
        release.set()
        assert client.post("/v1/ask", json=ASK, headers=bearer(token)).status_code == 401


# ---------------------------------------------------------------- single sign-on


def sso(*proxies: str) -> Access:
    return Access(required=True, sso_header="X-Forwarded-User", proxies=tuple(map(ipaddress.ip_network, proxies)))


def test_a_trusted_proxy_says_who_it_is(tmp_path: Path) -> None:
    with serving(Scripted(), tmp_path / "a.db", access=sso("127.0.0.0/8")) as client:
        ada, bob = {"X-Forwarded-User": "ada@example.org"}, {"X-Forwarded-User": "bob@example.org"}
        answer = client.post("/v1/ask", json=ASK, headers=ada).json()
        assert client.get(f"/v1/answers/{answer['id']}", headers=ada).json() == answer
        assert client.get(f"/v1/answers/{answer['id']}", headers=bob).status_code == 404
        assert client.get("/v1/conversations", headers=bob).json()["items"] == []
        assert client.post("/v1/ask", json={**ASK, "user": "bob@example.org"}, headers=ada).status_code == 403
        assert client.get("/v1/users/ada@example.org", headers=ada).status_code == 403
        assert client.post("/v1/ask", json=ASK).status_code == 401
        twice = [("X-Forwarded-User", "ada@example.org"), ("X-Forwarded-User", "bob@example.org")]
        for bad in (twice, [("X-Forwarded-User", "")], [("X-Forwarded-User", "a" * 201)]):
            assert client.post("/v1/ask", json=ASK, headers=bad).status_code == 401


def test_nobody_else_may_say_so(tmp_path: Path) -> None:
    with serving(Scripted(), tmp_path / "a.db", access=sso("10.0.0.0/8")) as client:
        headers = {"X-Forwarded-User": "ada", "X-Forwarded-For": "10.0.0.1", "Forwarded": "for=10.0.0.1"}
        assert client.post("/v1/ask", json=ASK, headers=headers).status_code == 401
    with serving(Scripted(), tmp_path / "b.db") as client:  # off by default
        answer = client.post("/v1/ask", json=ASK, headers={"X-Forwarded-User": "ada"}).json()
        assert client.get(f"/v1/answers/{answer['id']}").status_code == 200


def test_what_the_settings_make_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Access.of(load_settings()) == Access()
    monkeypatch.setenv("ADVISOR_SSO_HEADER", "X-Forwarded-User")
    assert Access.of(load_settings()) == Access()  # a header without a proxy to trust is nobody's word
    monkeypatch.setenv("ADVISOR_TRUSTED_PROXIES", "10.0.0.0/8, 192.168.1.5")
    access = Access.of(load_settings())
    assert access.required
    assert len(access.proxies) == 2
    monkeypatch.setenv("ADVISOR_TRUSTED_PROXIES", "not an address")
    with pytest.raises(ConfigError, match="ADVISOR_TRUSTED_PROXIES"):
        load_settings()


def test_an_open_address_needs_a_key_that_is_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADVISOR_HOST", "0.0.0.0")
    settings = load_settings()
    assert Access.of(settings).required
    with pytest.raises(ConfigError, match="no key"):
        check_access(settings)
    records = open_records(settings)
    info, _ = records.keys.create("acme", "bot", ["ask"])
    check_access(settings)
    records.keys.revoke(info.id)
    with pytest.raises(ConfigError):
        check_access(settings)
    records.close()
    monkeypatch.setenv("ADVISOR_SSO_HEADER", "X-Forwarded-User")
    monkeypatch.setenv("ADVISOR_TRUSTED_PROXIES", "10.0.0.1")
    check_access(load_settings())


def test_a_key_can_be_required_at_home_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADVISOR_REQUIRE_KEYS", "true")
    monkeypatch.setenv("ADVISOR_ALLOWED_HOSTS", "advisor.example.org")
    access = Access.of(load_settings())
    assert access.required
    assert access.hosts == ("advisor.example.org",)


def test_names_of_the_server(tmp_path: Path) -> None:
    with serving(Scripted(), tmp_path / "a.db", access=Access(hosts=("advisor.example.org",))) as client:
        assert client.get("/healthz", headers={"Host": "advisor.example.org"}).status_code == 200
        assert client.get("/healthz", headers={"Host": "evil.example.org"}).status_code == 400
        assert client.get("/healthz", headers={"Host": "evil/healthz?"}).status_code == 400
