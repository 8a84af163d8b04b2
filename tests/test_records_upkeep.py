"""Retention, handing over, erasing, backup and restore, on SQLite and on PostgreSQL; and `advisor data`."""

from __future__ import annotations

import json
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from advisor.channels.cli import app
from advisor.errors import InputError, StorageError
from advisor.records.conversations import NoSuchConversation
from advisor.records.database import Database
from advisor.records.owner import Owner
from advisor.records.store import Records
from advisor.schema import PracticeAnswer, Profile
from tests.answers import VERSIONS, make_answer
from tests.timing import Clock

pytest_plugins = ["tests.databases"]

ACME, OTHER, ANNA = Owner("acme"), Owner("other"), Owner("acme", "anna")
SCHEMA_2 = Path(__file__).parent / "fixtures" / "records" / "schema_2.sql"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def records(where: Path | str, clock: Clock) -> Iterator[Records]:
    opened = Records(Database(where, clock))
    yield opened
    opened.close()


def everything(records: Records, *tenants: str) -> object:
    """What is kept, without the moment it was asked for."""
    return [{k: v for k, v in records.upkeep.export(t).items() if k != "at"} for t in tenants or ("acme", "other")]


def fill(records: Records, owner: Owner, word: str) -> None:
    """One of everything, each with a word to look for."""
    mine = records.of(owner)
    begun = mine.requests.begin(f"{word}-request", "sha", 60)
    id = mine.conversations.by_key(f"{word}-key")
    profile = Profile(name=f"{word} Ltd", people=25)
    answer = make_answer(f"{word} question?", f"{word} text.", id=begun.answer_id)
    mine.conversations.append(id, answer, profile, user=owner.user or f"{word}-user", request_key=f"{word}-request")
    mine.conversations.give_feedback(begun.answer_id, -1, f"{word} comment", user=f"{word}-user")
    mine.assessments.save(id, f"{word} assessment", profile, [], VERSIONS)
    mine.profiles.put(f"{word}-profile", profile)
    key, _ = records.keys.create(owner.tenant, f"{word}-key", ["ask"])
    records.limits.take(key)
    records.limits.spend(key, 10)


# ---------------------------------------------------------------- retention


def test_what_is_past_its_time_goes(records: Records, clock: Clock) -> None:
    records.conversations.append("old", make_answer())
    records.assessments.save("old", "old", Profile(), [], VERSIONS, clock())
    records.profiles.put("setting", Profile(people=1))
    records.requests.begin("k", "sha", 60)
    clock.forward(30 * 86_400)
    records.conversations.append("new", make_answer())
    records.assessments.save("new", "new", Profile(), [], VERSIONS, clock())
    records.requests.begin("l", "sha", 60)
    assert records.upkeep.sweep(None) == {"requests": 1}
    assert records.upkeep.sweep(30) == {"requests": 0, "conversations": 0, "assessments": 0}
    clock.forward(1)
    assert records.upkeep.sweep(30) == {"requests": 0, "conversations": 1, "assessments": 1}
    assert [s.id for s in records.conversations.recent()] == ["new"]
    assert [e.name for e in records.assessments.list()] == ["new"]
    assert records.profiles.get("setting").people == 1
    assert records.requests.begin("l", "sha", 60).state == "running"


def test_ready_is_said_of_what_can_be_written(records: Records, tmp_path: Path) -> None:
    records.upkeep.ready()
    with pytest.raises(StorageError):
        Records(Database(tmp_path / "missing" / "advisor.db")).upkeep.ready()


# ---------------------------------------------------------------- one tenant


def test_a_tenants_export_holds_all_of_it_and_nothing_of_others(records: Records) -> None:
    fill(records, ACME, "canary")
    fill(records, OTHER, "sparrow")
    exported = records.upkeep.export("acme")
    text = json.dumps(exported)
    assert "sparrow" not in text
    assert "sha256" not in text
    tables = {k for k, v in exported.items() if isinstance(v, list) and v}
    assert tables == {
        "api_keys", "buckets", "spent", "profiles", "conversations", "assessments", "turns", "feedback", "requests"
    }  # fmt: skip
    for word in (" question?", " text.", " comment", " assessment", "-profile", "-key", "-request", "-user", " Ltd"):
        assert f"canary{word}" in text


def test_an_erased_tenant_leaves_no_byte_and_no_other_tenant_loses_any(records: Records, where: Path | str) -> None:
    fill(records, OTHER, "sparrow")
    before = everything(records, "other")
    fill(records, ACME, "canary")
    counts = records.upkeep.erase("acme")
    assert set(counts.values()) == {1}
    assert len(counts) == 9
    assert everything(records, "other") == before
    assert not any(v for v in records.upkeep.export("acme").values() if isinstance(v, list))
    if isinstance(where, Path):
        for file in where.parent.iterdir():
            assert b"canary" not in file.read_bytes(), file
            assert file.name != where.name or b"sparrow" in file.read_bytes()
    assert set(records.upkeep.erase("acme").values()) == {0}


# ---------------------------------------------------------------- one user


def shared(records: Records) -> dict[str, str]:
    """Conversations of a tenant in which anna and ben asked; the answer ids by their questions."""
    talks, ids = records.of(ACME).conversations, {}
    said = PracticeAnswer(answer="yes", by="anna"), PracticeAnswer(answer="no", by="ben")
    profile = Profile(people=25, practices={"model-registry": said[0], "rollback": said[1]})
    for where, user, question in (
        ("alone", "anna", "Anna alone?"),
        ("both", "anna", "Anna first?"),
        ("both", "ben", "Ben second?"),
        ("his", "ben", "Ben alone?"),
        ("renamed", "anna", "Anna once?"),
        ("renamed", "ben", "Ben then?"),
    ):
        begun = records.of(ACME).requests.begin(question, "sha", 60)
        talks.append(where, make_answer(question, id=begun.answer_id), profile, user=user, request_key=question)
        ids[question] = begun.answer_id
    talks.rename("renamed", "Our plan")
    talks.give_feedback(ids["Ben second?"], 1, user="anna")
    talks.give_feedback(ids["Anna first?"], -1, user="ben")
    records.of(ANNA).conversations.append("hers", make_answer("Anna, told apart?"))
    records.of(ANNA).profiles.put("mine", profile)
    records.of(Owner("acme", "ben")).profiles.put("mine", profile)
    records.of(OTHER).conversations.append("elsewhere", make_answer("Anna elsewhere?"), user="anna")
    return ids


def test_a_users_export_is_what_is_theirs(records: Records) -> None:
    shared(records)
    exported = records.upkeep.export("acme", "anna")
    assert {t["question"] for t in exported["turns"]} == {
        "Anna alone?", "Anna first?", "Anna once?", "Anna, told apart?"
    }  # fmt: skip
    assert {c["id"] for c in exported["conversations"]} == {"alone", "hers"}
    assert [p["key"] for p in exported["profiles"]] == ["mine"]
    assert {f["user"] for f in exported["feedback"]} == {"anna", "ben"}  # ben's thumb stands on anna's answer
    assert len(exported["requests"]) == 3
    assert "Ben" not in json.dumps(exported)


def test_an_erased_user_is_gone_and_nobody_else(records: Records, where: Path | str) -> None:
    ids = shared(records)
    counts = records.upkeep.erase("acme", "anna")
    assert counts == {
        "requests": 3, "feedback": 2, "turns": 4, "assessments": 0, "conversations": 2, "profiles": 1, "mentions": 4
    }  # fmt: skip
    talks = records.of(ACME).conversations
    assert {s.id: s.title for s in talks.recent()} == {
        "both": "Ben second?",
        "his": "Ben alone?",
        "renamed": "Our plan",
    }
    assert [a.question for a in talks.get("both").answers] == ["Ben second?"]
    assert talks.get("both").feedback == {}
    practices = talks.get("both").profile.practices
    assert (practices["model-registry"].by, practices["model-registry"].answer) == ("", "yes")
    assert practices["rollback"].by == "ben"
    assert records.of(Owner("acme", "ben")).profiles.get("mine").people == 25
    with pytest.raises(NoSuchConversation):
        talks.answer(ids["Anna first?"])
    assert "anna" not in json.dumps(records.upkeep.export("acme")).lower()
    assert len(records.of(OTHER).conversations.get("elsewhere").answers) == 1
    talks.append("both", make_answer("On we go?"))
    assert [a.question for a in talks.get("both").answers] == ["Ben second?", "On we go?"]
    if isinstance(where, Path):
        records.of(OTHER).conversations.delete("elsewhere")
        records.upkeep.sweep(None)
        for file in where.parent.iterdir():
            assert b"Anna" not in file.read_bytes(), file


# ---------------------------------------------------------------- backup and restore


def test_a_backup_brings_everything_back(records: Records, where: Path | str, tmp_path: Path) -> None:
    fill(records, ACME, "canary")
    before = everything(records)
    path = tmp_path / "backup"
    records.upkeep.backup(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    records.upkeep.erase("acme")
    fill(records, OTHER, "sparrow")
    other = Records(Database(where))
    assert len(other.of(OTHER).conversations.recent()) == 1

    records.upkeep.restore(path)
    records.upkeep.erase("other")
    assert everything(records) == before
    assert other.of(OTHER).conversations.recent() == []  # whoever had it open sees it too
    other.of(ACME).conversations.append("c", make_answer())
    assert len(records.of(ACME).conversations.recent()) == 2
    if isinstance(where, Path):
        assert b"sparrow" in where.with_name(f"{where.name}.before-restore").read_bytes()
    other.close()
    with pytest.raises(InputError, match="already"):
        records.upkeep.backup(path)


def test_what_is_no_backup_changes_nothing(records: Records, tmp_path: Path) -> None:
    fill(records, ACME, "canary")
    before = everything(records)
    nonsense = tmp_path / "nonsense"
    nonsense.write_text("not a backup " * 100)
    with pytest.raises((InputError, StorageError)):
        records.upkeep.restore(nonsense)
    with pytest.raises(InputError):
        records.upkeep.restore(tmp_path / "missing")
    path = tmp_path / "cut"
    records.upkeep.backup(path)
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(StorageError):
        records.upkeep.restore(path)
    assert everything(records) == before
    assert list(tmp_path.glob("*restoring*")) == []


def test_a_backup_of_an_earlier_program_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "old"
    with closing(sqlite3.connect(path)) as old:
        old.executescript(SCHEMA_2.read_text("utf-8"))
    kept = path.read_bytes()
    records = Records(Database(tmp_path / "advisor.db"))
    records.upkeep.restore(path)
    assert len(records.conversations.get("c1").answers) == 3
    assert path.read_bytes() == kept
    assert not list(tmp_path.glob("*restoring*"))


def test_a_backup_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    records = Records(Database(tmp_path / "advisor.db"))
    records.conversations.create()
    records.upkeep.backup(tmp_path / "newer")
    with closing(sqlite3.connect(tmp_path / "newer")) as raw, raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StorageError, match="newer"):
        records.upkeep.restore(tmp_path / "newer")
    assert len(records.conversations.recent()) == 1


def test_a_damaged_database_is_put_aside_and_replaced(tmp_path: Path) -> None:
    records = Records(Database(tmp_path / "advisor.db"))
    records.conversations.append("c", make_answer())
    records.upkeep.backup(tmp_path / "backup")
    records.close()
    (tmp_path / "advisor.db").write_bytes(b"no database any more " * 500)
    with pytest.raises(StorageError):
        records.conversations.recent()
    records.upkeep.restore(tmp_path / "backup")
    assert len(records.conversations.get("c").answers) == 1
    assert (tmp_path / "advisor.db.damaged").exists()


# ---------------------------------------------------------------- the command


def test_the_command_hands_over_erases_backs_up_and_restores(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    records = Records(Database(home / "advisor.db"))
    fill(records, ACME, "canary")

    def run(*words: str, said: str = "") -> str:
        done = CliRunner().invoke(app, ["data", *words], input=said, catch_exceptions=False)
        return f"{done.exit_code} {done.stdout}"

    out, copy = tmp_path / "export.json", tmp_path / "copy.db"
    assert run("export", "--tenant", "acme", "--out", str(out)) == "0 "
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert "canary question?" in out.read_text("utf-8")
    assert json.loads(run("export", "--tenant", "acme", "--user", "nobody")[2:])["turns"] == []
    with pytest.raises(InputError, match="cannot be written"):
        run("export", "--out", str(out))
    assert run("backup", str(copy)).startswith("0")
    assert run("erase", "--tenant", "acme", said="n\n").startswith("1")
    assert len(records.of(ACME).conversations.recent()) == 1
    assert run("erase", "--tenant", "acme", "--yes").startswith("0")
    assert records.of(ACME).conversations.recent() == []
    assert run("restore", str(copy), said="y\n").startswith("0")
    assert len(records.of(ACME).conversations.recent()) == 1
    assert run("sweep", "--days", "30").startswith("0")
    assert len(records.of(ACME).conversations.recent()) == 1
    assert run("erase").startswith("2")  # a tenant has to be named
