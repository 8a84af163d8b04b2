"""Which of Slack's events are questions to the bot, and what they ask."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

SPOKEN = (None, "file_share", "thread_broadcast")
"""Subtypes that a person's own new message may have; edits, deletions, joins and bots have others."""
_ANGLE = re.compile(r"<([^<>\n]*)>")


@dataclass(frozen=True)
class Place:
    """Where an answer goes: a thread of a channel, and who asked there."""

    team: str
    channel: str
    thread: str
    user: str

    @property
    def conversation_key(self) -> str:
        return f"slack:{self.team}:{self.channel}:{self.thread}"

    @property
    def lane(self) -> str:
        return self.conversation_key

    @property
    def profile_keys(self) -> tuple[str, str]:
        """The channel's own profile goes before the workspace's."""
        return f"slack:{self.team}:{self.channel}", f"slack:{self.team}"

    @property
    def person(self) -> str:
        """The name under which the advisor keeps what this person asked."""
        return f"slack:{self.team}:{self.user}"


@dataclass(frozen=True)
class Question:
    """One thing that somebody asked. `reach`: called by name or in private, or said in a thread of a channel."""

    place: Place
    ts: str
    text: str
    key: str
    """The same for every delivery of the event."""
    reach: Literal["called", "overheard"]


def heard(body: Mapping[str, Any], team: str, bot_user: str) -> Question | None:
    """The question in an event; None where the event is none: an edit, a deletion, a bot's or our own message."""
    event = body.get("event")
    if not isinstance(event, dict) or event.get("type") not in ("app_mention", "message"):
        return None
    user, channel, ts = event.get("user"), event.get("channel"), event.get("ts")
    if not (isinstance(user, str) and isinstance(channel, str) and isinstance(ts, str) and body.get("event_id")):
        return None
    if event.get("subtype") not in SPOKEN or event.get("bot_id") or event.get("bot_profile") or event.get("hidden"):
        return None
    if event.get("edited") or user in (bot_user, "USLACKBOT"):
        return None
    text = str(event.get("text") or "")
    private = event.get("channel_type") == "im" or channel.startswith("D")
    thread = event.get("thread_ts")
    called = private or event["type"] == "app_mention"
    if not called and not thread:
        return None
    return Question(
        place=Place(team, channel, str(thread or ts), user),
        ts=ts,
        text=unslack(text, bot_user),
        key=f"slack:{team}:{body['event_id']}",
        reach="called" if called else "overheard",
    )


def names(body: Mapping[str, Any], bot_user: str) -> bool:
    """Whether the message names the bot, which Slack reports once more as a mention of its own."""
    event = body.get("event") or {}
    return event.get("type") == "message" and f"<@{bot_user}" in str(event.get("text") or "")


def unslack(text: str, bot_user: str = "") -> str:
    """What a person typed, from what Slack makes of it: mentions and links in words, entities as characters."""

    def word(found: re.Match[str]) -> str:
        inner, _, label = found[1].partition("|")
        if inner.startswith("@"):
            return "" if inner[1:] == bot_user else f"@{label}" if label else "someone"
        if inner.startswith("#"):
            return f"#{label}" if label else "a channel"
        if inner.startswith("!"):
            return label or "@" + inner[1:].partition("^")[0]
        return label or inner

    said = _ANGLE.sub(word, text)
    return said.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()
