"""Answers, conversations and profiles as HTML. Whatever somebody else wrote is escaped or cleaned here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import urlsplit

from advisor.channels.chips import Chip
from advisor.channels.web.charts import as_table
from advisor.channels.web.markdown import to_html
from advisor.channels.web.passage import CONFIDENCE
from advisor.records.conversations import Summary
from advisor.schema import Answer, Citation

FIRST_QUESTIONS = (
    "We are 25 people in healthtech with two data scientists and one model deployed by hand. What should we do next?",
    "What maturity level fits a team that runs one model in production?",
    "Whom should we hire first for MLOps?",
    "Which model registry suits a small team without Kubernetes?",
    "How do Google's and Microsoft's maturity models differ?",
    "What does prompt injection mean for our RAG assistant, and what protects us?",
)


def block(html: str) -> str:
    """The HTML on one line: Gradio reads it as Markdown, where an empty line would end it."""
    return html.replace("\n", "&#10;")


def welcome() -> str:
    """What the page says before the first question."""
    asks = "".join(
        f'<li><button type="button" data-ask="{escape(q)}">{escape(q)}</button></li>' for q in FIRST_QUESTIONS
    )
    return block(
        '<section class="welcome"><h2>What are you trying to get right?</h2>'
        "<p>Describe your organisation in a sentence and ask. Every claim in the answer opens the passage it rests on."
        f'</p><h3 class="sr-only">Questions to start with</h3><ul class="starters">{asks}</ul></section>'
    )


def turn(answer: Answer, vote: int = 0) -> str:
    """One earlier question and its answer, as a page reads."""
    return block(
        f'<article class="turn" {_data(answer)}>{_body(answer)}{_chart_tables(answer)}{_sources(answer.citations)}'
        f"{_actions(answer, vote)}</article>"
    )


def latest(answer: Answer) -> str:
    """The newest answer as far as its text goes; its charts stand between this and `after`."""
    return block(f'<article class="turn" data-latest {_data(answer)}>{_body(answer)}</article>')


def after(answer: Answer, vote: int = 0) -> str:
    """What follows the newest answer's text and charts."""
    parts = (
        _chart_tables(answer), _asks(answer), _sources(answer.citations), _actions(answer, vote), _how(answer),
        _follow_ups(answer),
    )  # fmt: skip
    return block(
        f'<section class="turn rest" {_data(answer)} aria-label="About this answer">{"".join(parts)}</section>'
    )


def _data(answer: Answer) -> str:
    return f'data-answer="{escape(answer.id)}" data-conversation="{escape(answer.conversation_id or "")}"'


def _body(answer: Answer) -> str:
    titles = {c.n: c.title for c in answer.citations}
    links = {c.url for c in answer.citations if c.url}
    return (
        f'<h2 class="question">{escape(answer.question)}</h2>{note(answer.note)}'
        f'<div class="answer">{to_html(answer.text, titles, links)}</div>'
    )


def growing(question: str, text: str, status: str) -> str:
    """The answer while it is being written."""
    waiting = f'<p class="status" data-announce><span class="dots" aria-hidden="true"></span>{escape(status)}</p>'
    return block(
        f'<article class="turn" aria-busy="true"><h2 class="question">{escape(question)}</h2>'
        f'<div class="answer">{to_html(text)}</div>{waiting if status else ""}</article>'
    )


def failed(question: str, message: str, hint: str) -> str:
    """A question that could not be answered, with what to do about it."""
    shown = question if len(question) <= 400 else question[:400] + "…"
    return block(
        f'<article class="turn"><h2 class="question">{escape(shown)}</h2>'
        f'<div class="error" role="alert"><strong>{escape(message)}</strong> {escape(hint)}</div></article>'
    )


def stopped(question: str) -> str:
    """A question whose answer the reader did not wait for."""
    return block(
        f'<article class="turn"><h2 class="question">{escape(question)}</h2>'
        '<p class="note" role="status">Stopped. Nothing of this answer was kept.</p><div class="actions">'
        f'<button type="button" data-ask="{escape(question)}">Ask again</button></div></article>'
    )


def note(text: str) -> str:
    """The line about mode or language, as HTML."""
    return f'<p class="note">{escape(text)}</p>' if text else ""


def mode_banner(mode: str, chat_model: str | None, notes: Sequence[str] = ()) -> str:
    """One line that says who writes the answers."""
    if mode == "keyless":
        said = "Answers are composed from cited passages and rules; no language model is used."
        kind = "Keyless"
    else:
        said = f"Rules and cited passages decide; {escape(chat_model or 'a chat model')} puts them into words."
        kind = "Chat model"
    extra = "".join(f"<p>{escape(n)}</p>" for n in notes)
    return block(f'<div class="banner"><p><strong>{kind}</strong> {said}</p>{extra}</div>')


def conversation_list(summaries: Sequence[Summary], current: str | None) -> str:
    """The recorded conversations, each with its two buttons."""
    if not summaries:
        return '<p class="muted">Your conversations will be listed here.</p>'
    today = dt.datetime.now(dt.UTC).date()
    items = []
    for s in summaries:
        title, id = escape(s.title), escape(s.id)
        here = ' aria-current="true"' if s.id == current else ""
        day = "today" if s.updated.date() == today else f"{s.updated:%d %b %Y}"
        items.append(
            f"<li{' class=here' if here else ''}>"
            f'<button type="button" class="open" data-do="open" data-id="{id}"{here}>'
            f'<span class="title">{title}</span><span class="day">{day}</span></button>'
            f'<button type="button" class="icon" data-do="rename" data-id="{id}" data-title="{title}" '
            f'aria-label="Rename: {title}" title="Rename">✎</button>'
            f'<button type="button" class="icon" data-do="delete" data-id="{id}" data-title="{title}" '
            f'aria-label="Delete: {title}" title="Delete">✕</button></li>'
        )
    return block(f'<ul class="conversations">{"".join(items)}</ul>')


def profile_chips(chips: Sequence[Chip]) -> str:
    """What is known about the organisation; each fact can be corrected or removed."""
    if not chips:
        return (
            '<p class="muted">Nothing known yet. Say it in your question '
            "(“we’re 25 people with two data scientists…”) or fill in the form below.</p>"
        )
    items = []
    for chip in chips:
        label = escape(chip.label)
        data = f'data-field="{escape(chip.field)}" data-item="{escape(chip.item)}"'
        items.append(
            f'<li class="chip {chip.provenance}"><button type="button" class="fact" data-do="edit" {data} '
            f'data-label="{label}" aria-label="Correct: {label} ({chip.provenance})">{label}</button>'
            f'<button type="button" class="remove" data-do="remove" {data} aria-label="Remove: {label}">✕</button></li>'
        )
    return block(f'<ul class="chips" aria-label="What is known about your organisation">{"".join(items)}</ul>')


def _asks(answer: Answer) -> str:
    if not answer.asks:
        return ""
    items = "".join(f"<li>{escape(a)}</li>" for a in answer.asks)
    return f'<aside class="asks"><h3>To be more exact, tell me</h3><ul>{items}</ul></aside>'


def _follow_ups(answer: Answer) -> str:
    if not answer.follow_ups:
        return ""
    items = "".join(
        f'<li><button type="button" data-ask="{escape(q)}">{escape(q)}</button></li>' for q in answer.follow_ups
    )
    return f'<nav class="follow-ups" aria-label="Questions that follow"><h3>Ask next</h3><ul>{items}</ul></nav>'


def _sources(citations: Sequence[Citation]) -> str:
    if not citations:
        return ""
    items = []
    for c in citations:
        label, meaning = CONFIDENCE[c.confidence]
        host = urlsplit(c.url).hostname if c.url else None
        day = f"<span>{escape(c.as_of)}</span>" if c.as_of else ""
        where = c.heading.removeprefix(c.title).removeprefix(" › ")
        items.append(
            f'<li><button type="button" class="source" data-cite="{c.n}" '
            f'aria-label="Open source {c.n}: {escape(c.title)}">'
            f'<span class="n" aria-hidden="true">{c.n}</span><span class="t">{escape(c.title)}'
            f"{f' <em>{escape(where)}</em>' if where else ''}</span>"
            f'<span class="m"><span class="badge {c.confidence}" title="{meaning}">{label}</span>{day}'
            f"{f'<span>{escape(host)}</span>' if host else ''}</span></button></li>"
        )
    n = len(items)
    return (
        f'<details class="sources"{" open" if n <= 6 else ""}>'
        f"<summary><h3>{n} source{'' if n == 1 else 's'}</h3></summary><ol>{''.join(items)}</ol></details>"
    )


def _actions(answer: Answer, vote: int) -> str:
    def thumb(value: int, sign: str, label: str) -> str:
        pressed = "true" if vote == value else "false"
        return (
            f'<button type="button" data-do="vote" data-id="{escape(answer.id)}" data-value="{value}" '
            f'aria-pressed="{pressed}" aria-label="{label}" title="{label}">{sign}</button>'
        )

    thanks = '<span class="thanks" role="status">Thank you, noted.</span>' if vote else ""
    return (
        '<div class="actions"><button type="button" data-copy>Copy</button>'
        f'<button type="button" data-ask="{escape(answer.question)}">Ask again</button>'
        f"{thumb(1, '👍', 'Good answer')}{thumb(-1, '👎', 'Bad answer')}{thanks}</div>"
    )


def _how(answer: Answer) -> str:
    rules = sorted({f.rule for f in answer.findings})
    v = answer.versions
    rows: Mapping[str, str] = {
        "Written by": {"keyless": "rules and cited passages", "model": v.chat_model or "", "fallback": "fallback"}[
            answer.mode
        ],
        "Rules used": ", ".join(rules) or "none",
        "Time": f"{answer.usage.seconds:.2f} s",
        "Corpus": v.corpus,
        "Sentences withheld": str(answer.usage.dropped) if answer.usage.dropped else "",
    }
    items = "".join(f"<div><dt>{k}</dt><dd>{escape(value)}</dd></div>" for k, value in rows.items() if value)
    return f'<details class="how"><summary>How this answer was made</summary><dl class="facts">{items}</dl></details>'


def _chart_tables(answer: Answer) -> str:
    return "".join(
        f'<details class="data"><summary>{escape(c.title)}: the numbers</summary>{table_html(as_table(c))}</details>'
        for c in answer.charts
    )


def table_html(rows: Sequence[Sequence[str]]) -> str:
    """A table whose first row is its head."""
    head, *body = rows
    cells = "".join(f'<th scope="col">{escape(c)}</th>' for c in head)
    lines = "".join("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in row) + "</tr>" for row in body)
    return (
        '<div class="table" role="region" tabindex="0" aria-label="Table"><table>'
        f"<thead><tr>{cells}</tr></thead><tbody>{lines}</tbody></table></div>"
    )
