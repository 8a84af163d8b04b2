"""`advisor keys`: who may use the API, and how much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from advisor.records.keys import KeyInfo
    from advisor.records.store import Records

keys_app = typer.Typer(help="API keys: create, list, revoke.", no_args_is_help=True, rich_markup_mode=None)


@keys_app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What the key is for, such as slack or reports.")],
    tenant: Annotated[str, typer.Option(help="Whose data the key reaches; keys of one tenant share it.")] = "local",
    rights: Annotated[str, typer.Option(help="Of ask, read, feedback and admin, with commas.")] = "ask,read,feedback",
    per_minute: Annotated[int, typer.Option(min=1, max=100_000, help="Requests a minute.")] = 60,
    monthly_tokens: Annotated[
        int | None, typer.Option(min=1, max=10**12, help="The chat model's tokens a month; no limit by default.")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, max=36_500, help="The key ends after so many days.")] = None,
) -> None:
    """Create a key and print it, this once."""
    from advisor.channels.terminal import say

    wanted = [right.strip() for right in rights.split(",") if right.strip()]
    info, token = _records().keys.create(tenant, name, wanted, per_minute, monthly_tokens, days)
    typer.echo(token)
    say(f"Key {info.id} of tenant {info.tenant}. It is shown only now: keep it where secrets are kept.")


@keys_app.command("list")
def list_keys(
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's keys.")] = None,
) -> None:
    """The keys, without their secrets."""
    from advisor.channels.terminal import say

    found = _records().keys.list(tenant)
    for info in found:
        typer.echo(_line(info))
    if not found:
        say("There are no keys. `advisor keys create NAME` makes one.")


@keys_app.command("revoke")
def revoke(id: Annotated[str, typer.Argument(metavar="ID", help="As `advisor keys list` shows it.")]) -> None:
    """Refuse a key from now on."""
    from advisor.channels.terminal import say

    _records().keys.revoke(id)
    say(f"Key {id} is revoked.")


def _records() -> Records:
    from advisor.config import load_settings
    from advisor.records import open_records

    settings = load_settings()
    _ = settings.data
    return open_records(settings)


def _line(info: KeyInfo) -> str:
    state = "active"
    if info.revoked:
        state = f"revoked {info.revoked:%Y-%m-%d}"
    elif info.expires:
        state = f"until {info.expires:%Y-%m-%d}"
    budget = f"{info.monthly_tokens:,} tokens/month" if info.monthly_tokens else "no token limit"
    return (
        f"{info.id}  {info.tenant}  {info.name}  {','.join(sorted(info.rights))}  "
        f"{info.per_minute}/min  {budget}  {info.created:%Y-%m-%d}  {state}"
    )
