"""What one key may use: requests a minute, tokens a month; counted in the database, so replicas share the count."""

from __future__ import annotations

from pathlib import Path

from advisor.errors import AdvisorError
from advisor.records.database import Database
from advisor.records.keys import KeyInfo


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
        raise NotImplementedError

    def take(self, key: KeyInfo) -> None:
        """Count one request. A key may send `per_minute` at once and then as many evenly over each minute.

        Raises TooMany, and OverBudget where the month's tokens are used up; neither counts the request.
        """
        raise NotImplementedError

    def spend(self, key: KeyInfo, tokens: int) -> None:
        """Count the chat model's tokens of one answer towards the month."""
        raise NotImplementedError
