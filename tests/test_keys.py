"""API keys and their limits, on SQLite and on PostgreSQL; and `advisor keys`."""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from advisor.channels.cli import app
from advisor.errors import InputError
from advisor.records.database import Database
from advisor.records.keys import BadKey, KeyInfo
from advisor.records.limits import OverBudget, TooMany
from advisor.records.owner import Owner
from advisor.records.store import Records
from tests.timing import Clock, at_once

pytest_plugins = ["tests.databases"]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def records(where: Path | str, clock: Clock) -> Iterator[Records]:
    opened = Records(Database(where, clock))
    yield opened
    opened.close()


def key(records: Records, **limits: int) -> KeyInfo:
    return records.keys.create("acme", "slack", ["ask"], **limits)[0]  # type: ignore[arg-type]


# ---------------------------------------------------------------- keys


def test_a_key_is_shown_once_and_kept_as_a_hash(records: Records, where: Path | str) -> None:
    info, token = records.keys.create("acme", "slack", ["ask", "read"])
    secret = token.removeprefix(f"adv_{info.id}_")
    assert len(secret) == 43  # 256 bits
    assert records.keys.check(token) == info == records.keys.list()[0]
    assert info.owner == Owner("acme")
    assert secret not in str(records.upkeep.export("acme"))
    if isinstance(where, Path):
        for file in where.parent.iterdir():
            assert secret.encode() not in file.read_bytes()


def test_rights(records: Records) -> None:
    info, _ = records.keys.create("acme", "slack", ["ask", "read"])
    assert (info.may("ask"), info.may("read"), info.may("feedback"), info.may("admin")) == (True, True, False, False)
    admin, _ = records.keys.create("acme", "root", ["admin"])
    assert all(admin.may(right) for right in ("ask", "read", "feedback", "admin"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"rights": []},
        {"rights": ["ask", "everything"]},
        {"tenant": ""},
        {"tenant": "a b"},
        {"name": "x" * 201},
        {"per_minute": 0},
        {"monthly_tokens": 0},
        {"days": -1},
        {"days": 0},
    ],
)
def test_a_key_that_makes_no_sense_is_refused(records: Records, wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        records.keys.create(**{"tenant": "acme", "name": "slack", "rights": ["ask"], **wrong})  # type: ignore[arg-type]
    assert records.keys.list() == []


def test_what_is_not_a_key_is_refused_in_one_way(records: Records, clock: Clock) -> None:
    info, token = records.keys.create("acme", "slack", ["ask"])
    _, gone = records.keys.create("acme", "old", ["ask"], days=1)
    revoked, withdrawn = records.keys.create("acme", "lost", ["ask"])
    records.keys.revoke(revoked.id)
    clock.forward(86_401)
    wrong = [
        "", "adv_", "adv__", token[:-1], token + "x", token.upper(), f"adv_{info.id}_", f"adv_nobody_{token[-43:]}",
        gone, withdrawn, "Bearer " + token, "a\0b", "é" * 500, "\udcff", f"adv_{info.id}", info.id,
    ]  # fmt: skip
    said = set()
    for text in wrong:
        with pytest.raises(BadKey) as refused:
            records.keys.check(text)
        said.add(str(refused.value))
    assert len(said) == 1
    assert records.keys.check(token).id == info.id


def test_hashes_are_compared_in_constant_time_for_unknown_ids_too(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[int, int]] = []
    real = hmac.compare_digest

    def counting(a: str, b: str) -> bool:
        compared.append((len(a), len(b)))
        return real(a, b)

    monkeypatch.setattr(hmac, "compare_digest", counting)
    info, token = records.keys.create("acme", "slack", ["ask"])
    records.keys.check(token)
    for wrong in (f"adv_{info.id}_wrong", "adv_unknown_wrong", "nonsense"):
        with pytest.raises(BadKey):
            records.keys.check(wrong)
    assert compared == [(64, 64)] * 4


def test_a_revoked_key_ends_for_every_replica_at_once(where: Path | str, records: Records) -> None:
    info, token = records.keys.create("acme", "slack", ["ask"])
    other = Records(Database(where))
    assert other.keys.check(token) == info
    assert other.keys.any()
    records.keys.revoke(info.id)
    with pytest.raises(BadKey):
        other.keys.check(token)
    assert not other.keys.any()
    other.close()
    with pytest.raises(InputError):
        records.keys.revoke("unknown")


def test_two_keys_of_one_tenant_reach_the_same(records: Records, clock: Clock) -> None:
    first, _ = records.keys.create("acme", "one", ["ask"])
    clock.forward(1)
    second, _ = records.keys.create("acme", "two", ["ask"])
    records.keys.create("other", "three", ["ask"])
    assert first.owner == second.owner
    assert [k.name for k in records.keys.list("acme")] == ["one", "two"]
    assert len(records.keys.list()) == 3


# ---------------------------------------------------------------- limits


def test_a_bucket_empties_and_fills_again(records: Records, clock: Clock) -> None:
    mine, other = key(records, per_minute=6), key(records, per_minute=6)
    for _ in range(6):
        records.limits.take(mine)
    with pytest.raises(TooMany) as refused:
        records.limits.take(mine)
    assert refused.value.retry_after == 10
    records.limits.take(other)
    clock.forward(9)
    with pytest.raises(TooMany) as refused:
        records.limits.take(mine)
    assert refused.value.retry_after == 1
    clock.forward(1)
    records.limits.take(mine)
    clock.forward(86_400)
    for _ in range(6):
        records.limits.take(mine)
    with pytest.raises(TooMany):
        records.limits.take(mine)


def test_waiting_as_long_as_said_is_enough(records: Records, clock: Clock) -> None:
    mine = key(records, per_minute=7)
    refusals = 0
    for _ in range(40):
        try:
            records.limits.take(mine)
        except TooMany as e:
            refusals += 1
            clock.forward(e.retry_after)
            records.limits.take(mine)
    assert refusals > 10


def test_replicas_share_one_bucket(where: Path | str, records: Records, clock: Clock) -> None:
    mine = key(records, per_minute=10)
    replicas = [Records(Database(where, clock)) for _ in range(2)]
    got: list[object] = []
    for replica in replicas:
        got += at_once(lambda replica=replica: replica.limits.take(mine), 8)  # type: ignore[misc]
        replica.close()
    assert [type(g).__name__ for g in got].count("TooMany") == 6


def test_a_clock_that_jumps_back_neither_starves_nor_feeds(records: Records, clock: Clock) -> None:
    mine = key(records, per_minute=2)
    records.limits.take(mine)
    records.limits.take(mine)
    clock.forward(-3600)
    with pytest.raises(TooMany):
        records.limits.take(mine)
    clock.forward(30)
    records.limits.take(mine)


def test_a_months_tokens(records: Records, clock: Clock) -> None:
    clock.at = dt.datetime(2026, 12, 31, 23, 59, 0)
    mine, other = key(records, monthly_tokens=1000), key(records)
    records.limits.take(mine)
    at_once(lambda: records.limits.spend(mine, 100), 10)
    records.limits.spend(other, 10**9)
    records.limits.take(other)
    with pytest.raises(OverBudget) as refused:
        records.limits.take(mine)
    assert refused.value.retry_after == 60
    clock.forward(60)
    records.limits.take(mine)


# ---------------------------------------------------------------- the command


def test_the_command_creates_lists_and_revokes(tmp_path: Path) -> None:
    def run(*words: str) -> Result:
        return CliRunner().invoke(app, ["keys", *words])

    made = run("create", "slack", "--tenant", "acme", "--rights", "ask, read", "--days", "30")
    assert made.exit_code == 0, made.stderr
    token = made.stdout.strip()
    records = Records(Database(tmp_path / "home" / "advisor.db"))
    info = records.keys.check(token)
    assert info.rights == {"ask", "read"}
    listed = run("list").stdout
    assert info.id in listed
    assert "acme" in listed
    assert token[-43:] not in listed
    assert run("revoke", info.id).exit_code == 0
    with pytest.raises(BadKey):
        records.keys.check(token)
    assert "revoked" in run("list").stdout
    with pytest.raises(InputError, match="rights"):
        CliRunner().invoke(app, ["keys", "create", "x", "--rights", "all"], catch_exceptions=False)
