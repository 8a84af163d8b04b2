"""`advisor slack`: the bot for Slack workspaces."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from advisor.errors import MissingExtra

PORT = 3000


def slack(
    port: Annotated[int, typer.Option(min=0, max=65535, help="For Slack's requests over HTTP; 0 picks one.")] = PORT,
    host: Annotated[str, typer.Option(help="The address to listen on, behind your proxy.")] = "127.0.0.1",
) -> None:
    """Answer in Slack: Socket Mode where SLACK_APP_TOKEN is set, else HTTP with SLACK_SIGNING_SECRET."""
    try:
        from advisor.channels.slack.run import run
    except ModuleNotFoundError as e:
        if e.name in ("slack_bolt", "slack_sdk"):
            raise MissingExtra("The Slack bot", "slack") from e
        raise
    from advisor.channels.slack.settings import load_slack_settings
    from advisor.channels.terminal import say

    run(load_slack_settings(os.environ), host, port, say)
