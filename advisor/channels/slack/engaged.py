"""Which threads the bot takes part in: those it was called into, remembered here or read once from Slack."""

from __future__ import annotations

import logging

from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from advisor.channels.slack.events import Place
from advisor.channels.slack.seen import Seen

DAY = 86_400
LOOKED_AT = 60
"""Messages of a thread that are read to find ourselves; an app outside Slack's directory gets 15 a minute."""
log = logging.getLogger(__name__)


class Engaged:
    """Threads by (team, channel, thread). What this process does not know, it asks Slack at most once a minute."""

    def __init__(self) -> None:
        self._in = Seen(30 * DAY)
        self._out = Seen(60)

    def join(self, place: Place) -> None:
        """The bot was called into this thread."""
        self._in.add(_id(place))

    def knows(self, place: Place) -> bool:
        """Whether this process knows that the bot was called into the thread."""
        return _id(place) in self._in

    def has(self, place: Place, client: WebClient, bot_user: str) -> bool:
        """Whether the bot was called into the thread, by this process, another one or an earlier one."""
        if self.knows(place):
            return True
        if _id(place) in self._out:
            return False
        self._out.add(_id(place))
        try:
            found = client.conversations_replies(channel=place.channel, ts=place.thread, limit=LOOKED_AT)
        except (SlackClientError, OSError) as e:
            log.info("a thread could not be read: %s", type(e).__name__)
            return False
        messages: list[dict[str, str]] = found.get("messages") or []
        ours = any(m.get("user") == bot_user or f"<@{bot_user}" in m.get("text", "") for m in messages)
        if ours:
            self.join(place)
        return ours


def _id(place: Place) -> tuple[str, str, str]:
    return place.team, place.channel, place.thread
