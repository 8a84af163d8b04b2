"""The two ways an answer stands in Slack: streamed natively, or as messages that are edited."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import Block
from slack_sdk.web.chat_stream import ChatStream

from advisor.channels.slack.blocks import section
from advisor.channels.slack.events import Place
from advisor.channels.slack.mrkdwn import Links, sections
from advisor.channels.slack.streamed import streamed
from advisor.channels.slack.tables import before_open_table

STREAM_CHARS = 9_000
"""Of Markdown in one streamed message: Slack takes 12,000, and links make it longer."""
SECTIONS = 4
"""Of 2,900 characters each, in one edited message."""
_PLACES = (re.compile(r"\n\s*\n"), re.compile(r"(?<=[.!?])\s+|\n"), re.compile(r"\s+"))


class Streamed:
    """Messages that grow at their end. Raises SlackApiError, as every method of Slack's does."""

    def __init__(self, client: WebClient, place: Place) -> None:
        self._client = client
        self._place = place
        self._stream: ChatStream | None = None
        self._room = 0
        self.shown = ""
        """The Markdown that is on show, over all messages."""
        self.posted: list[str] = []

    def grow(self, text: str, links: Links, whole: bool = False) -> None:
        """Append what `text` has beyond what is on show; a table at its end waits until it is whole."""
        assert text.startswith(self.shown)
        new = text[len(self.shown) :]
        for part in parts(new if whole else new[: before_open_table(new)], STREAM_CHARS):
            if self._stream is not None and len(part) > self._room:
                self._stop([], "")
            if self._stream is None:
                self._start()
            assert self._stream is not None
            self._stream.append(markdown_text=streamed(part, links))
            self._note_posted()
            self._room -= len(part)
            self.shown += part

    def end(self, under: Sequence[Block], last_words: str = "") -> None:
        """Close the message with blocks under it."""
        if self._stream is None:
            self._start()
        self._stop(under, last_words)

    def abandon(self) -> None:
        """Close the message as it is, if Slack still lets us."""
        if self._stream is not None and self._stream.ts:
            with contextlib.suppress(SlackApiError):
                self._stream.stop()
        self._stream = None

    @property
    def open(self) -> bool:
        return self._stream is not None and bool(self._stream.ts)

    def _start(self) -> None:
        self._room = STREAM_CHARS
        self._stream = self._client.chat_stream(
            buffer_size=1,
            channel=self._place.channel,
            thread_ts=self._place.thread,
            recipient_team_id=self._place.team,
            recipient_user_id=self._place.user,
        )

    def _stop(self, under: Sequence[Block], last_words: str) -> None:
        assert self._stream is not None
        self._stream.stop(markdown_text=last_words or None, blocks=list(under) or None)
        self._note_posted()
        self._stream = None

    def _note_posted(self) -> None:
        ts = self._stream.ts if self._stream else None
        if ts and ts not in self.posted:
            self.posted.append(ts)


class Edited:
    """Messages that are written anew with every addition; `posted` are messages to take over."""

    def __init__(self, client: WebClient, place: Place, posted: Sequence[str] = ()) -> None:
        self._client = client
        self._place = place
        self._posted: list[tuple[str, list[str]]] = [(ts, []) for ts in posted]
        """Each message with the sections it shows."""

    def show(self, text: str, links: Links, under: Sequence[Block] = ()) -> None:
        """Show the whole text, and `under` in its last message."""
        written = sections(text, links)
        groups = [written[i : i + SECTIONS] for i in range(0, len(written), SECTIONS)]
        for n, group in enumerate(groups):
            blocks: list[Block] = [section(part) for part in group]
            last = n == len(groups) - 1
            blocks += under if last else ()
            if n == len(self._posted):
                self._posted.append((post(self._client, self._place, group[0], blocks), group))
            elif self._posted[n][1] != group or (last and under):
                ts = self._posted[n][0]
                self._client.chat_update(channel=self._place.channel, ts=ts, text=group[0], blocks=blocks)
                self._posted[n] = (ts, group)
        for ts, _ in self._posted[len(groups) :]:
            self._client.chat_delete(channel=self._place.channel, ts=ts)
        del self._posted[len(groups) :]


def post(client: WebClient, place: Place, text: str, blocks: Sequence[Block]) -> str:
    """A new message in the thread, which unfolds no link; its ts."""
    done = client.chat_postMessage(
        channel=place.channel,
        thread_ts=place.thread,
        text=text,
        blocks=blocks,
        unfurl_links=False,
        unfurl_media=False,
    )
    return str(done["ts"])


def parts(markdown: str, limit: int) -> list[str]:
    """The Markdown in parts of at most `limit` characters, parted between paragraphs, else sentences, else words."""
    out = []
    while len(markdown) > limit:
        ends = (max((m.end() for m in place.finditer(markdown, 0, limit)), default=0) for place in _PLACES)
        end = next((end for end in ends if end > limit // 4), limit)
        out.append(markdown[:end])
        markdown = markdown[end:]
    return [*out, markdown] if markdown else out
