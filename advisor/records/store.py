"""All records over one database, and the same as one owner sees them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from advisor.records.assessments import Assessments
from advisor.records.conversations import Conversations
from advisor.records.database import Database
from advisor.records.keys import Keys
from advisor.records.limits import Limits
from advisor.records.owner import LOCAL, Owner
from advisor.records.profiles import Profiles
from advisor.records.requests import Requests
from advisor.records.upkeep import Upkeep


@dataclass(frozen=True)
class Records:
    """Everything that is kept. Conversations, assessments, profiles and requests are those of `owner`."""

    db: Database
    owner: Owner = LOCAL

    def of(self, owner: Owner) -> Records:
        """The same records as another owner sees them."""
        return replace(self, owner=owner)

    def close(self) -> None:
        """Close every connection, for all owners."""
        self.db.close()

    @property
    def conversations(self) -> Conversations:
        return Conversations(self.db, self.owner)

    @property
    def assessments(self) -> Assessments:
        return Assessments(self.db, self.owner)

    @property
    def profiles(self) -> Profiles:
        return Profiles(self.db, self.owner)

    @property
    def requests(self) -> Requests:
        return Requests(self.db, self.owner)

    @property
    def keys(self) -> Keys:
        return Keys(self.db)

    @property
    def limits(self) -> Limits:
        return Limits(self.db)

    @property
    def upkeep(self) -> Upkeep:
        return Upkeep(self.db)
