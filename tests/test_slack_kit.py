"""The conformance kit, passed by the bot over HTTP and over a socket, and by the minimal example."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest

from advisor.channels.slack import advisors
from tests.slack_kit.advisor_api import AdvisorApi
from tests.slack_kit.delivery import HttpWire, SocketWire
from tests.slack_kit.our_bots import ROOT, minimal, over_http, over_sockets
from tests.slack_kit.scenarios import (
    SCENARIOS,
    Rig,
    Skipped,
    long_answer,
    nobody_is_pinged,
    rate_limited,
    replay_at_once,
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
