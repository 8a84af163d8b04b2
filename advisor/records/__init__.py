"""What is kept between questions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from advisor.config import Settings
    from advisor.records.assessments import Assessments
    from advisor.records.conversations import Conversations
    from advisor.records.store import Records


def open_records(settings: Settings) -> Records:
    """Everything kept in this data directory; SQLAlchemy is imported here and not before."""
    from advisor.records.database import Database
    from advisor.records.store import Records

    return Records(Database(settings.database_url or settings.data / "advisor.db"))


def open_conversations(settings: Settings) -> Conversations:
    """The conversations of this data directory; SQLAlchemy is imported here and not before."""
    from advisor.records.conversations import Conversations

    return Conversations(settings.database_url or settings.data / "advisor.db")


def open_assessments(settings: Settings) -> Assessments:
    """The saved assessments, in the same database as the conversations; SQLAlchemy is imported as late."""
    from advisor.records.assessments import Assessments

    return Assessments(settings.database_url or settings.data / "advisor.db")
