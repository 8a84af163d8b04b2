"""What the stand-in knows: workspaces, messages, statuses, views, every call made, and faults to come."""

from __future__ import annotations

import itertools
import re
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

PING = re.compile(r"<(![a-z]+|@[UW]\w+|!subteam\^\w+)(\|[^>]*)?>")


@dataclass
class Workspace:
    """A workspace with the bot installed. `streaming`: has the native streaming methods."""

    team: str
    token: str
    bot_user: str = "UBOT"
    bot_id: str = "BBOT"
    streaming: bool = True


@dataclass
class Call:
    """One call of the Web API. `at` is when it came (time.monotonic)."""

    method: str
    args: dict[str, Any]
    team: str
    at: float
    status: int = 200
    error: str = ""


@dataclass
class Message:
    """A message as people see it. `blocks` are what the sender gave."""

    team: str
    channel: str
    ts: str
    thread: str
    user: str
    text: str = ""
    blocks: list[dict[str, Any]] = field(default_factory=list)
    markdown: str = ""
    streaming: bool = False
    bot: bool = False
    shown: list[tuple[float, str]] = field(default_factory=list)
    """What there was to read, each time it changed."""

    def reads(self) -> str:
        """Everything that is written in it; blocks replace the text, as in Slack."""
        sections = [self.markdown, *(block_text(b) for b in self.blocks)]
        return "\n".join(s for s in sections if s) or self.text

    def pings(self) -> list[str]:
        """Whom it would notify."""
        return [m[0] for m in PING.finditer("\n".join([self.text, self.reads()]))]


@dataclass
class Fault:
    """What the next `times` calls of a method get in place of an answer."""

    method: str
    times: int = 1
    status: int = 200
    error: str = ""
    retry_after: int | None = None
    seconds: float = 0
    """How long the answer takes."""


def block_text(block: dict[str, Any]) -> str:
    """The text of a block of any kind."""
    texts: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("text"), str):
                texts.append(value["text"])
            for key, inner in value.items():
                if key != "text" or not isinstance(inner, str):
                    walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(block)
    return "\n".join(texts)


class Slack:
    """The state behind the Web API. Everything waits on one condition: `wait(…)` returns as soon as it holds."""

    def __init__(self) -> None:
        self.workspaces: dict[str, Workspace] = {}
        """By bot token."""
        self.app_token = "xapp-1-kit"
        self.signing_secret = "8f742231b10e8888abcd99yyyzzz85a5"
        self.calls: list[Call] = []
        self.messages: dict[tuple[str, str, str], Message] = {}
        self.statuses: dict[tuple[str, str, str], str] = {}
        """(team, channel, thread) → what the bot is said to be doing; gone when it posts."""
        self.ephemerals: list[tuple[str, str, str]] = []
        """(team, user, text), those sent to a response_url included."""
        self.views: dict[str, dict[str, Any]] = {}
        self.homes: dict[tuple[str, str], dict[str, Any]] = {}
        self.prompts: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.triggers: dict[str, float] = {}
        """Trigger id → when it was handed out; good for three seconds."""
        self.faults: list[Fault] = []
        self.changed = threading.Condition()
        self._ts = itertools.count(1)
        self._base = int(time.time())

    def add(self, team: str, **more: Any) -> Workspace:
        """A workspace with the bot in it."""
        workspace = Workspace(team, f"xoxb-{team}", bot_user=f"U0BOT{team}", bot_id=f"B0BOT{team}", **more)
        self.workspaces[workspace.token] = workspace
        return workspace

    def next_ts(self) -> str:
        """A timestamp of Slack's kind, later than any before."""
        return f"{self._base}.{next(self._ts):06d}"

    def trigger(self) -> str:
        """A trigger id, good for opening a view within three seconds."""
        id = f"{next(self._ts)}.{self._base}.{secrets.token_hex(4)}"
        self.triggers[id] = time.monotonic()
        return id

    def person_says(self, team: str, channel: str, user: str, text: str, thread: str = "") -> Message:
        """A person's message, as it stands in the channel before the bot hears of it."""
        ts = self.next_ts()
        message = Message(team, channel, ts, thread or ts, user, text)
        with self.changed:
            self.messages[team, channel, ts] = message
        return message

    def posts(self, team: str, channel: str, thread: str = "") -> list[Message]:
        """The bot's messages in a channel, or in one thread of it."""
        with self.changed:
            found = [m for m in self.messages.values() if m.bot and m.team == team and m.channel == channel]
        return [m for m in found if not thread or m.thread == thread]

    def finished(self, team: str, channel: str, thread: str) -> list[Message]:
        """The bot's messages in a thread, once none of them is being streamed and no status is shown."""
        found = self.posts(team, channel, thread)
        busy = self.statuses.get((team, channel, thread)) or any(m.streaming for m in found)
        return [] if busy else found

    def wait(self, true: Callable[[], Any], seconds: float = 10) -> Any:
        """What `true` returns once that is not empty. Raises AssertionError when the time is up."""
        with self.changed:
            if not self.changed.wait_for(true, seconds):
                last = [f"{c.method} {c.status} {c.error}" for c in self.calls[-12:]]
                raise AssertionError(f"it did not come within {seconds} s; the last calls were {last}")
            return true()

    def quiet(self, seconds: float = 0.2) -> None:
        """Return once the bot has called nothing for so long."""
        seen = -1
        while seen != len(self.calls):
            seen = len(self.calls)
            time.sleep(seconds)

    def fault(self, method: str, **what: Any) -> None:
        """Let the next call of a method go wrong: `fault("chat.postMessage", status=429, retry_after=1)`."""
        with self.changed:
            self.faults.append(Fault(method, **what))

    def take_fault(self, method: str) -> Fault | None:
        """The fault that this call gets, if any."""
        with self.changed:
            for fault in self.faults:
                if fault.method == method and fault.times > 0:
                    fault.times -= 1
                    return fault
            return None
