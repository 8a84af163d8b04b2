"""The kit against a bot that runs already, in any language:

    python -m tests.slack_kit --events http://127.0.0.1:3000/slack/events --port 4000
    python -m tests.slack_kit --socket --port 4000

Start the bot with what this prints, then press Enter.
"""

from __future__ import annotations

import argparse
import sys

from tests.slack_kit.delivery import HttpWire, SocketWire, Wire
from tests.slack_kit.scenarios import SCENARIOS, Rig, Skipped
from tests.slack_kit.server import SlackServer
from tests.slack_kit.slack import Slack


def main() -> int:
    """The exit status: 1 where a scenario failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", action="append", default=[], help="where the bot takes requests; once a process")
    parser.add_argument("--socket", action="store_true", help="the bot uses Socket Mode")
    parser.add_argument("--port", type=int, default=0, help="of the stand-in's Web API")
    given = parser.parse_args()
    slack = Slack()
    for team in ("T0ONE", "T0TWO"):
        slack.add(team)
    with SlackServer(slack, given.port).running() as server:
        for workspace in slack.workspaces.values():
            print(f"bot token of {workspace.team}: {workspace.token}")
        print(f"Web API: {server.api_url}\nsigning secret: {slack.signing_secret}\napp token: {slack.app_token}")
        input("Start the bot, then press Enter. ")
        wires: list[Wire] = [SocketWire(server)] if given.socket else []
        wires += [HttpWire(url, slack.signing_secret) for url in given.events]
        return run(Rig(server, wires))


def run(rig: Rig) -> int:
    """Run every scenario and say how each went."""
    failed = 0
    for scenario in SCENARIOS:
        try:
            scenario(rig)
            said = "passed"
        except Skipped as e:
            said = f"skipped: {e}"
        except AssertionError as e:
            failed += 1
            said = f"FAILED: {e}"
        print(f"{scenario.__name__:20} {said}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
