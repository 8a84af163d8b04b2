"""Running the bot until it is told to stop: over a socket to Slack, or as a server that Slack calls."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable

from slack_bolt.adapter.socket_mode import SocketModeHandler

from advisor.channels.slack.bot import Bot
from advisor.channels.slack.http import PATH, Door, listening, serve_http
from advisor.channels.slack.settings import SlackSettings
from advisor.channels.slack.workspaces import quiet


def run(settings: SlackSettings, host: str, port: int, say: Callable[[str], None]) -> None:
    """Serve Slack until SIGINT or SIGTERM, then finish what was begun. Raises ConfigError before anything starts."""
    if settings.socket_mode:
        with contextlib.closing(Bot(settings)) as bot:
            _over_a_socket(bot, settings, say)
        return
    with contextlib.closing(listening(host, port)) as listener, contextlib.closing(Bot(settings)) as bot:
        say(f"The Slack bot listens on http://{host}:{listener.getsockname()[1]}{PATH} (stop with Ctrl+C)")
        serve_http(Door(bot.app, settings.signing_secret), listener)


def _over_a_socket(bot: Bot, settings: SlackSettings, say: Callable[[str], None]) -> None:
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    handler = SocketModeHandler(bot.app, settings.app_token, logger=quiet())
    handler.connect()  # type: ignore[no-untyped-call]
    say("The Slack bot is connected to Slack (stop with Ctrl+C)")
    stop.wait()
    handler.close()  # type: ignore[no-untyped-call]
