"""What the page does: one function for each thing a person can do, from what is on the page to what it shows next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from advisor.answer.extract import apply_changes
from advisor.channels.chips import chips, confirmed, removed
from advisor.channels.session import Desk, turns
from advisor.channels.web import render
from advisor.errors import AdvisorError
from advisor.schema import Answer, Profile


@dataclass(frozen=True)
class Talk:
    """The conversation on one person's page."""

    id: str | None = None
    profile: Profile = field(default_factory=Profile)
    answers: tuple[Answer, ...] = ()
    votes: Mapping[str, int] = field(default_factory=dict)
    asking: str = ""
    """The question that is being answered just now."""


@dataclass(frozen=True)
class View:
    """The whole page."""

    talk: Talk
    history: str
    live: str
    after: str
    listing: str
    chips: str
    charts: list[Any]
    message: str = ""
    draft: str = ""
    """What stands in the question box: a question that could not be answered is not lost."""


@dataclass(frozen=True)
class Growing:
    """The part of the page that changes while an answer is written; None leaves a part as it is."""

    live: str
    talk: Talk | None = None
    history: str | None = None
    chips: str | None = None


def opened(desk: Desk, id: str) -> View:
    """A recorded conversation, or an empty page where there is none of that id."""
    if not id:
        return view(desk, Talk())
    try:
        known = desk.records.conversations.get(id)
    except AdvisorError as e:
        return view(desk, Talk(), f"{e.message} {e.hint}")
    return view(desk, Talk(known.id, known.profile, tuple(known.answers), known.feedback))


def respond(desk: Desk, talk: Talk, question: str) -> Iterator[Growing | View]:
    """The page while the question is answered, then the page with the answer."""
    text, shown = "", question.strip()
    asking = replace(talk, asking=shown)
    yield Growing(render.growing(shown, "", "Reading your question"), asking, _history(talk, all=True))
    profile = talk.profile
    try:
        for event in desk.ask(question, conversation_id=talk.id, profile=talk.profile, earlier=turns(talk.answers)):
            if event.kind == "status":
                yield Growing(render.growing(shown, text, event.text))
            elif event.kind == "profile":
                profile = apply_changes(profile, event.changes)
                yield Growing(render.growing(shown, text, "Noted what you said"), chips=_chips(profile))
            elif event.kind == "text":
                text += event.text
                yield Growing(render.growing(shown, text, "Writing"))
            elif event.answer is not None:
                answer = event.answer
                talk = replace(
                    talk,
                    id=answer.conversation_id,
                    profile=apply_changes(talk.profile, answer.profile_changes),
                    answers=(*talk.answers, answer),
                )
        yield view(desk, talk)
    except AdvisorError as e:
        error = render.failed(shown, e.message, e.hint)
        yield replace(
            view(desk, talk), history=_history(talk, all=True), live=error, after="", charts=[], draft=question
        )


def stopped(talk: Talk) -> str:
    """What stands where the answer was being written."""
    return render.stopped(talk.asking)


def act(desk: Desk, talk: Talk, event: Mapping[str, Any]) -> View:
    """The page after a press on one of its own buttons."""
    do, id = str(event.get("do", "")), str(event.get("id", ""))
    message = ""
    try:
        if do == "open":
            return opened(desk, id)
        if do == "rename":
            desk.records.conversations.rename(id, str(event.get("title", "")))
        elif do == "delete":
            desk.records.conversations.delete(id)
            talk, message = (Talk() if talk.id == id else talk), "Deleted."
        elif do == "vote":
            value = 1 if str(event.get("value")) == "1" else -1
            desk.records.conversations.give_feedback(id, value)
            talk = replace(talk, votes={**talk.votes, id: value})
        elif do == "remove":
            return _with_profile(desk, talk, removed(talk.profile, str(event.get("field")), str(event.get("item", ""))))
    except AdvisorError as e:
        message = f"{e.message} {e.hint}"
    return view(desk, talk, message)


def corrected(desk: Desk, talk: Talk, facts: Mapping[str, Any]) -> View:
    """The page after the profile form was saved."""
    try:
        return _with_profile(desk, talk, confirmed(talk.profile, facts), "Saved. The next answer uses it.")
    except AdvisorError as e:
        return view(desk, talk, f"{e.message} {e.hint}")


def view(desk: Desk, talk: Talk, message: str = "") -> View:
    """The page as `talk` makes it."""
    try:
        listing = render.conversation_list(desk.records.conversations.recent(), talk.id)
    except AdvisorError as e:
        listing = render.note(e.message)
    last = talk.answers[-1] if talk.answers else None
    live = render.latest(last) if last else render.welcome()
    after = render.after(last, talk.votes.get(last.id, 0)) if last else ""
    return View(talk, _history(talk), live, after, listing, _chips(talk.profile), _figures(last), render.note(message))


def chips_of(talk: Talk) -> str:
    """What is known about the organisation, as chips."""
    return _chips(talk.profile)


def _with_profile(desk: Desk, talk: Talk, profile: Profile, message: str = "") -> View:
    talk = replace(talk, profile=profile)
    if talk.id is not None:
        desk.records.conversations.set_profile(talk.id, profile)
    return view(desk, talk, message)


def _history(talk: Talk, all: bool = False) -> str:
    answers = talk.answers if all else talk.answers[:-1]
    return render.block("".join(render.turn(a, talk.votes.get(a.id, 0)) for a in answers))


def _chips(profile: Profile) -> str:
    return render.profile_chips(chips(profile))


def _figures(answer: Answer | None) -> list[Any]:
    if answer is None or not answer.charts:
        return []
    from advisor.channels.web.figures import figure

    return [figure(chart) for chart in answer.charts]
