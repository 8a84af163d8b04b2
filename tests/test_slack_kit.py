"""The conformance kit, passed by the bot over HTTP and over a socket, and by the minimal example."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from slack_bolt import App, Say
from slack_sdk import WebClient

from advisor.channels.slack import advisors
from advisor.client import AdvisorClient
from tests.slack_kit import __main__ as command_line
from tests.slack_kit.advisor_api import AdvisorApi
from tests.slack_kit.delivery import HttpWire, SocketWire
from tests.slack_kit.our_bots import ROOT, minimal, over_http, over_sockets
from tests.slack_kit.scenarios import (
    SCENARIOS,
    Rig,
    Skipped,
    ack_deadline,
    forged_signature,
    long_answer,
    nobody_is_pinged,
    not_for_the_bot,
    odd_signature,
    rate_limited,
    replay_at_once,
    replay_in_turn,
    service_down,
    two_workspaces,
)
from tests.slack_kit.server import SlackServer
from tests.slack_kit.slack import Slack

Started = contextlib.AbstractContextManager[list[HttpWire] | list[SocketWire]]
SHOWING = {replay_at_once, rate_limited, two_workspaces, long_answer, nobody_is_pinged, service_down}
BOTS: dict[str, Callable[[SlackServer, AdvisorApi], Started]] = {
    "http": over_http,
    "socket": over_sockets,
    "edited": over_http,
    "minimal": minimal,
}


@pytest.fixture(scope="module", params=BOTS)
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    slack = Slack()
    for team in ("T0ONE", "T0TWO"):
        slack.add(team, streaming=request.param != "edited")
    api = AdvisorApi()
    try:
        with pytest.MonkeyPatch.context() as patch, SlackServer(slack).running() as server:
            patch.setattr(advisors, "RETRIES", 1)  # the advisor that is down stays so: no need to wait for it
            with BOTS[request.param](server, api) as wires:
                yield Rig(server, list(wires), api)
    finally:
        api.close()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.__name__)
def test_the_kit(rig: Rig, scenario: Callable[[Rig], None], request: pytest.FixtureRequest) -> None:
    if request.node.callspec.params["rig"] == "edited" and scenario not in SHOWING:
        pytest.skip("it shows nothing that edits could change")
    try:
        scenario(rig)
    except Skipped as e:
        pytest.skip(str(e))


def test_the_example_is_short() -> None:
    assert len((ROOT / "examples" / "slack_minimal.py").read_text("utf-8").splitlines()) < 40


def naive(server: SlackServer, api: AdvisorApi) -> App:
    """A bot as it is often written: it works first and acknowledges afterwards, and knows nothing of deliveries."""
    app = App(
        client=WebClient("xoxb-T0ONE", base_url=server.api_url),
        signing_secret=server.slack.signing_secret,
        process_before_response=True,
    )
    advisor = AdvisorClient(api.url)

    @app.event("app_mention")
    def answer(event: dict[str, str], say: Say) -> None:
        say(advisor.ask(event["text"]).answer.text, thread_ts=event["ts"])

    return app


def test_the_kit_sees_what_a_naive_bot_does_wrong() -> None:
    slack = Slack()
    slack.add("T0ONE")
    api = AdvisorApi()
    noticed = {ack_deadline, replay_in_turn, replay_at_once, not_for_the_bot, odd_signature, nobody_is_pinged}
    failed = set()
    try:
        with SlackServer(slack).running() as server, Door(naive(server, api)) as url:
            rig = Rig(server, [HttpWire(url, slack.signing_secret)], api, teams=("T0ONE",))
            for scenario in (forged_signature, *noticed):
                try:
                    scenario(rig)
                except AssertionError:
                    failed.add(scenario)
    finally:
        api.close()
    assert failed == noticed


class Door:
    """Bolt's own server for a Bolt app."""

    def __init__(self, app: App) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        threading.Thread(
            target=app.start, args=(self.port,), kwargs={"http_server_logger_enabled": False}, daemon=True
        ).start()

    def __enter__(self) -> str:
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return f"http://127.0.0.1:{self.port}/slack/events"

    def __exit__(self, *_: object) -> None: ...


def test_the_command_line_says_how_each_scenario_went(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fine(_: Rig) -> None: ...

    def lacking(_: Rig) -> None:
        raise Skipped("no service to control")

    def wrong(_: Rig) -> None:
        raise AssertionError("2 posts for one question")

    rig = Rig(SlackServer(Slack()), [])
    monkeypatch.setattr(command_line, "SCENARIOS", (fine, lacking))
    assert command_line.run(rig) == 0
    monkeypatch.setattr(command_line, "SCENARIOS", (fine, wrong))
    assert command_line.run(rig) == 1
    said = capsys.readouterr().out
    assert "skipped: no service to control" in said
    assert "FAILED: 2 posts for one question" in said
