"""Saved assessments: a profile, the findings it gave, and the versions that gave them."""

from __future__ import annotations

import builtins
import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import load_only

from advisor.errors import AdvisorError
from advisor.records.database import Database
from advisor.records.names import cursor, place
from advisor.records.owner import LOCAL, Owner
from advisor.records.tables import AssessmentRow, ConversationRow, seen_by
from advisor.schema import Finding, Profile, Versions


class NoSuchAssessment(AdvisorError):
    """No assessment is saved under that id."""

    def __init__(self) -> None:
        super().__init__("There is no such assessment.", "It may have been deleted. List the saved ones.")


@dataclass(frozen=True)
class Entry:
    """A saved assessment as the history lists it. `at` is UTC without a zone."""

    id: str
    conversation_id: str | None
    name: str
    at: dt.datetime


@dataclass(frozen=True)
class SavedAssessment(Entry):
    """A saved assessment with everything that `advice.changes.diff` compares."""

    profile: Profile
    findings: list[Finding]
    versions: Versions


class Assessments:
    """The saved assessments. Every method raises StorageError where the database cannot be used."""

    def __init__(self, where: Path | str | Database, owner: Owner = LOCAL) -> None:
        self._db = where if isinstance(where, Database) else Database(where)
        self._owner = owner

    def of(self, owner: Owner) -> Assessments:
        """The same record as another owner sees it."""
        return Assessments(self._db, owner)

    def close(self) -> None:
        self._db.close()

    def save(
        self,
        conversation_id: str | None,
        name: str,
        profile: Profile,
        findings: Sequence[Finding],
        versions: Versions,
        at: dt.datetime | None = None,
    ) -> str:
        """The id of the assessment, now saved. A conversation that is not recorded is left out."""
        id = secrets.token_hex(12)
        with self._db.writing() as session:
            mine = select(ConversationRow.id).where(*seen_by(self._owner, ConversationRow))
            known = session.scalar(mine.where(ConversationRow.id == conversation_id))
            self._db.alone(session, "assessments")
            last = session.scalar(select(func.max(AssessmentRow.sequence)))
            session.add(
                AssessmentRow(
                    id=id,
                    tenant=self._owner.tenant,
                    user=self._owner.user,
                    conversation_id=known,
                    sequence=(last or 0) + 1,
                    name=" ".join(name.split())[:200] or "Assessment",
                    at=_utc(at or self._db.now()),
                    profile=profile.model_dump(mode="json"),
                    findings=[f.model_dump(mode="json") for f in findings],
                    versions=versions.model_dump(mode="json"),
                )
            )
        return id

    def list(self, conversation_id: str | None = None, limit: int = 200) -> list[Entry]:
        """Saved assessments, latest first: of one conversation, or all of them."""
        query = self._entries().limit(limit)
        if conversation_id is not None:
            query = query.where(AssessmentRow.conversation_id == conversation_id)
        with self._db.reading() as session:
            return [_entry(row) for row in session.scalars(query)]

    def page(self, limit: int, after: str | None = None) -> tuple[builtins.list[Entry], str | None]:
        """Saved assessments, latest first, and the cursor of the next page or None.

        Raises InputError for a cursor that is not one.
        """
        query = self._entries().limit(limit + 1)
        if after is not None:
            query = query.where(AssessmentRow.sequence < place(after, int)[0])
        with self._db.reading() as session:
            rows = list(session.scalars(query))
        return [_entry(row) for row in rows[:limit]], cursor(rows[limit - 1].sequence) if len(rows) > limit else None

    def get(self, id: str) -> SavedAssessment:
        """One saved assessment. Raises NoSuchAssessment."""
        mine = seen_by(self._owner, AssessmentRow)
        with self._db.reading() as session:
            row = session.scalar(select(AssessmentRow).where(AssessmentRow.id == id, *mine))
            if row is None:
                raise NoSuchAssessment
            return SavedAssessment(
                row.id,
                row.conversation_id,
                row.name,
                row.at,
                Profile.model_validate(row.profile),
                [Finding.model_validate(f) for f in row.findings],
                Versions.model_validate(row.versions),
            )

    def delete(self, id: str) -> None:
        """Remove an assessment; gone already is fine."""
        with self._db.writing() as session:
            session.execute(delete(AssessmentRow).where(AssessmentRow.id == id, *seen_by(self._owner, AssessmentRow)))

    def _entries(self) -> Select[AssessmentRow]:
        shown = (AssessmentRow.id, AssessmentRow.conversation_id, AssessmentRow.name, AssessmentRow.at)
        return (
            select(AssessmentRow)
            .options(load_only(*shown, AssessmentRow.sequence))
            .where(*seen_by(self._owner, AssessmentRow))
            .order_by(AssessmentRow.sequence.desc())
        )


def _entry(row: AssessmentRow) -> Entry:
    return Entry(row.id, row.conversation_id, row.name, row.at)


def _utc(at: dt.datetime) -> dt.datetime:
    return at.astimezone(dt.UTC).replace(tzinfo=None) if at.tzinfo else at
