"""Profiles kept under a name of the caller's choosing, such as a Slack workspace's."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete, select, update

from advisor.errors import AdvisorError
from advisor.records.database import Database
from advisor.records.names import checked, cursor, place
from advisor.records.owner import LOCAL, Owner
from advisor.records.tables import ProfileRow
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
        self._db = where if isinstance(where, Database) else Database(where)
        self._owner = owner

    def page(self, limit: int, after: str | None = None) -> tuple[list[Kept], str | None]:
        """Profiles in the order of their keys, and the cursor of the next page or None.

        Raises InputError for a cursor that is not one.
        """
        query = select(ProfileRow.key, ProfileRow.updated).filter_by(**self._mine()).order_by(ProfileRow.key)
        if after is not None:
            query = query.where(ProfileRow.key > place(after, str)[0])
        with self._db.reading() as session:
            found = [Kept(*row) for row in session.execute(query.limit(limit + 1))]
        return found[:limit], cursor(found[limit - 1].key) if len(found) > limit else None

    def get(self, key: str) -> Profile:
        """Raises NoSuchProfile."""
        with self._db.reading() as session:
            row = session.get(ProfileRow, self._mine(checked(key, "profile key")))
            if row is None:
                raise NoSuchProfile
            return Profile.model_validate(row.profile)

    def put(self, key: str, profile: Profile) -> None:
        """Keep a profile; what was there is replaced."""
        mine = self._mine(checked(key, "profile key"))
        kept = {"profile": profile.model_dump(mode="json"), "updated": self._db.now()}
        with self._db.writing() as session:
            if not self._db.add_if_absent(session, ProfileRow, **mine, **kept):
                session.execute(update(ProfileRow).filter_by(**mine).values(**kept))

    def delete(self, key: str) -> None:
        """Remove a profile; gone already is fine."""
        with self._db.writing() as session:
            session.execute(delete(ProfileRow).filter_by(**self._mine(checked(key, "profile key"))))

    def _mine(self, key: str | None = None) -> dict[str, str]:
        mine = {"tenant": self._owner.tenant, "user": self._owner.user}
        return mine if key is None else {**mine, "key": key}
