"""Time from an event to its acknowledgement, and to the first sentence that people see.

    python -m tests.slack_kit.measure              # ADVISOR_HOME needs an index: advisor index
    python -m tests.slack_kit.measure --events 200 --at-once 8

Runs `advisor serve` and `advisor slack` as they are deployed, each a process of its own, on this machine; the
stand-in answers at once, so that the network to the real Slack comes on top.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from tests.slack_kit import people
from tests.slack_kit.delivery import HttpWire, SocketWire, Wire
from tests.slack_kit.server import SlackServer
from tests.slack_kit.slack import Message, Slack

QUESTIONS = [
    "What should we do next?",
    "RAG or fine-tuning?",
    "When is a feature store worth it?",
    "Whom should we hire first?",
    "How do we roll back a model?",
    "What does an LLM pilot cost?",
    "How do we notice drift?",
    "We are 25 people with two data scientists, one model deployed by hand. What comes next?",
]
STREAMS, EDITS = "T0STREAMS", "T0EDITS"


@contextlib.contextmanager
def process(*arguments: str, **environ: str) -> Iterator[str]:
    """The `advisor` command with these arguments; the first line that it says."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SLACK_")}
    command = [sys.executable, "-m", "advisor.channels.cli", *arguments]
    started = subprocess.Popen(command, env=kept | environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert started.stdout is not None
        yield next(line for line in started.stdout if " at " in line or "listens" in line or "connected" in line)
    finally:
        started.terminate()
        started.wait()


def url_in(line: str) -> str:
    """The address in a line."""
    return next(word for word in line.split() if word.startswith("http://"))


def one(server: SlackServer, wire: Wire, team: str, number: int) -> tuple[float, float, float]:
    """Milliseconds from one event to its acknowledgement, its first visible sentence, and its end."""
    slack = server.slack
    question = QUESTIONS[number % len(QUESTIONS)]
    message, event = people.mention(slack, team, f"C{team}{number:05d}", "U0ANN", question)
    begun = time.monotonic()
    ack = wire.deliver("events_api", event)
    assert ack.status == 200
    post = slack.wait(lambda: [p for p in slack.finished(team, message.channel, message.ts) if thumbs(p)], 60)[0]
    shown = post.shown
    return 1000 * ack.seconds, 1000 * (shown[0][0] - begun), 1000 * (shown[-1][0] - begun)


def thumbs(post: Message) -> bool:
    """Has the answer its buttons? Then it is whole."""
    return any(block["type"] == "context_actions" for block in post.blocks)


def row(name: str, values: list[float]) -> str:
    """Median, 95th percentile and longest."""
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    return f"{name:44} {statistics.median(ordered):8.1f} {p95:8.1f} {ordered[-1]:8.1f}"


def measure(server: SlackServer, wire: Wire, what: str, team: str, events: int, at_once: int) -> None:
    """Print the three times of so many events."""
    one(server, wire, team, 90_000 + at_once)
    with ThreadPoolExecutor(at_once) as pool:
        times = list(pool.map(lambda n: one(server, wire, team, n + 1000 * at_once), range(events)))
    for name, values in zip(("acknowledged", "first sentence", "whole answer"), zip(*times, strict=True), strict=True):
        print(row(f"{what}, {at_once} at once: {name}", list(values)))


def main() -> None:
    """Measure over HTTP and over a socket, streamed and edited, one by one and some at once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=60)
    parser.add_argument("--at-once", type=int, default=8)
    given = parser.parse_args()
    slack = Slack()
    slack.add(STREAMS)
    slack.add(EDITS, streaming=False)
    tokens = {f"SLACK_BOT_TOKEN_{w.team}": w.token for w in slack.workspaces.values()}
    print(f"{'milliseconds':44} {'median':>8} {'p95':>8} {'longest':>8}")
    with SlackServer(slack).running() as server, process("serve", "--no-page", "--port", "0") as said:
        environ = tokens | {"SLACK_API_URL": server.api_url, "ADVISOR_URL": url_in(said)}
        with process("slack", "--port", "0", SLACK_SIGNING_SECRET=slack.signing_secret, **environ) as line:
            wire = HttpWire(url_in(line), slack.signing_secret)
            measure(server, wire, "HTTP, streamed", STREAMS, given.events, 1)
            measure(server, wire, "HTTP, streamed", STREAMS, given.events, given.at_once)
            measure(server, wire, "HTTP, edited", EDITS, given.events, 1)
        with process("slack", SLACK_APP_TOKEN=slack.app_token, **environ):
            measure(server, SocketWire(server), "Socket Mode, streamed", STREAMS, given.events, 1)


if __name__ == "__main__":
    main()
