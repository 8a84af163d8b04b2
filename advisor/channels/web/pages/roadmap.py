"""The roadmap page: the plan by quarter, its inputs, and what a change of facts would do to it."""

from __future__ import annotations

from typing import Any

import gradio as gr

from advisor.advice.costs import estimate
from advisor.advice.engine import advise
from advisor.advice.roadmap import Plan, roadmap
from advisor.advice.words import money, number
from advisor.channels.chips import confirmed
from advisor.channels.session import Desk
from advisor.channels.web.pages.blocks import charts_of, finding_html, grid_html, page_html, sources_html, split
from advisor.channels.web.pages.shared import (
    QUIET,
    Site,
    drawn,
    html_part,
    intro,
    kept,
    note,
    place,
    plot,
    problem,
    role_choices,
    the_case,
    title,
)  # fmt: skip
from advisor.channels.web.render import block
from advisor.channels.web.talk import Talk
from advisor.errors import AdvisorError
from advisor.report.planning import roadmap_section
from advisor.schema import Profile


def shown(desk: Desk, talk: Talk) -> list[Any]:
    """Summary, timeline, the plan as tables, sources, and the inputs as they stand."""
    c = the_case(desk, talk.profile)
    section = roadmap_section(c)
    before, after = split(section.blocks)
    return [
        intro(talk.profile) + page_html(before, "roadmap"),
        *drawn(charts_of(section.blocks), 1),
        page_html(after, "roadmap"),
        sources_html(c.sources.references(), "roadmap"),
        gr.update(value=c.plan.capacity, info=f"Person-weeks, from {c.plan.capacity_reason}"),
        gr.update(value=c.plan.quarters),
    ]


def planned(desk: Desk, talk: Talk, capacity: float | None, quarters: float | None) -> tuple[Talk, str]:
    """The conversation with capacity and quarters as a person set them. Raises InputError."""
    whole = int(quarters) if quarters is not None else None
    profile = confirmed(talk.profile, {"capacity": capacity, "quarters": whole})
    talk, said = kept(desk, talk, profile)
    return talk, said or note("The plan now uses these.")


def supposed(profile: Profile, role: str | None, quarters: float | None, llm_first: bool) -> Profile:
    """The profile as it would be. Raises InputError."""
    changes: dict[str, Any] = {}
    if role:
        changes["team"] = {**profile.team, role: profile.team.get(role, 0) + 1}
    if quarters:
        changes["quarters"] = int(quarters)
    if llm_first:
        changes["uses_llm"] = True
        changes["llm_use"] = profile.llm_use or ["rag"]
    return confirmed(profile, changes)


def difference_html(desk: Desk, before: Profile, after: Profile) -> str:
    """What would change, in words and side by side."""
    corpus = desk.advisor.corpus
    if before == after:
        return note("Choose at least one change.")
    a, b = roadmap(before, corpus), roadmap(after, corpus)
    costs = [estimate(p, corpus).total for p in (before, after)]
    rows = [(name, x, y, "" if x == y else "changed") for name, x, y in _sides(a, b)]
    was, now = (money(r.low, r.high) for r in costs)
    rows.append(("Cost a year", was, now, "" if was == now else "changed"))
    found = advise("what-if", after, corpus, before=before)
    warning = ""
    if not before.team and after.team:
        warning = "<p>Nobody has said who works on ML today, so the hire counts as the whole team.</p>"
    table = grid_html(("", "Now", "With the change", ""), rows, "Before and after")
    return block(f"{warning}{table}{''.join(finding_html(f) for f in found[:4])}")


def _sides(a: Plan, b: Plan) -> list[tuple[str, str, str]]:
    def row(name: str, value: Any) -> tuple[str, str, str]:
        return name, str(value(a)), str(value(b))

    return [
        row("Practices in the plan", lambda p: len(p.everything)),
        row("Person-weeks (middle estimate)", lambda p: number(round(sum(i.planned for i in p.everything), 1))),
        row("Capacity a quarter, person-weeks", lambda p: number(p.capacity)),
        row("Quarters", lambda p: p.quarters),
        row("Practices that fit", lambda p: len(p.items)),
        row("Practices left for later", lambda p: len(p.later)),
    ]


def build(site: Site, tab: gr.Tab) -> None:
    """The page and what its controls do."""
    desk = site.desk
    title("Roadmap", "The smallest plan that reaches your target, quick wins and foundations first.")
    top, chart = html_part(id="roadmap-top"), plot()
    with gr.Row(elem_classes="inputs"):
        capacity = gr.Number(label="Capacity a quarter", minimum=0.5, elem_id="roadmap-capacity")
        quarters = gr.Number(label="Quarters", minimum=1, maximum=12, precision=0, elem_id="roadmap-quarters")
        use = gr.Button("Use these", elem_id="roadmap-use", scale=0, min_width=120)
    message = html_part(id="roadmap-note")
    with gr.Accordion("What if?", open=False, elem_id="what-if"):
        with gr.Row(elem_classes="inputs"):
            role = gr.Dropdown([], label="We hire one", elem_id="if-role")
            fewer = gr.Dropdown(
                [("As many as now", 0), *((str(n), n) for n in range(1, 13))],
                value=0, label="We have only so many quarters", elem_id="if-quarters",
            )  # fmt: skip
            llm = gr.Checkbox(label="We go LLM-first", elem_id="if-llm")
            compare = gr.Button("Show the difference", elem_id="if-show", scale=0, min_width=160)
        changed = html_part(id="if-result")
    rest, sources = html_part(id="roadmap-table"), html_part()
    parts = [top, chart, rest, sources, capacity, quarters]

    def opened(talk: Talk) -> list[Any]:
        roles = [("Nobody", ""), *role_choices(desk)]
        return [*shown(desk, talk), "", gr.update(choices=roles, value="")]

    def set_plan(talk: Talk, weeks: float | None, n: float | None) -> list[Any]:
        try:
            talk, said = planned(desk, talk, weeks, n)
        except AdvisorError as e:
            return [talk, place(talk), problem(e), *[gr.skip()] * len(parts)]
        return [talk, place(talk), said, *shown(desk, talk)]

    def what_if(talk: Talk, hire: str | None, n: float | None, first: bool) -> str:
        try:
            return difference_html(desk, talk.profile, supposed(talk.profile, hire, n, first))
        except AdvisorError as e:
            return problem(e)

    tab.select(opened, [site.talk], [*parts, message, role], **QUIET)
    use.click(set_plan, [site.talk, capacity, quarters], [site.talk, site.place, message, *parts], **QUIET)
    compare.click(what_if, [site.talk, role, fewer, llm], [changed], **QUIET)
