"""`advisor data`: hand over, erase, back up, restore and sweep what is recorded."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from advisor.errors import InputError

if TYPE_CHECKING:
    from advisor.records.upkeep import Upkeep

data_app = typer.Typer(
    help="What is recorded: export, erase, backup, restore, sweep.", no_args_is_help=True, rich_markup_mode=None
)

Tenant = Annotated[str, typer.Option(help="Whose data; `local` is what was asked without a key.")]
User = Annotated[str, typer.Option(help="Only what is about this user of the tenant.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant.")]


@data_app.command("export")
def export(
    tenant: Tenant = "local",
    user: User = "",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="A new file; else standard output.")] = None,
) -> None:
    """Everything kept about a tenant or a user, as JSON."""
    from advisor.channels.terminal import say

    upkeep, _ = _upkeep()
    text = json.dumps(upkeep.export(tenant, user), ensure_ascii=False, indent=2) + "\n"
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as e:
        raise InputError(f"{out} cannot be written: {e.strerror}.", "Name a file that does not exist yet.") from e
    say(f"Written: {out}")


@data_app.command("erase")
def erase(tenant: Tenant, user: User = "", yes: Yes = False) -> None:
    """Remove everything about a tenant with its keys, or about one user of it. Backups are not touched."""
    from advisor.channels.terminal import say

    whom = f"user {user!r} of tenant {tenant!r}" if user else f"tenant {tenant!r}, its keys too,"
    upkeep, _ = _upkeep()
    _confirm(f"Everything about {whom} will be removed.", yes)
    say(f"Removed: {_counts(upkeep.erase(tenant, user))}.")


@data_app.command("backup")
def backup(path: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.")]) -> None:
    """Copy the whole record to a file, also while the server runs."""
    from advisor.channels.terminal import say

    _upkeep()[0].backup(path)
    say(f"Written: {path}")


@data_app.command("restore")
def restore(path: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")], yes: Yes = False) -> None:
    """Put a backup in the place of everything that is recorded now."""
    from advisor.channels.terminal import say

    _confirm("What is recorded now will be replaced.", yes)
    _upkeep()[0].restore(path)
    say(f"Restored from {path}.")


@data_app.command("sweep")
def sweep(
    days: Annotated[
        int | None, typer.Option(min=1, max=36_500, help="Remove what is older; default ADVISOR_KEEP_DAYS.")
    ] = None,
) -> None:
    """Remove conversations and assessments that are past their time."""
    from advisor.channels.terminal import say

    upkeep, keep_days = _upkeep()
    if days is None and keep_days is None:
        say("Everything is kept: give --days, or set ADVISOR_KEEP_DAYS.")
    say(f"Removed: {_counts(upkeep.sweep(days or keep_days))}.")


def _upkeep() -> tuple[Upkeep, int | None]:
    from advisor.config import load_settings
    from advisor.records import open_records

    settings = load_settings()
    _ = settings.data
    return open_records(settings).upkeep, settings.keep_days


def _confirm(what: str, yes: bool) -> None:
    if not yes:
        typer.confirm(f"{what} Go on?", abort=True, err=True)


def _counts(removed: dict[str, int]) -> str:
    return ", ".join(f"{n} {table.replace('_', ' ')}" for table, n in removed.items() if n) or "nothing"
