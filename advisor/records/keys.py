"""API keys: made here, shown once, kept as hashes."""

from __future__ import annotations

import builtins
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from advisor.errors import AdvisorError
from advisor.records.database import Database
from advisor.records.owner import Owner

RIGHTS = frozenset({"ask", "read", "feedback", "admin"})


class BadKey(AdvisorError):
    """The key is unknown, wrong, expired or revoked; which of these is not said."""

    def __init__(self) -> None:
        super().__init__("The API key is not accepted.", "Send a valid key as `Authorization: Bearer adv_…`.")


@dataclass(frozen=True)
class KeyInfo:
    """A key without its secret. Times are UTC without a zone."""

    id: str
    tenant: str
    name: str
    rights: frozenset[str]
    per_minute: int
    monthly_tokens: int | None
    created: dt.datetime
    expires: dt.datetime | None
    revoked: dt.datetime | None

    @property
    def owner(self) -> Owner:
        """Whom the key speaks for."""
        return Owner(self.tenant)

    def may(self, right: str) -> bool:
        """Whether the key carries this right; admin carries all."""
        return right in self.rights or "admin" in self.rights


class Keys:
    """Every API key. Every method raises StorageError where the database cannot be used."""

    def __init__(self, where: Path | str | Database) -> None:
        raise NotImplementedError

    def create(
        self,
        tenant: str,
        name: str,
        rights: Iterable[str],
        per_minute: int = 60,
        monthly_tokens: int | None = None,
        days: int | None = None,
    ) -> tuple[KeyInfo, str]:
        """A new key and its plain text, which exists nowhere else. Raises InputError."""
        raise NotImplementedError

    def revoke(self, id: str) -> None:
        """The key is refused from now on. Raises InputError for an id that no key has."""
        raise NotImplementedError

    def list(self, tenant: str | None = None) -> builtins.list[KeyInfo]:
        """The keys of a tenant or of all, oldest first; revoked ones too."""
        raise NotImplementedError

    def check(self, token: str) -> KeyInfo:
        """The key that this text is. Raises BadKey after the same work, whatever is wrong."""
        raise NotImplementedError

    def any(self) -> bool:
        """Whether some key would be accepted now."""
        raise NotImplementedError
