"""The costs page: a year in parts, every assumption to change, and where own GPUs begin to pay."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import gradio as gr

from advisor.advice.charts import break_even_lines, cost_ranges
from advisor.advice.cost_findings import break_even_finding, cost_findings, plan_cost
from advisor.advice.costs import Assumptions, Range, assume, with_changes
from advisor.advice.roadmap import roadmap
from advisor.channels.session import Desk
from advisor.channels.web.charts import words
from advisor.channels.web.pages.blocks import grid_html, numbers_html
from advisor.channels.web.pages.shared import QUIET, Site, drawn, html_part, intro, note, plot, problem, title
from advisor.channels.web.render import block
from advisor.channels.web.talk import Talk
from advisor.errors import AdvisorError, InputError
from advisor.schema import Profile

FIELDS = {
    "people": "People, full time",
    "base_pay": "Base pay, USD a year",
    "loaded": "Loaded cost by base pay",
    "platform": "Platform, USD a year",
    "requests": "LLM requests a month",
    "input_tokens": "Input tokens a request",
    "output_tokens": "Output tokens a request",
    "input_price": "Input price, USD a million",
    "output_price": "Output price, USD a million",
    "overhead": "Retries and evaluation, factor",
    "gpus": "GPUs around the clock",
    "gpu_price": "GPU price, USD an hour",
    "self_host_factor": "Self-hosting by GPU rent",
    "tokens_per_second": "Tokens a second of one GPU",
}


def numbers(a: Assumptions) -> list[float]:
    """Low and high of every assumption, in the order of FIELDS."""
    return [round(x, 4) for f in FIELDS for x in (getattr(a, f).low, getattr(a, f).high)]


def edited(profile: Profile, desk: Desk, entered: Sequence[float | None]) -> Assumptions:
    """The assumptions with what a person changed, marked as theirs. Raises InputError."""
    a = assume(profile, desk.advisor.corpus)
    standing = numbers(a)
    changes: dict[str, Range] = {}
    for i, (field, name) in enumerate(FIELDS.items()):
        given = [x if x is not None else s for x, s in zip(entered[2 * i : 2 * i + 2], standing[2 * i :], strict=False)]
        if given == standing[2 * i : 2 * i + 2]:
            continue
        low, high = given
        if not 0 <= low <= high <= 1e15:
            raise InputError(f"{name}: the low end must be 0 or more, and not above the high end.", "Correct it.")
        changes[field] = Range(low, high)
    return with_changes(a, changes)


def shown(desk: Desk, profile: Profile, a: Assumptions | None = None) -> list[Any]:
    """Total and parts, the ranges, what the plan costs, and API against own GPUs."""
    corpus = desk.advisor.corpus
    a = a or assume(profile, corpus)
    total, *parts = cost_findings(profile, corpus, a)
    ranges, lines = cost_ranges(profile, corpus, a), break_even_lines(a)
    items = "".join(
        f"<li><strong>{escape(f.title)}</strong> {escape(f.text)}</li>" for f in parts if f.rule != "costs.break-even"
    )
    plan = roadmap(profile, corpus)
    weeks = Range(sum(i.effort.low for i in plan.items), sum(i.effort.high for i in plan.items))
    cost = plan_cost(profile, corpus, weeks, a) if plan.items else None
    work = f"<h3>Cost of the plan</h3><p>{escape(cost.text)}</p>" if cost else ""
    rows = [(FIELDS[f], words(getattr(a, f).low), words(getattr(a, f).high), why) for f, why in a.reasons]
    table = grid_html(("Assumption", "Low", "High", "Where it comes from"), rows, "Every figure the estimate rests on")
    even = f"<h3>API or own GPUs</h3><p>{escape(break_even_finding(profile, corpus, a).text)}</p>" if lines else ""
    return [
        intro(profile) + block(f"<p>{escape(total.text)}</p>"),
        *drawn(ranges, 1),
        block(f'<div>{numbers_html(ranges)}<ul class="points">{items}</ul>{work}{even}</div>'),
        *drawn(lines, 1),
        block(f"<div>{numbers_html(lines)}{table}</div>"),
    ]


def build(site: Site, tab: gr.Tab) -> None:
    """The page and what its controls do."""
    desk = site.desk
    title("Costs", "A year as a range with its parts. Planning estimates with dated prices, not offers.")
    top, ranges, middle, lines = html_part(id="costs-top"), plot(), html_part(id="costs-parts"), plot()
    message = html_part(id="costs-note")
    fields: list[gr.Number] = []
    with gr.Accordion("Change the assumptions", open=False, elem_id="assumptions"):
        with gr.Row(elem_classes="pairs"):
            for field, name in FIELDS.items():
                with gr.Row(elem_classes="pair"):
                    for end in ("low", "high"):
                        fields.append(
                            gr.Number(label=f"{name}: {end}", minimum=0, elem_id=f"a-{field}-{end}", min_width=110)
                        )
        with gr.Row(elem_classes="answers"):
            use = gr.Button("Calculate with these", elem_id="costs-use", min_width=160)
            reset = gr.Button("Back to the defaults", elem_id="costs-reset", min_width=160)
    rest = html_part(id="costs-table")
    parts = [top, ranges, middle, lines, rest]

    def opened(talk: Talk) -> list[Any]:
        return [*shown(desk, talk.profile), "", *numbers(assume(talk.profile, desk.advisor.corpus))]

    def calculate(talk: Talk, *entered: float | None) -> list[Any]:
        try:
            a = edited(talk.profile, desk, entered)
        except AdvisorError as e:
            return [*[gr.skip()] * len(parts), problem(e)]
        mine = sum(why == "your own figure" for _, why in a.reasons)
        return [*shown(desk, talk.profile, a), note(f"Calculated with {mine} of your own figures.")]

    tab.select(opened, [site.talk], [*parts, message, *fields], **QUIET)
    reset.click(opened, [site.talk], [*parts, message, *fields], **QUIET)
    use.click(calculate, [site.talk, *fields], [*parts, message], **QUIET)
