"""The bot through the real Bolt and SDK, against a stand-in for Slack and the advisor's real API."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest

from advisor.channels.api.auth import Access
from advisor.channels.slack import assessment_form, profile_form, words
from advisor.channels.slack.blocks import FEEDBACK
from advisor.channels.slack.bot import Bot
from advisor.channels.slack.pool import Pool
from advisor.errors import ConfigError
from advisor.knowledge.load import default_root, load
from advisor.records.owner import Owner
from advisor.schema import Profile
from tests.answers import make_answer
from tests.slack_kit import people
from tests.slack_kit.advisor_api import AdvisorApi
from tests.slack_kit.delivery import HttpWire, SocketWire, sign
from tests.slack_kit.our_bots import ROOT, over_http, settings_of
from tests.slack_kit.scenarios import USER, Rig, taken
from tests.slack_kit.server import SlackServer
from tests.slack_kit.slack import Message, Slack

TEAM, EDITS = "T0ONE", "T0EDIT"


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    """Two processes of the bot; one workspace streams, one does not."""
    slack = Slack()
    slack.add(TEAM)
    slack.add(EDITS, streaming=False)
    api = AdvisorApi(load(default_root()))
    try:
        with SlackServer(slack).running() as server, over_http(server, api) as wires:
            yield Rig(server, list(wires), api, teams=(TEAM, EDITS))
    finally:
        api.close()


@pytest.fixture(autouse=True)
def _usual_answer(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "rig" in request.fixturenames:
        api = request.getfixturevalue("rig").service
        api.say("Keep every model in a registry [1].")
        api.slow(0)


def ask(rig: Rig, text: str = "What next?", team: str = TEAM, channel: str = "") -> tuple[Message, Message]:
    """A mention, and the one message that answers it."""
    message, event = rig.asked(text, team, channel)
    taken(rig.wires[0].deliver("events_api", event))
    return message, rig.once(message)


def calls(rig: Rig, since: int) -> list[str]:
    return [c.method for c in rig.slack.calls[since:]]


def test_an_answer_is_streamed_with_sources_and_buttons_under_it(rig: Rig) -> None:
    since = len(rig.slack.calls)
    _, post = ask(rig)
    made = calls(rig, since)
    assert made[0] == "assistant.threads.setStatus"
    assert made[1] == "chat.startStream"
    assert made[-1] == "chat.stopStream"
    assert post.shown[0][1] == "Keep every model in a registry [1].\n"
    assert [b["type"] for b in post.blocks] == ["section", "actions", "context_actions"]
    assert "[1] Hire (2026-11, ours): <https://example.org/hire|example.org>" in post.reads()


def test_where_there_are_no_streams_one_message_is_edited(rig: Rig) -> None:
    rig.needs_service().say("\n".join(f"Sentence {n}." for n in range(40)))
    since = len(rig.slack.calls)
    _, post = ask(rig, team=EDITS)
    made = [c for c in rig.slack.calls[since:] if c.method.startswith("chat.")]
    assert next(c.method for c in made if not c.error) == "chat.postMessage"
    assert {c.method for c in made if not c.error} == {"chat.postMessage", "chat.update"}
    posted = next(c for c in made if c.method == "chat.postMessage")
    assert posted.args["unfurl_links"] is False
    assert posted.args["unfurl_media"] is False
    assert "Sentence 39." in post.reads()
    assert post.blocks[-1]["type"] == "context_actions"


def test_a_stream_that_slack_ends_early_is_put_right_by_an_edit(rig: Rig) -> None:
    rig.needs_service().say("\n".join(f"Sentence {n}." for n in range(10)))
    rig.slack.fault("chat.stopStream", error="message_not_in_streaming_state")
    _, post = ask(rig)
    assert [f"Sentence {n}." in post.reads() for n in range(10)] == [True] * 10
    assert post.blocks[-1]["type"] == "context_actions"
    assert not post.streaming


def test_a_thread_goes_on_without_a_mention_in_either_process(rig: Rig) -> None:
    first, _ = ask(rig, "First?")
    for number, wire in enumerate(rig.wires, 2):
        _, event = people.writes(rig.slack, TEAM, first.channel, USER, f"Question {number}?", thread=first.ts)
        taken(wire.deliver("events_api", event))
        rig.slack.wait(lambda n=number: len(rig.slack.finished(TEAM, first.channel, first.ts)) == n)
    question, _, earlier = rig.needs_service().advisor.asked[-1]
    assert question == "Question 3?"
    assert [turn.question for turn in earlier] == ["First?", "Question 2?"]


def test_a_thread_that_it_was_not_called_into_is_left_alone(rig: Rig) -> None:
    first = rig.slack.person_says(TEAM, rig.channel(), USER, "Lunch?")
    since = len(rig.slack.calls)
    for text in ("Yes.", "When?"):
        _, event = people.writes(rig.slack, TEAM, first.channel, USER, text, thread=first.ts)
        taken(rig.wires[0].deliver("events_api", event))
    rig.slack.quiet()
    assert rig.slack.posts(TEAM, first.channel) == []
    assert calls(rig, since) == ["conversations.replies"]


def test_a_mention_that_slack_reports_twice_is_answered_once(rig: Rig) -> None:
    message, event = rig.asked(team=TEAM)
    twin = people.event(rig.slack, TEAM, people.said(message))
    for payload in (twin, event, twin):
        taken(rig.wires[0].deliver("events_api", payload))
    rig.once(message)


def test_two_questions_in_one_thread_are_answered_in_their_order(rig: Rig) -> None:
    api = rig.needs_service()
    api.say("You asked: {question}")
    api.slow(0.3)
    first, event = rig.asked("First?", TEAM)
    taken(rig.wires[0].deliver("events_api", event))
    late, late_event = people.writes(rig.slack, TEAM, first.channel, USER, "Second?", thread=first.ts)
    _, later_event = people.writes(rig.slack, TEAM, first.channel, USER, "Third?", thread=first.ts)
    for payload in (later_event, late_event):
        taken(rig.wires[0].deliver("events_api", payload))
    posts = rig.slack.wait(lambda: len(p := rig.slack.finished(TEAM, first.channel, first.ts)) == 3 and p)
    assert [p.markdown.strip() for p in posts] == [f"You asked: {q}" for q in ("First?", "Second?", "Third?")]
    assert late.thread == first.ts


def test_a_mention_without_words_is_greeted(rig: Rig) -> None:
    _, post = ask(rig, "")
    assert "Ask me about" in post.reads()


def test_a_command_is_answered_where_only_its_author_sees_it(rig: Rig) -> None:
    payload = people.command(rig.server, TEAM, "C0CMD", USER, "What next?")
    ack = rig.wires[0].deliver("slash_commands", payload)
    taken(ack)
    assert ack.body == {"text": words.LOOKING, "response_type": "ephemeral"}
    team, user, text = rig.slack.wait(lambda: rig.slack.ephemerals and rig.slack.ephemerals[-1])
    assert (team, user) == (TEAM, USER)
    assert "Keep every model" in text
    assert "feedback_buttons" in text
    assert rig.slack.posts(TEAM, "C0CMD") == []


def test_a_command_is_never_answered_elsewhere_than_at_slack(rig: Rig) -> None:
    asked = len(rig.needs_service().advisor.asked)
    payload = people.command(rig.server, TEAM, "C0CMD", USER, "What next?") | {"response_url": "https://evil.example/x"}
    ack = rig.wires[0].deliver("slash_commands", payload)
    assert ack.body["text"] == words.SORRY
    rig.slack.quiet(0.2)
    assert len(rig.needs_service().advisor.asked) == asked


def test_a_thumb_reaches_the_record_and_is_thanked_for(rig: Rig) -> None:
    message, post = ask(rig)
    element = post.blocks[-1]["elements"][0]
    action = {"type": "feedback_buttons", "action_id": FEEDBACK, "value": element["negative_button"]["value"]}
    thanked = len(rig.slack.ephemerals)
    taken(rig.wires[1].deliver("interactive", people.presses(rig.slack, post, USER, action)))
    rig.slack.wait(lambda: len(rig.slack.ephemerals) > thanked)
    assert rig.slack.ephemerals[-1] == (TEAM, USER, words.THANKS[False])
    conversations = rig.needs_service().records.of(Owner()).conversations
    id = conversations.by_key(f"slack:{TEAM}:{message.channel}:{message.ts}")
    assert list(conversations.get(id).feedback.values()) == [-1]


def test_the_words_behind_an_answer_can_be_read(rig: Rig) -> None:
    _, post = ask(rig)
    known = set(rig.slack.views)
    button = next(b for b in post.blocks if b["type"] == "actions")["elements"][0]
    action = {"type": "button", "action_id": button["action_id"], "value": button["value"]}
    taken(rig.wires[1].deliver("interactive", people.presses(rig.slack, post, USER, action)))
    rig.slack.wait(
        lambda: any("> Hire late." in json.dumps(rig.slack.views[id]) for id in set(rig.slack.views) - known)
    )


def test_a_table_is_laid_out_however_it_arrives(rig: Rig) -> None:
    rig.needs_service().say("Look:\n\n| A | B |\n|---|---|\n| 1 | two |\n\nThat is all.")
    for team in (TEAM, EDITS):
        _, post = ask(rig, team=team)
        assert "A  B\n-  ---\n1  two" in post.reads()
        assert "|" not in post.markdown


def form(rig: Rig, text: str, channel: str = "C0FORM") -> str:
    """The id of the modal that a command opens, once it is filled."""
    known = set(rig.slack.views)
    taken(rig.wires[0].deliver("slash_commands", people.command(rig.server, TEAM, channel, USER, text)))

    def filled() -> list[str]:
        return [id for id, view in rig.slack.views.items() if view.get("submit") and id not in known]

    return str(rig.slack.wait(filled)[0])


def test_the_profile_of_the_workspace_and_of_one_channel(rig: Rig) -> None:
    profiles = rig.needs_service().records.of(Owner()).profiles
    view = form(rig, "profile")
    given = {"scope": option("team"), "people": {"value": "25"}, "team.data-scientist": {"value": "2"},
             "clouds": {"selected_options": [{"value": "aws"}]}, "uses_ml": option("yes"),
             "regulations": {"value": "hipaa, gdpr"}}  # fmt: skip
    ack = rig.wires[0].deliver("interactive", people.submits(rig.slack, TEAM, USER, view, given))
    taken(ack)
    assert ack.body["response_action"] == "update"
    rig.slack.wait(lambda: "Saved for this workspace" in json.dumps(rig.slack.views[view]))
    kept = profiles.get(f"slack:{TEAM}")
    assert (kept.people, kept.team, kept.clouds, kept.uses_ml) == (25, {"data-scientist": 2}, ["aws"], True)
    assert kept.regulations == ["hipaa", "gdpr"]
    ask(rig, "With the workspace's?")
    assert rig.needs_service().advisor.asked[-1][1] == kept

    view = form(rig, "profile", "C0OWN")
    given = {"scope": option("channel"), "people": {"value": "9"}}
    taken(rig.wires[0].deliver("interactive", people.submits(rig.slack, TEAM, USER, view, given)))
    rig.slack.wait(lambda: "Saved for this channel" in json.dumps(rig.slack.views[view]))
    assert profiles.get(f"slack:{TEAM}:C0OWN").people == 9
    ask(rig, "With the channel's own?", channel="C0OWN")
    assert rig.needs_service().advisor.asked[-1][1].people == 9
    profiles.delete(f"slack:{TEAM}")


def option(value: str) -> dict[str, Any]:
    return {"type": "static_select", "selected_option": {"value": value}}


def test_a_fact_that_cannot_be_is_shown_at_its_field(rig: Rig) -> None:
    view = form(rig, "profile")
    given = {"people": {"value": "99000000"}, "industry": {"value": "banking"}}
    ack = rig.wires[0].deliver("interactive", people.submits(rig.slack, TEAM, USER, view, given))
    taken(ack)
    assert ack.body["response_action"] == "errors"
    assert list(ack.body["errors"]) == ["people"]


def test_a_short_assessment_ends_in_a_scorecard_which_the_home_tab_shows(rig: Rig) -> None:
    view = form(rig, "assess")
    asked = [b["block_id"] for b in rig.slack.views[view]["blocks"]]
    assert len(asked) == assessment_form.QUESTIONS
    given = {id: option("yes" if n % 2 else "no") for n, id in enumerate(asked[:-1])}
    taken(rig.wires[0].deliver("interactive", people.submits(rig.slack, TEAM, USER, view, given)))
    rig.slack.wait(lambda: "level" in json.dumps(rig.slack.views[view]))
    kept = rig.needs_service().records.of(Owner()).profiles.get(f"slack:{TEAM}")
    assert len(kept.practices) == 9
    assert {p.by for p in kept.practices.values()} == {f"slack:{USER}"}
    rig.slack.wait(lambda: "aim" in json.dumps(rig.slack.homes.get((TEAM, USER))))
    asked_next = form(rig, "assess")
    assert not {b["block_id"] for b in rig.slack.views[asked_next]["blocks"]} & set(asked[:-1])


def test_the_home_tab_of_a_workspace_that_nobody_described(rig: Rig) -> None:
    taken(rig.wires[0].deliver("events_api", people.opens_home(rig.slack, EDITS, "U0NEW")))
    home = rig.slack.wait(lambda: rig.slack.homes.get((EDITS, "U0NEW")))
    assert "nothing about your organisation" in json.dumps(home)
    buttons = [e["action_id"] for b in home["blocks"] if b["type"] == "actions" for e in b["elements"]]
    assert buttons == [profile_form.OPEN, assessment_form.OPEN]
    before = set(rig.slack.views)
    action = {"type": "button", "action_id": profile_form.OPEN}
    taken(rig.wires[0].deliver("interactive", people.presses_at_home(rig.slack, EDITS, "U0NEW", action)))
    rig.slack.wait(lambda: any(rig.slack.views[id].get("submit") for id in set(rig.slack.views) - before))


def test_whoever_opens_the_messages_is_given_something_to_ask(rig: Rig) -> None:
    taken(rig.wires[0].deliver("events_api", people.opens_home(rig.slack, TEAM, USER, "messages")))
    prompts = rig.slack.wait(lambda: rig.slack.prompts.get((TEAM, f"D{USER}")))
    assert len(prompts) == 4


def test_nothing_that_anybody_wrote_is_logged(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    rig.needs_service().say("CANARY-ANSWER is what to do.")
    _, post = ask(rig, "CANARY-QUESTION?")
    ask(rig, "CANARY-QUESTION?", team=EDITS)
    payload = people.command(rig.server, TEAM, "C0CMD", USER, "CANARY-COMMAND?")
    rig.wires[0].deliver("slash_commands", payload)
    rig.slack.fault("chat.startStream", error="CANARY", times=1)
    rig.slack.fault("chat.postMessage", error="channel_not_found", times=2)
    _, event = rig.asked("CANARY-QUESTION?", TEAM)
    rig.wires[0].deliver("events_api", event)
    rig.slack.quiet()
    assert "CANARY-ANSWER" in post.reads()
    for canary in ("CANARY-QUESTION", "CANARY-ANSWER", "CANARY-COMMAND", "xoxb-"):
        assert canary not in caplog.text


def test_no_status_stays_where_slack_takes_no_message(rig: Rig) -> None:
    for method in ("chat.startStream", "chat.postMessage"):
        rig.slack.fault(method, error="channel_is_archived", times=5)
    message, event = rig.asked(team=TEAM)
    taken(rig.wires[0].deliver("events_api", event))
    rig.slack.wait(lambda: rig.slack.statuses.get((TEAM, message.channel, message.ts)) == "")
    rig.slack.faults.clear()
    assert rig.slack.posts(TEAM, message.channel) == []


def test_slacks_handshake_and_the_watchers_question(rig: Rig) -> None:
    wire = rig.wires[0]
    assert isinstance(wire, HttpWire)
    body = b'{"type":"url_verification","challenge":"c1","token":"t"}'
    ack = wire.send(body, {"Content-Type": "application/json", **sign(wire.secret, body)})
    assert (ack.status, ack.body) == (200, {"challenge": "c1"})
    long = b"x" * (1024 * 1024 + 1)
    assert wire.send(long, {"Content-Type": "application/json", **sign(wire.secret, long)}).status in (0, 413)
    for odd in (b"{not json", b"[1]", b"payload=1"):
        assert wire.send(odd, {"Content-Type": "application/json", **sign(wire.secret, odd)}).status == 400


def test_more_questions_than_it_can_take_are_told_so(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("advisor.channels.slack.bot.Pool", lambda: Pool(threads=1, room=1))
    rig.needs_service().slow(0.7)
    with over_http(rig.server, rig.needs_service(), processes=1) as [wire]:
        asked = [rig.asked(team=TEAM) for _ in range(3)]
        for _, event in asked:
            taken(wire.deliver("events_api", event))
            time.sleep(0.1)
        assert rig.answered(asked[2][0])[0].reads() == words.BUSY
        chatter = rig.slack.person_says(TEAM, rig.channel(), USER, "Lunch?")
        _, event = people.writes(rig.slack, TEAM, chatter.channel, USER, "Yes.", thread=chatter.ts)
        taken(wire.deliver("events_api", event))
        assert rig.slack.posts(TEAM, chatter.channel) == []
        rig.answered(asked[1][0])


class Flaky(BaseHTTPRequestHandler):
    """An API that is lost in the middle of an answer, and has it when asked again."""

    asked = 0
    text = "One. Two. Three [1]."

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        type(self).asked += 1
        again = type(self).asked % 2 == 0
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        if again:
            self.send_header("Idempotency-Replayed", "true")
        self.end_headers()
        self._event("sentence", {"text": "One. "})
        if again:
            self._event("sentence", {"text": "Two. Three [1]."})
            self._event("done", make_answer(text=self.text).model_dump(mode="json"))
        self.wfile.flush()

    def _event(self, kind: str, data: object) -> None:
        self.wfile.write(f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode())


class Address:
    """Where an API is, for a bot that only needs to know that."""

    def __init__(self, url: str) -> None:
        self.url = url


@pytest.mark.parametrize("team", [TEAM, EDITS])
def test_an_answer_that_is_lost_half_way_is_taken_up_by_whoever_began_it(rig: Rig, team: str) -> None:
    lost = ThreadingHTTPServer(("127.0.0.1", 0), Flaky)
    threading.Thread(target=lost.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        address: Any = Address(f"http://127.0.0.1:{lost.server_address[1]}")
        with over_http(rig.server, address, processes=1) as [wire]:
            message, event = rig.asked(team=team)
            taken(wire.deliver("events_api", event))
            post = rig.once(message)
    finally:
        lost.shutdown()
        lost.server_close()
    assert post.reads().count("One.") == 1
    assert "Two. Three" in post.reads()


def test_each_workspace_can_have_a_tenant_of_its_own() -> None:
    slack = Slack()
    slack.add("T0A")
    slack.add("T0B")
    api = AdvisorApi(access=Access(required=True))
    rights = {"ask", "read", "feedback"}
    keys = {team: api.records.keys.create(f"tenant-{team}", "slack", rights)[1] for team in ("T0A", "T0B")}
    for team, size in (("T0A", 10), ("T0B", 20)):
        api.records.of(Owner(f"tenant-{team}")).profiles.put(f"slack:{team}", Profile(people=size))
    try:
        with SlackServer(slack).running() as server, over_http(server, api, 1, advisor_keys=keys) as wires:
            rig = Rig(server, list(wires), api, teams=("T0A", "T0B"))
            for team, size in (("T0A", 10), ("T0B", 20)):
                ask(rig, team=team)
                assert api.advisor.asked[-1][1] == Profile(people=size)
        with SlackServer(slack).running() as server, over_http(server, api, 1) as wires:
            rig = Rig(server, list(wires), api, teams=("T0A",), channels=100)
            _, post = ask(rig, team="T0A")
            assert "does not accept this bot's key" in post.reads()
    finally:
        api.close()


@pytest.mark.parametrize("mode", ["http", "socket"])
def test_the_command_answers_and_stops_when_told(rig: Rig, mode: str) -> None:
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("SLACK_", "ADVISOR_"))}
    environ |= {"SLACK_BOT_TOKEN": f"xoxb-{TEAM}", "SLACK_API_URL": rig.server.api_url, "PYTHONPATH": str(ROOT)}
    environ |= {"ADVISOR_URL": rig.needs_service().url}
    secret = (
        ("SLACK_APP_TOKEN", "xapp-1-kit") if mode == "socket" else ("SLACK_SIGNING_SECRET", rig.slack.signing_secret)
    )
    environ |= dict([secret])
    command = [sys.executable, "-m", "advisor.channels.cli", "slack", "--port", "0"]
    with subprocess.Popen(
        command, env=environ, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as bot:
        assert bot.stdout is not None
        line = bot.stdout.readline()
        if mode == "socket":
            assert "connected" in line
            wire: HttpWire | SocketWire = SocketWire(rig.server)
        else:
            url = next(word for word in line.split() if word.startswith("http://"))
            assert urlsplit(url).port
            wire = HttpWire(url, rig.slack.signing_secret)
        rig.needs_service().slow(0.7)
        message, event = rig.asked(team=TEAM)
        taken(wire.deliver("events_api", event))
        bot.send_signal(signal.SIGTERM)
        assert bot.wait(20) == 0
    rig.once(message)


def test_a_token_that_slack_does_not_take_is_said_before_anything_starts(rig: Rig) -> None:
    settings = replace(settings_of(rig.server, rig.needs_service()), bot_tokens=("xoxb-old",))
    with pytest.raises(ConfigError, match="invalid_auth") as error:
        Bot(settings)
    assert "xoxb-old" not in str(error.value)


def test_an_address_that_is_none_is_said_before_anything_starts(rig: Rig) -> None:
    with pytest.raises(ConfigError):
        Bot(replace(settings_of(rig.server, rig.needs_service()), advisor_url="advisor"))
