"""The tables of the record. Answers and profiles are kept as the JSON of their schema classes.

The tables are made and changed by `migrations/`; a test holds that both say the same.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ColumnElement,
    DateTime,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from advisor.records.owner import Owner


def now() -> dt.datetime:
    """The time in UTC, without a zone, as every column keeps it."""
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


class Base(DeclarativeBase):
    """What all tables share."""

    pass


class ConversationRow(Base):
    """A conversation and the profile it knows."""

    __tablename__ = "conversations"
    __table_args__ = (
        Index("ux_conversations_key", "tenant", "user", "key", unique=True),
        Index("ix_conversations_tenant_updated", "tenant", "updated"),
    )
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant: Mapped[str] = mapped_column(String(100))
    user: Mapped[str] = mapped_column(String(200))
    """The only user who sees it; empty where the whole tenant does."""
    key: Mapped[str | None] = mapped_column(String(200))
    """The caller's own name for it."""
    title: Mapped[str] = mapped_column(String(200))
    created: Mapped[dt.datetime] = mapped_column(DateTime, default=now)
    updated: Mapped[dt.datetime] = mapped_column(DateTime, default=now, index=True)
    profile: Mapped[dict[str, object]] = mapped_column(JSON, default=dict)
    archived: Mapped[bool] = mapped_column(default=False)


class TurnRow(Base):
    """One question with its whole answer."""

    __tablename__ = "turns"
    __table_args__ = (UniqueConstraint("conversation_id", "sequence"),)
    answer_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    sequence: Mapped[int]
    """Order within the conversation; clocks jump, this does not."""
    user: Mapped[str] = mapped_column(String(200))
    """Who asked, as far as the caller said."""
    question: Mapped[str] = mapped_column(Text)
    answer: Mapped[dict[str, object]] = mapped_column(JSON)
    at: Mapped[dt.datetime] = mapped_column(DateTime, default=now)


class FeedbackRow(Base):
    """One user's thumb on an answer."""

    __tablename__ = "feedback"
    __table_args__ = (
        CheckConstraint("value in (-1, 1)"),
        PrimaryKeyConstraint("answer_id", "user", name="pk_feedback"),
    )
    answer_id: Mapped[str] = mapped_column(ForeignKey("turns.answer_id", ondelete="CASCADE"))
    user: Mapped[str] = mapped_column(String(200))
    value: Mapped[int]
    comment: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[dt.datetime] = mapped_column(DateTime, default=now)


class AssessmentRow(Base):
    """A saved assessment with the profile and versions it rests on."""

    __tablename__ = "assessments"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant: Mapped[str] = mapped_column(String(100), index=True)
    user: Mapped[str] = mapped_column(String(200))
    conversation_id: Mapped[str | None] = mapped_column(ForeignKey("conversations.id", ondelete="SET NULL"), index=True)
    """None where it was made outside a conversation, or the conversation is gone."""
    sequence: Mapped[int] = mapped_column(unique=True)
    """Order of saving; clocks jump, this does not."""
    name: Mapped[str] = mapped_column(String(200), index=True)
    at: Mapped[dt.datetime] = mapped_column(DateTime, default=now)
    profile: Mapped[dict[str, object]] = mapped_column(JSON)
    findings: Mapped[list[object]] = mapped_column(JSON)
    versions: Mapped[dict[str, object]] = mapped_column(JSON)


class ProfileRow(Base):
    """A profile under a name of the caller's choosing."""

    __tablename__ = "profiles"
    tenant: Mapped[str] = mapped_column(String(100), primary_key=True)
    user: Mapped[str] = mapped_column(String(200), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    profile: Mapped[dict[str, object]] = mapped_column(JSON)
    updated: Mapped[dt.datetime] = mapped_column(DateTime)


class RequestRow(Base):
    """A request key, the answer id it stands for, and how far the answer is."""

    __tablename__ = "requests"
    tenant: Mapped[str] = mapped_column(String(100), primary_key=True)
    user: Mapped[str] = mapped_column(String(200), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    body_sha: Mapped[str] = mapped_column(String(64))
    answer_id: Mapped[str] = mapped_column(String(64))
    done: Mapped[bool] = mapped_column(default=False)
    created: Mapped[dt.datetime] = mapped_column(DateTime, index=True)
    taken: Mapped[dt.datetime | None] = mapped_column(DateTime)
    """When somebody last took it on; None where nobody is at it."""
    seconds: Mapped[float]
    """How long they asked for."""


class KeyRow(Base):
    """An API key; of its text only the hash."""

    __tablename__ = "api_keys"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    tenant: Mapped[str] = mapped_column(String(100), index=True)
    name: Mapped[str] = mapped_column(String(200))
    rights: Mapped[list[str]] = mapped_column(JSON)
    sha256: Mapped[str] = mapped_column(String(64))
    per_minute: Mapped[int]
    monthly_tokens: Mapped[int | None] = mapped_column(BigInteger)
    created: Mapped[dt.datetime] = mapped_column(DateTime)
    expires: Mapped[dt.datetime | None] = mapped_column(DateTime)
    revoked: Mapped[dt.datetime | None] = mapped_column(DateTime)


class BucketRow(Base):
    """Requests that a key may still send, as of a moment."""

    __tablename__ = "buckets"
    key_id: Mapped[str] = mapped_column(ForeignKey("api_keys.id", ondelete="CASCADE"), primary_key=True)
    left: Mapped[float]
    at: Mapped[dt.datetime] = mapped_column(DateTime)


class SpentRow(Base):
    """Tokens that a key used in a month, such as `2026-11`."""

    __tablename__ = "spent"
    key_id: Mapped[str] = mapped_column(ForeignKey("api_keys.id", ondelete="CASCADE"), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    tokens: Mapped[int] = mapped_column(BigInteger)


def seen_by(owner: Owner, row: type[ConversationRow] | type[AssessmentRow]) -> list[ColumnElement[bool]]:
    """What a row must fulfil for this owner to see it."""
    conditions: list[ColumnElement[bool]] = [row.tenant == owner.tenant]
    return [*conditions, row.user == owner.user] if owner.user else conditions
