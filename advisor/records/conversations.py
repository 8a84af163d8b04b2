"""Conversations on disk: one database, one writer at a time, whole turns or none."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import and_, delete, func, or_, select, text, update
from sqlalchemy.orm import Session

from advisor.errors import AdvisorError
from advisor.records.database import Database
from advisor.records.names import checked, cursor, place, unknown_page
from advisor.records.owner import LOCAL, Owner
from advisor.records.requests import mark_done
from advisor.records.tables import ConversationRow, FeedbackRow, TurnRow, seen_by
from advisor.schema import Answer, Profile

TITLE_CHARS = 80
UNTITLED = "New conversation"


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
        return self.page(limit)[0]

    def page(self, limit: int, after: str | None = None) -> tuple[list[Summary], str | None]:
        """Conversations that are not archived, latest first, and the cursor of the next page or None.

        Raises InputError for a cursor that is not one.
        """
        query = (
            select(ConversationRow.id, ConversationRow.title, ConversationRow.updated)
            .where(*seen_by(self._owner, ConversationRow), ConversationRow.archived.is_(False))
            .order_by(ConversationRow.updated.desc(), ConversationRow.id.desc())
            .limit(limit + 1)
        )
        if after is not None:
            updated, id = _after(after)
            query = query.where(
                or_(
                    ConversationRow.updated < updated,
                    and_(ConversationRow.updated == updated, ConversationRow.id < id),
                )
            )
        with self._db.reading() as session:
            found = [Summary(*row) for row in session.execute(query)]
        more = len(found) > limit
        return found[:limit], cursor(found[limit - 1].updated.isoformat(), found[limit - 1].id) if more else None

    def get(self, id: str) -> Conversation:
        """One conversation. Raises NoSuchConversation."""
        with self._db.reading() as session:
            row = self._row(session, id)
            turns = session.scalars(select(TurnRow).where(TurnRow.conversation_id == id).order_by(TurnRow.sequence))
            answers = [Answer.model_validate(turn.answer) for turn in turns]
            votes = (
                select(FeedbackRow.answer_id, FeedbackRow.value)
                .join(TurnRow, TurnRow.answer_id == FeedbackRow.answer_id)
                .where(TurnRow.conversation_id == id)
                .order_by(FeedbackRow.at)
            )
            return Conversation(
                row.id,
                row.title,
                Profile.model_validate(row.profile),
                answers,
                {vote[0]: vote[1] for vote in session.execute(votes)},
            )

    def answer(self, answer_id: str) -> Answer:
        """One recorded answer. Raises NoSuchConversation."""
        with self._db.reading() as session:
            return Answer.model_validate(self._turn(session, answer_id).answer)

    def create(self, profile: Profile | None = None, title: str = UNTITLED) -> str:
        """The id of a new conversation without turns."""
        id = new_id()
        with self._db.writing() as session:
            session.add(ConversationRow(**self._new(id, title[:200], profile)))
        return id

    def by_key(self, key: str) -> str:
        """The id of the conversation that the caller knows by this key, which is made where it is new.

        However many ask at once, they get the same. Raises InputError for a key that `names.checked` refuses.
        """
        owner, mine = self._owner, ConversationRow.key == checked(key, "conversation key")
        query = select(ConversationRow.id).where(
            mine, ConversationRow.tenant == owner.tenant, ConversationRow.user == owner.user
        )
        with self._db.reading() as session:
            if known := session.scalar(query):
                return known
        with self._db.writing() as session:
            self._db.add_if_absent(session, ConversationRow, **self._new(new_id(), UNTITLED), key=key)
            return session.scalars(query).one()

    def append(
        self,
        id: str,
        answer: Answer,
        profile: Profile | None = None,
        user: str = "",
        request_key: str | None = None,
    ) -> bool:
        """Add a turn, and keep the profile it left; the conversation is made by its first turn.

        `user` is who asked, where the owner does not say. With `request_key` that request is done in the same
        transaction. False where an answer with this id was recorded before: that one stays, whole, and nothing
        else changes. Raises NoSuchConversation for a conversation or an answer of somebody else.
        """
        with self._db.writing() as session:
            self._db.alone(session, answer.id)
            if session.get(TurnRow, answer.id) is not None:
                self._turn(session, answer.id)
                return False
            self._db.add_if_absent(session, ConversationRow, **self._new(id, title_of(answer.question), profile))
            row = self._row(session, id, lock=True)
            last = session.scalar(select(func.max(TurnRow.sequence)).where(TurnRow.conversation_id == id))
            session.add(
                TurnRow(
                    answer_id=answer.id,
                    conversation_id=id,
                    sequence=(last or 0) + 1,
                    user=user or self._owner.user,
                    question=answer.question,
                    answer=_json(answer),
                )
            )
            if last is None:
                row.title = title_of(answer.question)
            if profile is not None:
                row.profile = _json(profile)
            row.updated = self._db.now()
            if request_key is not None:
                mark_done(session, self._owner, request_key, answer.id)
        return True

    def rename(self, id: str, title: str) -> None:
        """Raises NoSuchConversation."""
        with self._db.writing() as session:
            self._row(session, id).title = title_of(title) or "Untitled"

    def delete(self, id: str) -> None:
        """Remove a conversation with its turns and feedback; gone already is fine."""
        with self._db.writing() as session:
            session.execute(
                delete(ConversationRow).where(ConversationRow.id == id, *seen_by(self._owner, ConversationRow))
            )

    def set_profile(self, id: str, profile: Profile) -> None:
        """Raises NoSuchConversation."""
        with self._db.writing() as session:
            row = self._row(session, id)
            row.profile = _json(profile)
            row.updated = self._db.now()

    def give_feedback(self, answer_id: str, value: int, comment: str = "", user: str = "") -> None:
        """Keep +1 or -1 for an answer; a user's second vote replaces the first. Raises NoSuchConversation."""
        with self._db.writing() as session:
            self._turn(session, answer_id)
            vote = {"value": value, "comment": comment[:2000], "at": self._db.now()}
            keys = {"answer_id": answer_id, "user": user or self._owner.user}
            if not self._db.add_if_absent(session, FeedbackRow, **keys, **vote):
                session.execute(update(FeedbackRow).filter_by(**keys).values(**vote))

    def check(self) -> str:
        """What the database says of itself: `ok`, or what is wrong. Reads all of it; `Upkeep.ready` is quick."""
        self._db.ready()
        with self._db.reading() as session:
            if session.get_bind().dialect.name != "sqlite":
                return "ok"
            return str(session.scalar(text("PRAGMA quick_check")))

    def _new(self, id: str, title: str, profile: Profile | None = None) -> dict[str, Any]:
        owner, at = self._owner, self._db.now()
        known = _json(profile or Profile())
        return {
            "id": id, "tenant": owner.tenant, "user": owner.user, "title": title, "profile": known,
            "created": at, "updated": at, "archived": False,
        }  # fmt: skip

    def _row(self, session: Session, id: str, *, lock: bool = False) -> ConversationRow:
        query = select(ConversationRow).where(ConversationRow.id == id, *seen_by(self._owner, ConversationRow))
        row = session.scalar(query.with_for_update() if lock else query)
        if row is None:
            raise NoSuchConversation
        return row

    def _turn(self, session: Session, answer_id: str) -> TurnRow:
        query = select(TurnRow).join(ConversationRow, ConversationRow.id == TurnRow.conversation_id)
        row = session.scalar(query.where(TurnRow.answer_id == answer_id, *seen_by(self._owner, ConversationRow)))
        if row is None:
            raise NoSuchConversation("answer")
        return row


def _after(word: str) -> tuple[dt.datetime, str]:
    updated, id = place(word, str, str)
    try:
        return dt.datetime.fromisoformat(updated), id
    except ValueError as e:
        raise unknown_page() from e


def _json(model: Profile | Answer) -> dict[str, Any]:
    return model.model_dump(mode="json")
