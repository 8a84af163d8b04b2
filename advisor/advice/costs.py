"""What it would cost a year: people, platform, compute and tokens, each as a range with dated prices."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields

from advisor.advice.facts import team_size, tracks
from advisor.advice.pay import DEFAULT_COUNTRY, figures
from advisor.advice.target import target
from advisor.knowledge.load import Corpus
from advisor.knowledge.records import Cost, Role
from advisor.schema import Profile

HOURS_A_MONTH = 730
WORKING_WEEKS = 46
TEAM_AT_LEVEL = {0: (2, 2), 1: (3, 4), 2: (5, 7), 3: (8, 15), 4: (15, 25)}
"""People on ML or LLM work that a working level usually has; planning frame, top of level 4 is ours."""


@dataclass(frozen=True)
class Range:
    """Two ends of an estimate; low ≤ high."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high:
            raise ValueError("a range needs 0 ≤ low ≤ high")

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, self.high + other.high)

    def __mul__(self, other: Range) -> Range:
        return Range(self.low * other.low, self.high * other.high)

    def times(self, factor: float) -> Range:
        return Range(self.low * factor, self.high * factor)


@dataclass(frozen=True)
class Assumptions:
    """Everything the estimate rests on; edit any of it with `dataclasses.replace`. Money in USD."""

    people: Range
    """Full-time people on ML or LLM work."""
    base_pay: Range
    """A year and person, before overhead."""
    loaded: Range
    """Loaded cost divided by base pay."""
    platform: Range
    """A year, tools, platform and ordinary compute together."""
    requests: Range
    """LLM requests a month; zero without LLM use."""
    input_tokens: Range
    """A request."""
    output_tokens: Range
    input_price: Range
    """A million tokens."""
    output_price: Range
    overhead: Range
    """Retries, judge calls and evaluation, as a multiple of the answering tokens."""
    gpus: Range
    """GPUs rented around the clock for open models; zero with hosted models only."""
    gpu_price: Range
    """An hour."""
    self_host_factor: Range
    """True cost of self-hosting divided by GPU rent."""
    tokens_per_second: Range
    """Tokens that one GPU serves at full load."""
    reasons: tuple[tuple[str, str], ...] = ()
    """Field → where its default comes from."""
    sources: tuple[str, ...] = ()
    """Documents that carry the defaults."""


@dataclass(frozen=True)
class Estimate:
    """What a year costs, part by part."""

    people: Range
    platform: Range
    compute: Range
    tokens: Range

    @property
    def total(self) -> Range:
        return self.people + self.platform + self.compute + self.tokens


@dataclass(frozen=True)
class BreakEven:
    """Tokens a month (in millions) at which one always-on GPU costs as much as the API."""

    api_price: Range
    """A million tokens, input and output in the assumed mix."""
    gpu_month: Range
    """One GPU a month with its true-cost factor."""
    tokens: Range
    capacity: Range
    """Million tokens a month that one GPU can serve."""


def assume(profile: Profile, corpus: Corpus) -> Assumptions:
    """The default assumptions for this profile, each with its reason."""
    level = max((target(profile, corpus).base(t) for t in tracks(profile)), default=2)
    reasons: list[tuple[str, str]] = []
    used: list[str] = []

    def note(field: str, why: str, *costs: Cost) -> None:
        reasons.append((field, why))
        used.extend(f"cost/{c.id}" for c in costs)

    team = team_size(profile)
    if team:
        people = Range(team, team)
        note("people", "the team you described")
    else:
        people = Range(*TEAM_AT_LEVEL[level])
        note("people", f"the usual team at working level {level}, our planning estimate")
    pay = _pay(profile, corpus)
    note("base_pay", f"published pay in the {DEFAULT_COUNTRY}, averaged over the roles")
    loaded = _one(corpus, "loaded-cost-ratio", Range(1.3, 1.3))
    note("loaded", "employer cost on top of pay, our planning estimate", *_named(corpus, "loaded-cost-ratio"))
    size = _level_of_size(team, level)
    band = [c for c in corpus.all(Cost) if c.kind == "platform" and c.level == size]
    platform = Range(band[0].low, band[0].high) if band else Range(12_000, 250_000)
    note("platform", f"our planning band for a team of working level {size}, compute included", *band)
    llm = "genai" in tracks(profile) and (profile.uses_llm or bool(profile.llm_use))
    requests = _requests(profile, llm)
    note("requests", "the load you stated" if profile.requests_per_month is not None else "an assumed load")
    note("input_tokens", "typical prompt and context length for your LLM use, our planning estimate")
    note("output_tokens", "a short answer, our planning estimate")
    mid = [c for c in corpus.all(Cost) if c.kind == "tokens" and c.tier == "mid"]
    dated = f"list prices of mid-tier models of {max((c.as_of for c in mid), default='unknown date')}"
    note("input_price", dated, *mid[:2])
    note("output_price", dated)
    note("overhead", "retries, judge calls and evaluation runs, our planning estimate")
    own = "self-hosted" in profile.llm_use or (bool(profile.self_host) and llm)
    note("gpus", "you serve open models yourself" if own else "hosted models only")
    rent = [c for c in corpus.all(Cost) if c.kind == "gpu" and "h100" in c.id and c.unit == "GPU-hour"]
    note("gpu_price", f"H100 rents of {max((c.as_of for c in rent), default='unknown date')}", *rent[:2])
    factor = _named(corpus, "self-host-true-cost-ratio")
    note("self_host_factor", "staff, idle time and network on top of GPU rent (secondary source)", *factor)
    note("tokens_per_second", "one GPU at full load with batching, our planning estimate")
    agents, rag = "agents" in profile.llm_use, "rag" in profile.llm_use
    return Assumptions(
        people=people,
        base_pay=pay,
        loaded=loaded,
        platform=platform,
        requests=requests,
        input_tokens=Range(5_000, 40_000) if agents else Range(2_000, 6_000) if rag else Range(500, 2_000),
        output_tokens=Range(500, 3_000) if agents else Range(200, 600),
        input_price=_span([c.input_price for c in mid], Range(0.4, 3)),
        output_price=_span([c.output_price for c in mid], Range(2, 15)),
        overhead=Range(1.2, 2.0),
        gpus=Range(1, 2) if own else Range(0, 0),
        gpu_price=Range(min(c.low for c in rent), max(c.high for c in rent)) if rent else Range(2, 5),
        self_host_factor=_one(corpus, "self-host-true-cost-ratio", Range(3, 5)),
        tokens_per_second=Range(350, 1_400),
        reasons=tuple(reasons),
        sources=tuple(dict.fromkeys(used)),
    )


def _level_of_size(team: int | None, level: int) -> int:
    """The working level whose usual team is no larger than this one, since spend follows people; at least 1."""
    if team is None:
        return level
    return min(level, max([1, *(n for n, (low, _) in TEAM_AT_LEVEL.items() if low <= team)]))


def _requests(profile: Profile, llm: bool) -> Range:
    if not llm:
        return Range(0, 0)
    if profile.requests_per_month is not None:
        return Range(profile.requests_per_month, profile.requests_per_month)
    return Range(10_000, 100_000)


def _pay(profile: Profile, corpus: Corpus) -> Range:
    """Average base pay over the stated roles, or over the usual ones."""
    team = {r: n for r, n in profile.team.items() if n} or {"data-scientist": 1, "ml-engineer": 1, "data-engineer": 1}
    low = high = weight = 0.0
    for role, n in sorted(team.items()):
        record = corpus.records["role"].get(role)
        rows = figures(record, DEFAULT_COUNTRY) if isinstance(record, Role) else []
        broad = [p for p in rows if p.currency == "USD" and p.per == "year" and p.low < p.high]
        # Rows of a percentile range from the tenth up would drag the planning figure down.
        best = max(broad, key=lambda p: p.low, default=None)
        low += n * (best.low if best else 110_000)
        high += n * (best.high if best else 200_000)
        weight += n
    return Range(round(low / weight), round(high / weight))


def _named(corpus: Corpus, id: str) -> list[Cost]:
    record = corpus.records["cost"].get(id)
    return [record] if isinstance(record, Cost) else []


def _one(corpus: Corpus, id: str, default: Range) -> Range:
    found = _named(corpus, id)
    return Range(found[0].low, found[0].high) if found else default


def _span(prices: list[float | None], default: Range) -> Range:
    known = [p for p in prices if p is not None]
    return Range(min(known), max(known)) if known else default


def estimate(profile: Profile, corpus: Corpus, assumptions: Assumptions | None = None) -> Estimate:
    """Cost a year in USD under the assumptions, the defaults where none are given."""
    a = assumptions or assume(profile, corpus)
    a_request = (a.input_tokens * a.input_price + a.output_tokens * a.output_price).times(1e-6)
    return Estimate(
        people=a.people * a.base_pay * a.loaded,
        platform=a.platform,
        compute=(a.gpus * a.gpu_price * a.self_host_factor).times(HOURS_A_MONTH * 12),
        tokens=(a.requests * a_request * a.overhead).times(12),
    )


def break_even(a: Assumptions) -> BreakEven:
    """Where renting a GPU around the clock costs as much as paying the API by the token."""
    mix_low = a.output_tokens.low / max(a.output_tokens.low + a.input_tokens.high, 1)
    mix_high = a.output_tokens.high / max(a.output_tokens.high + a.input_tokens.low, 1)
    api = Range(
        a.input_price.low * (1 - mix_low) + a.output_price.low * mix_low,
        a.input_price.high * (1 - mix_high) + a.output_price.high * mix_high,
    ) if a.input_price.low <= a.output_price.low and a.input_price.high <= a.output_price.high else Range(
        min(a.input_price.low, a.output_price.low), max(a.input_price.high, a.output_price.high)
    )  # fmt: skip
    month = (a.gpu_price * a.self_host_factor).times(HOURS_A_MONTH)
    tokens = Range(
        month.low / api.high if api.high else math.inf,
        month.high / api.low if api.low else math.inf,
    )
    return BreakEven(api, month, tokens, a.tokens_per_second.times(HOURS_A_MONTH * 3600 / 1e6))


def curve(a: Assumptions, points: int = 24) -> list[dict[str, float]]:
    """Monthly cost of API and own GPUs at growing load, for a chart; tokens in millions, money in USD."""
    at = break_even(a)
    top = 2 * min(at.tokens.high, 100 * at.capacity.high)
    rows = []
    for i in range(points + 1):
        tokens = top * i / points
        rows.append(
            {
                "tokens": tokens,
                "api_low": tokens * at.api_price.low,
                "api_high": tokens * at.api_price.high,
                "own_low": at.gpu_month.low * max(1, math.ceil(tokens / at.capacity.high)),
                "own_high": at.gpu_month.high * max(1, math.ceil(tokens / at.capacity.low)),
            }
        )
    return rows


def with_changes(a: Assumptions, changes: Mapping[str, Range]) -> Assumptions:
    """The assumptions with some ranges replaced and marked as the user's own; KeyError for an unknown name."""
    ranges = {f.name: getattr(a, f.name) for f in fields(a) if f.name not in ("reasons", "sources")}
    if unknown := set(changes) - set(ranges):
        raise KeyError(f"no such assumption: {', '.join(sorted(unknown))}")
    reasons = tuple((f, "your own figure" if f in changes else why) for f, why in a.reasons)
    return Assumptions(**{**ranges, **changes}, reasons=reasons, sources=a.sources)
