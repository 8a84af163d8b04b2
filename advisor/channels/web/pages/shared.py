"""What every page beside the chat needs: the conversation's profile, and parts that look alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import gradio as gr

from advisor.channels.session import Desk
from advisor.channels.web.render import block
from advisor.channels.web.talk import Talk
from advisor.errors import AdvisorError
from advisor.report.case import Case, case
from advisor.schema import Chart, Profile

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


@dataclass(frozen=True)
class Site:
    """The parts of the whole site that a page may read and set."""

    desk: Desk
    talk: gr.State
    place: gr.Markdown
    tabs: gr.Tabs


def html_part(value: str = "", id: str | None = None, **more: Any) -> gr.Markdown:
    """A part of the page that our own HTML fills."""
    # gr.HTML evaluates its template as JavaScript, which the content security policy forbids. Gradio's own
    # sanitiser would drop the labels and data of our buttons: whatever somebody else wrote is cleaned or escaped
    # where the HTML is made.
    return gr.Markdown(value, elem_id=id, latex_delimiters=[], sanitize_html=False, container=False, **more)


def title(words: str, lead: str) -> gr.Markdown:
    """The heading of a page with the sentence that says what it is for."""
    return html_part(f'<header class="page-head"><h2>{escape(words)}</h2><p>{escape(lead)}</p></header>')


def plot() -> gr.Plot:
    """Room for one chart."""
    return gr.Plot(visible=False, show_label=False, elem_classes="plot")


def drawn(charts: Sequence[Chart], room: int) -> list[Any]:
    """What `room` plots show of the charts."""
    if charts:
        # Plotly takes a third of a second to import, so it waits for the first chart.
        from advisor.channels.web.figures import figure

        figures = [figure(c) for c in charts[:room]]
    else:
        figures = []
    return [gr.update(value=f, visible=True) for f in figures] + [gr.update(value=None, visible=False)] * (
        room - len(figures)
    )


def note(text: str, *, bad: bool = False) -> str:
    """One line about what just happened, read out by screen readers."""
    if not text:
        return ""
    kind, role = ("error", "alert") if bad else ("note", "status")
    return block(f'<div class="{kind}" role="{role}">{escape(text)}</div>')


def problem(e: AdvisorError) -> str:
    """What went wrong and what to do about it."""
    return note(f"{e.message} {e.hint}", bad=True)


def the_case(desk: Desk, profile: Profile) -> Case:
    """The organisation with everything that the pages say about it."""
    return case(profile, desk.advisor.corpus, desk.advisor.documents)


def kept(desk: Desk, talk: Talk, profile: Profile) -> tuple[Talk, str]:
    """The conversation with this profile, recorded; and a line where it could not be recorded."""
    if profile == talk.profile:
        return talk, ""
    changed = replace(talk, profile=profile)
    try:
        if talk.id is None:
            return replace(changed, id=desk.records.conversations.create(profile, "Assessment")), ""
        desk.records.conversations.set_profile(talk.id, profile)
    except AdvisorError as e:
        return changed, problem(e)
    return changed, ""


def place(talk: Talk) -> str:
    """Where the browser finds the conversation that stands in the page's address."""
    return f'<span data-here="{escape(talk.id)}"></span>' if talk.id else ""


def role_choices(desk: Desk) -> list[tuple[str, str]]:
    """Every role for a dropdown, by name."""
    found = [(str(getattr(r, "name", id)), id) for id, r in desk.advisor.corpus.records["role"].items()]
    return sorted(found)


NOTHING = (
    '<div class="empty-page"><p>Nothing is known about your organisation yet. Describe it in the chat, fill in '
    "“Your organisation” there, answer the assessment, or load a sample on the report page. What stands "
    "below rests on general assumptions.</p></div>"
)


def known(profile: Profile) -> bool:
    """Whether anything at all was said."""
    return bool(profile.model_dump(exclude_defaults=True, exclude={"provenance"}))


def intro(profile: Profile) -> str:
    """A line above a page that has nothing to go by."""
    return "" if known(profile) else block(NOTHING)
