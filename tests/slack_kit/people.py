"""What people do in Slack, as the payloads that a bot gets of it."""

from __future__ import annotations

import secrets
from typing import Any

from tests.slack_kit.server import SlackServer
from tests.slack_kit.slack import Message, Slack

Payload = dict[str, Any]


def event(slack: Slack, team: str, what: Payload, user: str = "") -> Payload:
    """The envelope of the Events API; each has an event_id of its own."""
    workspace = next(w for w in slack.workspaces.values() if w.team == team)
    return {
        "token": "legacy",
        "team_id": team,
        "api_app_id": "A0KIT",
        "event": what,
        "type": "event_callback",
        "event_id": f"Ev{secrets.token_hex(5).upper()}",  # the service behind the bot may remember earlier runs
        "event_time": int(float(what.get("event_ts") or what.get("ts") or 0)),
        "authorizations": [
            {"enterprise_id": None, "team_id": team, "user_id": workspace.bot_user, "is_bot": True,
             "is_enterprise_install": False}
        ],
        "is_ext_shared_channel": False,
    }  # fmt: skip


def said(message: Message, kind: str = "message", **more: Any) -> Payload:
    """The inner event of a message."""
    thread = {"thread_ts": message.thread} if message.thread != message.ts else {}
    channel_type = {} if kind == "app_mention" else {"channel_type": "im" if message.channel[0] == "D" else "channel"}
    return {
        "type": kind, "user": message.user, "text": message.text, "ts": message.ts, "channel": message.channel,
        "team": message.team, "event_ts": message.ts, **thread, **channel_type, **more,
    }  # fmt: skip


def mention(slack: Slack, team: str, channel: str, user: str, text: str, thread: str = "") -> tuple[Message, Payload]:
    """Somebody writes `@bot text` in a channel."""
    workspace = next(w for w in slack.workspaces.values() if w.team == team)
    message = slack.person_says(team, channel, user, f"<@{workspace.bot_user}> {text}", thread)
    return message, event(slack, team, said(message, "app_mention"))


def writes(slack: Slack, team: str, channel: str, user: str, text: str, thread: str = "") -> tuple[Message, Payload]:
    """Somebody writes in a channel (C…) or to the bot (D…), without naming it."""
    message = slack.person_says(team, channel, user, text, thread)
    return message, event(slack, team, said(message))


def edits(slack: Slack, message: Message, text: str) -> Payload:
    """The author changes a message."""
    ts = slack.next_ts()
    inner = {"type": "message", "user": message.user, "text": text, "ts": message.ts,
             "edited": {"user": message.user, "ts": ts}}  # fmt: skip
    what = {"type": "message", "subtype": "message_changed", "hidden": True, "channel": message.channel, "ts": ts,
            "message": inner, "previous_message": said(message), "event_ts": ts, "channel_type": "channel"}  # fmt: skip
    return event(slack, message.team, what)


def deletes(slack: Slack, message: Message) -> Payload:
    """The author takes a message back."""
    ts = slack.next_ts()
    what = {"type": "message", "subtype": "message_deleted", "hidden": True, "channel": message.channel, "ts": ts,
            "deleted_ts": message.ts, "previous_message": said(message), "event_ts": ts,
            "channel_type": "channel"}  # fmt: skip
    return event(slack, message.team, what)


def opens_home(slack: Slack, team: str, user: str, tab: str = "home") -> Payload:
    """Somebody opens the bot's Home or Messages tab."""
    return event(
        slack, team, {"type": "app_home_opened", "user": user, "channel": f"D{user}", "tab": tab, "event_ts": "1.0"}
    )


def command(server: SlackServer, team: str, channel: str, user: str, text: str, name: str = "/advisor") -> Payload:
    """Somebody gives a slash command."""
    return {
        "token": "legacy", "team_id": team, "team_domain": team.lower(), "channel_id": channel, "channel_name": "c",
        "user_id": user, "user_name": "someone", "command": name, "text": text, "api_app_id": "A0KIT",
        "is_enterprise_install": "false", "response_url": server.response_url(team, user),
        "trigger_id": server.slack.trigger(),
    }  # fmt: skip


def _interaction(slack: Slack, kind: str, team: str, user: str) -> Payload:
    return {
        "type": kind, "team": {"id": team, "domain": team.lower()}, "user": {"id": user, "team_id": team},
        "api_app_id": "A0KIT", "token": "legacy", "trigger_id": slack.trigger(), "is_enterprise_install": False,
        "enterprise": None,
    }  # fmt: skip


def presses(slack: Slack, message: Message, user: str, action: Payload) -> Payload:
    """Somebody presses a button of a message."""
    return _interaction(slack, "block_actions", message.team, user) | {
        "channel": {"id": message.channel, "name": "c"},
        "container": {"type": "message", "message_ts": message.ts, "channel_id": message.channel,
                      "thread_ts": message.thread, "is_ephemeral": False},
        "message": {"ts": message.ts, "thread_ts": message.thread, "user": message.user, "text": message.text},
        "actions": [action],
    }  # fmt: skip


def presses_at_home(slack: Slack, team: str, user: str, action: Payload) -> Payload:
    """Somebody presses a button of the Home tab."""
    view = slack.homes.get((team, user), {}) | {"id": "VHOME", "type": "home"}
    return _interaction(slack, "block_actions", team, user) | {
        "container": {"type": "view", "view_id": "VHOME"}, "view": view, "actions": [action],
    }  # fmt: skip


def submits(slack: Slack, team: str, user: str, view_id: str, given: dict[str, Payload]) -> Payload:
    """Somebody sends a modal off; `given` is the state by block id, its elements' action being `input`."""
    view = slack.views[view_id]
    state = {"values": {block: {"input": value} for block, value in given.items()}}
    return _interaction(slack, "view_submission", team, user) | {"view": {**view, "state": state}, "response_urls": []}
