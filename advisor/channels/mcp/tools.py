"""The tools: each takes its arguments, calls one function of the advisor, gives a typed result and its text."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import BaseModel

from advisor.advice.asks import asks
from advisor.advice.charts import charts
from advisor.advice.engine import advise
from advisor.advice.tool_findings import compare_tools, status
from advisor.channels.mcp.arguments import Arguments, Ask, Assess, CompareTools, EstimateCost, Search
from advisor.channels.mcp.results import Advice, Passages, advice_text, answer_text, links, passage, passages_text
from advisor.channels.text import check_question
from advisor.errors import InputError
from advisor.knowledge.records import Tool as ToolRecord
from advisor.schema import Answer, Filters, Finding, Intent, Profile

if TYPE_CHECKING:
    from advisor.answer.pipeline import Advisor


class Given(NamedTuple):
    """What a tool gives."""

    result: BaseModel
    text: str


@dataclass(frozen=True)
class Tool:
    """One tool as clients see it, and the function behind it."""

    title: str
    description: str
    takes: type[Arguments]
    gives: type[BaseModel]
    run: Callable[[Advisor, Any], Given]
    right: str = "read"
    """What a key must allow."""


def ask(advisor: Advisor, a: Ask) -> Given:
    """One answer; nothing is recorded. Raises InputError."""
    answer = advisor.ask(check_question(a.question), profile=a.profile)
    return Given(answer, answer_text(answer))


def assess(advisor: Advisor, a: Assess) -> Given:
    """Levels by dimension, as far as the profile's answers go."""
    return _advice(advisor, "assess", a.profile, advise("assess", a.profile, advisor.corpus))


def compare(advisor: Advisor, a: CompareTools) -> Given:
    """The named tools side by side, and the state of each. Raises InputError for a tool nobody here knows."""
    ids = list(dict.fromkeys(_tool_id(advisor, name) for name in a.tools))
    if len(ids) < 2:
        raise InputError("These are names of one tool.", "Name two tools or more.")
    found = compare_tools(ids, a.profile, advisor.corpus)
    return _advice(advisor, "compare", a.profile, [*found, *(status(advisor.corpus, id) for id in ids)])


def estimate_cost(advisor: Advisor, a: EstimateCost) -> Given:
    """A year's cost as ranges."""
    return _advice(advisor, "cost", a.profile, advise("cost", a.profile, advisor.corpus))


def search(advisor: Advisor, a: Search) -> Given:
    """Passages of the corpus. Raises InputError."""
    query = check_question(a.query)
    kinds = sorted({id.split("/")[0] for id in advisor.documents})
    if a.kind and a.kind not in kinds:
        raise InputError(f"There are no documents of the kind {a.kind!r}.", f"Choose from {', '.join(kinds)}.")
    filters = Filters(
        kinds=[a.kind] if a.kind else [],
        stages=[] if a.stage is None else [a.stage],
        levels=[] if a.level is None else [a.level],
    )
    hits = advisor.retriever.retrieve(query, a.k, filters)
    found = Passages(items=[passage(hit, advisor.corpus) for hit in hits])
    return Given(found, passages_text(found))


TOOLS: dict[str, Tool] = {
    "ask": Tool(
        "Ask the advisor",
        "Answer a question about running machine learning or LLM systems: maturity, next steps, hiring, tools, costs, "
        "threats, practices. Levels and numbers are computed by rules from the profile; each [n] in the text is a "
        "citation with its quote and address. Says so when it does not know.",
        Ask,
        Answer,
        ask,
        "ask",
    ),
    "assess": Tool(
        "Assess maturity",
        "Where an organisation stands: working levels by dimension with what decides the next one. Rests on "
        "profile.practices (practice id → yes, partly, no, unknown); the ids are those of the practice resources.",
        Assess,
        Advice,
        assess,
    ),
    "compare_tools": Tool(
        "Compare tools",
        "Two to six tools side by side for this organisation: which to take, what rules one out, licence, status "
        "with its date.",
        CompareTools,
        Advice,
        compare,
    ),
    "estimate_cost": Tool(
        "Estimate cost",
        "What a year costs in people, platform, compute and tokens, each as a range with its dated assumptions. "
        "Most useful with team, country, models_in_production and requests_per_month in the profile.",
        EstimateCost,
        Advice,
        estimate_cost,
    ),
    "search": Tool(
        "Search the corpus",
        "Passages of the curated corpus on MLOps and LLMOps, best first, with address, date and confidence. For an "
        "answer rather than passages, use ask.",
        Search,
        Passages,
        search,
    ),
}


def _advice(advisor: Advisor, intent: Intent, profile: Profile, findings: list[Finding]) -> Given:
    advice = Advice(
        findings=findings,
        charts=charts(intent, profile, advisor.corpus),
        asks=asks(intent, profile),
        sources=links(findings, advisor.corpus),
        versions=advisor.versions,
    )
    return Given(advice, advice_text(advice))


def _tool_id(advisor: Advisor, name: str) -> str:
    """The tool that goes by this id or name. Raises InputError with the names that are nearest."""
    wanted, tools = name.strip().lower(), advisor.corpus.all(ToolRecord)
    for tool in tools:
        if wanted in (tool.id, tool.name.lower()):
            return tool.id
    known = [m.id for m in advisor.lexicon.mentions(name) if m.kind == "tool" and not m.guessed]
    if known:
        return known[0]
    near = difflib.get_close_matches(wanted, [t.id for t in tools], 3, 0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else "Search for tools of its kind: search with kind tool."
    raise InputError(f"The corpus has no tool called {name[:100]!r}.", hint)
