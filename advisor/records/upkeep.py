"""The care of the whole record: what is old goes, what is somebody's can be handed over or erased, backups."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from advisor.records.database import Database


class Upkeep:
    """Works on every tenant's things. Every method raises StorageError where the database cannot be used."""

    def __init__(self, where: Path | str | Database) -> None:
        raise NotImplementedError

    def sweep(self, days: int | None) -> dict[str, int]:
        """Remove what was last touched more than `days` ago (None: nothing) and request keys of yesterday.

        Returns rows removed by table.
        """
        raise NotImplementedError

    def export(self, tenant: str, user: str = "") -> dict[str, Any]:
        """Everything kept about a tenant, or about one user of it, ready for JSON; no key's hash."""
        raise NotImplementedError

    def erase(self, tenant: str, user: str = "") -> dict[str, int]:
        """Remove everything about a tenant, or about one user of it; rows removed by table."""
        raise NotImplementedError

    def backup(self, path: Path) -> None:
        """Write the whole database to a file, readable by its owner only, while others go on using it."""
        raise NotImplementedError

    def restore(self, path: Path) -> None:
        """Replace the whole database with what a backup holds, all or nothing."""
        raise NotImplementedError
