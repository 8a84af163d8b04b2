"""The result page: where the organisation stands, how sure that is, and how far is far enough."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr

from advisor.advice.facts import TRACK_WORDS
from advisor.channels.session import Desk
from advisor.channels.web.pages.assessment import WORDS
from advisor.channels.web.pages.blocks import charts_of, grid_html, page_html, sources_html, split
from advisor.channels.web.pages.shared import QUIET, Site, drawn, html_part, intro, plot, the_case, title
from advisor.channels.web.render import block
from advisor.channels.web.talk import Talk
from advisor.report.case import Case
from advisor.report.standing import aims, standing

ROOM = 2
STATES = {
    "held": "held", "partly": "partly", "not-held": "missing", "unknown": "not answered",
    "implied": "ruled out by another answer", "excluded": "not about you",
}  # fmt: skip


def shown(desk: Desk, talk: Talk) -> list[Any]:
    """Text before the radars, the radars, and the rest."""
    c = the_case(desk, talk.profile)
    here, aim = standing(c), aims(c)
    before, after = split(here.blocks)
    rest = page_html([*after], "result") + evidence_html(c)
    target = block(f"<h3>{escape(aim.title)}</h3>") + page_html(aim.blocks, "result")
    return [
        intro(talk.profile) + said_html(c) + page_html(before, "result"),
        *drawn(charts_of(here.blocks), ROOM),
        rest,
        target,
        sources_html(c.sources.references(), "result"),
    ]


def said_html(c: Case) -> str:
    """Whose word the levels rest on: one line, never left out."""
    a = c.assessment
    if not a.answered:
        return ""
    own = a.answered - a.evidenced
    share = round(100 * a.coverage)
    return block(
        '<p class="tags"><span class="badge">Self-reported</span> '
        f"{a.answered} of {a.applicable} practices answered ({share}%), {a.evidenced} with evidence, "
        f"{own} on your own word.</p>"
    )


def evidence_html(c: Case) -> str:
    """Each dimension's practices with their state and what was given as evidence."""
    parts = []
    several = len({cell.track for cell in c.assessment.cells}) > 1
    for cell in c.assessment.cells:
        rows = []
        for p in sorted(cell.practices, key=lambda p: p.level):
            said = c.profile.practices.get(p.id)
            state = STATES[c.assessment.states[p.id]]
            words = WORDS[said.answer].lower() if said else state
            why = c.assessment.reasons.get(p.id, "")
            proof = (said.evidence if said else "") or why or "–"
            by = ", ".join(x for x in (said.by, said.at) if x) if said else ""
            rows.append((p.title, str(p.level), words, proof, by or "–"))
        name = cell.dimension.capitalize() + (f", {TRACK_WORDS[cell.track]}" if several else "")
        told = sum(p.id in c.profile.practices for p in cell.practices)
        table = grid_html(("Practice", "Level", "Answer", "Evidence", "Who and when"), rows, f"Evidence: {name}")
        words = f"{name}: {told} of {len(rows)} practices answered"
        parts.append(f'<details class="data"><summary>{escape(words)}</summary>{table}</details>')
    return block(f"<h3>Evidence by dimension</h3>{''.join(parts)}")


def build(site: Site, tab: gr.Tab) -> None:
    """The page."""
    title("Result", "Your level in each dimension as a range: what your answers make sure, and what they leave open.")
    parts = [html_part(id="result-top"), *(plot() for _ in range(ROOM)), html_part(), html_part(), html_part()]
    tab.select(lambda talk: shown(site.desk, talk), [site.talk], parts, **QUIET)
