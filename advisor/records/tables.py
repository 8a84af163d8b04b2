"""The tables of the record. Answers and profiles are kept as the JSON of their schema classes."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import JSON, CheckConstraint, DateTime, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SCHEMA = 2
"""Goes up by one with each change of these tables."""


def now() -> dt.datetime:
    """The time in UTC, without a zone, as every column keeps it."""
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


class Base(DeclarativeBase):
    """What all tables share."""

    pass


class SchemaVersion(Base):
    """The one row that says which schema this database has."""

    __tablename__ = "schema_version"
    version: Mapped[int] = mapped_column(primary_key=True)


class ConversationRow(Base):
    """A conversation and the profile it knows."""

    __tablename__ = "conversations"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
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
    question: Mapped[str] = mapped_column(Text)
    answer: Mapped[dict[str, object]] = mapped_column(JSON)
    at: Mapped[dt.datetime] = mapped_column(DateTime, default=now)


class FeedbackRow(Base):
    """A thumb on an answer."""

    __tablename__ = "feedback"
    __table_args__ = (CheckConstraint("value in (-1, 1)"),)
    answer_id: Mapped[str] = mapped_column(ForeignKey("turns.answer_id", ondelete="CASCADE"), primary_key=True)
    value: Mapped[int]
    comment: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[dt.datetime] = mapped_column(DateTime, default=now)


class AssessmentRow(Base):
    """A saved assessment with the profile and versions it rests on."""

    __tablename__ = "assessments"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    conversation_id: Mapped[str | None] = mapped_column(ForeignKey("conversations.id", ondelete="SET NULL"), index=True)
    """None where it was made outside a conversation, or the conversation is gone."""
    sequence: Mapped[int] = mapped_column(unique=True)
    """Order of saving; clocks jump, this does not."""
    name: Mapped[str] = mapped_column(String(200), index=True)
    at: Mapped[dt.datetime] = mapped_column(DateTime, default=now)
    profile: Mapped[dict[str, object]] = mapped_column(JSON)
    findings: Mapped[list[object]] = mapped_column(JSON)
    versions: Mapped[dict[str, object]] = mapped_column(JSON)
