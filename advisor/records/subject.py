"""Everything about one tenant, or about one user of it: to hand over, or to erase.

A conversation that the whole tenant sees counts as a user's where nobody else asked in it; of others, only the
turns are theirs.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, and_, delete, func, inspect, or_, select
from sqlalchemy.orm import Session

from advisor.records.conversations import title_of
from advisor.records.tables import (
    AssessmentRow,
    Base,
    BucketRow,
    ConversationRow,
    FeedbackRow,
    KeyRow,
    ProfileRow,
    RequestRow,
    SpentRow,
    TurnRow,
)

_Theirs = list[tuple[type[Base], ColumnElement[bool]]]
_UNTOLD = {"sha256", "body_sha"}


def export(session: Session, tenant: str, user: str) -> dict[str, list[dict[str, Any]]]:
    """The rows of each table, as they stand, but for hashes; times in ISO 8601."""
    theirs = _of_user(session, tenant, user) if user else _of_tenant(tenant)
    return {row.__tablename__: [_plain(r) for r in session.scalars(select(row).where(mine))] for row, mine in theirs}


def erase(session: Session, tenant: str, user: str) -> dict[str, int]:
    """Remove them; rows removed by table. `mentions` are profiles in which the user's name was struck out."""
    theirs = _of_user(session, tenant, user) if user else _of_tenant(tenant)
    renamed = _titles(session, tenant, user) if user else {}
    counts = {}
    # Rows go before those they refer to, so that each is counted under its own table.
    for row, mine in reversed(theirs):
        done = session.execute(delete(row).where(mine), execution_options={"synchronize_session": False})
        assert isinstance(done, CursorResult)
        counts[row.__tablename__] = done.rowcount
    for id, title in renamed.items():
        session.get_one(ConversationRow, id).title = title
    return {**counts, "mentions": _strike_out(session, tenant, user)} if user else counts


def _of_tenant(tenant: str) -> _Theirs:
    """Each table with what makes a row of it theirs; a row refers only to rows of tables before its own."""
    conversations = select(ConversationRow.id).where(ConversationRow.tenant == tenant)
    answers = select(TurnRow.answer_id).where(TurnRow.conversation_id.in_(conversations))
    keys = select(KeyRow.id).where(KeyRow.tenant == tenant)
    return [
        (KeyRow, KeyRow.tenant == tenant),
        (BucketRow, BucketRow.key_id.in_(keys)),
        (SpentRow, SpentRow.key_id.in_(keys)),
        (ProfileRow, ProfileRow.tenant == tenant),
        (ConversationRow, ConversationRow.tenant == tenant),
        (AssessmentRow, AssessmentRow.tenant == tenant),
        (TurnRow, TurnRow.conversation_id.in_(conversations)),
        (FeedbackRow, FeedbackRow.answer_id.in_(answers)),
        (RequestRow, RequestRow.tenant == tenant),
    ]


def _of_user(session: Session, tenant: str, user: str) -> _Theirs:
    of_tenant = select(ConversationRow.id).where(ConversationRow.tenant == tenant)
    # Found before anything is removed: who asked in a conversation decides whose it is.
    alone = list(session.scalars(_asked(tenant, user).having(_others(user) == 0)))
    own = and_(ConversationRow.tenant == tenant, or_(ConversationRow.user == user, ConversationRow.id.in_(alone)))
    asked = and_(TurnRow.conversation_id.in_(of_tenant), TurnRow.user == user)
    turns = or_(asked, TurnRow.conversation_id.in_(select(ConversationRow.id).where(own)))
    answers = select(TurnRow.answer_id).where(turns)
    voted = and_(
        FeedbackRow.user == user,
        FeedbackRow.answer_id.in_(select(TurnRow.answer_id).where(TurnRow.conversation_id.in_(of_tenant))),
    )
    requested = or_(RequestRow.user == user, RequestRow.answer_id.in_(answers))
    return [
        (ProfileRow, and_(ProfileRow.tenant == tenant, ProfileRow.user == user)),
        (ConversationRow, own),
        (AssessmentRow, and_(AssessmentRow.tenant == tenant, AssessmentRow.user == user)),
        (TurnRow, turns),
        (FeedbackRow, or_(voted, FeedbackRow.answer_id.in_(answers))),
        (RequestRow, and_(RequestRow.tenant == tenant, requested)),
    ]


def _others(user: str) -> ColumnElement[int]:
    return func.count().filter(TurnRow.user != user)


def _asked(tenant: str, user: str) -> Any:
    """The tenant's conversations in which the user asked."""
    return (
        select(ConversationRow.id)
        .join(TurnRow, TurnRow.conversation_id == ConversationRow.id)
        .where(ConversationRow.tenant == tenant, ConversationRow.user == "")
        .group_by(ConversationRow.id)
        .having(func.count().filter(TurnRow.user == user) > 0)
    )


def _titles(session: Session, tenant: str, user: str) -> dict[str, str]:
    """New titles for conversations that go on without the user's question that named them."""
    titles = {}
    for id in session.scalars(_asked(tenant, user).having(_others(user) > 0)):
        turns = session.execute(
            select(TurnRow.user, TurnRow.question).where(TurnRow.conversation_id == id).order_by(TurnRow.sequence)
        ).all()
        if session.get_one(ConversationRow, id).title in {title_of(t.question) for t in turns if t.user == user}:
            titles[id] = next(title_of(t.question) for t in turns if t.user != user)
    return titles


def _strike_out(session: Session, tenant: str, user: str) -> int:
    """Remove the user's name from what others keep, where it says who described a practice."""
    changed = 0
    tables: list[Any] = [ConversationRow, ProfileRow, AssessmentRow]
    for table in tables:
        for row in session.scalars(select(table).where(table.tenant == tenant)):
            practices: Any = row.profile.get("practices", {})
            if any(said.get("by") == user for said in practices.values()):
                said_by = {id: {**s, "by": ""} if s.get("by") == user else s for id, s in practices.items()}
                row.profile = {**row.profile, "practices": said_by}
                changed += 1
    return changed


def _plain(row: Base) -> dict[str, Any]:
    values = {c.key: getattr(row, c.key) for c in inspect(type(row)).column_attrs if c.key not in _UNTOLD}
    return {k: v.isoformat() if isinstance(v, dt.datetime) else v for k, v in values.items()}
