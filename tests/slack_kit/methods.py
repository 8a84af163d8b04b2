"""The methods of the Web API that bots use, with the checks and limits of Slack's own that bots trip over."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from tests.slack_kit.slack import Message, Slack, Workspace

Args = dict[str, Any]
MARKDOWN_CHARS = 12_000
SECTION_CHARS = 3_000
BLOCKS = 50
TEXT_CHARS = 40_000
VIEW_BLOCKS = 100


class Refused(Exception):
    """`ok: false` with this error."""


def check_blocks(blocks: Any, most: int = BLOCKS) -> list[dict[str, Any]]:
    """The blocks as a list. Raises Refused where Slack would."""
    blocks = json.loads(blocks) if isinstance(blocks, str) else blocks or []
    if len(blocks) > most:
        raise Refused("invalid_blocks")
    for block in blocks:
        text = block.get("text")
        plain = text.get("text", "") if isinstance(text, dict) else "-"
        if block.get("type") == "section" and not 1 <= len(plain) <= SECTION_CHARS:
            raise Refused("invalid_blocks")
        if block.get("type") == "markdown" and len(block.get("text", "")) > MARKDOWN_CHARS:
            raise Refused("msg_too_long")
        if block.get("type") == "header" and len(block["text"]["text"]) > 150:
            raise Refused("invalid_blocks")
        if block.get("type") == "context" and not 1 <= len(block.get("elements", [])) <= 10:
            raise Refused("invalid_blocks")
    return list(blocks)


def check_view(view: Any) -> dict[str, Any]:
    """The view. Raises Refused where Slack would."""
    view = json.loads(view) if isinstance(view, str) else view
    check_blocks(view.get("blocks"), VIEW_BLOCKS)
    ids = [b["block_id"] for b in view["blocks"] if b.get("block_id")]
    if view["type"] == "modal":
        inputs = any(b["type"] == "input" for b in view["blocks"])
        titles = [view.get("title", {}), view.get("submit") or {}, view.get("close") or {}]
        if inputs and not view.get("submit"):
            raise Refused("invalid_arguments")
        if not view.get("title") or any(len(t.get("text", "")) > 24 for t in titles):
            raise Refused("invalid_arguments")
    if len(ids) != len(set(ids)) or len(view.get("private_metadata") or "") > 3_000:
        raise Refused("invalid_arguments")
    for block in view["blocks"]:
        if block["type"] == "input":
            element = block["element"]
            options = element.get("options") or []
            if len(block["label"]["text"]) > 2_000 or len(options) > 100:
                raise Refused("invalid_arguments")
            if any(len(o["text"]["text"]) > 75 for o in options):
                raise Refused("invalid_arguments")
    return dict(view)


class Methods:
    """Every method by its name; `call` looks it up."""

    def __init__(self, slack: Slack, socket_url: Callable[[], str]) -> None:
        self.slack = slack
        self.socket_url = socket_url
        self._views = 0

    def call(self, method: str, workspace: Workspace, args: Args) -> dict[str, Any]:
        """What the method answers. Raises Refused."""
        found = getattr(self, method.replace(".", "_"), None)
        if found is None:
            raise Refused("unknown_method")
        with self.slack.changed:
            return dict(found(workspace, args) or {})

    def auth_test(self, w: Workspace, _args: Args) -> Args:
        return {"url": f"https://{w.team.lower()}.slack.com/", "team": w.team, "user": "bot", "team_id": w.team,
                "user_id": w.bot_user, "bot_id": w.bot_id, "is_enterprise_install": False}  # fmt: skip

    def apps_connections_open(self, _w: Workspace, _args: Args) -> Args:
        return {"url": self.socket_url()}

    def chat_postMessage(self, w: Workspace, args: Args) -> Args:
        self._check_text(args)
        blocks = check_blocks(args.get("blocks"))
        message = self._new(w, args["channel"], str(args.get("thread_ts") or ""))
        message.text, message.markdown, message.blocks = (
            str(args.get("text") or ""),
            args.get("markdown_text", ""),
            blocks,
        )
        self._show(message)
        return {"channel": message.channel, "ts": message.ts, "message": {"text": message.text}}

    def chat_update(self, w: Workspace, args: Args) -> Args:
        self._check_text(args)
        message = self._own(w, args)
        if message.streaming:
            raise Refused("streaming_state_conflict")
        message.blocks = check_blocks(args.get("blocks"))
        message.text, message.markdown = str(args.get("text") or ""), args.get("markdown_text", "")
        self._show(message)
        return {"channel": message.channel, "ts": message.ts, "text": message.text}

    def chat_delete(self, w: Workspace, args: Args) -> Args:
        message = self._own(w, args)
        del self.slack.messages[w.team, message.channel, message.ts]
        return {"channel": message.channel, "ts": message.ts}

    def chat_postEphemeral(self, w: Workspace, args: Args) -> Args:
        self._check_text(args)
        self.slack.ephemerals.append((w.team, args["user"], str(args.get("text") or "")))
        return {"message_ts": self.slack.next_ts()}

    def chat_startStream(self, w: Workspace, args: Args) -> Args:
        if not w.streaming:
            raise Refused("unknown_method")
        if not args.get("thread_ts"):
            raise Refused("invalid_thread_ts")
        if not args["channel"].startswith("D"):
            if not args.get("recipient_team_id"):
                raise Refused("missing_recipient_team_id")
            if not args.get("recipient_user_id"):
                raise Refused("missing_recipient_user_id")
        message = self._new(w, args["channel"], args["thread_ts"])
        message.streaming = True
        self._append(message, args)
        return {"channel": message.channel, "ts": message.ts}

    def chat_appendStream(self, w: Workspace, args: Args) -> Args:
        message = self._streaming(w, args)
        self._append(message, args)
        return {"channel": message.channel, "ts": message.ts}

    def chat_stopStream(self, w: Workspace, args: Args) -> Args:
        message = self._streaming(w, args)
        blocks = check_blocks(args.get("blocks"))
        self._append(message, args)
        message.blocks, message.streaming = blocks, False
        self._show(message)
        return {"channel": message.channel, "ts": message.ts, "message": {"text": message.markdown}}

    def conversations_replies(self, w: Workspace, args: Args) -> Args:
        found = [m for m in self.slack.messages.values() if m.team == w.team and m.channel == args["channel"]]
        found = [m for m in found if m.thread == args["ts"]]
        if not found:
            raise Refused("thread_not_found")
        limit = int(args.get("limit") or 100)
        return {"messages": [{"user": m.user, "ts": m.ts, "text": m.text} for m in found[:limit]], "has_more": False}

    def assistant_threads_setStatus(self, w: Workspace, args: Args) -> Args:
        self.slack.statuses[w.team, args["channel_id"], args["thread_ts"]] = args["status"]
        return {}

    def assistant_threads_setSuggestedPrompts(self, w: Workspace, args: Args) -> Args:
        if not 1 <= len(args["prompts"]) <= 4:
            raise Refused("invalid_arguments")
        self.slack.prompts[w.team, args["channel_id"]] = args["prompts"]
        return {}

    def assistant_threads_setTitle(self, _w: Workspace, _args: Args) -> Args:
        return {}

    def reactions_add(self, _w: Workspace, _args: Args) -> Args:
        return {}

    def views_open(self, _w: Workspace, args: Args) -> Args:
        given = self.slack.triggers.pop(args.get("trigger_id", ""), None)
        if given is None:
            raise Refused("invalid_trigger_id")
        if time.monotonic() - given > 3:
            raise Refused("expired_trigger_id")
        self._views += 1
        return self._view(f"V{self._views:04d}", args)

    def views_update(self, _w: Workspace, args: Args) -> Args:
        if args.get("view_id") not in self.slack.views:
            raise Refused("not_found")
        return self._view(args["view_id"], args)

    def views_publish(self, w: Workspace, args: Args) -> Args:
        view = check_view(args["view"])
        self.slack.homes[w.team, args["user_id"]] = view
        return {"view": view}

    def _view(self, id: str, args: Args) -> Args:
        view = check_view(args["view"]) | {"id": id}
        self.slack.views[id] = view
        return {"view": view}

    def _check_text(self, args: Args) -> None:
        if not (args.get("text") or args.get("blocks") or args.get("markdown_text")):
            raise Refused("no_text")
        if len(str(args.get("text") or "")) > TEXT_CHARS or len(args.get("markdown_text") or "") > MARKDOWN_CHARS:
            raise Refused("msg_too_long")

    def _new(self, w: Workspace, channel: str, thread: str) -> Message:
        ts = self.slack.next_ts()
        message = Message(w.team, channel, ts, thread or ts, w.bot_user, bot=True)
        self.slack.messages[w.team, channel, ts] = message
        # An answer takes the place of the status.
        self.slack.statuses.pop((w.team, channel, message.thread), None)
        return message

    def _own(self, w: Workspace, args: Args) -> Message:
        message = self.slack.messages.get((w.team, args["channel"], args["ts"]))
        if message is None:
            raise Refused("message_not_found")
        if not message.bot:
            raise Refused("cant_update_message")
        return message

    def _streaming(self, w: Workspace, args: Args) -> Message:
        message = self._own(w, args)
        if not message.streaming:
            raise Refused("message_not_in_streaming_state")
        return message

    def _append(self, message: Message, args: Args) -> None:
        chunks = args.get("chunks") or []
        text = (args.get("markdown_text") or "") + "".join(c["text"] for c in chunks if c["type"] == "markdown_text")
        if len(message.markdown) + len(text) > MARKDOWN_CHARS:
            raise Refused("msg_too_long")
        if text:
            message.markdown += text
            self._show(message)

    def _show(self, message: Message) -> None:
        message.shown.append((time.monotonic(), message.reads()))
