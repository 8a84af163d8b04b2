"""The database under every record: opened on first use, one writer at a time, errors that say what to mend."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, func, insert, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from advisor.errors import StorageError
from advisor.records.tables import SCHEMA, Base, SchemaVersion


class Database:
    """Sessions on one database. Every method raises StorageError where it cannot be used.

    Nothing is opened before the first session, so that a broken disk costs the record and not the answer.
    """

    def __init__(self, where: Path | str) -> None:
        self._where = where
        self._engine: Engine | None = None
        self._write = threading.RLock()

    def close(self) -> None:
        """Close every connection; the next session opens anew."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one state of the database."""
        with self._mended(), Session(self._open()) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that is committed whole at its end, or not at all."""
        with self._mended(), self._write, Session(_immediate(self._open())) as session, session.begin():
            yield session

    @contextmanager
    def _mended(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error, OSError) as e:
            cause = getattr(e, "orig", None) or e
            raise StorageError(
                f"The conversation record cannot be used: {cause}.",
                "Free disk space or mend the permissions of the data directory, then try again (advisor doctor).",
            ) from e

    def _open(self) -> Engine:
        with self._write:
            if self._engine is None:
                engine = _engine(self._where)
                try:
                    _prepare(engine)
                except BaseException:
                    engine.dispose()
                    raise
                self._engine = engine
            return self._engine


def _engine(where: Path | str) -> Engine:
    if isinstance(where, str):
        return create_engine(where, pool_pre_ping=True)
    # The -wal and -shm files take the mode of the database file, so it is made first, with ours.
    os.close(os.open(where, os.O_RDWR | os.O_CREAT, 0o600))
    engine = create_engine(f"sqlite:///{where}", connect_args={"timeout": 5.0})

    @event.listens_for(engine, "connect")
    def _pragmas(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # we begin transactions ourselves, below
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000", "mmap_size=0"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A writer takes the lock at once: a reader that turns writer cannot wait for another process.
        immediate = connection.get_execution_options().get("immediate", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


def _immediate(engine: Engine) -> Engine:
    return engine.execution_options(immediate=True)


def _prepare(engine: Engine) -> None:
    """Make the tables where there are none. Raises StorageError for a database newer than this code."""
    with _immediate(engine).begin() as connection:
        Base.metadata.create_all(connection)
        version = connection.scalar(select(func.max(SchemaVersion.version)))
        if version is None or version < SCHEMA:
            # Each version so far only added tables, which create_all has just made.
            connection.execute(insert(SchemaVersion).values(version=SCHEMA))
        elif version > SCHEMA:
            raise StorageError(
                f"The database was written by a newer version of this program (schema {version}, known here {SCHEMA}).",
                "Upgrade mlops-advisor, or set ADVISOR_HOME to another folder.",
            )
