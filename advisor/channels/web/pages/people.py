"""The people page: who is missing, whom to hire in which order, what that pays, and how to grow into a role."""

from __future__ import annotations

from typing import Any

import gradio as gr

from advisor.advice.career import career
from advisor.advice.pay import DEFAULT_COUNTRY, country_name, pay_finding
from advisor.advice.staffing import hire_order
from advisor.channels.session import Desk
from advisor.channels.web.pages.blocks import finding_html, page_html, sources_html
from advisor.channels.web.pages.shared import QUIET, Site, html_part, intro, role_choices, the_case, title
from advisor.channels.web.render import block
from advisor.channels.web.talk import Talk
from advisor.knowledge.records import Role
from advisor.report.planning import people


def shown(desk: Desk, talk: Talk) -> tuple[str, str]:
    """Team, gaps, hire order, pay and RACI; and their sources."""
    c = the_case(desk, talk.profile)
    html = page_html(people(c).blocks, "people")
    return intro(talk.profile) + html, sources_html(c.sources.references(), "people")


def countries(desk: Desk) -> list[str]:
    """Every country with a pay figure."""
    return sorted({pay.country for role in desk.advisor.corpus.all(Role) for pay in role.pay})


def pay_html(desk: Desk, role: str | None, country: str | None) -> str:
    """Published pay of one role in one country."""
    if not role:
        return ""
    return block(f"<div>{finding_html(pay_finding(desk.advisor.corpus, role, country))}</div>")


def career_html(desk: Desk, origin: str | None, aim: str | None) -> str:
    """The way from one role to another, or into a role."""
    if not aim:
        return ""
    found = career(origin or None, aim, desk.advisor.corpus)
    return block(f"<div>{''.join(finding_html(f) for f in found)}</div>")


def build(site: Site, tab: gr.Tab) -> None:
    """The page and what its controls do."""
    desk = site.desk
    title("People", "Which roles the work needs, which hats one person can wear, and whom to hire first.")
    top = html_part(id="people-top")
    html_part("<h3>Pay by country</h3>")
    with gr.Row(elem_classes="inputs"):
        role = gr.Dropdown([], label="Role", elem_id="pay-role")
        country = gr.Dropdown([], label="Country", elem_id="pay-country")
    pay = html_part(id="pay-result")
    html_part("<h3>Growing into a role</h3>")
    with gr.Row(elem_classes="inputs"):
        origin = gr.Dropdown([], label="I am", elem_id="career-from")
        aim = gr.Dropdown([], label="I want to become", elem_id="career-to")
    way = html_part(id="career-result")
    sources = html_part()

    def opened(talk: Talk) -> list[Any]:
        roles = role_choices(desk)
        order = hire_order(talk.profile, desk.advisor.corpus)
        first = order[0].role if order else "mlops-engineer"
        place = country_name(talk.profile.country)
        where = place if place in countries(desk) else DEFAULT_COUNTRY
        return [
            *shown(desk, talk),
            gr.update(choices=roles, value=first),
            gr.update(choices=countries(desk), value=where),
            pay_html(desk, first, where),
            gr.update(choices=[("Something else", ""), *roles], value="software-engineer"),
            gr.update(choices=roles, value="mlops-engineer"),
            career_html(desk, "software-engineer", "mlops-engineer"),
        ]

    tab.select(opened, [site.talk], [top, sources, role, country, pay, origin, aim, way], **QUIET)
    for control in (role, country):
        control.input(lambda r, c: pay_html(desk, r, c), [role, country], [pay], **QUIET)
    for control in (origin, aim):
        control.input(lambda a, b: career_html(desk, a, b), [origin, aim], [way], **QUIET)
