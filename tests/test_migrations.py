"""Databases of every earlier schema come through with what they hold; a newer one is refused."""

from __future__ import annotations

import multiprocessing
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from advisor.errors import StorageError
from advisor.records import migrate
from advisor.records.database import Database
from advisor.records.owner import Owner
from advisor.records.store import Records
from advisor.records.tables import Base
from advisor.schema import Profile
from tests.answers import VERSIONS
from tests.records_writer import open_new

pytest_plugins = ["tests.databases"]

SCHEMA_2 = Path(__file__).parent / "fixtures" / "records" / "schema_2.sql"
"""What the last program before migrations wrote."""
PROFILE = Profile(people=25, team={"data-scientist": 2}, name="Müller; 'quoted' & Söhne")


def old(path: Path, version: int) -> Path:
    with closing(sqlite3.connect(path)) as database:
        database.executescript(SCHEMA_2.read_text("utf-8"))
        if version == 1:
            database.executescript("DROP TABLE assessments; UPDATE schema_version SET version = 1;")
    return path


def version(path: Path) -> str:
    with closing(sqlite3.connect(path)) as database:
        return str(database.execute("SELECT version_num FROM alembic_version").fetchone()[0])


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "advisor.db"


@pytest.fixture
def database(where: Path | str) -> Iterator[Database]:
    opened = Database(where)
    yield opened
    opened.close()


@pytest.mark.parametrize("earlier", [1, 2])
def test_an_earlier_database_keeps_everything(db: Path, earlier: int) -> None:
    records = Records(Database(old(db, earlier)))
    assert {s.id: s.title for s in records.conversations.recent()}.items() >= {
        "c1": "Question 0?",
        "c2": "Größer?",
    }.items()
    assert len(records.conversations.recent()) == 3
    talk = records.conversations.get("c1")
    assert [a.question for a in talk.answers] == ["Question 0?", "Question 1?", "Question 2?"]
    assert talk.profile == PROFILE
    assert talk.feedback == {"ans_0000000000000001": -1}
    assert records.conversations.get("c2").feedback == {"ans_00000000000000ff": 1}
    assert records.upkeep.export("local")["feedback"][0]["comment"] == "too long"
    if earlier == 2:
        second, first = records.assessments.list()
        saved = records.assessments.get(first.id)
        assert (second.name, first.name, first.conversation_id) == ("Second", "First", "c1")
        assert (saved.profile, saved.versions, saved.findings[0].text) == (PROFILE, VERSIONS, "You are at level 1.")
    assert records.of(Owner("acme")).conversations.recent() == []
    records.assessments.save("c1", "Third", PROFILE, [], VERSIONS)
    with closing(sqlite3.connect(db)) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert raw.execute("PRAGMA foreign_key_check").fetchall() == []


def test_an_earlier_database_is_copied_first(db: Path) -> None:
    Records(Database(old(db, 2))).conversations.recent()
    copy = db.with_name(f"advisor.db.before-{migrate.HEAD}")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with closing(sqlite3.connect(copy)) as before, closing(sqlite3.connect(":memory:")) as fixture:
        fixture.executescript(SCHEMA_2.read_text("utf-8"))
        assert list(before.iterdump()) == list(fixture.iterdump())
    assert sorted(p.name for p in db.parent.iterdir() if "part" in p.name) == []


def test_a_new_database_needs_no_copy(db: Path) -> None:
    Records(Database(db)).conversations.create()
    assert list(db.parent.glob("*before*")) == []


def test_tables_are_as_the_program_believes(database: Database) -> None:
    with database.reading() as session:
        context = MigrationContext.configure(session.connection())
        differences = compare_metadata(context, Base.metadata)
    # schema_version is there for programs from before migrations only.
    assert [d for d in differences if d[0] != "remove_table" or d[1].name != "schema_version"] == []


def test_the_head_is_the_last_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_heads() == [migrate.HEAD]


def test_a_newer_database_is_refused_by_this_program(database: Database) -> None:
    with database.writing() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    with pytest.raises(StorageError, match="newer version") as error:
        Records(database).conversations.recent()
    assert "Upgrade" in error.value.hint


def test_a_database_between_the_two_ways_of_counting_is_refused(db: Path) -> None:
    with closing(sqlite3.connect(old(db, 2))) as raw, raw:
        raw.execute("UPDATE schema_version SET version = 3")
    with pytest.raises(StorageError, match="newer version"):
        Records(Database(db)).conversations.recent()


def test_a_program_from_before_migrations_refuses_this_database(db: Path) -> None:
    """It looked at the largest number in schema_version, and knew 2."""
    Records(Database(db)).conversations.create()
    with closing(sqlite3.connect(db)) as raw:
        assert raw.execute("SELECT max(version) FROM schema_version").fetchone() == (3,)


KILLED = """
import os, signal, sys
from pathlib import Path
from alembic import op
from advisor.records.database import Database
from advisor.records.store import Records
real, left = op.create_table, [int(sys.argv[2])]
def create_table(*args, **more):
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*args, **more)
op.create_table = create_table
Records(Database(Path(sys.argv[1]))).conversations.recent()
"""


@pytest.mark.parametrize("step", [3, 6, 8, 11])
def test_a_crash_in_the_middle_changes_nothing(db: Path, step: int) -> None:
    old(db, 2)
    died = subprocess.run(
        [sys.executable, "-c", KILLED, str(db), str(step)], cwd=Path(__file__).parents[1], check=False
    )
    assert died.returncode == -signal.SIGKILL
    with closing(sqlite3.connect(db)) as raw, closing(sqlite3.connect(":memory:")) as fixture:
        fixture.executescript(SCHEMA_2.read_text("utf-8"))
        assert list(raw.iterdump()) == list(fixture.iterdump())
    assert len(Records(Database(db)).conversations.recent()) == 3
    assert version(db) == migrate.HEAD


def test_processes_that_open_a_new_database_at_once_agree(where: Path | str) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.records_writer"])
    barrier = context.Barrier(4)
    openers = [context.Process(target=open_new, args=(where, barrier)) for _ in range(4)]
    for opener in openers:
        opener.start()
    for opener in openers:
        opener.join()
    assert [opener.exitcode for opener in openers] == [0] * 4
    records = Records(Database(where))
    assert len(records.conversations.recent()) == 4
    records.close()
