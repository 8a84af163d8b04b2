"""What a bot must do, whoever wrote it: each scenario is a function that raises AssertionError.

A bot passes with at least one wire; scenarios that need more, a signed wire or a hand on the service behind the bot
raise Skipped where the rig has none.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

from tests.slack_kit import people
from tests.slack_kit.delivery import Ack, HttpWire, Wire, encode, sign
from tests.slack_kit.server import SlackServer
from tests.slack_kit.slack import Message, Slack

ACK_SECONDS = 0.5
USER = "U0ANN"


class Skipped(Exception):
    """The rig lacks what the scenario needs."""


class Service(Protocol):
    """A hand on whatever the bot gets its answers from."""

    def say(self, markdown: str) -> None: ...

    def slow(self, seconds: float) -> None: ...

    def down(self) -> None: ...

    def up(self) -> None: ...


@dataclass
class Rig:
    """A bot under test: the Slack it talks to, a way to each of its processes, and its service."""

    server: SlackServer
    wires: list[Wire]
    service: Service | None = None
    teams: tuple[str, ...] = ("T0ONE", "T0TWO")
    channels: int = field(default=0)

    @property
    def slack(self) -> Slack:
        return self.server.slack

    def channel(self, kind: str = "C") -> str:
        """A channel that nothing was said in yet."""
        self.channels += 1
        return f"{kind}0KIT{self.channels:04d}"

    def needs_service(self) -> Service:
        if self.service is None:
            raise Skipped("no service to control")
        return self.service

    def asked(self, text: str = "What next?", team: str = "", channel: str = "") -> tuple[Message, people.Payload]:
        """A mention that the bot has not heard of yet."""
        return people.mention(self.slack, team or self.teams[0], channel or self.channel(), USER, text)

    def answered(self, message: Message, seconds: float = 10) -> list[Message]:
        """The bot's messages in the thread of this one, once it is through."""
        return list(
            self.slack.wait(lambda: self.slack.finished(message.team, message.channel, message.thread), seconds)
        )

    def once(self, message: Message) -> Message:
        """The one message that the bot answers with: also after a while it is the only one."""
        self.answered(message)
        self.slack.quiet()
        posts = self.slack.posts(message.team, message.channel)
        assert len(posts) == 1, f"{len(posts)} posts for one question"
        assert posts[0].thread == message.thread, "the answer is not in the thread of its question"
        return posts[0]


def taken(ack: Ack) -> None:
    """Acknowledged, and in time."""
    assert ack.status == 200, f"status {ack.status}"
    assert ack.seconds < ACK_SECONDS, f"acknowledged after {ack.seconds:.3f} s"


def ack_deadline(rig: Rig) -> None:
    """The acknowledgement does not wait for a slow answer."""
    rig.needs_service().slow(1)
    try:
        for _ in range(2):
            message, event = rig.asked()
            taken(rig.wires[0].deliver("events_api", event))
            assert not rig.slack.finished(message.team, message.channel, message.thread)
        rig.answered(message)
    finally:
        rig.needs_service().slow(0)


def replay_in_turn(rig: Rig) -> None:
    """Four deliveries, one after the other, one post."""
    message, event = rig.asked()
    for attempt in range(4):
        taken(rig.wires[0].deliver("events_api", event, attempt))
        rig.answered(message)
    rig.once(message)


def replay_at_once(rig: Rig) -> None:
    """Four deliveries at the same time, one post."""
    message, event = rig.asked()
    with ThreadPoolExecutor(4) as pool:
        acks = list(pool.map(lambda attempt: rig.wires[0].deliver("events_api", event, attempt), range(4)))
    for ack in acks:
        taken(ack)
    rig.once(message)


def two_replicas(rig: Rig) -> None:
    """Four deliveries over two processes of the bot, at the same time and one after the other: one post each."""
    if len(rig.wires) < 2:
        raise Skipped("one process only")
    message, event = rig.asked()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda attempt: rig.wires[attempt % 2].deliver("events_api", event, attempt), range(4)))
    rig.once(message)
    message, event = rig.asked()
    for attempt in range(4):
        taken(rig.wires[attempt % 2].deliver("events_api", event, attempt))
        rig.answered(message)
    rig.once(message)


def rate_limited(rig: Rig) -> None:
    """After a 429 nothing is sent to that method for as long as Slack says, and the answer comes all the same."""
    methods = ("chat.startStream", "chat.postMessage", "chat.stopStream", "chat.update")
    for method in methods:
        before = len(rig.slack.calls)
        rig.slack.fault(method, status=429, retry_after=1)
        message, event = rig.asked()
        taken(rig.wires[0].deliver("events_api", event))
        rig.answered(message)
        calls = [c for c in rig.slack.calls[before:] if c.method == method]
        for limited, following in itertools.pairwise(calls):
            if limited.status == 429:
                assert following.at - limited.at >= 1, f"{method} was called again too soon"
        rig.slack.faults.clear()


def out_of_order(rig: Rig) -> None:
    """The second message of a thread arrives before the first: both are answered, each once."""
    first, first_event = rig.asked("First?")
    _, second_event = people.mention(rig.slack, first.team, first.channel, USER, "Second?", thread=first.ts)
    for event in (second_event, first_event):
        taken(rig.wires[0].deliver("events_api", event))
    rig.slack.wait(lambda: len(rig.slack.finished(first.team, first.channel, first.thread)) == 2)
    rig.slack.quiet()
    posts = rig.slack.posts(first.team, first.channel)
    assert len(posts) == 2, f"{len(posts)} posts for two questions"
    assert {p.thread for p in posts} == {first.ts}


def not_for_the_bot(rig: Rig) -> None:
    """Edits, deletions, other bots and its own messages are acknowledged and not answered."""
    team, slack = rig.teams[0], rig.slack
    message, event = rig.asked()
    taken(rig.wires[0].deliver("events_api", event))
    rig.once(message)
    workspace = next(w for w in slack.workspaces.values() if w.team == team)
    own = next(m for m in slack.posts(team, message.channel))
    asking = {"text": f"<@{workspace.bot_user}> and now?", "ts": slack.next_ts()}
    dm = slack.person_says(team, rig.channel("D"), USER, "hello")
    changed_mention = people.said(message, "app_mention", edited={"user": USER, "ts": slack.next_ts()})
    events = [
        people.edits(slack, message, "changed"),
        people.edits(slack, dm, "changed"),
        people.deletes(slack, message),
        people.event(slack, team, changed_mention),
        people.event(slack, team, people.said(message, subtype="bot_message", bot_id="B0OTHER", **asking)),
        people.event(slack, team, people.said(message, "app_mention", bot_id="B0OTHER", **asking)),
        people.event(slack, team, people.said(own, bot_id=workspace.bot_id, text="again")),
        people.event(slack, team, people.said(dm, user=workspace.bot_user, ts=slack.next_ts())),
        people.event(slack, team, people.said(message, subtype="channel_join", ts=slack.next_ts())),
    ]
    before = len(slack.posts(team, message.channel)) + len(slack.posts(team, dm.channel))
    for event in events:
        taken(rig.wires[0].deliver("events_api", event))
    slack.quiet()
    assert len(slack.posts(team, message.channel)) + len(slack.posts(team, dm.channel)) == before


def private_message(rig: Rig) -> None:
    """What somebody writes to the bot alone is answered without a mention, in its thread."""
    message, event = people.writes(rig.slack, rig.teams[0], rig.channel("D"), USER, "What next?")
    taken(rig.wires[0].deliver("events_api", event))
    rig.once(message)


def _signed(rig: Rig) -> HttpWire:
    if not isinstance(rig.wires[0], HttpWire):
        raise Skipped("no signatures on a socket")
    return rig.wires[0]


def forged_signature(rig: Rig) -> None:
    """A request that Slack did not sign is refused with 401, and one that it signed for another body."""
    wire = _signed(rig)
    _, event = rig.asked()
    body, kind = encode("events_api", event)
    good = sign(wire.secret, body)
    challenge = b'{"type":"url_verification","challenge":"c","token":"t"}'
    forgeries = [
        (body, sign("another secret", body)),
        (body, {}),
        (body, {k: v for k, v in good.items() if "Timestamp" in k}),
        (body, {k: v for k, v in good.items() if "Signature" in k}),
        (body + b" ", good),
        (body, good | {"X-Slack-Request-Timestamp": str(int(good["X-Slack-Request-Timestamp"]) + 1)}),
        (challenge, sign("another secret", challenge)),
    ]
    for sent, headers in forgeries:
        ack = wire.send(sent, {"Content-Type": kind, **headers})
        assert ack.status == 401, f"status {ack.status}"
    _nothing_posted(rig, event)


def stale_signature(rig: Rig) -> None:
    """A request signed more than five minutes ago, or ahead, is refused with 401."""
    wire = _signed(rig)
    _, event = rig.asked()
    body, kind = encode("events_api", event)
    for seconds in (-301, -86_400, 302, 86_400):
        ack = wire.send(body, {"Content-Type": kind, **sign(wire.secret, body, time.time() + seconds)})
        assert ack.status == 401, f"status {ack.status} for {seconds} s"
    _nothing_posted(rig, event)


def odd_signature(rig: Rig) -> None:
    """Headers and bodies of kinds that Slack never sends are refused, and never a server error."""
    wire = _signed(rig)
    _, event = rig.asked()
    body, kind = encode("events_api", event)
    good = sign(wire.secret, body)
    timestamp, signature = good["X-Slack-Request-Timestamp"].encode(), good["X-Slack-Signature"].encode()
    odd = [
        (body, b"abc", signature),
        (body, b"", signature),
        (body, b"-1", signature),
        (body, b"1e9", signature),
        (body, "\u0661\u0662\u0663".encode(), signature),
        (body, b"9" * 400, signature),
        (body, timestamp, "v0=\u00e9".encode()),
        (body, timestamp, b"v0="),
        (body, timestamp, b"v1=" + signature[3:]),
        (body, timestamp, signature.upper()),
        (b"\xff\xfe\xff", timestamp, signature),
        (b"{not json", timestamp, signature),
        (b"", timestamp, signature),
    ]
    for sent, stamp, signed in odd:
        headers = [
            (b"Content-Type", kind.encode()),
            (b"X-Slack-Request-Timestamp", stamp),
            (b"X-Slack-Signature", signed),
        ]
        ack = wire.send(sent, headers)
        # Some servers close the connection over a header or body that is not text: refused as well.
        assert ack.status in (0, 400, 401), f"status {ack.status} for {stamp[:20]!r} {signed[:20]!r}"
    _nothing_posted(rig, event)


def _nothing_posted(rig: Rig, event: people.Payload) -> None:
    rig.slack.quiet(0.2)
    assert not rig.slack.posts(rig.teams[0], event["event"]["channel"])


def two_workspaces(rig: Rig) -> None:
    """Two workspaces with a channel of the same id: each is answered with its own token, in its own place."""
    if len(rig.teams) < 2:
        raise Skipped("one workspace only")
    channel = rig.channel()
    asked = [rig.asked(f"What next in {team}?", team, channel) for team in rig.teams]
    for _, event in asked:
        taken(rig.wires[0].deliver("events_api", event))
    for message, _ in asked:
        post = rig.once(message)
        assert post.team == message.team


def long_answer(rig: Rig) -> None:
    """An answer of 20,000 characters arrives whole, in messages that Slack takes, in the thread."""
    service = rig.needs_service()
    paragraphs = [f"Point {n:03d}: " + "keep every model in a registry and name its owner. " * 5 for n in range(75)]
    service.say("\n\n".join(paragraphs))
    try:
        message, event = rig.asked("Everything, please?")
        taken(rig.wires[0].deliver("events_api", event))
        rig.slack.wait(lambda: "Point 074" in _read(rig, message), 20)
        posts = rig.answered(message)
        missing = [n for n in range(75) if f"Point {n:03d}" not in _read(rig, message)]
        assert not missing, f"{len(missing)} of 75 paragraphs are missing"
        assert all(p.thread == message.thread for p in posts)
    finally:
        service.say("Keep every model in a registry [1].")


def _read(rig: Rig, message: Message) -> str:
    return "\n".join(p.reads() for p in rig.slack.posts(message.team, message.channel, message.thread))


def nobody_is_pinged(rig: Rig) -> None:
    """What looks like a mention in an answer notifies nobody."""
    service = rig.needs_service()
    service.say("Tell <!channel>, <!here>, <!everyone> and <@U0BOB> about <http://evil.example|this>.")
    try:
        message, event = rig.asked()
        taken(rig.wires[0].deliver("events_api", event))
        for post in rig.answered(message):
            assert post.pings() == [], f"it notifies {post.pings()}"
            assert "<http://evil.example|this>" not in post.reads()
    finally:
        service.say("Keep every model in a registry [1].")


def service_down(rig: Rig) -> None:
    """Where there is no answer there is a message in the thread, and no status stays; afterwards all is well again."""
    service = rig.needs_service()
    service.down()
    try:
        message, event = rig.asked()
        taken(rig.wires[0].deliver("events_api", event))
        rig.answered(message, 30)
        assert not rig.slack.statuses.get((message.team, message.channel, message.thread))
    finally:
        service.up()
    message, event = rig.asked()
    taken(rig.wires[0].deliver("events_api", event))
    rig.once(message)


SCENARIOS: tuple[Callable[[Rig], None], ...] = (
    ack_deadline, private_message, replay_in_turn, replay_at_once, two_replicas, rate_limited, out_of_order,
    not_for_the_bot, forged_signature, stale_signature, odd_signature, two_workspaces, long_answer, nobody_is_pinged,
    service_down,
)  # fmt: skip
