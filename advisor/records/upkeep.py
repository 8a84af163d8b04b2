"""The care of the whole record: what is old goes, what is somebody's can be handed over or erased, backups."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, delete

from advisor.records import backups, subject
from advisor.records.database import Database
from advisor.records.requests import HOURS
from advisor.records.tables import AssessmentRow, Base, ConversationRow, RequestRow


class Upkeep:
    """Works on every tenant's things. Every method raises StorageError where the database cannot be used."""

    def __init__(self, where: Path | str | Database) -> None:
        self._db = where if isinstance(where, Database) else Database(where)

    def ready(self) -> None:
        """Return at once where the database can be written now, as a readiness probe asks."""
        self._db.ready()

    def sweep(self, days: int | None) -> dict[str, int]:
        """Remove conversations and assessments last touched more than `days` ago (None: none), and request keys that
        are past their time. Kept profiles stay: they are settings. Returns rows removed by table.
        """
        at = self._db.now()
        old: list[tuple[type[Base], ColumnElement[bool]]] = [
            (RequestRow, RequestRow.created < at - dt.timedelta(hours=HOURS))
        ]
        if days is not None:
            past = at - dt.timedelta(days=days)
            old += [(ConversationRow, ConversationRow.updated < past), (AssessmentRow, AssessmentRow.at < past)]
        removed = {}
        with self._db.writing() as session:
            for row, gone in old:
                done = session.execute(delete(row).where(gone), execution_options={"synchronize_session": False})
                assert isinstance(done, CursorResult)
                removed[row.__tablename__] = done.rowcount
        self._db.settle()
        return removed

    def export(self, tenant: str, user: str = "") -> dict[str, Any]:
        """Everything kept about a tenant, or about one user of it, by table, ready for JSON; no key's hash."""
        with self._db.reading() as session:
            rows = subject.export(session, tenant, user)
        return {"tenant": tenant, "user": user, "at": self._db.now().isoformat(), **rows}

    def erase(self, tenant: str, user: str = "") -> dict[str, int]:
        """Remove everything about a tenant with its keys, or about one user of it; rows removed by table.

        On SQLite their bytes are overwritten too. Backups made before still hold them.
        """
        with self._db.writing() as session:
            counts = subject.erase(session, tenant, user)
        self._db.settle()
        return counts

    def backup(self, path: Path) -> None:
        """Write the whole database to a new file, readable by its owner only, while others go on using it."""
        backups.backup(self._db, path)

    def restore(self, path: Path) -> None:
        """Put what a backup holds in the place of everything there is, all or nothing.

        On SQLite what was there is kept beside as `advisor.db.before-restore`.
        """
        backups.restore(self._db, path)
