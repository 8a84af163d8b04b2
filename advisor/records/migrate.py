"""Brings a database to the tables of this program, in one transaction; a SQLite file is copied beside itself first."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, Engine, func, inspect, select, table, text

from advisor.errors import StorageError

HEAD = "0002"
"""The latest of `migrations/versions`."""
VERSION = "alembic_version"
"""The table that says which migration a database has."""
OLD_VERSION = "schema_version"
"""The table that said it before there were migrations, as numbers up to 2."""
OLD = 2
_FOLDER = Path(__file__).parent / "migrations"


def migrate(engine: Engine) -> None:
    """Make the tables, or bring them up to date, where that is needed. Raises StorageError for a newer database."""
    with engine.connect() as connection:
        if _version(connection) == HEAD:
            return
    with engine.execution_options(immediate=True).begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("migrate", 0))))
        found = _version(connection)
        if found == HEAD:
            return
        if found and engine.dialect.name == "sqlite":
            copy_beside(Path(str(engine.url.database)), f"before-{HEAD}")
        _run(connection)


def copy(path: Path, to: Path) -> None:
    """A SQLite database as last committed, whole or not at all, in one file that only its owner can read."""
    part = to.with_name(f"{to.name}.part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_RDWR | os.O_CREAT, 0o600))
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(part)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")  # so that it needs no second file beside it
    with part.open("rb") as written:
        os.fsync(written.fileno())
    os.replace(part, to)


def copy_beside(path: Path, why: str) -> None:
    """A copy in the same folder, `advisor.db.<why>`; an earlier one of that name is replaced."""
    copy(path, path.with_name(f"{path.name}.{why}"))


def _version(connection: Connection) -> str:
    """The migration this database has; `old` from before there were any; empty where there is nothing yet."""
    tables = inspect(connection)
    if tables.has_table(VERSION):
        found = str(connection.scalar(select(text("version_num")).select_from(table(VERSION))))
        refuse_newer(found)
        return found
    if tables.has_table(OLD_VERSION):
        count = connection.scalar(select(func.max(text("version"))).select_from(table(OLD_VERSION))) or 0
        if count > OLD:
            raise _newer(str(count))
        return "old"
    return ""


def refuse_newer(found: str) -> None:
    """Raise StorageError where the migration is one that this program does not know."""
    if found > HEAD:
        raise _newer(found)


def _newer(found: str) -> StorageError:
    return StorageError(
        f"The database was written by a newer version of this program (schema {found}, known here {HEAD}).",
        "Upgrade mlops-advisor, or set ADVISOR_HOME to another folder.",
    )


def _run(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
