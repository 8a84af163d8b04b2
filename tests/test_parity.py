"""The same question and profile give the same facts on every channel, each asked as its users ask it."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import httpx
import openai
import pytest
import yaml
from mcp import Client
from typer.testing import CliRunner

from advisor.answer.pipeline import Advisor
from advisor.channels.cli import app
from advisor.channels.mcp.opening import Opening
from advisor.channels.mcp.run import http_app
from advisor.channels.session import Desk
from advisor.channels.web.talk import Talk, View, respond
from advisor.client import AdvisorClient
from advisor.config import load_settings
from advisor.records.database import Database
from advisor.records.store import Records
from advisor.schema import Answer, Profile
from tests.serving import listening, served
from tests.slack_kit import people
from tests.slack_kit.delivery import HttpWire
from tests.slack_kit.our_bots import over_http
from tests.slack_kit.server import SlackServer
from tests.slack_kit.slack import Message, Slack

SMALL = Profile(people=25, team={"data-scientist": 2}, models_in_production=1, clouds=["aws"])
BANK = Profile(
    people=4000, industry="banking", country="Germany", regulations=["eu-ai-act"], risk="high", user_facing=True,
    team={"data-scientist": 12, "ml-engineer": 4}, models_in_production=20, clouds=["on-prem"], self_host=True,
)  # fmt: skip
STARTUP = Profile(people=8, uses_ml=False, uses_llm=True, llm_use=["rag"], user_facing=True, budget=20000)
NOBODY = Profile()

CASES: list[tuple[str, Profile]] = [
    ("What should we do next?", SMALL),
    ("What should we do next?", BANK),
    ("Where do we stand?", STARTUP),
    ("Where do we stand?", NOBODY),
    ("Whom should we hire first?", SMALL),
    ("Whom should we hire first?", BANK),
    ("Which tools fit us?", STARTUP),
    ("MLflow or Weights & Biases?", BANK),
    ("Do we need Kubernetes?", SMALL),
    ("What would that cost us a year?", SMALL),
    ("How much does an ML engineer earn?", NOBODY),
    ("What can go wrong with our chatbot?", STARTUP),
    ("Which regulations apply to us?", BANK),
    ("How do I become an MLOps engineer from data engineering?", NOBODY),
    ("What if we hire a data engineer?", SMALL),
    ("What is a feature store, and does a team with one model need it?", NOBODY),
    ("We are 60 people with one ML engineer on GCP. RAG or fine-tuning?", NOBODY),
    ("Was ist ein Feature Store?", NOBODY),
    ("Who won the football world cup?", SMALL),
    ("What is the weight of the Zorblax platform?", NOBODY),
]

Facts = tuple[bool, list[tuple[str, str]], list[tuple[str, str]]]
Ask = Callable[[str, Profile], Answer]


def facts(answer: Answer) -> Facts:
    """Whether it abstained; the quotes and where from; the findings and their figures."""
    quotes = [(c.doc_id, c.quote) for c in answer.citations]
    return answer.abstained, quotes, [(f.id, json.dumps([v.model_dump() for v in f.values])) for f in answer.findings]


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    return Records(Database(tmp_path_factory.mktemp("parity") / "advisor.db"))


@pytest.fixture(scope="module")
def url(advisor: Advisor, records: Records) -> Iterator[str]:
    with served(advisor, records) as url:
        yield url


def page(desk: Desk) -> Ask:
    def ask(question: str, profile: Profile) -> Answer:
        *_, last = respond(desk, Talk(profile=profile), question)
        assert isinstance(last, View)
        return last.talk.answers[-1]

    return ask


def api(url: str) -> Ask:
    def ask(question: str, profile: Profile) -> Answer:
        body = {"question": question, "profile": profile.model_dump(mode="json")}
        response = httpx.post(f"{url}/v1/ask", json=body, timeout=30)
        return Answer.model_validate_json(response.raise_for_status().content)

    return ask


def client(url: str) -> Ask:
    def ask(question: str, profile: Profile) -> Answer:
        with AdvisorClient(url) as client:
            return client.ask(question, profile=profile).answer

    return ask


def stream(url: str) -> Ask:
    def ask(question: str, profile: Profile) -> Answer:
        with AdvisorClient(url) as client, client.stream(question, profile=profile) as events:
            answer = [event.answer for event in events][-1]
        assert answer
        return answer

    return ask


def chat(url: str) -> Ask:
    """OpenAI's API has no place for a profile: what the page and the others are told, it is told in words."""

    def ask(question: str, profile: Profile) -> Answer:
        assert profile == NOBODY
        with openai.OpenAI(base_url=f"{url}/v1", api_key="none") as client:
            got = client.chat.completions.create(
                model="mlops-advisor", messages=[{"role": "user", "content": question}]
            )
        answer = Answer.model_validate_json(httpx.get(f"{url}/v1/answers/{got.id}").content)
        message = got.choices[0].message
        assert {a.url_citation.title for a in message.annotations or []} == {c.title for c in answer.citations}
        return answer

    return ask


def command_line(folder: Path) -> Ask:
    def ask(question: str, profile: Profile) -> Answer:
        file = folder / "profile.yaml"
        file.write_text(yaml.safe_dump(profile.model_dump(mode="json", exclude_defaults=True)))
        done = CliRunner().invoke(app, ["ask", "--json", "--profile", str(file), question])
        assert done.exit_code == 0, done.output
        return Answer.model_validate_json(done.stdout)

    return ask


def assistant(url: str) -> Ask:
    def ask(question: str, profile: Profile) -> Answer:
        async def run() -> Any:
            async with Client(url) as client:
                given = {"question": question, "profile": profile.model_dump(mode="json", exclude_defaults=True)}
                return await client.call_tool("ask", given)

        return Answer.model_validate(anyio.run(run).structured_content)

    return ask


class Slacker:
    """A workspace of the stand-in with our bot in it, over the same API."""

    def __init__(self, server: SlackServer, wire: HttpWire, url: str, records: Records) -> None:
        self.server, self.wire, self.url, self.records = server, wire, url, records
        self.asked = 0

    def __call__(self, question: str, profile: Profile) -> Answer:
        """A mention in a channel of its own, whose profile was set; the answer as it is recorded for the thread."""
        self.asked += 1
        channel = f"C0PARITY{self.asked:03d}"
        with AdvisorClient(self.url) as client:
            client.put_profile(f"slack:T0ONE:{channel}", profile)
        slack = self.server.slack
        message, event = people.mention(slack, "T0ONE", channel, "U0ANN", question)
        assert self.wire.deliver("events_api", event).status == 200

        def whole() -> list[Message]:
            posts = slack.finished("T0ONE", channel, message.ts)
            return [p for p in posts if any(block["type"] == "context_actions" for block in p.blocks)]

        (post,) = slack.wait(whole, 30)
        conversation = self.records.conversations.by_key(f"slack:T0ONE:{channel}:{message.ts}")
        answer = self.records.conversations.get(conversation).answers[-1]
        shown = html.unescape(post.reads() + json.dumps(post.blocks, ensure_ascii=False))
        assert [c.title for c in answer.citations if c.title.split(" (")[0] not in shown] == []
        return answer


@pytest.fixture(scope="module")
def slacker(url: str, records: Records) -> Iterator[Slacker]:
    slack = Slack()
    slack.add("T0ONE")
    settings = SimpleNamespace(url=url)
    with SlackServer(slack).running() as server, over_http(server, settings, processes=1) as wires:  # type: ignore[arg-type]
        yield Slacker(server, wires[0], url, records)


@pytest.fixture(scope="module")
def channels(
    advisor: Advisor, records: Records, url: str, slacker: Slacker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Ask]]:
    folder = tmp_path_factory.mktemp("channels")
    patch = pytest.MonkeyPatch()  # the command opens an advisor each time, which is proven elsewhere and takes seconds
    patch.setattr("advisor.channels.startup.open_advisor", lambda _settings, _store: advisor)
    patch.setattr(advisor, "close", lambda: None)
    settings = load_settings().model_copy(update={"home": folder})
    with listening(http_app(Opening(lambda: advisor), records, settings)) as mcp:
        yield {
            "api": api(url),
            "client": client(url),
            "stream": stream(url),
            "chat": chat(url),
            "cli": command_line(folder),
            "mcp": assistant(f"{mcp}/mcp"),
            "slack": slacker,
            "page": page(Desk(advisor, records)),
        }
    patch.undo()


@pytest.mark.parametrize(("question", "profile"), CASES, ids=[f"{n}" for n in range(len(CASES))])
def test_every_channel_gives_the_same_facts(channels: dict[str, Ask], question: str, profile: Profile) -> None:
    asked = {name: ask for name, ask in channels.items() if name != "chat" or profile == NOBODY}
    got = {name: facts(ask(question, profile)) for name, ask in asked.items()}
    assert {name: found for name, found in got.items() if found != got["page"]} == {}


def test_the_cases_tell_channels_apart(channels: dict[str, Ask]) -> None:
    """They differ among themselves: abstaining and answering, with findings and without, by profile."""
    found = [facts(channels["page"](question, profile)) for question, profile in CASES]
    assert len(CASES) == 20
    assert len({json.dumps(f) for f in found}) >= 18
    assert {f[0] for f in found} == {True, False}
    assert sum(bool(f[2]) for f in found) >= 10
    assert sum(bool(f[1]) for f in found) >= 15
