"""The assessment page: one question at a time, why it is asked, and what would show it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from advisor.advice.held import dimension_ids
from advisor.advice.questionnaire import Item, answer, confirm, next_item, progress, proposed, reject
from advisor.advice.words import record_title
from advisor.channels.session import Desk
from advisor.channels.web.pages.blocks import grid_html
from advisor.channels.web.pages.shared import QUIET, Site, html_part, kept, note, place, problem, title
from advisor.channels.web.render import block
from advisor.channels.web.talk import Talk
from advisor.errors import AdvisorError
from advisor.knowledge.load import Corpus
from advisor.knowledge.records import Practice
from advisor.schema import PracticeAnswer, Profile

ANSWERS = (("Yes", "yes"), ("Partly", "partly"), ("No", "no"), ("Don't know", "unknown"), ("Not applicable", "n/a"))
IDLE = "Yes moves no level by itself. No moves no level by itself."
EVERYTHING = ("Everything, most telling first", "")
WORDS = {value: words for words, value in ANSWERS}


@dataclass(frozen=True)
class Step:
    """One answer that can be taken back."""

    practice: str
    before: PracticeAnswer | None


@dataclass(frozen=True)
class Sheet:
    """Where the questionnaire stands on one page."""

    steps: tuple[Step, ...] = ()
    asking: str = ""
    """The practice that is asked about; empty where nothing is left to ask."""


def asked(desk: Desk, profile: Profile, scope: str = "", practice: str = "") -> Item | None:
    """The next question in scope, or the one about a practice that is to be answered again."""
    corpus = desk.advisor.corpus
    if practice:
        record = corpus.get(Practice, practice)
        said = profile.practices.get(practice)
        why = f"You answered this before: {WORDS[said.answer].lower()}." if said else "You asked for this question."
        return Item(record, record.question, why, f"Evidence would be: {'; '.join(record.evidence[:2])}.", "", None)
    return next_item(profile, corpus, dimension=scope or None)


def answered(desk: Desk, talk: Talk, sheet: Sheet, value: str, evidence: str, by: str) -> tuple[Talk, Sheet, str]:
    """The conversation with one more answer. Raises InputError."""
    if not sheet.asking:
        return talk, sheet, ""
    step = Step(sheet.asking, talk.profile.practices.get(sheet.asking))
    profile = answer(talk.profile, sheet.asking, value, evidence, by, dt.date.today().isoformat())
    talk, said = kept(desk, talk, profile)
    return talk, Sheet((*sheet.steps, step)), said


def undone(desk: Desk, talk: Talk, sheet: Sheet) -> tuple[Talk, Sheet, str]:
    """The conversation without the last answer, which is asked again."""
    if not sheet.steps:
        return talk, sheet, note("There is nothing to take back.")
    last = sheet.steps[-1]
    practices = {k: v for k, v in talk.profile.practices.items() if k != last.practice}
    if last.before is not None:
        practices[last.practice] = last.before
    talk, said = kept(desk, talk, talk.profile.model_copy(update={"practices": practices}))
    return talk, Sheet(sheet.steps[:-1], last.practice), said


def suggestions(profile: Profile, corpus: Corpus) -> dict[str, PracticeAnswer]:
    """Answers that the chat or other facts suggest, waiting for a person to say whether they are right."""
    heard = {k: v for k, v in profile.practices.items() if v.provenance == "inferred" and v.answer != "unknown"}
    return {**heard, **proposed(profile, corpus)}


def settled(desk: Desk, talk: Talk, chosen: Sequence[str], right: bool, by: str) -> tuple[Talk, str]:
    """The conversation with the chosen suggestions confirmed or rejected."""
    corpus, profile, today = desk.advisor.corpus, talk.profile, dt.date.today().isoformat()
    waiting = suggestions(profile, corpus)
    taken = [id for id in chosen if id in waiting]
    if not taken:
        return talk, note("Tick one or more of the suggestions first.")
    for id in taken:
        if id not in profile.practices:
            profile = confirm(profile, corpus, id, by, today) if right else reject(profile, corpus, id)
            continue
        said = waiting[id].model_copy(update={"provenance": "confirmed", "by": by, "at": today})
        refused = PracticeAnswer(answer="unknown", provenance="inferred")
        update = {"practices": {**profile.practices, id: said if right else refused}}
        profile = profile.model_copy(update=update)
    talk, said_line = kept(desk, talk, profile)
    done = f"{len(taken)} {'answer' if len(taken) == 1 else 'answers'} {'confirmed' if right else 'rejected'}."
    return talk, said_line or note(done)


def progress_html(profile: Profile, corpus: Corpus) -> str:
    """How many answers there are and how long a first result still takes."""
    p = progress(profile, corpus)
    goal = p.answered + p.remaining
    if p.remaining:
        words = f"{p.answered} answered, about {p.minutes} minute{'' if p.minutes == 1 else 's'} left to a first result"
    elif p.open:
        words = f"{p.answered} answered. Your first result is ready; {p.open} more questions would make it exact."
    else:
        words = f"{p.answered} answered. Nothing is left to ask."
    share = 100 if not goal else round(100 * p.answered / goal)
    return block(
        f'<div class="progress"><div class="bar" role="progressbar" aria-label="Answers to a first result" '
        f'aria-valuemin="0" aria-valuemax="{goal}" aria-valuenow="{p.answered}">'
        f'<svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true"><rect width="{share}" height="1"/>'
        f"</svg></div><p>{escape(words)}</p></div>"
    )


def question_html(item: Item | None) -> str:
    """The question with the reason it is asked for and what would show it."""
    if item is None:
        return block(
            '<section class="ask"><h3 data-item>Nothing is left to ask here</h3><p>Choose another part under “Ask '
            "about”, change an answer below, or see your result.</p></section>"
        )
    p = item.practice
    suggested = ""
    if item.proposal:
        words = f"Your other facts suggest “{WORDS[item.proposal.answer].lower()}”"
        suggested = f'<p class="suggested">{escape(words)}: {escape(item.proposal.evidence)}</p>'
    rows = [
        ("Why now", item.why),
        ("What would show it", item.hint),
        ("What hangs on it", "" if item.decides == IDLE else item.decides),
    ]
    facts = "".join(f"<div><dt>{k}</dt><dd>{escape(v)}</dd></div>" for k, v in rows if v)
    return block(
        f'<section class="ask"><p class="kicker">{escape(p.dimension.capitalize())}, level {p.level}</p>'
        f'<h3 data-item="{escape(p.id)}">{escape(item.question)}</h3>{suggested}'
        f'<dl class="facts">{facts}</dl></section>'
    )


def answers_html(profile: Profile, corpus: Corpus) -> str:
    """Every answer so far, with its evidence, who gave it and when."""
    rows = [
        (
            record_title(corpus, "practice", id),
            WORDS[said.answer],
            said.evidence or "none noted",
            ", ".join(x for x in (said.by, said.at) if x) or "–",
        )
        for id, said in profile.practices.items()
        if id in corpus.records["practice"] and not (said.answer == "unknown" and said.provenance == "inferred")
    ]
    if not rows:
        return ""
    table = grid_html(("Practice", "Answer", "Evidence", "Who and when"), rows[::-1], "Answers so far, latest first")
    return block(f'<details class="data"><summary>All {len(rows)} answers</summary>{table}</details>')


def shown(desk: Desk, talk: Talk, sheet: Sheet, scope: str, message: str = "") -> list[Any]:
    """What every part of the page shows, in the order of `_parts`."""
    corpus, profile = desk.advisor.corpus, talk.profile
    item = asked(desk, profile, scope, sheet.asking)
    sheet = Sheet(sheet.steps, item.practice.id if item else "")
    waiting = suggestions(profile, corpus)
    choices = [
        (f"{record_title(corpus, 'practice', id)}: {WORDS[v.answer].lower()} ({v.evidence or 'from the chat'})", id)
        for id, v in waiting.items()
    ]
    again = [(record_title(corpus, "practice", id), id) for id in profile.practices if id in corpus.records["practice"]]
    scopes = [EVERYTHING, *((d.capitalize(), d) for d in dimension_ids(corpus))]
    return [
        talk,
        sheet,
        place(talk),
        progress_html(profile, corpus),
        message,
        question_html(item),
        *[gr.update(interactive=item is not None)] * len(ANSWERS),
        gr.update(interactive=bool(sheet.steps)),
        "",
        gr.update(choices=scopes, value=scope),
        gr.update(visible=bool(waiting), label=f"Suggested answers ({len(waiting)})"),
        gr.update(choices=choices, value=[]),
        gr.update(choices=sorted(again), value=None, visible=bool(again)),
        answers_html(profile, corpus),
    ]


def build(site: Site, tab: gr.Tab) -> None:
    """The page and what its controls do."""
    desk = site.desk
    title("Assessment", "One question at a time. About eight minutes to a first result; deeper whenever you like.")
    sheet = gr.State(Sheet())
    head = html_part(id="assess-progress")
    message = html_part(id="assess-note")
    question = html_part(id="assess-question")
    with gr.Row(elem_classes="inputs"):
        evidence = gr.Textbox(
            label="Evidence, or the reason where it does not apply (optional)", max_length=2000, lines=1, max_lines=4,
            placeholder="A link, a file, a date…", elem_id="assess-evidence", scale=2,
        )  # fmt: skip
        who = gr.Textbox(label="Who says so (optional)", max_length=200, elem_id="assess-who", scale=1)
    with gr.Row(elem_id="assess-answers", elem_classes="answers"):
        buttons = [gr.Button(words, elem_id=f"answer-{v.replace('/', '')}", min_width=96) for words, v in ANSWERS]
    with gr.Row(elem_classes="answers rest"):
        back = gr.Button("Back: undo the last answer", elem_id="assess-back", size="sm", min_width=180)
        see = gr.Button("See the result", elem_id="assess-result", size="sm", min_width=140)
    with gr.Row(elem_classes="inputs"):
        scope = gr.Dropdown([EVERYTHING], value="", label="Ask about", elem_id="assess-scope")
        again = gr.Dropdown([], label="Change an answer", visible=False, elem_id="assess-again")
    with gr.Accordion("Suggested answers", open=True, visible=False, elem_id="assess-suggested") as waiting:
        ticks = gr.CheckboxGroup([], label="From the chat and your other facts. They count once you confirm them.")
        with gr.Row(elem_classes="answers"):
            yes = gr.Button("Confirm the ticked", size="sm", min_width=140)
            no = gr.Button("Reject the ticked", size="sm", min_width=140)
    answers = html_part(id="assess-answers-so-far")
    parts = [
        site.talk, sheet, site.place, head, message, question, *buttons, back, evidence, scope, waiting, ticks, again,
        answers,
    ]  # fmt: skip

    def give(value: str) -> Any:
        def press(talk: Talk, at: Sheet, text: str, by: str, part: str) -> list[Any]:
            try:
                talk, at, said = answered(desk, talk, at, value, text or "", by or "")
            except AdvisorError as e:
                unchanged = [gr.skip()] * len(parts)
                unchanged[4] = problem(e)
                return unchanged
            return shown(desk, talk, at, part or "", said)

        return press

    def settle(right: bool) -> Any:
        def press(talk: Talk, at: Sheet, chosen: list[str], by: str, part: str) -> list[Any]:
            talk, said = settled(desk, talk, chosen or [], right, by or "")
            return shown(desk, talk, Sheet(at.steps), part or "", said)

        return press

    def take_back(talk: Talk, at: Sheet, part: str) -> list[Any]:
        talk, at, said = undone(desk, talk, at)
        return shown(desk, talk, at, part or "", said)

    tab.select(lambda talk, at, part: shown(desk, talk, at, part or ""), [site.talk, sheet, scope], parts, **QUIET)
    for button, (_, value) in zip(buttons, ANSWERS, strict=True):
        button.click(give(value), [site.talk, sheet, evidence, who, scope], parts, **QUIET)
    back.click(take_back, [site.talk, sheet, scope], parts, **QUIET)
    for button, right in ((yes, True), (no, False)):
        button.click(settle(right), [site.talk, sheet, ticks, who, scope], parts, **QUIET)
    scope.input(
        lambda talk, at, part: shown(desk, talk, Sheet(at.steps), part or ""), [site.talk, sheet, scope], parts, **QUIET
    )
    again.input(
        lambda talk, at, part, id: shown(desk, talk, Sheet(at.steps, id or ""), part or ""),
        [site.talk, sheet, scope, again], parts, **QUIET,
    )  # fmt: skip
    see.click(lambda: gr.update(selected="result"), None, [site.tabs], **QUIET)
