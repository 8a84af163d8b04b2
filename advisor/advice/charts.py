"""Charts as data: where you stand, the plan, what it costs, what can go wrong. Channels and the report draw them.

Series by kind of chart:
  radar     {"name", "labels", "values"}: surely reached, possible at most, target
  timeline  {"label", "start", "end"} in quarters from now, with "owner", "low" and "high" person-weeks
  range     {"label", "low", "high"}
  lines     {"name", "x", "y"}
  bars      {"name", "labels", "values"}
"""

from __future__ import annotations

import math

from advisor.advice.costs import Assumptions, assume, break_even, estimate
from advisor.advice.facts import TRACK_WORDS, TrackName, describe, tracks
from advisor.advice.held import Assessment, assess
from advisor.advice.roadmap import Item, Plan, roadmap
from advisor.advice.target import Target, target
from advisor.advice.threats import Exposure, exposures
from advisor.advice.words import role_name
from advisor.knowledge.load import Corpus
from advisor.schema import Chart, Intent, Profile

REACHED, POSSIBLE, AIM = "Surely reached", "Possible at most", "Target"
MOST_ITEMS, MOST_THREATS = 16, 10
POINTS = 24


def charts(intent: Intent, profile: Profile, corpus: Corpus) -> list[Chart]:
    """What is worth drawing for the intent; nothing where the profile says too little for a chart of its own."""
    if not (describe(profile) or profile.practices):
        return []
    match intent:
        case "assess":
            return radars(profile, assess(profile, corpus), target(profile, corpus))
        case "next" | "what-if":
            return timeline(roadmap(profile, corpus), corpus)
        case "cost":
            a = assume(profile, corpus)
            return [*cost_ranges(profile, corpus, a), *break_even_lines(a)]
        case "threat":
            return threat_bars(exposures(profile, corpus))
        case _:
            return []


def radars(profile: Profile, assessment: Assessment, aim: Target) -> list[Chart]:
    """One radar for each track in use, once a practice is answered."""
    if not assessment.answered:
        return []
    return [_radar(assessment, aim, t) for t in tracks(profile) if assessment.track(t)]


def _radar(assessment: Assessment, aim: Target, track: TrackName) -> Chart:
    cells = assessment.track(track)
    labels = [c.dimension.capitalize() for c in cells]
    lows, highs = [c.interval.low for c in cells], [c.interval.high for c in cells]
    series = [{"name": REACHED, "labels": labels, "values": lows}]
    if lows != highs:
        series.append({"name": POSSIBLE, "labels": labels, "values": highs})
    series.append({"name": AIM, "labels": labels, "values": [aim.levels[track, c.dimension] for c in cells]})
    return Chart(kind="radar", title=f"Where you stand: {TRACK_WORDS[track]}", unit="working level", series=series)


def timeline(plan: Plan, corpus: Corpus, most: int = MOST_ITEMS) -> list[Chart]:
    """The quarters that the plan's practices take; the first of each quarter where they are too many to draw."""
    series = [
        {
            "label": i.practice.title,
            "start": i.start - 1,
            "end": i.end,
            "owner": role_name(corpus, i.practice.owner),
            "low": i.effort.low,
            "high": i.effort.high,
        }
        for i in _shown(plan, most)
    ]
    return [Chart(kind="timeline", title="Roadmap", unit="quarters from now", series=series)] if series else []


def _shown(plan: Plan, most: int) -> list[Item]:
    if len(plan.items) <= most:
        return list(plan.items)
    starts = [i.start for i in plan.items]
    share = max(1, most // len(set(starts)))
    return [i for n, i in enumerate(plan.items) if n - starts.index(i.start) < share]


def cost_ranges(profile: Profile, corpus: Corpus, a: Assumptions) -> list[Chart]:
    """Cost a year by part, and in all."""
    e = estimate(profile, corpus, a)
    parts = [
        ("People", e.people),
        ("Platform and ordinary compute", e.platform),
        ("Own GPUs", e.compute),
        ("LLM tokens", e.tokens),
        ("In all", e.total),
    ]
    series = [{"label": name, "low": round(r.low), "high": round(r.high)} for name, r in parts if r.high]
    return [Chart(kind="range", title="Cost a year", unit="USD", series=series)]


def break_even_lines(a: Assumptions) -> list[Chart]:
    """Monthly cost of a hosted API and of own GPUs at growing load, where LLMs are in use."""
    if not (a.requests.high or a.gpus.high):
        return []
    at = break_even(a)
    # Break-even loads lie a hundredfold apart, so the points grow by a constant factor.
    first, last = at.tokens.low / 4, at.tokens.high * 2
    x = [round(first * (last / first) ** (i / POINTS), 1) for i in range(POINTS + 1)]
    lines = {
        "API, low price": [at.api_price.low * t for t in x],
        "API, high price": [at.api_price.high * t for t in x],
        "Own GPUs, low cost": [at.gpu_month.low * math.ceil(t / at.capacity.high) for t in x],
        "Own GPUs, high cost": [at.gpu_month.high * math.ceil(t / at.capacity.low) for t in x],
    }
    series = [{"name": name, "x": x, "y": [round(v) for v in y]} for name, y in lines.items()]
    title = "API or own GPUs: cost by million tokens a month"
    return [Chart(kind="lines", title=title, unit="USD a month", series=series)]


def threat_bars(found: list[Exposure]) -> list[Chart]:
    """The worst threats that apply, by severity."""
    worst = sorted(found[:MOST_THREATS], key=lambda e: -e.threat.severity)
    if not worst:
        return []
    series = [
        {"name": "Severity", "labels": [e.threat.name for e in worst], "values": [e.threat.severity for e in worst]}
    ]
    return [Chart(kind="bars", title="Worst threats that apply", unit="severity, 1 to 5", series=series)]
