"""The MCP server as assistants meet it: the official client, a real process, a real socket, both protocol eras."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import httpx2
import pytest
import uvicorn
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from advisor.advice.engine import advise
from advisor.answer.pipeline import Advisor
from advisor.channels.mcp.opening import Opening
from advisor.channels.mcp.results import Advice, Passages
from advisor.channels.mcp.run import PATH, http_app
from advisor.channels.server import bind
from advisor.config import Settings, load_settings
from advisor.errors import Busy, IndexUnavailable
from advisor.records import open_records
from advisor.records.store import Records
from advisor.schema import Answer, Profile

CLI = [sys.executable, "-m", "advisor.channels.cli"]
PROFILE = {"people": 25, "team": {"data-scientist": 2}, "models_in_production": 1}
QUESTION = "What is a feature store, and does a team with one model need it?"


@contextmanager
def serving(advisor: Advisor, settings: Settings) -> Iterator[tuple[str, Records]]:
    """The HTTP server in a thread, on a real socket."""
    records = open_records(settings)
    listener = bind("127.0.0.1", 0)
    app = http_app(Opening(lambda: advisor), records, settings)
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", server_header=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}{PATH}", records
    finally:
        server.should_exit = True
        thread.join()
        records.close()


@pytest.fixture(scope="module")
def url(advisor: Advisor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    settings = load_settings().model_copy(update={"home": tmp_path_factory.mktemp("mcp")})
    with serving(advisor, settings) as (url, _):
        yield url


@pytest.fixture
def guarded(advisor: Advisor, tmp_path: Path) -> Iterator[tuple[str, Records]]:
    """A server that asks for keys."""
    with serving(advisor, load_settings().model_copy(update={"require_keys": True, "home": tmp_path})) as found:
        yield found


def talk(server: Any, use: Callable[[Client], Awaitable[Any]], mode: str = "auto") -> Any:
    """What `use` gives for a connected client."""

    async def run() -> Any:
        async with Client(server, mode=mode) as client:
            try:
                return await use(client)
            except MCPError as e:  # raised below, where no task group wraps it
                return e

    result = anyio.run(run)
    if isinstance(result, MCPError):
        raise result
    return result


def call(server: Any, name: str, arguments: dict[str, Any], mode: str = "auto") -> Any:
    return talk(server, lambda client: client.call_tool(name, arguments), mode)


def refused(server: Any, name: str, arguments: dict[str, Any]) -> str:
    """The text of a call that the tool refused."""
    result = call(server, name, arguments)
    assert result.is_error
    assert result.structured_content is None
    return str(result.content[0].text)


def bearer(url: str, token: str) -> Any:
    return streamable_http_client(url, http_client=httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}))


# ---------------------------------------------------------------- standard input and output


def test_an_assistant_starts_us_and_asks(advisor_home: Settings) -> None:
    env = {"ADVISOR_HOME": str(advisor_home.home), "ADVISOR_CORPUS": str(advisor_home.corpus)}
    server = StdioServerParameters(command=CLI[0], args=[*CLI[1:], "mcp"], env=env)
    result = call(server, "ask", {"question": QUESTION, "profile": PROFILE})
    answer = Answer.model_validate(result.structured_content)
    assert answer.citations
    assert answer.text in result.content[0].text
    assert all(c.url in result.content[0].text for c in answer.citations if c.url)


def test_a_client_is_greeted_before_anything_heavy_and_stdout_is_protocol_only(tmp_path: Path) -> None:
    """The corpus is broken: whoever opened anything at the start would fail at the start."""
    env = {**os.environ, "ADVISOR_CORPUS": str(tmp_path / "nowhere")}
    process = subprocess.Popen(
        [*CLI, "mcp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
    )
    assert process.stdin is not None
    assert process.stdout is not None
    begun = time.monotonic()

    def send(method: str, id: int | None, **params: Any) -> Any:
        assert process.stdin is not None
        assert process.stdout is not None
        message = {"jsonrpc": "2.0", "method": method, "params": params} | ({} if id is None else {"id": id})
        process.stdin.write(json.dumps(message) + "\n")
        process.stdin.flush()
        if id is None:
            return None
        reply = json.loads(process.stdout.readline())
        assert reply["id"] == id
        return reply["result"]

    client = {"name": "raw", "version": "1"}
    hello = send("initialize", 1, protocolVersion="2025-06-18", capabilities={}, clientInfo=client)
    assert time.monotonic() - begun < 15  # about one second; the margin is for a busy machine
    assert hello["serverInfo"]["name"] == "mlops-advisor"
    assert hello["protocolVersion"] == "2025-06-18"
    send("notifications/initialized", None)
    assert len(send("tools/list", 2)["tools"]) == 5
    failed = send("tools/call", 3, name="ask", arguments={"question": "What next?"})
    assert failed["isError"]
    assert "corpus" in failed["content"][0]["text"]
    process.stdin.close()
    assert process.stdout.read() == ""
    assert process.wait(15) == 0


def test_options_of_http_need_http() -> None:
    done = subprocess.run([*CLI, "mcp", "--port", "9000"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Add --http" in done.stderr
    assert done.stdout == ""


# ---------------------------------------------------------------- tools


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_tools_say_that_they_only_read(url: str, mode: str) -> None:
    tools = talk(url, lambda client: client.list_tools(), mode).tools
    assert [t.name for t in tools] == ["ask", "assess", "compare_tools", "estimate_cost", "search"]
    for tool in tools:
        assert tool.description
        assert tool.annotations.read_only_hint
        assert not tool.annotations.destructive_hint
        assert not tool.annotations.open_world_hint
        assert tool.input_schema["additionalProperties"] is False
        assert tool.output_schema["type"] == "object"


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_ask_gives_the_answer_of_every_channel(url: str, advisor: Advisor, mode: str) -> None:
    result = call(url, "ask", {"question": "What should we do next?", "profile": PROFILE}, mode)
    answer = Answer.model_validate(result.structured_content)
    same = advisor.ask("What should we do next?", profile=Profile.model_validate(PROFILE))
    assert answer.text == same.text
    assert answer.findings == same.findings
    assert answer.citations == same.citations
    for c in answer.citations:
        assert advisor.documents[c.doc_id].text[c.start : c.end] == c.quote


@pytest.mark.parametrize(("tool", "intent"), [("assess", "assess"), ("estimate_cost", "cost")])
def test_advice_is_what_the_rules_say(url: str, advisor: Advisor, tool: str, intent: Any) -> None:
    result = call(url, tool, {"profile": PROFILE})
    advice = Advice.model_validate(result.structured_content)
    assert advice.findings == advise(intent, Profile.model_validate(PROFILE), advisor.corpus)
    assert advice.asks
    assert advice.sources
    text = result.content[0].text
    assert all(s.line in text for s in advice.sources)
    assert all(f.title in text for f in advice.findings)
    assert {id for f in advice.findings for id in f.sources} == {s.id for s in advice.sources}


def test_tools_are_compared_by_name_or_id(url: str) -> None:
    named = call(url, "compare_tools", {"tools": ["MLflow", "Weights & Biases"]}).structured_content
    assert named == call(url, "compare_tools", {"tools": ["mlflow", "wandb"]}).structured_content
    first = Advice.model_validate(named).findings[0]
    assert first.kind == "comparison"
    assert first.table
    assert len(first.table.columns) == 3


def test_an_unknown_tool_is_named_with_its_neighbours(url: str) -> None:
    text = refused(url, "compare_tools", {"tools": ["mlflow", "langfuze"]})
    assert "langfuze" in text
    assert "langfuse" in text


def test_search_filters_and_says_where_passages_come_from(url: str, advisor: Advisor) -> None:
    result = call(url, "search", {"query": "canary release", "k": 3, "kind": "practice"})
    items = Passages.model_validate(result.structured_content).items
    assert 0 < len(items) <= 3
    for item in items:
        assert item.doc_id.startswith("practice/")
        assert item.text in advisor.documents[item.doc_id].text
        assert item.doc_id in result.content[0].text
    assert "guide" in refused(url, "search", {"query": "canary", "kind": "rumour"})


def test_a_profile_may_come_as_json_text(url: str) -> None:
    sent = call(url, "estimate_cost", {"profile": json.dumps(PROFILE)}).structured_content
    assert sent == call(url, "estimate_cost", {"profile": PROFILE}).structured_content


@pytest.mark.parametrize(
    ("tool", "arguments", "says"),
    [
        ("ask", {}, "question"),
        ("ask", {"question": "x" * 4001}, "4000"),
        ("ask", {"question": "  \n "}, "empty"),
        ("ask", {"question": "a\x00b"}, "control"),
        ("ask", {"question": "Secret plan?", "tenant": "other"}, "tenant"),
        ("ask", {"question": "Secret plan?", "profile": {"people": -1}}, "profile.people"),
        ("ask", {"question": "Secret plan?", "profile": "{broken"}, "profile"),
        ("assess", {}, "profile"),
        ("search", {"query": "canary", "k": 21}, "k:"),
        ("search", {"query": "canary", "k": "8"}, "k:"),
        ("search", {"query": "canary", "k": True}, "k:"),
        ("compare_tools", {"tools": ["mlflow"]}, "tools"),
        ("compare_tools", {"tools": ["mlflow", "MLflow"]}, "one tool"),
        ("compare_tools", {"tools": ["mlflow"] * 7}, "tools"),
    ],
)
def test_what_is_wrong_with_arguments_is_said_and_not_repeated(
    url: str, tool: str, arguments: dict[str, Any], says: str
) -> None:
    text = refused(url, tool, arguments)
    assert says in text
    assert "Secret plan" not in text


def test_there_is_no_other_tool(url: str) -> None:
    with pytest.raises(MCPError, match="ask, assess"):
        call(url, "delete_everything", {})


# ---------------------------------------------------------------- resources


def test_practices_and_roles_are_resources(url: str, advisor: Advisor) -> None:
    listed = talk(url, lambda client: client.list_resources()).resources
    wanted = {f"advisor://{id}" for id in advisor.documents if id.startswith(("practice/", "role/"))}
    assert {str(r.uri) for r in listed} == wanted
    templates = talk(url, lambda client: client.list_resource_templates()).resource_templates
    assert {t.uri_template for t in templates} == {"advisor://practice/{id}", "advisor://role/{id}"}
    for uri in (sorted(wanted)[0], sorted(wanted)[-1]):
        content = talk(url, lambda client, uri=uri: client.read_resource(uri)).contents[0]
        assert content.text == advisor.documents[uri.removeprefix("advisor://")].text
        assert content.mime_type == "text/markdown"


@pytest.mark.parametrize("uri", ["advisor://practice/none", "advisor://guide/first-hire", "file:///etc/passwd"])
def test_other_addresses_are_refused(url: str, uri: str) -> None:
    with pytest.raises(MCPError, match="no such resource"):
        talk(url, lambda client: client.read_resource(uri))


# ---------------------------------------------------------------- who may call


def test_a_server_with_keys_lets_nobody_else_in(guarded: tuple[str, Records]) -> None:
    url, records = guarded
    info, token = records.keys.create("acme", "assistant", ["ask", "read"])
    assert not call(bearer(url, token), "ask", {"question": QUESTION}).is_error
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    headers = {"Accept": "application/json, text/event-stream"}
    tokens = [None, "Bearer adv_x_y", f"Bearer {token}x", f"Basic {token}"]
    replies = [httpx.post(url, json=body, headers=headers | ({"Authorization": t} if t else {})) for t in tokens]
    assert {r.status_code for r in replies} == {401}
    assert len({r.text for r in replies}) == 1
    assert replies[0].headers["www-authenticate"] == "Bearer"
    records.keys.revoke(info.id)
    assert httpx.post(url, json=body, headers=headers | {"Authorization": f"Bearer {token}"}).status_code == 401


def test_a_key_does_what_its_rights_allow(guarded: tuple[str, Records]) -> None:
    url, records = guarded
    _, token = records.keys.create("acme", "reader", ["read"])
    assert not call(bearer(url, token), "search", {"query": "canary"}).is_error
    assert "ask" in refused(bearer(url, token), "ask", {"question": QUESTION})
    _, token = records.keys.create("acme", "asker", ["ask"])
    with pytest.raises(MCPError, match="read"):
        talk(bearer(url, token), lambda client: client.list_resources())


def test_a_key_is_limited(guarded: tuple[str, Records]) -> None:
    url, records = guarded
    _, token = records.keys.create("acme", "slow", ["read"], per_minute=2)
    body = {"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {}}
    headers = {"Accept": "application/json, text/event-stream", "Authorization": f"Bearer {token}"}
    replies = [httpx.post(url, json=body, headers=headers) for _ in range(4)]
    assert replies[-1].status_code == 429
    assert int(replies[-1].headers["retry-after"]) >= 1


def test_a_sent_key_is_checked_where_none_is_needed(url: str) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    assert httpx.post(url, json=body, headers={"Authorization": "Bearer adv_no_no"}).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"), [({"Host": "evil.example"}, 421), ({"Origin": "https://evil.example"}, 403)]
)
def test_a_page_elsewhere_cannot_reach_us(url: str, headers: dict[str, str], status: int) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    accept = {"Accept": "application/json, text/event-stream"}
    assert httpx.post(url, json=body, headers=accept | headers).status_code == status


def test_a_body_has_a_limit(url: str) -> None:
    assert httpx.post(url, content=b"{" + b" " * 70_000 + b"}").status_code == 413


def test_other_machines_are_not_served_without_keys() -> None:
    done = subprocess.run(
        [*CLI, "mcp", "--http", "--host", "0.0.0.0", "--port", "0"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "key" in done.stderr


# ---------------------------------------------------------------- opening


def test_opening_happens_once_and_when_wanted(advisor: Advisor) -> None:
    opened: list[int] = []

    def open_advisor() -> Advisor:
        opened.append(1)
        return advisor

    opening = Opening(open_advisor)
    assert opened == []
    assert opening.get() is opening.get() is advisor
    assert opened == [1]


def test_who_comes_too_early_is_told_so_and_the_next_is_served(advisor: Advisor) -> None:
    ready = threading.Event()

    def open_advisor() -> Advisor:
        ready.wait(30)
        return advisor

    opening = Opening(open_advisor, seconds=0.05)
    with pytest.raises(Busy, match="getting ready"):
        opening.get()
    ready.set()
    assert opening.begin().result(30) is advisor


def test_opening_that_failed_is_tried_again(advisor: Advisor) -> None:
    tries = iter([IndexUnavailable("The index is damaged."), advisor])

    def open_advisor() -> Advisor:
        found = next(tries)
        if isinstance(found, Advisor):
            return found
        raise found

    opening = Opening(open_advisor)
    with pytest.raises(IndexUnavailable):
        opening.get()
    assert opening.get() is advisor
