"""The tools page: a shortlist under the organisation's constraints, what is left out and why, and comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import gradio as gr

from advisor.advice.facts import describe
from advisor.advice.tool_findings import combination, compare_tools, shortlist_findings, status, status_line
from advisor.advice.tools import STATUS_WORDS, category_name, shortlist
from advisor.channels.session import Desk
from advisor.channels.web.pages.blocks import finding_html, grid_html
from advisor.channels.web.pages.shared import QUIET, Site, html_part, intro, note, title
from advisor.channels.web.render import block
from advisor.channels.web.talk import Talk
from advisor.knowledge.records import Tool
from advisor.report.case import cap
from advisor.schema import Profile

CONSTRAINTS = ("clouds", "self_host", "data_residency", "kubernetes", "tools", "budget")
MOST_COMPARED = 6
FIRST_CATEGORY = "experiment-tracking"


def categories(desk: Desk) -> list[tuple[str, str]]:
    """Every tool category for a dropdown, by name."""
    found = {t.category for t in desk.advisor.corpus.all(Tool)}
    return sorted((cap(category_name(c)), c) for c in found)


def tools(desk: Desk) -> list[tuple[str, str]]:
    """Every tool for a dropdown, by name."""
    return sorted(((t.name, t.id) for t in desk.advisor.corpus.all(Tool)), key=lambda x: x[0].lower())


def top_html(desk: Desk, profile: Profile) -> str:
    """The constraints that count, warnings about tools in use, and a stack that fits them."""
    corpus = desk.advisor.corpus
    facts = describe(Profile(**{field: getattr(profile, field) for field in CONSTRAINTS}), corpus)
    counted = f"<p>Counted here: {escape('; '.join(facts))}. Change them under “Your organisation” in the chat.</p>"
    used = [corpus.get(Tool, t) for t in profile.tools if t in corpus.records["tool"]]
    doubtful = [status(corpus, t.id) for t in used if not t.recommend or t.status != "active"]
    warnings = "".join(f"<li><strong>{escape(f.title)}</strong> {escape(f.text)}</li>" for f in doubtful)
    told = f'<h3>Look out: tools in use whose state has changed</h3><ul class="points">{warnings}</ul>'
    stack = "".join(finding_html(f) for f in combination(profile, corpus))
    return intro(profile) + block(f"<div>{counted if facts else ''}{told if doubtful else ''}{stack}</div>")


def shortlist_html(desk: Desk, profile: Profile, category: str) -> str:
    """The pick with its reasons, the ranking, and everything that was left out with the reason."""
    corpus = desk.advisor.corpus
    found = shortlist(profile, corpus, category)
    picks = shortlist_findings(profile, corpus, category)
    rows = []
    for s in found.kept:
        state = f"it is {STATUS_WORDS[s.tool.status]}"  # has a column of its own
        good = [why for why, points in s.parts if points > 0 and why != state]
        bad = [why for why, points in s.parts if points < 0]
        name = s.tool.name + (" (in use)" if s.tool.id in profile.tools else "")
        rows.append((name, f"{s.total:g}", cap("; ".join(good)), cap("; ".join(bad)), s.tool.licence,
                     status_line(s.tool)))  # fmt: skip
    columns = ("Tool", "Points", "For it here", "Against it here", "Licence", "Status")
    kept = grid_html(columns, rows, "Best fits first") if rows else ""
    out = [(t.name, cap(reason), status_line(t)) for t, reason in found.excluded]
    left = grid_html(("Tool", "Reason", "Status"), out, "Left out, and why") if out else ""
    text = "".join(f"<p>{escape(f.text)}</p>" for f in picks[:1])
    none = "" if rows else "<p>No tool of this kind passes your constraints.</p>"
    return block(f"<div>{text}{none}{kept}{left}</div>")


def comparison_html(desk: Desk, profile: Profile, ids: Sequence[str]) -> str:
    """The chosen tools side by side, with the one to take."""
    if len(ids) < 2:
        return note("Choose two or more tools.")
    if len(ids) > MOST_COMPARED:
        return note(f"A table of more than {MOST_COMPARED} tools is hard to read; choose fewer.")
    found = compare_tools(list(ids), profile, desk.advisor.corpus)
    states = "".join(
        f"<li><strong>{escape(f.title)}</strong> {escape(f.text)}</li>"
        for f in (status(desk.advisor.corpus, id) for id in ids)
    )
    table = "".join(finding_html(f) for f in found)
    return block(f'<div>{table}<h3>State of each</h3><ul class="points">{states}</ul></div>')


def build(site: Site, tab: gr.Tab) -> None:
    """The page and what its controls do."""
    desk = site.desk
    title("Tools", "What fits your constraints, what is left out and why, and any set side by side.")
    top = html_part(id="tools-top")
    html_part("<h3>Shortlist</h3>")
    category = gr.Dropdown([], label="Kind of tool", elem_id="tools-category")
    listing = html_part(id="tools-list")
    html_part("<h3>Compare</h3>")
    with gr.Row(elem_classes="inputs"):
        chosen = gr.Dropdown([], label="Tools to compare", multiselect=True, elem_id="tools-compare", scale=3)
        compare = gr.Button("Compare", elem_id="tools-show", scale=0, min_width=120)
    table = html_part(id="tools-table")

    def opened(talk: Talk, kind: str | None) -> list[Any]:
        choices = categories(desk)
        known = [id for _, id in choices]
        kind = kind if kind in known else FIRST_CATEGORY if FIRST_CATEGORY in known else known[0]
        listed = shortlist_html(desk, talk.profile, kind)
        return [
            top_html(desk, talk.profile), gr.update(choices=choices, value=kind), listed, gr.update(choices=tools(desk))
        ]  # fmt: skip

    tab.select(opened, [site.talk, category], [top, category, listing, chosen], **QUIET)
    category.input(
        lambda talk, kind: shortlist_html(desk, talk.profile, kind), [site.talk, category], [listing], **QUIET
    )
    compare.click(
        lambda talk, ids: comparison_html(desk, talk.profile, ids or []), [site.talk, chosen], [table], **QUIET
    )
