"""The database address, what a server's failure looks like, and how durable each write is."""

from __future__ import annotations

import itertools
import socket
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from advisor.config import load_settings
from advisor.errors import ConfigError, StorageError
from advisor.records import migrate, open_records
from advisor.records.database import Database
from advisor.records.store import Records
from advisor.schema import Profile
from tests.answers import VERSIONS, make_answer
from tests.timing import at_once

pytest_plugins = ["tests.databases"]

PROFILE = Profile(people=25)


def test_the_setting_says_where_the_record_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, where: Path | str
) -> None:
    """As a PostgreSQL address, in both of its spellings, or as a SQLite file."""
    address = str(where) if isinstance(where, str) else f"sqlite:///{where}"
    for spelling in {address, address.replace("postgresql://", "postgres://")}:
        monkeypatch.setenv("ADVISOR_DATABASE_URL", spelling)
        records = open_records(load_settings())
        records.conversations.append("c", make_answer())
        records.close()
    assert not (tmp_path / "home" / "advisor.db").exists()
    again = Records(Database(where))
    assert again.conversations.recent()
    again.close()


@pytest.mark.parametrize("address", ["nonsense", "mysql://u:s3cret@h/d", "sqlite://", "postgresql://h:port/d", "://"])
def test_an_address_of_neither_database_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="ADVISOR_DATABASE_URL") as refused:
        Database(address)
    assert "s3cret" not in str(refused.value)


def test_a_server_that_is_not_there_is_a_storage_error() -> None:
    pytest.importorskip("psycopg")
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    records = Records(Database(f"postgresql://advisor:s3cret@127.0.0.1:{port}/advisor"))
    with pytest.raises(StorageError, match="cannot be used") as error:
        records.conversations.recent()
    assert "ADVISOR_DATABASE_URL" in error.value.hint
    assert "s3cret" not in str(error.value)


def test_a_server_that_fails_says_so_and_is_asked_again(postgres: str, postgres_database: str) -> None:
    import psycopg

    with pytest.raises(StorageError) as error:
        Records(Database(postgres.replace("s3cret", "guessed-1") + "postgres")).conversations.recent()
    assert "guessed-1" not in str(error.value)

    records = Records(Database(postgres_database))
    records.conversations.create()
    with psycopg.connect(postgres + "postgres", autocommit=True) as connection:
        name = postgres_database.rpartition("/")[2]
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
    assert len(records.conversations.recent()) == 1
    records.close()


def test_many_threads_on_two_replicas(where: Path | str) -> None:
    replicas = [Records(Database(where)) for _ in range(2)]
    replicas[0].conversations.recent()
    key, _ = replicas[0].keys.create("local", "load", ["ask"], per_minute=10)
    turn = itertools.cycle(replicas)
    took = at_once(lambda: next(turn).limits.take(key), 24)
    assert sorted(type(t).__name__ for t in took) == ["NoneType"] * 10 + ["TooMany"] * 14
    begun = at_once(lambda: next(turn).requests.begin("k", "sha", 60), 24)
    assert sorted(b.state for b in begun) == ["new"] + ["running"] * 23  # type: ignore[attr-defined]
    at_once(lambda: next(turn).conversations.append("c", make_answer()), 24)
    assert len(replicas[1].conversations.get("c").answers) == 24
    saved = at_once(lambda: next(turn).assessments.save(None, "n", PROFILE, [], VERSIONS), 24)
    assert len(set(saved)) == 24
    for replica in replicas:
        replica.close()


def test_only_what_was_acknowledged_waits_for_the_disk(where: Path | str) -> None:
    database = Database(where)
    question = "PRAGMA synchronous" if isinstance(where, Path) else "SHOW synchronous_commit"

    def asked(durable: bool) -> str:
        with database.writing(durable=durable) as session:
            return str(session.connection().exec_driver_sql(question).scalar())

    found = [asked(True), asked(False), asked(True)]
    assert found == (["2", "1", "2"] if isinstance(where, Path) else ["on", "off", "on"])
    database.close()


def test_a_backup_of_an_earlier_program_is_brought_up_to_date(postgres_database: str, tmp_path: Path) -> None:
    """And one of a newer program is refused before anything is changed."""
    earlier = Database(postgres_database)
    with earlier.writing() as session:
        connection = session.connection()
        for table in ("spent", "buckets", "api_keys", "requests", "profiles"):
            connection.exec_driver_sql(f"DROP TABLE {table}")
        connection.exec_driver_sql("DROP TABLE feedback, turns, assessments, conversations, schema_version")
        config = Config()
        config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
        config.attributes["connection"] = connection
        connection.exec_driver_sql("DELETE FROM alembic_version")
        command.upgrade(config, "0001")
        connection.exec_driver_sql(
            "INSERT INTO conversations (id, title, created, updated, profile, archived)"
            " VALUES ('c', 'kept', now(), now(), '{}', false)"
        )
    subprocess.run(["pg_dump", "-Fc", f"--file={tmp_path / 'old'}", postgres_database], check=True)
    records = Records(earlier)
    earlier.close()
    records.conversations.append("later", make_answer())

    records.upkeep.restore(tmp_path / "old")
    assert [s.title for s in records.conversations.recent()] == ["kept"]
    records.profiles.put("p", PROFILE)

    with earlier.writing() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    subprocess.run(["pg_dump", "-Fc", f"--file={tmp_path / 'newer'}", postgres_database], check=True)
    with earlier.writing() as session:
        session.connection().exec_driver_sql(f"UPDATE alembic_version SET version_num = '{migrate.HEAD}'")
    records.conversations.create(title="after")
    with pytest.raises(StorageError, match="newer"):
        records.upkeep.restore(tmp_path / "newer")
    assert [s.title for s in records.conversations.recent()] == ["after", "kept"]
    records.close()
