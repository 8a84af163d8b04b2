"""Conversations on disk: one database, one writer at a time, whole turns or none."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from advisor.errors import AdvisorError
from advisor.records.database import Database
from advisor.records.owner import LOCAL, Owner
from advisor.records.tables import ConversationRow, FeedbackRow, TurnRow, now
from advisor.schema import Answer, Profile

TITLE_CHARS = 80


class NoSuchConversation(AdvisorError):
    """Nothing is recorded under that id."""

    def __init__(self, what: str = "conversation") -> None:
        super().__init__(
            f"There is no such {what}.", "It may have been deleted. Start a new one by leaving out conversation_id."
        )


@dataclass(frozen=True)
class Summary:
    """A conversation as the list shows it."""

    id: str
    title: str
    updated: dt.datetime


@dataclass(frozen=True)
class Conversation:
    """A conversation with every turn, oldest first; `feedback` maps answer ids to +1 or -1."""

    id: str
    title: str
    profile: Profile
    answers: list[Answer]
    feedback: dict[str, int]


def new_id() -> str:
    """A conversation id that cannot be guessed."""
    return secrets.token_hex(12)


def title_of(question: str) -> str:
    """The first words of a question, as a title."""
    line = " ".join(question.split())
    return line if len(line) <= TITLE_CHARS else line[: TITLE_CHARS - 1].rsplit(" ", 1)[0] + "…"


class Conversations:
    """The recorded conversations. Every method raises StorageError where the database cannot be used."""

    def __init__(self, where: Path | str | Database, owner: Owner = LOCAL) -> None:
        self._db = where if isinstance(where, Database) else Database(where)
        self._owner = owner

    def of(self, owner: Owner) -> Conversations:
        """The same record as another owner sees it."""
        return Conversations(self._db, owner)

    def close(self) -> None:
        self._db.close()

    def recent(self, limit: int = 200) -> list[Summary]:
        """Conversations that are not archived, latest first."""
        query = (
            select(ConversationRow.id, ConversationRow.title, ConversationRow.updated)
            .where(ConversationRow.archived.is_(False))
            .order_by(ConversationRow.updated.desc())
            .limit(limit)
        )
        with self._db.reading() as session:
            return [Summary(*row) for row in session.execute(query)]

    def get(self, id: str) -> Conversation:
        """One conversation. Raises NoSuchConversation."""
        with self._db.reading() as session:
            row = self._row(session, id)
            turns = session.scalars(select(TurnRow).where(TurnRow.conversation_id == id).order_by(TurnRow.sequence))
            answers = [Answer.model_validate(turn.answer) for turn in turns]
            votes = session.execute(
                select(FeedbackRow.answer_id, FeedbackRow.value)
                .join(TurnRow, TurnRow.answer_id == FeedbackRow.answer_id)
                .where(TurnRow.conversation_id == id)
            )
            return Conversation(
                row.id, row.title, Profile.model_validate(row.profile), answers, {vote[0]: vote[1] for vote in votes}
            )

    def answer(self, answer_id: str) -> Answer:
        """One recorded answer. Raises NoSuchConversation."""
        with self._db.reading() as session:
            row = session.get(TurnRow, answer_id)
            if row is None:
                raise NoSuchConversation("answer")
            return Answer.model_validate(row.answer)

    def create(self, profile: Profile | None = None, title: str = "New conversation") -> str:
        """The id of a new conversation without turns."""
        id = new_id()
        with self._db.writing() as session:
            session.add(ConversationRow(id=id, title=title[:200], profile=_json(profile or Profile())))
        return id

    def append(self, id: str, answer: Answer, profile: Profile | None = None) -> None:
        """Add a turn, and keep the profile it left; the conversation is made by its first turn."""
        with self._db.writing() as session:
            row = session.get(ConversationRow, id)
            if row is None:
                row = ConversationRow(id=id, title=title_of(answer.question), profile=_json(profile or Profile()))
                session.add(row)
                session.flush()
            last = session.scalar(select(func.max(TurnRow.sequence)).where(TurnRow.conversation_id == id))
            session.add(
                TurnRow(
                    answer_id=answer.id,
                    conversation_id=id,
                    sequence=(last or 0) + 1,
                    question=answer.question,
                    answer=_json(answer),
                )
            )
            if last is None:
                row.title = title_of(answer.question)
            if profile is not None:
                row.profile = _json(profile)
            row.updated = now()

    def rename(self, id: str, title: str) -> None:
        """Raises NoSuchConversation."""
        with self._db.writing() as session:
            self._row(session, id).title = title_of(title) or "Untitled"

    def delete(self, id: str) -> None:
        """Remove a conversation with its turns and feedback; gone already is fine."""
        with self._db.writing() as session:
            session.execute(delete(ConversationRow).where(ConversationRow.id == id))

    def set_profile(self, id: str, profile: Profile) -> None:
        """Raises NoSuchConversation."""
        with self._db.writing() as session:
            row = self._row(session, id)
            row.profile = _json(profile)
            row.updated = now()

    def give_feedback(self, answer_id: str, value: int, comment: str = "") -> None:
        """Keep +1 or -1 for an answer; a second vote replaces the first. Raises NoSuchConversation."""
        with self._db.writing() as session:
            if session.get(TurnRow, answer_id) is None:
                raise NoSuchConversation("answer")
            session.merge(FeedbackRow(answer_id=answer_id, value=value, comment=comment[:2000], at=now()))

    def check(self) -> str:
        """What the database says of itself: `ok`, or what is wrong."""
        with self._db.writing() as session:
            if session.get_bind().dialect.name != "sqlite":
                return "ok"
            return str(session.scalar(text("PRAGMA quick_check")))

    @staticmethod
    def _row(session: Session, id: str) -> ConversationRow:
        row = session.get(ConversationRow, id)
        if row is None:
            raise NoSuchConversation
        return row


def _json(model: Profile | Answer) -> dict[str, Any]:
    return model.model_dump(mode="json")
