"""What one key may use: requests a minute, tokens a month; counted in the database, so replicas share the count."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path

from sqlalchemy import update
from sqlalchemy.orm import Session

from advisor.errors import AdvisorError
from advisor.records.database import Database
from advisor.records.keys import KeyInfo
from advisor.records.tables import BucketRow, SpentRow


class TooMany(AdvisorError):
    """More requests than the key may send; `retry_after` is in whole seconds, at least 1."""

    def __init__(self, retry_after: int, per_minute: int) -> None:
        super().__init__(
            f"This key may send {per_minute} requests a minute.", f"Wait {retry_after} s, then send the request again."
        )
        self.retry_after = retry_after


class OverBudget(AdvisorError):
    """The key's tokens of this month are used up; `retry_after` is in whole seconds, to the first of the next."""

    def __init__(self, retry_after: int, monthly_tokens: int) -> None:
        super().__init__(
            f"This key's {monthly_tokens:,} tokens of this month are used up.",
            "Wait for the next month, or ask for a key with a larger budget.",
        )
        self.retry_after = retry_after


class Limits:
    """The counters of every key. Every method raises StorageError where the database cannot be used."""

    def __init__(self, where: Path | str | Database) -> None:
        self._db = where if isinstance(where, Database) else Database(where)

    def take(self, key: KeyInfo) -> None:
        """Count one request. A key may send `per_minute` at once, and wins them back evenly over a minute.

        Raises TooMany, and OverBudget where the month's tokens are used up; neither counts the request.
        """
        at, full = self._db.now(), float(key.per_minute)
        with self._db.writing(durable=False) as session:
            self._check_budget(session, key, at)
            self._db.add_if_absent(session, BucketRow, key_id=key.id, left=full, at=at)
            row = session.get_one(BucketRow, key.id, with_for_update=True)
            # A clock that was set back wins nothing, and counts on from where it is now.
            waited = max(0.0, (at - row.at).total_seconds())
            left = min(full, row.left + waited * full / 60)
            row.left, row.at = (left - 1 if left >= 1 else left), at
        if left < 1:
            raise TooMany(max(1, math.ceil((1 - left) * 60 / full)), key.per_minute)

    def spend(self, key: KeyInfo, tokens: int) -> None:
        """Count the chat model's tokens of one answer towards the month."""
        mine = {"key_id": key.id, "month": _month(self._db.now())}
        with self._db.writing(durable=False) as session:
            if not self._db.add_if_absent(session, SpentRow, **mine, tokens=tokens):
                session.execute(update(SpentRow).filter_by(**mine).values(tokens=SpentRow.tokens + tokens))

    @staticmethod
    def _check_budget(session: Session, key: KeyInfo, at: dt.datetime) -> None:
        if key.monthly_tokens is None:
            return
        row = session.get(SpentRow, (key.id, _month(at)))
        if row is not None and row.tokens >= key.monthly_tokens:
            following = (at.replace(day=1) + dt.timedelta(days=32)).replace(day=1, hour=0, minute=0, second=0)
            raise OverBudget(max(1, math.ceil((following - at).total_seconds())), key.monthly_tokens)


def _month(at: dt.datetime) -> str:
    return f"{at:%Y-%m}"
