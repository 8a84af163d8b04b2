"""The bot's parts by themselves: signatures, settings, the pool, what is a question, what Slack is told to wait for."""

from __future__ import annotations

import logging
import re
import threading
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.channels.slack import words
from advisor.channels.slack.blocks import links_of, source_url, under, voted
from advisor.channels.slack.engaged import Engaged
from advisor.channels.slack.events import Place, heard, names, unslack
from advisor.channels.slack.messages import STREAM_CHARS, parts
from advisor.channels.slack.pool import Pool, where
from advisor.channels.slack.seen import Seen
from advisor.channels.slack.settings import SlackSettings, load_slack_settings
from advisor.channels.slack.verify import MOST_SECONDS, is_from_slack
from advisor.client import ApiError, Unreachable
from advisor.errors import ConfigError
from tests.answers import make_answer
from tests.slack_kit.delivery import sign

ROOT = Path(__file__).resolve().parents[1]
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
NOW = 1_763_000_000.0
BODY = b'{"type":"event_callback"}'


def headers(body: bytes = BODY, at: float = NOW, secret: str = SECRET) -> list[tuple[bytes, bytes]]:
    return [(k.lower().encode(), v.encode()) for k, v in sign(secret, body, at).items()]


def test_a_signed_request_is_slacks() -> None:
    assert is_from_slack(SECRET, headers(), BODY, NOW)
    assert is_from_slack(SECRET, headers(), BODY, NOW + MOST_SECONDS)
    assert is_from_slack(SECRET, headers(b"\xff\x00", NOW), b"\xff\x00", NOW - MOST_SECONDS)


def test_any_other_is_not() -> None:
    assert not is_from_slack(SECRET, headers(), BODY + b" ", NOW)
    assert not is_from_slack(SECRET, headers(), BODY, NOW + MOST_SECONDS + 1)
    assert not is_from_slack(SECRET, headers(), BODY, NOW - MOST_SECONDS - 1)
    assert not is_from_slack(SECRET, headers(secret="other"), BODY, NOW)
    assert not is_from_slack("", headers(secret=""), BODY, NOW)
    assert not is_from_slack(SECRET, headers() + headers(), BODY, NOW)
    stamp, signature = headers()
    assert not is_from_slack(SECRET, [stamp], BODY, NOW)
    assert not is_from_slack(SECRET, [signature], BODY, NOW)
    assert not is_from_slack(SECRET, [(stamp[0], b" " + stamp[1]), signature], BODY, NOW)


@given(st.binary(max_size=40), st.binary(max_size=80), st.binary(max_size=40))
@settings(derandomize=True)
def test_odd_headers_are_refused_and_never_raise(stamp: bytes, signature: bytes, body: bytes) -> None:
    odd = [(b"x-slack-request-timestamp", stamp), (b"x-slack-signature", signature)]
    assert not is_from_slack(SECRET, odd, body, NOW)


def test_settings_say_what_is_missing() -> None:
    with pytest.raises(ConfigError, match="bot token"):
        load_slack_settings({})
    with pytest.raises(ConfigError, match="neither a signing secret nor an app token"):
        load_slack_settings({"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": " "})


def test_a_workspace_may_have_its_own_token_and_key() -> None:
    said = load_slack_settings(
        {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_BOT_TOKEN_T0TWO": "xoxb-2", "SLACK_APP_TOKEN": "xapp-1",
         "ADVISOR_KEY": "adv_1", "ADVISOR_KEY_T0TWO": "adv_2"}
    )  # fmt: skip
    assert said.bot_tokens == ("xoxb-1", "xoxb-2")
    assert said.socket_mode
    assert (said.key_of("T0ONE"), said.key_of("T0TWO")) == ("adv_1", "adv_2")
    assert "xoxb" not in repr(said)
    assert "adv_" not in repr(said)


ELSEWHERE = [
    "https://evil.example/x", "http://hooks.slack.com/x", "https://hooks.slack.com.evil.example/x",
    "https://hooks.slack.com@evil.example/x", "https://evil.example#hooks.slack.com", "https://hooks.slack.com:8443/x",
    "http://127.0.0.1:6379/x", "http://169.254.169.254/latest", "file:///etc/passwd", "https://[::1/x", "",
    "https://hooks.slack.com\\@evil.example/",
]  # fmt: skip


@pytest.mark.parametrize("url", ELSEWHERE)
def test_an_answer_goes_to_slack_and_nowhere_else(url: str) -> None:
    assert not SlackSettings(("xoxb-1",)).may_reply_to(url)


def test_slacks_own_addresses_are_taken() -> None:
    assert SlackSettings(("xoxb-1",)).may_reply_to("https://hooks.slack.com/commands/T1/2/3")
    assert SlackSettings(("xoxb-1",)).may_reply_to("https://hooks.slack-gov.com/commands/T1/2/3")


def test_one_lane_keeps_its_order_and_lanes_run_side_by_side() -> None:
    pool, done, gate = Pool(threads=2), [], threading.Event()
    assert pool.submit("a", "1", lambda: gate.wait(5) and done.append("a1"))
    time.sleep(0.05)
    for order in ("4", "2", "3"):
        pool.submit("a", order, lambda order=order: done.append(f"a{order}"))
    pool.submit("b", "9", lambda: done.append("b9"))
    time.sleep(0.1)
    assert done == ["b9"]
    gate.set()
    assert pool.close()
    assert done == ["b9", "a1", "a2", "a3", "a4"]


def test_a_full_pool_says_so_and_a_failing_job_does_not_end_it(caplog: pytest.LogCaptureFixture) -> None:
    pool, gate = Pool(threads=1, room=1), threading.Event()

    def fails() -> None:
        gate.wait(5)
        raise ValueError("what somebody wrote")

    assert pool.submit("a", "", fails)
    time.sleep(0.05)
    assert pool.submit("b", "", lambda: None)
    assert not pool.submit("c", "", lambda: None)
    gate.set()
    assert pool.close()
    assert "ValueError at test_slack_parts.py" in caplog.text
    assert "somebody wrote" not in caplog.text
    assert not pool.submit("d", "", lambda: None)


class Threads:
    """Slack's answer to what a thread holds, and how often it was asked."""

    def __init__(self, *texts: str) -> None:
        self.texts, self.asked = list(texts), 0

    def conversations_replies(self, **_: object) -> dict[str, object]:
        self.asked += 1
        return {"messages": [{"user": "U1", "text": text} for text in self.texts]}


def test_a_thread_is_looked_up_again_after_a_minute_however_busy_it_is() -> None:
    now = [0.0]
    engaged, slack, place = Engaged(), Threads("Lunch?"), Place("T1", "C1", "1.1", "U1")
    engaged._out = Seen(60, clock=lambda: now[0])
    for now[0] in range(0, 90, 10):
        assert not engaged.has(place, slack, "UBOT")  # type: ignore[arg-type]
    assert slack.asked == 2
    slack.texts.append("<@UBOT> what next?")
    now[0] = 130
    assert engaged.has(place, slack, "UBOT")  # type: ignore[arg-type]
    assert engaged.knows(place)


def test_where_tells_the_place_and_not_the_message() -> None:
    assert where(ValueError("secret")) == "ValueError"


def test_a_memory_forgets() -> None:
    now = [0.0]
    seen = Seen(10, most=2, clock=lambda: now[0])
    assert seen.add("a")
    assert not seen.add("a")
    now[0] = 11
    assert "a" not in seen
    assert seen.add("a")
    assert seen.add("b")
    assert seen.add("c")
    assert seen.add("a")  # pushed out


def event(**more: object) -> dict[str, object]:
    inner = {"type": "app_mention", "user": "U1", "channel": "C1", "ts": "1.2", "text": "<@UBOT> What &lt; next?"}
    return {"event_id": "Ev1", "event": {**inner, **more}}


def test_a_mention_is_a_question_in_its_own_thread() -> None:
    question = heard(event(), "T1", "UBOT")
    assert question is not None
    assert question.text == "What < next?"
    assert question.place.conversation_key == "slack:T1:C1:1.2"
    assert question.key == "slack:T1:Ev1"
    assert question.place.profile_keys == ("slack:T1:C1", "slack:T1")


NO_QUESTIONS = [
    {"bot_id": "B1"}, {"bot_profile": {}, "bot_id": "B"}, {"subtype": "message_changed"}, {"subtype": "bot_message"},
    {"user": "UBOT"}, {"user": "USLACKBOT"}, {"user": None}, {"edited": {"ts": "2"}}, {"hidden": True},
    {"type": "reaction_added"}, {"type": "message", "channel_type": "channel"}, {"ts": None},
]  # fmt: skip


@pytest.mark.parametrize("more", NO_QUESTIONS, ids=str)
def test_what_is_no_question(more: dict[str, object]) -> None:
    assert heard(event(**more), "T1", "UBOT") is None


def test_a_message_in_a_thread_is_overheard_and_one_to_the_bot_alone_is_not() -> None:
    message = {"type": "message", "channel_type": "channel", "thread_ts": "1.1", "text": "and now?"}
    question = heard(event(**message), "T1", "UBOT")
    assert question is not None
    assert (question.reach, question.place.thread) == ("overheard", "1.1")
    assert names(event(**message | {"text": "<@UBOT> and?"}), "UBOT")
    private = heard(event(type="message", channel="D1", channel_type="im", text="hi"), "T1", "UBOT")
    assert private is not None
    assert private.reach == "called"


def test_slacks_notation_reads_as_it_was_typed() -> None:
    text = "<@UBOT> ask <@U2> in <#C1|data> at <https://x.org/a|x.org>, <!here>, <!subteam^S1|@ml>: a &amp; b &gt; c"
    assert unslack(text, "UBOT") == "ask someone in #data at x.org, @here, @ml: a & b > c"


def test_what_stands_under_an_answer() -> None:
    answer = make_answer(asks=["How many models?"], note="Without a chat model.")
    kinds = [block.to_dict()["type"] for block in under(answer)]
    assert kinds == ["context", "section", "section", "actions", "context_actions"]
    text = str([block.to_dict() for block in under(answer)])
    assert "<https://example.org/hire|example.org>" in text
    assert "How many models?" in text
    element = under(answer)[-1].to_dict()["elements"][0]
    assert voted({"value": element["negative_button"]["value"]}) == (answer.id, False)
    assert voted({"value": "7|x"}) is None
    assert links_of(answer.citations).vouched("https://example.org/hire")
    assert not links_of(answer.citations).vouched("https://example.org/other")


def test_a_source_without_an_address_leads_to_what_it_rests_on() -> None:
    citation = make_answer().citations[0]
    citation = citation.model_copy(update={"url": None, "sources": ["A, B (2025), https://arxiv.org/abs/1."]})
    assert source_url(citation) == "https://arxiv.org/abs/1"
    assert source_url(citation.model_copy(update={"sources": ["a book"]})) is None


def test_failures_in_words_tell_nothing_about_our_insides() -> None:
    assert words.failure(Unreachable("Nothing answers at http://10.0.0.7.", "Start it.")) == words.SILENT
    assert words.failure(ApiError("The database is gone.", status=500)) == words.SILENT
    assert words.failure(RuntimeError("/etc/passwd")) == words.SORRY
    assert "30 seconds" in words.failure(ApiError("Slow down.", status=429, retry_after=30))
    assert words.failure(ApiError("Too <long>.", "Shorten it.", status=422)) == "Too &lt;long&gt;. Shorten it."
    assert "key" in words.failure(ApiError("No.", status=401))


@given(st.text("ab. \n", max_size=300), st.integers(20, 80))
@settings(derandomize=True)
def test_parts_of_a_stream_add_up(text: str, limit: int) -> None:
    assert "".join(parts(text, limit)) == text
    assert all(0 < len(part) <= limit for part in parts(text, limit))
    assert STREAM_CHARS < 12_000


def test_the_libraries_do_not_log_requests() -> None:
    from advisor.channels.slack.workspaces import quiet

    assert quiet().level == logging.ERROR


def test_the_manifest_in_the_guide_has_what_the_bot_needs() -> None:
    guide = (ROOT / "docs" / "slack.md").read_text("utf-8")
    found = re.search(r"```yaml\n(.*?)```", guide, re.DOTALL)
    assert found is not None
    manifest = yaml.safe_load(found[1])
    assert manifest["features"]["agent_view"]["agent_description"]
    assert "assistant_view" not in manifest["features"]
    assert 1 <= len(manifest["features"]["agent_view"]["suggested_prompts"]) <= 4
    assert len(manifest["display_information"]["name"]) <= 35
    events = set(manifest["settings"]["event_subscriptions"]["bot_events"])
    scopes = set(manifest["oauth_config"]["scopes"]["bot"])
    assert {"app_mention", "message.im", "app_home_opened"} <= events
    assert {"app_mentions:read", "assistant:write", "chat:write", "commands"} <= scopes
    kinds = {"message.im": "im", "message.channels": "channels", "message.groups": "groups", "message.mpim": "mpim"}
    assert {f"{kind}:history" for event, kind in kinds.items() if event in events} <= scopes
