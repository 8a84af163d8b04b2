"""A profile becomes a report: the first page, then every section, then the sources they leaned on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from advisor.advice.assess import assessment_findings, confidence_words
from advisor.advice.cost_findings import cost_findings
from advisor.advice.costs import estimate
from advisor.advice.facts import TRACK_WORDS, TrackName, describe, tracks
from advisor.advice.roadmap_findings import roadmap_findings
from advisor.advice.staffing import hire_order, staffing_findings
from advisor.advice.target import not_yet, target_findings
from advisor.advice.threats import exposures, threat_findings
from advisor.advice.words import article, count, listed, lower_first, money, role_name, span
from advisor.knowledge.load import Corpus
from advisor.report.case import Case, cap, case
from advisor.report.model import Point, Report, Tile
from advisor.report.money import costs
from advisor.report.planning import people, roadmap_section, tools
from advisor.report.risks import assumptions, regulation, threats, unknowns
from advisor.report.standing import aims, level_range, standing
from advisor.schema import Document, Finding, Profile, Versions


def build(
    profile: Profile, corpus: Corpus, documents: Mapping[str, Document], versions: Versions, today: dt.date
) -> Report:
    """The report on one organisation. `documents` are the corpus documents by id, whose sources it cites."""
    c = case(profile, corpus, documents)
    # The first page is written first, so that its sources have the first numbers.
    tiles, things = _tiles(c), _things(c)
    sections = tuple(
        write(c)
        for write in (standing, aims, roadmap_section, people, tools, costs, threats, regulation, unknowns, assumptions)
    )
    return Report(
        title="MLOps and LLMOps: where you stand and what to do next",
        organisation=profile.name or "Your organisation",
        date=today.isoformat(),
        facts=tuple(cap(f) if not i else f for i, f in enumerate(describe(profile, corpus))),
        tiles=tiles,
        things=things,
        sections=sections,
        references=c.sources.references(),
        versions=_versions(versions),
    )


def _versions(v: Versions) -> tuple[tuple[str, str], ...]:
    return (
        ("Product", v.product),
        ("Corpus", v.corpus),
        ("Rules", v.rules),
        ("Chat model", v.chat_model or "none; this report is written by rules alone"),
    )


def _tiles(c: Case) -> tuple[Tile, ...]:
    tiles = [_level_tile(c, t) for t in tracks(c.profile)]
    items = c.plan.everything
    effort = span(round(sum(i.effort.low for i in items)), round(sum(i.effort.high for i in items)))
    fit = f"{len(c.plan.items)} fit into {count(c.plan.quarters, 'quarter')}"
    tiles.append(Tile("The plan", count(len(items), "practice"), f"{effort} person-weeks; {fit}"))
    total = estimate(c.profile, c.corpus).total
    tiles.append(Tile("Cost a year", _short(total.low, total.high), "people, platform, compute and tokens"))
    a = c.assessment
    answered = f"{a.answered} of {a.applicable} practices answered, {a.evidenced} with evidence"
    tiles.append(Tile("Confidence", cap(confidence_words(a)) if a.answered else "None yet", answered))
    return tuple(tiles)


def _level_tile(c: Case, track: TrackName) -> Tile:
    label, base = cap(TRACK_WORDS[track]), c.aim.base(track)
    mark = "" if track == "ml" else "G"
    if not c.assessment.answered:
        return Tile(label, "Not known", f"no answers yet; target level {mark}{base}")
    at = c.assessment.overall(track)
    value = f"{mark}{int(at.low)}" if not at.width else f"{mark}{int(at.low)}–{mark}{int(at.high)}"
    return Tile(label, f"Level {value}", f"weakest dimension; target {mark}{base} in most")


def _short(low: float, high: float) -> str:
    """`USD 3.7–6.8M` from a million on."""
    if high < 1e6:
        return money(low, high)
    a, b = f"{low / 1e6:.1f}", f"{high / 1e6:.1f}"
    return f"USD {a}M" if a == b else f"USD {a}–{b}M"


def _things(c: Case) -> tuple[Point, ...]:
    """The five things to know, each with the section that has the rest."""
    return (_where(c), _far_enough(c), _first(c), _price(c), _danger(c))


def _lead(c: Case, f: Finding, sentences: int = 1) -> str:
    """The first sentences of a finding."""
    parts = c.words(f).split(". ")
    text = ". ".join(parts[:sentences])
    return text if text.endswith(".") else text + "."


def _where(c: Case) -> Point:
    found = [f for f in assessment_findings(c.profile, c.corpus, vendors=False) if f.rule != "assess.dimension"]
    first = found[0]
    if not c.assessment.answered:
        return Point("Nobody has said yet where you stand", c.words(first), c.sources.of(first), first.rule, "standing")
    parts = []
    for track in tracks(c.profile):
        at = c.assessment.overall(track)
        parts.append(f"{TRACK_WORDS[track]} at level {level_range(at, track)}")
    overall = [f for f in found if f.rule == "assess.overall"]
    weakest = " ".join(_sentence_of(c, f, 1) for f in overall[:1])
    coverage = next(f for f in found if f.rule == "assess.coverage")
    text = f"{weakest} {_lead(c, coverage)}"
    return Point(cap(f"{listed(parts)}"), text, c.sources.of(first), first.rule, "standing")


def _sentence_of(c: Case, f: Finding, n: int) -> str:
    parts = c.words(f).split(". ")
    return parts[n].rstrip(".") + "." if n < len(parts) else ""


def _far_enough(c: Case) -> Point:
    aims_ = [f for f in target_findings(c.profile, c.corpus) if f.kind == "target"]
    # The titles read "No feature store yet".
    leave = [f.title.removeprefix("No ").removesuffix(" yet") for f in not_yet(c.profile, c.corpus, c.aim)[:3]]
    goal = listed(f"{'level ' if t == 'ml' else 'level G'}{c.aim.base(t)}" for t in tracks(c.profile))
    reasons = " ".join(_sentence_of(c, f, 1) for f in aims_[:1])
    later = f" Leave for later: {listed(leave)}." if leave else ""
    cites = c.sources.of(aims_[0]) if aims_ else ()
    return Point(f"{cap(goal)} is far enough in most dimensions", f"{reasons}{later}", cites, "target.level", "target")


def _first(c: Case) -> Point:
    findings = roadmap_findings(c.profile, c.corpus, c.plan)
    first = findings[0]
    if not c.plan.everything:
        return Point(
            "Nothing is left on the way to the target", c.words(first), c.sources.of(first), first.rule, "roadmap"
        )
    titles = [lower_first(i.practice.title) for i in c.plan.everything[:3]]
    summary = findings[1]
    text = f"{_sentence_of(c, first, 1)} {_lead(c, summary, 2)}"
    return Point(f"Start with {titles[0]}", text, c.sources.of(first), first.rule, "roadmap")


def _price(c: Case) -> Point:
    total = cost_findings(c.profile, c.corpus)[0]
    staff = staffing_findings(c.profile, c.corpus)[0]
    order = [article(role_name(c.corpus, n.role)) for n in hire_order(c.profile, c.corpus)]
    title = f"Hire {order[0]} next" if order else "No hire is due"
    text = f"{_lead(c, staff) if not order else _sentence_of(c, staff, 1)} {_lead(c, total)}"
    cites = tuple(sorted({*c.sources.of(staff), *c.sources.of(total)}))
    return Point(title, text, cites, staff.rule, "people")


def _danger(c: Case) -> Point:
    found = threat_findings(c.profile, c.corpus, n=1)
    if not found:
        return Point("No threat of our list is known to apply", "", (), "threats.overview", "threats")
    overview, worst = found[0], exposures(c.profile, c.corpus, c.aim)[0].threat
    text = f"{worst.lead} {_lead(c, overview, 2)}"
    return Point(f"{worst.name} is the first risk to close", text, c.sources.of(overview), overview.rule, "threats")
