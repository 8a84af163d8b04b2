"""The database under every record: opened on first use, SQLite or PostgreSQL, errors that say what to mend."""

from __future__ import annotations

import datetime as dt
import importlib.util
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, SQLAlchemyError
from sqlalchemy.orm import Session

from advisor.errors import ConfigError, InputError, MissingExtra, StorageError
from advisor.records.migrate import migrate
from advisor.records.tables import Base, now


class Database:
    """Sessions on one database. Every method raises StorageError where it cannot be used.

    Nothing is opened before the first session, so that a broken disk costs the record and not the answer.
    SQLite has one writer at a time, over all processes. On PostgreSQL writers run side by side, and lock the rows
    they change, or what `alone` names.
    """

    def __init__(self, where: Path | str, clock: Callable[[], dt.datetime] = now) -> None:
        self.where = _place(where)
        self.now = clock
        self._engine: Engine | None = None
        self._opening = threading.Lock()
        # Waiting here keeps SQLite's own lock, which polls, for other processes.
        self._write: AbstractContextManager[Any] = threading.RLock() if isinstance(self.where, Path) else nullcontext()

    def close(self) -> None:
        """Close every connection; the next session opens anew."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one state of the database."""
        with self.mended(), Session(self._open(**self._still)) as session:
            yield session

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[Session]:
        """A session that is committed whole at its end, or not at all.

        What is not `durable` survives the death of this process at once, and a power cut from the next durable
        commit on: it costs no wait for the disk.
        """
        options = {"immediate": True, "durable": durable}
        with self.mended(), self._write, Session(self._open(**options)) as session, session.begin():
            yield session

    def alone(self, session: Session, what: str) -> None:
        """Until this session's end nobody else holds `what`; on SQLite a writer is alone anyway."""
        if not isinstance(self.where, Path):
            session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(what, 0))))

    def add_if_absent(self, session: Session, row: type[Base], **values: Any) -> bool:
        """Insert a row where none has its key; whether it was inserted. Waits for others who insert the same."""
        insert: Any = sqlite.insert if isinstance(self.where, Path) else postgresql.insert
        statement = insert(row).values(**values).on_conflict_do_nothing()
        return session.execute(statement.returning(*row.__table__.primary_key)).first() is not None

    def ready(self) -> None:
        """Return at once where the database can be written now."""
        with self.writing(durable=False) as session:
            session.connection()

    def settle(self) -> None:
        """On SQLite, move what was committed into the one file, so that nothing erased is left in the other."""
        if isinstance(self.where, Path):
            with self.mended(), closing(sqlite3.connect(self.where, timeout=5.0)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @property
    def _still(self) -> dict[str, Any]:
        return {} if isinstance(self.where, Path) else {"isolation_level": "REPEATABLE READ"}

    @contextmanager
    def mended(self) -> Iterator[None]:
        """What goes wrong inside with the database or its disk is raised as a StorageError, or as an InputError
        where it is the text that cannot be kept."""
        try:
            yield
        except (DataError, UnicodeEncodeError) as e:
            raise InputError(
                "This text cannot be kept: it is too long, or has characters that are none.",
                "Shorten it, and leave out NUL and halves of surrogate pairs.",
            ) from e
        except (SQLAlchemyError, sqlite3.Error, OSError) as e:
            cause = str(getattr(e, "orig", None) or e).splitlines()[0]
            raise StorageError(f"The conversation record cannot be used: {cause}.", self._mend) from e

    @property
    def _mend(self) -> str:
        if isinstance(self.where, Path):
            return "Free disk space or mend the permissions of the data directory, then try again (advisor doctor)."
        return "Check ADVISOR_DATABASE_URL and that the database server runs, then try again (advisor doctor)."

    def _open(self, **options: Any) -> Engine:
        with self._opening:
            if self._engine is None:
                engine = _sqlite(self.where) if isinstance(self.where, Path) else _postgresql(self.where)
                try:
                    migrate(engine)
                except BaseException:
                    engine.dispose()
                    raise
                self._engine = engine
            return self._engine.execution_options(**options)


def _place(where: Path | str) -> Path | URL:
    """A file for SQLite, or an address. Raises ConfigError for an address that is neither database's."""
    if isinstance(where, Path):
        return where
    try:
        url = make_url(where)
    except (ArgumentError, ValueError) as e:
        raise _unusable() from e
    if url.drivername.startswith("sqlite") and url.database:
        return Path(url.database)
    if url.drivername.split("+")[0] in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    raise _unusable()


def _unusable() -> ConfigError:
    return ConfigError(
        "The setting ADVISOR_DATABASE_URL is not usable.",
        "Write postgresql://user:password@host/database or sqlite:////path/of/advisor.db, or unset it.",
    )


def _postgresql(url: URL) -> Engine:
    if importlib.util.find_spec("psycopg") is None:
        raise MissingExtra("PostgreSQL", "postgres")
    waits = {"connect_timeout": 5, "tcp_user_timeout": 10_000, "options": "-c lock_timeout=10s -c timezone=UTC"}
    engine = create_engine(url, pool_pre_ping=True, pool_size=8, max_overflow=24, connect_args=waits)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if not connection.get_execution_options().get("durable", True):
            connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")

    return engine


def _sqlite(path: Path) -> Engine:
    # The -wal and -shm files take the mode of the database file, so it is made first, with ours.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 5.0})

    @event.listens_for(engine, "connect")
    def _pragmas(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # we begin transactions ourselves, below
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "busy_timeout=5000", "mmap_size=0", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if options.get('durable', True) else 'NORMAL'}")
        # A writer takes the lock at once: a reader that turns writer cannot wait for another process.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("immediate") else "BEGIN")

    return engine
