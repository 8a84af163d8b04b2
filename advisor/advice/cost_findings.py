"""The cost estimate in words: each part with its prices, their dates and where they come from."""

from __future__ import annotations

import math
from dataclasses import dataclass

from advisor.advice.costs import WORKING_WEEKS, Assumptions, Estimate, Range, assume, break_even, estimate
from advisor.advice.facts import describe, setting
from advisor.advice.pay import DEFAULT_COUNTRY, country_name
from advisor.advice.words import finding, listed, money, number, span
from advisor.knowledge.load import Corpus
from advisor.schema import Finding, Profile, Table, Value


def _usd(r: Range) -> str:
    return money(r.low, r.high)


def _n(r: Range) -> str:
    low, high = (round(x) if x >= 10 else round(x, 1) for x in (r.low, r.high))
    return span(low, high)


def cost_findings(profile: Profile, corpus: Corpus, assumptions: Assumptions | None = None) -> list[Finding]:
    """The total, each part with its price dates, the budget and the break-even."""
    a = assumptions or assume(profile, corpus)
    e = estimate(profile, corpus, a)
    facts = describe(profile, corpus)
    llm = a.requests.high > 0 or a.gpus.high > 0
    found = [
        _total(profile, corpus, a, e, facts),
        _people(profile, corpus, a, e, facts),
        _platform(corpus, a, e, facts),
    ]
    if llm:
        found.append(_tokens(corpus, a, e, facts))
    if e.compute.high:
        found.append(_compute(corpus, a, e, facts))
    if profile.budget is not None:
        found.append(_budget(profile, corpus, a, e, facts))
    if llm or not facts:
        found.append(break_even_finding(profile, corpus, a))
    return found


def _value(name: str, r: Range, unit: str = "USD a year") -> Value:
    return Value(name=name, low=round(r.low, 2), high=round(r.high, 2), unit=unit)


def _total(profile: Profile, corpus: Corpus, a: Assumptions, e: Estimate, facts: list[str]) -> Finding:
    opening = setting(profile, corpus) or "For a first production team"
    parts = [
        ("people", e.people),
        ("platform and ordinary compute", e.platform),
        ("own GPUs", e.compute),
        ("LLM tokens", e.tokens),
    ]
    shown = [(n, r) for n, r in parts if r.high]
    share = e.people.low / e.total.low if e.total.low else 0
    place = country_name(profile.country)
    return finding(
        corpus,
        "costs.total",
        "cost",
        "Cost a year",
        [
            f"{opening}, expect {_usd(e.total)} a year in all, by our planning estimate",
            f"That is {listed(f'{_usd(r)} for {n}' for n, r in shown)}",
            "People are the largest part, so the first saving is time and not tools" if share > 0.5 else "",
            f"Pay is counted at {DEFAULT_COUNTRY} rates, since we hold no complete set for {place}"
            if place and place != DEFAULT_COUNTRY
            else "",
        ],
        inputs=facts,
        values=[_value("total", e.total), *(_value(n, r) for n, r in shown)],
        table=Table(
            columns=["Assumption", "Low", "High", "Where it comes from"],
            rows=[[f.replace("_", " "), *_ends(getattr(a, f)), why] for f, why in a.reasons],
        ),
        doc_ids=a.sources[:4],
        rank=9.0,
    )


def _ends(r: Range) -> tuple[str, str]:
    return number(round(r.low, 2)), number(round(r.high, 2))


def _why(a: Assumptions, field: str) -> str:
    return dict(a.reasons).get(field, "your own figure")


def _people(profile: Profile, corpus: Corpus, a: Assumptions, e: Estimate, facts: list[str]) -> Finding:
    roles = sorted(r for r, n in profile.team.items() if n) or ["data-scientist", "ml-engineer", "data-engineer"]
    return finding(
        corpus,
        "costs.people",
        "cost",
        "People",
        [
            f"People cost {_usd(e.people)} a year: {_n(a.people)} people at {_usd(a.base_pay)} base pay, times "
            f"{_n(a.loaded)} for employer cost",
            f"The head-count is {_why(a, 'people')}, and the pay is {_why(a, 'base_pay')}",
        ],
        inputs=facts,
        values=[
            _value("people cost", e.people),
            _value("people", a.people, "people"),
            _value("base pay", a.base_pay, "USD a year and person"),
            _value("loaded", a.loaded, "times base pay"),
        ],
        doc_ids=["cost/loaded-cost-ratio", *(f"role/{r}" for r in roles[:3])],
        rank=8.0,
    )


def _platform(corpus: Corpus, a: Assumptions, e: Estimate, facts: list[str]) -> Finding:
    docs = [s for s in a.sources if "platform" in s]
    return finding(
        corpus,
        "costs.platform",
        "cost",
        "Platform",
        [
            f"Plan {_usd(e.platform)} a year for tools, platform and ordinary compute; this is {_why(a, 'platform')}",
            "The low end is open source run by people you already pay, the high end is managed services",
        ],
        inputs=facts,
        values=[_value("platform", e.platform)],
        doc_ids=[*docs, "cost/platform-spend-range"],
        rank=7.0,
    )


def _tokens(corpus: Corpus, a: Assumptions, e: Estimate, facts: list[str]) -> Finding:
    return finding(
        corpus,
        "costs.tokens",
        "cost",
        "LLM tokens",
        [
            f"Tokens cost {_usd(e.tokens)} a year at {_n(a.requests)} requests a month ({_why(a, 'requests')})",
            f"Each request counts {_n(a.input_tokens)} input and "
            f"{_n(a.output_tokens)} output tokens, at "
            f"{_usd(a.input_price)} and {_usd(a.output_price)} "
            f"a million ({_why(a, 'input_price')})",
            f"Retries, judge calls and evaluation multiply that by {_n(a.overhead)}",
            "Shorter context, prompt caching and a smaller model for easy requests are the first levers",
        ],
        inputs=facts,
        values=[
            _value("tokens", e.tokens),
            _value("requests", a.requests, "requests a month"),
            _value("input tokens", a.input_tokens, "tokens a request"),
            _value("output tokens", a.output_tokens, "tokens a request"),
            _value("input price", a.input_price, "USD a million tokens"),
            _value("output price", a.output_price, "USD a million tokens"),
            _value("overhead", a.overhead, "times"),
        ],
        doc_ids=[*(s for s in a.sources if "tokens" in s), "practice/cost-attribution", "practice/llm-usage-limits"],
        rank=6.0,
    )


def _compute(corpus: Corpus, a: Assumptions, e: Estimate, facts: list[str]) -> Finding:
    return finding(
        corpus,
        "costs.compute",
        "cost",
        "Own GPUs",
        [
            f"Serving open models yourself costs {_usd(e.compute)} a year with "
            f"{_n(a.gpus)} GPUs around the clock at {_usd(a.gpu_price)} an "
            f"hour ({_why(a, 'gpu_price')})",
            f"The rent is multiplied by {_n(a.self_host_factor)} for {_why(a, 'self_host_factor')}",
        ],
        inputs=facts,
        values=[
            _value("own GPUs", e.compute),
            _value("gpu price", a.gpu_price, "USD an hour"),
            _value("gpus", a.gpus, "GPUs"),
            _value("self-host factor", a.self_host_factor, "times the rent"),
        ],
        doc_ids=[*(s for s in a.sources if "gpu" in s or "self-host" in s), "practice/self-hosted-llm-serving"],
        rank=6.0,
    )


def _budget(profile: Profile, corpus: Corpus, a: Assumptions, e: Estimate, facts: list[str]) -> Finding:
    spend = e.platform + e.compute + e.tokens
    budget = profile.budget or 0.0
    stated = money(budget, budget)
    verdict = (
        f"Your budget of {stated} a year covers even the high estimate"
        if budget >= spend.high
        else f"Your budget of {stated} a year is below even the low estimate"
        if budget < spend.low
        else f"Your budget of {stated} a year lies inside the range, so choose the cheaper options"
    )
    return finding(
        corpus,
        "costs.budget",
        "cost",
        "Against your budget",
        [f"{verdict} of {_usd(spend)} for platform, compute and tokens" if budget >= spend.high
         or budget < spend.low else verdict + f"; it runs from {_usd(spend)} without people"],
        inputs=facts,
        values=[_value("spend without people", spend), _value("budget", Range(budget, budget))],
        doc_ids=a.sources[:2],
        rank=8.5,
    )  # fmt: skip


@dataclass(frozen=True)
class Load:
    """What is to be served: million tokens a month, and the model's size in billion parameters where it is known."""

    tokens: float
    parameters: float | None = None

    def gpus(self) -> Range:
        """GPUs of 80 GB that hold the weights, at half a byte a parameter (4 bit) up to two bytes (16 bit).

        A fifth more is counted for the cache of the running requests; the rule of thumb is ours.
        """
        held = [math.ceil((self.parameters or 0) * b * 1.2 / GPU_MEMORY) for b in (0.5, 2.0)]
        return Range(max(1, held[0]), max(1, held[1]))


_OWN_OR_API = [
    "cost/break-even-premium-api",
    "cost/break-even-cheap-api",
    "cost/self-host-true-cost-ratio",
    "practice/self-hosted-llm-serving",
]
GPU_MEMORY = 80
"""GB of one data-centre GPU."""


def _load_finding(profile: Profile, corpus: Corpus, a: Assumptions, load: Load) -> Finding:
    """API against own GPUs at a stated volume: both bills, and which is smaller."""
    at = break_even(a)
    gpus = load.gpus()
    # What one GPU serves holds for a small model; a larger one needs at least the GPUs that hold it.
    needed = Range(
        max(gpus.low, math.ceil(load.tokens / at.capacity.high)),
        max(gpus.high, math.ceil(load.tokens / at.capacity.low)),
    )
    api, own = at.api_price.times(load.tokens), at.gpu_month * needed
    verdict = (
        "stay with the API unless a hard reason such as data that may not leave speaks against it"
        if api.high <= own.low
        else "own GPUs are cheaper on paper, so measure one for a week before you decide"
        if api.low >= own.high
        else "the two ranges overlap, so start with the API and measure before you rent GPUs"
    )
    size = (
        f"A model of {number(load.parameters)} billion parameters needs {_n(gpus)} GPUs of {GPU_MEMORY} GB for its "
        "weights, in 4 bit at the low and 16 bit at the high end"
        if load.parameters
        else ""
    )
    return finding(
        corpus,
        "costs.break-even",
        "cost",
        "API or own GPUs",
        [
            f"At {number(load.tokens)} million tokens a month, {verdict}",
            f"By our planning estimate the API costs {_usd(api)} a month, at {_usd(at.api_price)} a million tokens",
            f"Own GPUs cost {_usd(own)} a month, at {_usd(at.gpu_month)} for one around the clock with its care",
            size,
        ],
        key="load",
        inputs=describe(profile, corpus),
        values=[
            _value("load", Range(load.tokens, load.tokens), "million tokens a month"),
            _value("api", api, "USD a month"),
            _value("own gpus", own, "USD a month"),
            _value("gpus", needed, "GPUs"),
        ],
        doc_ids=_OWN_OR_API,
        rank=4.0,
    )


def break_even_finding(
    profile: Profile, corpus: Corpus, assumptions: Assumptions | None = None, *, load: Load | None = None
) -> Finding:
    """API against own GPUs: at the stated load, or else the load at which they cost the same."""
    a = assumptions or assume(profile, corpus)
    return _load_finding(profile, corpus, a, load) if load else _even_finding(profile, corpus, a)


def _even_finding(profile: Profile, corpus: Corpus, a: Assumptions) -> Finding:
    at = break_even(a)
    load = (a.input_tokens + a.output_tokens) * a.requests * a.overhead
    now = load.times(1e-6)
    below = bool(now.high) and now.high < at.tokens.low
    above = at.tokens.high > at.capacity.low
    return finding(
        corpus,
        "costs.break-even",
        "cost",
        "API or own GPUs",
        [
            f"One GPU around the clock costs as much as a mid-tier API at {_n(at.tokens)} "
            "million tokens a month, by our planning estimate",
            f"The figure divides {_usd(at.gpu_month)} a month for the GPU and its care by "
            f"{_usd(at.api_price)} a million tokens",
            f"Your load of {_n(now)} million tokens a month is below that, so stay with the API"
            if below
            else "Published break-even points differ about fifty-fold (2026), so measure your own load first",
            f"One GPU serves about {_n(at.capacity)} million tokens a month at full "
            "load, so the upper part of the range needs more than one"
            if above
            else "",
        ],
        inputs=describe(profile, corpus),
        values=[
            _value("break-even", at.tokens, "million tokens a month"),
            _value("api price", at.api_price, "USD a million tokens"),
            _value("one gpu", at.gpu_month, "USD a month"),
            _value("capacity of one gpu", at.capacity, "million tokens a month"),
            _value("load", now, "million tokens a month"),
        ],
        doc_ids=_OWN_OR_API,
        rank=4.0,
    )


def plan_cost(profile: Profile, corpus: Corpus, weeks: Range, assumptions: Assumptions | None = None) -> Finding:
    """What the work of a roadmap costs, from its person-weeks and loaded pay."""
    a = assumptions or assume(profile, corpus)
    week = (a.base_pay * a.loaded).times(1 / WORKING_WEEKS)
    cost = weeks * week
    return finding(
        corpus,
        "costs.plan",
        "cost",
        "Cost of the plan",
        [
            f"The work of the plan costs {_usd(cost)}, from {_n(weeks)} "
            f"person-weeks at {_usd(week)} a week, by our planning estimate",
            "Most of it is time of people you already pay",
        ],
        inputs=describe(profile, corpus),
        values=[
            _value("plan", cost, "USD"),
            _value("effort", weeks, "person-weeks"),
            _value("week", week, "USD a week"),
        ],
        doc_ids=["cost/loaded-cost-ratio"],
        rank=3.0,
    )
