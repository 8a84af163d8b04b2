"""An answer as it grows in Slack: streamed natively where the workspace can, else as messages that are edited."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import Block

from advisor.channels.slack.blocks import section
from advisor.channels.slack.events import Place
from advisor.channels.slack.messages import Edited, Streamed, post
from advisor.channels.slack.mrkdwn import Links
from advisor.channels.slack.seen import Seen

STREAM_SECONDS, EDIT_SECONDS = 0.6, 1.2
"""Between two additions: Slack takes about a hundred a minute, and fifty edits."""
REFUSED_SECONDS = 3_600
log = logging.getLogger(__name__)


class Reply:
    """One answer in one thread; every method raises SlackApiError where Slack takes no message at all.

    `refused` remembers the channels that take no streams.
    """

    def __init__(
        self, client: WebClient, place: Place, refused: Seen, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._place = place
        self._refused = refused
        self._clock = clock
        self._text = ""
        self._next = 0.0
        self._message: Streamed | Edited
        self._message = Edited(client, place) if self._channel in refused else Streamed(client, place)
        self.visible = False
        """There is something to read."""

    def say(self, text: str, links: Links) -> None:
        """Add Markdown to the answer; it is shown once the last addition is long enough ago."""
        self._text += text
        if self._text.strip() and self._clock() >= self._next:
            self._show(links)
            self.visible = True
            self._next = self._clock() + (STREAM_SECONDS if isinstance(self._message, Streamed) else EDIT_SECONDS)

    def restart(self) -> None:
        """The answer begins anew. What is on show stays until it is clear whether it still stands."""
        self._text = ""

    def finish(self, text: str, links: Links, under: Sequence[Block]) -> None:
        """Show the whole answer, with blocks under it."""
        self._text = text
        if isinstance(self._message, Streamed) and not text.startswith(self._message.shown):
            self._edit_instead()
        self._show(links, under)
        self.visible = True

    def fail(self, message: str) -> None:
        """End with a message, whatever is on show already."""
        if isinstance(self._message, Streamed) and self._message.open:
            try:
                self._message.end([], f"\n\n{message}")
                self.visible = True
                return
            except SlackApiError as e:
                log.warning("a stream could not be ended: %s", e.response.get("error"))
        post(self._client, self._place, message, [section(message)])
        self.visible = True

    @property
    def _channel(self) -> tuple[str, str]:
        return self._place.team, self._place.channel

    def _show(self, links: Links, under: Sequence[Block] | None = None) -> None:
        """Bring what is on show to the present text; with `under`, for the last time."""
        if isinstance(self._message, Streamed):
            if not self._text.startswith(self._message.shown):
                return  # a second attempt is on its way to where the first broke off
            try:
                self._message.grow(self._text, links, whole=under is not None)
                if under is not None:
                    self._message.end(under)
                return
            except SlackApiError as e:
                log.info("a stream was refused: %s", e.response.get("error"))
                if not self._message.posted:
                    self._refused.add(self._channel)
                self._edit_instead()
        assert isinstance(self._message, Edited)
        self._message.show(self._text, links, under or ())

    def _edit_instead(self) -> None:
        assert isinstance(self._message, Streamed)
        self._message.abandon()
        self._message = Edited(self._client, self._place, self._message.posted)
