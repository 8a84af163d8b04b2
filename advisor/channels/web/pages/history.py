"""The history page: saved assessments, and what changed between two of them and why."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import gradio as gr

from advisor.advice.changes import diff, profile_changes, recorded
from advisor.advice.questions import compare
from advisor.channels.session import Desk
from advisor.channels.web.pages.blocks import finding_html, grid_html
from advisor.channels.web.pages.shared import QUIET, Site, html_part, kept, note, place, problem, title
from advisor.channels.web.render import block
from advisor.channels.web.talk import Talk
from advisor.errors import AdvisorError
from advisor.records.assessments import Assessments

MOST_FACTS = 40


def saved(desk: Desk, store: Assessments, talk: Talk, name: str) -> str:
    """A line that says the present state was saved. Raises AdvisorError."""
    findings = recorded(talk.profile, desk.advisor.corpus)
    name = name.strip() or talk.profile.name or "Assessment"
    store.save(talk.id, name, talk.profile, findings, desk.advisor.versions)
    return note(f"Saved as “{name[:200]}”.")


def choices(store: Assessments) -> list[tuple[str, str]]:
    """Saved assessments for a dropdown, latest first."""
    return [(f"{e.name} ({e.at:%Y-%m-%d %H:%M} UTC)", e.id) for e in store.list()]


def listing_html(store: Assessments) -> str:
    """The saved assessments as a list."""
    entries = store.list()
    if not entries:
        return block("<p>Nothing is saved yet. Save the present state to compare it with a later one.</p>")
    rows = [(e.name, f"{e.at:%Y-%m-%d %H:%M}") for e in entries]
    return block(grid_html(("Name", "Saved (UTC)"), rows, "Saved assessments, latest first"))


def difference_html(desk: Desk, store: Assessments, earlier: str | None, later: str | None) -> str:
    """Every change between two saved assessments with its cause, and where their answers disagree."""
    if not earlier or not later or earlier == later:
        return note("Choose two different assessments.")
    a, b = store.get(earlier), store.get(later)
    corpus = desk.advisor.corpus
    found = diff(a, b, corpus)
    facts = profile_changes(a.profile, b.profile, corpus)
    told = "".join(f"<li>{escape(f)}</li>" for f in facts[:MOST_FACTS])
    more = f"<li>and {len(facts) - MOST_FACTS} more</li>" if len(facts) > MOST_FACTS else ""
    yours = f'<h3>What you changed</h3><ul class="points">{told}{more}</ul>' if facts else ""
    rows = [(c.title, c.before or "–", c.after or "–", c.cause) for c in found]
    columns = ("What", "Before", "After", "Changed by")
    levels = [r for r, c in zip(rows, found, strict=True) if c.kind == "level"]
    others = [r for r, c in zip(rows, found, strict=True) if c.kind == "finding"]
    tables = "".join(
        grid_html(columns, part, words)
        for words, part in (("Levels that moved", levels), ("Other advice that changed", others))
        if part
    )
    same = "" if rows else "<p>Nothing differs: the same levels and the same advice.</p>"
    two = "".join(finding_html(f) for f in compare(a.profile, b.profile, corpus, (a.name, b.name)))
    key = (
        '<p class="muted">“you”: your answers or facts changed. “corpus”: our knowledge was updated. “rules”: our '
        "rules changed.</p>"
    )
    names = f"<h3>{escape(a.name)} → {escape(b.name)}</h3>"
    return block(f"<div>{names}{same}{tables}{key if rows else ''}{yours}{two}</div>")


def build(site: Site, tab: gr.Tab, store: Callable[[], Assessments]) -> None:
    """The page and what its controls do."""
    desk = site.desk
    title("History", "Keep today's state under a name, and see later what changed and what changed it.")
    with gr.Row(elem_classes="inputs"):
        name = gr.Textbox(label="Name", max_length=200, placeholder="Before the pilot", elem_id="history-name", scale=2)
        save = gr.Button("Save the present state", elem_id="history-save", scale=0, min_width=180)
    message, listing = html_part(id="history-note"), html_part(id="history-list")
    html_part("<h3>Compare two</h3>")
    with gr.Row(elem_classes="inputs"):
        earlier = gr.Dropdown([], label="Earlier", elem_id="history-earlier")
        later = gr.Dropdown([], label="Later", elem_id="history-later")
    with gr.Row(elem_classes="answers"):
        show = gr.Button("Compare", elem_id="history-compare", min_width=120)
        load = gr.Button("Go on from the later one", elem_id="history-load", min_width=180)
        delete = gr.Button("Delete the later one", elem_id="history-delete", min_width=160)
    result = html_part(id="history-result")
    parts = [message, listing, earlier, later, result]

    def view(said: str = "") -> list[Any]:
        try:
            known = choices(store())
            listed = listing_html(store())
        except AdvisorError as e:
            return [problem(e), "", *[gr.update(choices=[], value=None)] * 2, ""]
        ids = [id for _, id in known]
        return [
            said, listed, gr.update(choices=known, value=ids[1] if len(ids) > 1 else None),
            gr.update(choices=known, value=ids[0] if ids else None), "",
        ]  # fmt: skip

    def keep(talk: Talk, words: str) -> list[Any]:
        try:
            return view(saved(desk, store(), talk, words or ""))
        except AdvisorError as e:
            return view(problem(e))

    def compare_two(a: str | None, b: str | None) -> str:
        try:
            return difference_html(desk, store(), a, b)
        except AdvisorError as e:
            return problem(e)

    def go_on(talk: Talk, id: str | None) -> list[Any]:
        try:
            if not id:
                return [talk, place(talk), note("Choose one under “Later”.")]
            talk, said = kept(desk, talk, store().get(id).profile)
        except AdvisorError as e:
            return [talk, place(talk), problem(e)]
        return [talk, place(talk), said or note("Its facts and answers are now those of this conversation.")]

    def remove(id: str | None) -> list[Any]:
        try:
            if not id:
                return view(note("Choose one under “Later”."))
            store().delete(id)
        except AdvisorError as e:
            return view(problem(e))
        return view(note("Deleted."))

    tab.select(view, None, parts, **QUIET)
    save.click(keep, [site.talk, name], parts, **QUIET)
    show.click(compare_two, [earlier, later], [result], **QUIET)
    load.click(go_on, [site.talk, later], [site.talk, site.place, message], **QUIET)
    delete.click(remove, [later], parts, **QUIET)
