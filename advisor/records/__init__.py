"""What is kept between questions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from advisor.config import Settings
    from advisor.records.store import Records


def open_records(settings: Settings) -> Records:
    """Everything kept by this data directory or database; SQLAlchemy is imported here and not before."""
    from advisor.records.database import Database
    from advisor.records.store import Records

    return Records(Database(settings.database_url or settings.home / "advisor.db"))
