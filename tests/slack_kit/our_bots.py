"""Our bots under test: the bot over HTTP and over a socket, and the minimal example. Others put in theirs."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import uvicorn
from slack_bolt.adapter.socket_mode import SocketModeHandler

from advisor.channels.slack.bot import Bot
from advisor.channels.slack.http import PATH, Door, listening
from advisor.channels.slack.settings import SlackSettings
from tests.slack_kit.advisor_api import AdvisorApi
from tests.slack_kit.delivery import HttpWire, SocketWire
from tests.slack_kit.server import SlackServer

ROOT = Path(__file__).resolve().parents[2]


def settings_of(server: SlackServer, api: AdvisorApi, **more: Any) -> SlackSettings:
    return SlackSettings(
        bot_tokens=tuple(server.slack.workspaces),
        signing_secret=server.slack.signing_secret,
        api_url=server.api_url,
        advisor_url=api.url,
        **more,
    )


@contextlib.contextmanager
def over_http(server: SlackServer, api: AdvisorApi, processes: int = 2, **more: Any) -> Iterator[list[HttpWire]]:
    """The bot, twice, each with a server and a memory of its own."""
    wires, running = [], []
    for _ in range(processes):
        bot = Bot(settings_of(server, api, **more))
        listener = listening("127.0.0.1", 0)
        door = Door(bot.app, server.slack.signing_secret)
        web = uvicorn.Server(uvicorn.Config(door, log_level="critical", lifespan="off"))
        thread = threading.Thread(target=web.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        running.append((bot, web, thread))
        wires.append(HttpWire(f"http://127.0.0.1:{listener.getsockname()[1]}{PATH}", server.slack.signing_secret))
    try:
        yield wires
    finally:
        for bot, web, thread in running:
            web.should_exit = True
            thread.join()
            bot.close()


@contextlib.contextmanager
def over_sockets(server: SlackServer, api: AdvisorApi) -> Iterator[list[SocketWire]]:
    """The bot, twice, each with a Socket Mode connection."""
    bots, handlers = [], []
    for _ in range(2):
        bot = Bot(settings_of(server, api, app_token=server.slack.app_token))
        handler = SocketModeHandler(bot.app, server.slack.app_token)
        handler.connect()
        bots.append(bot)
        handlers.append(handler)
    try:
        yield [SocketWire(server, 0), SocketWire(server, 1)]
    finally:
        with ThreadPoolExecutor() as pool:  # each waits three seconds for its connection
            list(pool.map(lambda handler: handler.close(), handlers))
        for bot in bots:
            bot.close()


@contextlib.contextmanager
def minimal(server: SlackServer, api: AdvisorApi) -> Iterator[list[HttpWire]]:
    """examples/slack_minimal.py, run as anyone runs it, twice."""
    wires, running = [], []
    for _ in range(2):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        environ = {k: v for k, v in os.environ.items() if not k.startswith(("SLACK_", "ADVISOR_"))}
        environ |= {"SLACK_BOT_TOKENS": " ".join(server.slack.workspaces)}
        environ |= {"SLACK_SIGNING_SECRET": server.slack.signing_secret, "SLACK_API_URL": server.api_url}
        environ |= {"ADVISOR_URL": api.url, "PORT": str(port), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, str(ROOT / "examples" / "slack_minimal.py")]
        running.append(subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        wires.append(HttpWire(f"http://127.0.0.1:{port}{PATH}", server.slack.signing_secret))
    try:
        for wire in wires:
            deadline = time.monotonic() + 30
            while wire.send(b"", {}).status == 0:
                assert time.monotonic() < deadline, "the example did not start"
                time.sleep(0.1)
        yield wires
    finally:
        for process in running:
            process.terminate()
            process.wait()
