"""API keys: made here, shown once, kept as hashes."""

from __future__ import annotations

import builtins
import datetime as dt
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from advisor.errors import AdvisorError, InputError
from advisor.records.database import Database
from advisor.records.names import checked
from advisor.records.owner import Owner
from advisor.records.tables import KeyRow

RIGHTS = frozenset({"ask", "read", "feedback", "admin"})
_TOKEN = re.compile(r"adv_([0-9a-f]{16})_")


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
        self._db = where if isinstance(where, Database) else Database(where)

    def create(
        self,
        tenant: str,
        name: str,
        rights: Iterable[str],
        per_minute: int = 60,
        monthly_tokens: int | None = None,
        days: int | None = None,
    ) -> tuple[KeyInfo, str]:
        """A new key and its plain text, which exists nowhere else. It ends after `days`, or never.

        Raises InputError for a tenant or name that is not usable, unknown or no rights, and limits below 1.
        """
        wanted, at = frozenset(rights), self._db.now()
        if not wanted or not wanted <= RIGHTS:
            raise InputError("These rights are not known.", f"Choose from {', '.join(sorted(RIGHTS))}.")
        if min(per_minute, monthly_tokens or 1, days or 1) < 1 or monthly_tokens == 0 or days == 0:
            raise InputError("A limit of a key is at least 1.", "Leave a limit out to have none.")
        id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
        token = f"adv_{id}_{secret}"
        info = KeyInfo(
            id,
            checked(tenant, "tenant", 100),
            checked(name, "name of a key"),
            wanted,
            per_minute,
            monthly_tokens,
            at,
            at + dt.timedelta(days=days) if days else None,
            None,
        )
        with self._db.writing() as session:
            session.add(KeyRow(**{**vars(info), "rights": sorted(wanted), "sha256": _hash(token)}))
        return info, token

    def revoke(self, id: str) -> None:
        """The key is refused from now on. Raises InputError for an id that no key has."""
        with self._db.writing() as session:
            row = session.get(KeyRow, id)
            if row is None:
                raise InputError("There is no such key.", "`advisor keys list` shows the ids.")
            row.revoked = row.revoked or self._db.now()

    def list(self, tenant: str | None = None) -> builtins.list[KeyInfo]:
        """The keys of a tenant or of all, oldest first; revoked ones too."""
        query = select(KeyRow).order_by(KeyRow.created, KeyRow.id)
        if tenant is not None:
            query = query.where(KeyRow.tenant == tenant)
        with self._db.reading() as session:
            return [_info(row) for row in session.scalars(query)]

    def check(self, token: str) -> KeyInfo:
        """The key that this text is. Raises BadKey after the same work, whatever is wrong."""
        found = _TOKEN.match(token)
        with self._db.reading() as session:
            row = session.get(KeyRow, found[1] if found else "")
            info = _info(row) if row else None
            expected = row.sha256 if row else _NOBODY
        same = hmac.compare_digest(_hash(token), expected)
        if info is None or not same or not self._valid(info):
            raise BadKey
        return info

    def any(self) -> bool:
        """Whether some key would be accepted now."""
        return builtins.any(self._valid(info) for info in self.list())

    def _valid(self, info: KeyInfo) -> bool:
        return info.revoked is None and (info.expires is None or self._db.now() < info.expires)


def _hash(token: str) -> str:
    # The secret has 256 random bits: nothing is gained by a slow hash.
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


_NOBODY = _hash("")


def _info(row: KeyRow) -> KeyInfo:
    return KeyInfo(
        row.id,
        row.tenant,
        row.name,
        frozenset(row.rights),
        row.per_minute,
        row.monthly_tokens,
        row.created,
        row.expires,
        row.revoked,
    )
