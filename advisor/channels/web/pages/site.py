"""The pages beside the chat: their order, and how the chat hears of what they change."""

from __future__ import annotations

from typing import Any

import gradio as gr

from advisor.channels.web.pages import assessment, costs, history, people, report, result, roadmap, tools
from advisor.channels.web.pages.shared import Site
from advisor.records.assessments import Assessments

PAGES: dict[str, Any] = {
    "assessment": assessment,
    "result": result,
    "roadmap": roadmap,
    "people": people,
    "tools": tools,
    "costs": costs,
}


def add_pages(site: Site) -> None:
    """The tabs after the chat's own. Nothing is computed before a person opens one."""

    def store() -> Assessments:
        return site.desk.records.assessments

    with site.tabs:
        for id, page in PAGES.items():
            with gr.Tab(id.capitalize(), id=id) as tab, gr.Column(elem_classes="sheet", elem_id=f"page-{id}"):
                page.build(site, tab)
        with gr.Tab("History", id="history") as tab, gr.Column(elem_classes="sheet", elem_id="page-history"):
            history.build(site, tab, store)
        with gr.Tab("Report", id="report") as tab, gr.Column(elem_classes="sheet", elem_id="page-report"):
            report.build(site, tab)
