"""The roadmap, the people and the tools that it needs."""

from __future__ import annotations

from collections import Counter

from advisor.advice.charts import timeline
from advisor.advice.pay import DEFAULT_COUNTRY, country_name, figures
from advisor.advice.roadmap_findings import roadmap_findings
from advisor.advice.staffing import hire_order, staffing_findings
from advisor.advice.tool_findings import combination, status, status_line
from advisor.advice.tools import STATUS_WORDS, category_name, shortlist
from advisor.advice.words import money, role_name, span
from advisor.knowledge.records import Practice, Role, Source, Tool
from advisor.report.case import Case, cap
from advisor.report.model import Block, Figures, Grid, Heading, Point, Points, Row, Section, Text

FIRST = 3
MOST_CATEGORIES, MOST_TOOLS = 6, 3


def roadmap_section(c: Case) -> Section:
    """The first steps in detail, the plan by quarter, and what comes later."""
    findings = {f.id: f for f in roadmap_findings(c.profile, c.corpus, c.plan)}
    blocks: list[Block] = [c.text(f) for id, f in findings.items() if id in ("roadmap.done", "roadmap.first-steps")]
    if not c.plan.everything:
        return Section("roadmap", "Roadmap", tuple(blocks))
    blocks.append(c.text(findings["roadmap.summary"]))
    charts = timeline(c.plan, c.corpus)
    if charts:
        shown, everything = len(charts[0].series), len(c.plan.everything)
        which = "All" if shown == everything else f"The first of each quarter, {shown} of"
        caption = f"{which} {everything} practices. Each bar spans the quarters in which the work is booked."
        blocks.append(Figures(tuple(charts), caption))
    blocks += [Heading("How to begin"), Points(tuple(_beginning(c, i.practice) for i in c.plan.everything[:FIRST]))]
    rows = [
        Row(
            (
                "later" if not i.start else f"Q{i.start}" if i.start == i.end else f"Q{i.start}–Q{i.end}",
                i.practice.title,
                cap(role_name(c.corpus, i.practice.owner)),
                span(i.effort.low, i.effort.high),
                f"{cap(i.practice.dimension)} {i.practice.level}",
            ),
            c.sources.of_docs([f"practice/{i.practice.id}"]),
        )
        for i in c.plan.everything
    ]
    columns = ("Quarter", "Practice", "Owner", "Person-weeks", "Dimension, level")
    blocks.append(Grid("The plan by quarter", columns, tuple(rows), (10, 44, 18, 11, 17), cited=1))
    load = [
        Row((f"Q{n}", f"{booked:g} of {c.plan.capacity:g}", _left(c.plan.capacity - booked)))
        for n, booked in enumerate((round(x, 1) for x in c.plan.load), start=1)
    ]
    blocks.append(Grid("Person-weeks booked", ("Quarter", "Booked", "Left"), tuple(load), (20, 40, 40)))
    if "roadmap.later" in findings:
        blocks.append(c.text(findings["roadmap.later"]))
    return Section("roadmap", "Roadmap", tuple(blocks))


def _left(weeks: float) -> str:
    return f"{max(0.0, round(weeks, 1)):g}"


def _beginning(c: Case, p: Practice) -> Point:
    steps = " ".join(p.how[:3])
    text = f"{p.lead} First steps: {steps} It is done when {_proof(p)}."
    return Point(p.title, text, c.sources.of_docs([f"practice/{p.id}"]), "roadmap.item")


def _proof(p: Practice) -> str:
    first = p.evidence[0].rstrip(".")
    return first[:1].lower() + first[1:]


def people(c: Case) -> Section:
    """Roles and gaps, hats to merge, whom to hire in which order at what pay, and who does what."""
    findings = staffing_findings(c.profile, c.corpus)
    blocks: list[Block] = [c.text(f) for f in findings if f.rule in ("staffing.general", "staffing.next-hire")]
    for f in findings:
        if f.rule == "staffing.team":
            blocks += [c.text(f), c.grid(f, "Team now and needed", (20, 8, 8, 22, 42))]
        elif f.rule == "staffing.hats":
            blocks.append(c.text(f))
    blocks += _pay(c)
    for f in findings:
        if f.rule == "staffing.raci" and f.table and len(f.table.columns) > 1:
            grid = c.grid(f, "RACI: R responsible, A accountable, C consulted, I informed", dense=True)
            blocks += [Heading("Who does what"), c.text(f), grid]
    return Section("people", "People", tuple(blocks))


def _pay(c: Case) -> list[Block]:
    """Published pay for the hires, in their order, each figure with its year and source."""
    place = country_name(c.profile.country)
    rows, abroad = [], False
    for n, need in enumerate(hire_order(c.profile, c.corpus), start=1):
        role = c.corpus.get(Role, need.role)
        found = figures(role, place)
        abroad = abroad or not found
        for i, pay in enumerate((found or figures(role, DEFAULT_COUNTRY))[:2]):
            source = c.corpus.records["source"].get(pay.source)
            who = source.publisher if isinstance(source, Source) else pay.source
            name = f"{n}. {cap(role_name(c.corpus, need.role))}" if not i else ""
            amount = f"{money(pay.low, pay.high, pay.currency)} a {pay.per}"
            row = (name, amount, pay.country, f"{who}, {pay.year}")
            rows.append(Row(row, c.sources.numbers([pay.source], [f"role/{need.role}"])))
    if not rows:
        return []
    note = (
        f"We hold no pay figure for {place} for some of these roles, so {DEFAULT_COUNTRY} figures stand in as an order "
        "of magnitude. "
        if place and abroad
        else ""
    )
    return [
        Heading("Hire order and published pay"),
        Text(f"{note}Published pay is of mixed quality; check it against two local offers.", rule="staffing.pay"),
        Grid("Hires in order", ("Role", "Published pay", "Country", "Source"), tuple(rows), (28, 34, 18, 20)),
    ]


def tools(c: Case) -> Section:
    """A small stack, a shortlist for each job that the roadmap has, what was left out and why, and warnings."""
    blocks: list[Block] = []
    stacks = combination(c.profile, c.corpus)
    for f in stacks:
        blocks += [c.text(f), c.grid(f, f.title, (34, 46, 20))]
    warned = [status(c.corpus, t) for t in c.profile.tools if _doubtful(c, t)]
    if warned:
        points = tuple(c.point(f, f.title.removesuffix(": is it still a good choice?")) for f in warned)
        blocks += [Heading("Look out: tools in use whose state has changed"), Points(points)]
    rows, out = [], []
    for category in _categories(c):
        listing = shortlist(c.profile, c.corpus, category)
        for i, s in enumerate(listing.kept[:MOST_TOOLS]):
            state = f"it is {STATUS_WORDS[s.tool.status]}"  # has a column of its own
            good = [why for why, points in s.parts if points > 0 and why != state]
            name = s.tool.name + (" (in use)" if s.tool.id in c.profile.tools else "")
            cells = (cap(category_name(category)) if not i else "", name, f"{s.total:g}", cap("; ".join(good)),
                     s.tool.licence, status_line(s.tool))  # fmt: skip
            rows.append(Row(cells, c.sources.of_docs([f"tool/{s.tool.id}"])))
        for tool, reason in listing.excluded:
            why = (cap(category_name(category)), tool.name, cap(reason))
            out.append(Row(why, c.sources.of_docs([f"tool/{tool.id}"])))
    if rows:
        columns = ("Job", "Tool", "Points", "What speaks for it here", "Licence", "Status")
        blocks += [
            Heading("Shortlists for the jobs on the roadmap"),
            Grid("Best fits first", columns, tuple(rows), (15, 17, 8, 32, 14, 14), cited=1),
        ]
    if out:
        blocks.append(Grid("Left out, and why", ("Job", "Tool", "Reason"), tuple(out), (22, 22, 56)))
    if not blocks:
        blocks.append(Text("Nothing on the roadmap asks for a tool that you do not have."))
    return Section("tools", "Tools", tuple(blocks))


def _doubtful(c: Case, id: str) -> bool:
    if id not in c.corpus.records["tool"]:
        return False
    tool = c.corpus.get(Tool, id)
    return not tool.recommend or tool.status != "active"


def _categories(c: Case) -> list[str]:
    """The tool categories that the practices of the plan name most, early practices first."""
    found: Counter[str] = Counter()
    for place, item in enumerate(c.plan.items):
        named = {c.corpus.get(Tool, t).category for t in item.practice.tools if t in c.corpus.records["tool"]}
        for category in named:
            # An early practice says more about what is needed next than a late one.
            found[category] += len(c.plan.items) - place
    return sorted(found, key=lambda k: (-found[k], k))[:MOST_CATEGORIES]
