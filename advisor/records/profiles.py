"""Profiles kept under a name of the caller's choosing, such as a Slack workspace's."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from advisor.errors import AdvisorError
from advisor.records.database import Database
from advisor.records.owner import LOCAL, Owner
from advisor.schema import Profile


class NoSuchProfile(AdvisorError):
    """No profile is kept under that key."""

    def __init__(self) -> None:
        super().__init__("There is no such profile.", "Keep one first: PUT /v1/profiles/{key}.")


@dataclass(frozen=True)
class Kept:
    """A kept profile as the list shows it. `updated` is UTC without a zone."""

    key: str
    updated: dt.datetime


class Profiles:
    """The kept profiles of one owner. Every method raises StorageError where the database cannot be used.

    A key is 1 to 200 of the characters A-Z a-z 0-9 _ . : - (InputError otherwise); each user has keys of their own.
    """

    def __init__(self, where: Path | str | Database, owner: Owner = LOCAL) -> None:
        raise NotImplementedError

    def page(self, limit: int, after: str | None = None) -> tuple[list[Kept], str | None]:
        """Profiles by key, in alphabetical order, and the cursor of the next page or None. Raises InputError for a bad cursor."""
        raise NotImplementedError

    def get(self, key: str) -> Profile:
        """Raises NoSuchProfile."""
        raise NotImplementedError

    def put(self, key: str, profile: Profile) -> None:
        """Keep a profile; what was there is replaced."""
        raise NotImplementedError

    def delete(self, key: str) -> None:
        """Remove a profile; gone already is fine."""
        raise NotImplementedError
