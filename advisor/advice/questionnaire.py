"""The adaptive questionnaire: which practice to ask about next, why, and what an answer does to the profile.

Nothing is remembered between calls: what was asked is what the profile has an answer to. A practice
that a missing one already rules out, or that is not about this organisation, is never asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import get_args

from pydantic import ValidationError

from advisor.advice.facts import TRACK_WORDS, TrackName, infer, tracks
from advisor.advice.held import Assessment, assess
from advisor.advice.questions import next_questions
from advisor.advice.vendor import level_span
from advisor.advice.words import count, listed, lower_first
from advisor.errors import InputError
from advisor.knowledge.load import Corpus
from advisor.knowledge.records import Practice
from advisor.schema import AnswerValue, PracticeAnswer, Profile

FEWEST, MOST = 16, 20
"""Answers that a first result needs where the levels are narrow by then, and where they are not."""
NARROW = 1.0
"""Mean width of the level intervals, in levels, that is narrow enough for a first result."""
SECONDS_A_QUESTION = 26
"""Our estimate for reading one question and choosing an answer; 18 of them make eight minutes."""


@dataclass(frozen=True)
class Item:
    """One question as a person sees it."""

    practice: Practice
    question: str
    why: str
    """Why it is asked now, in one sentence."""
    hint: str
    """What would count as evidence."""
    decides: str
    """What yes and no would each do, in one or two sentences."""
    proposal: PracticeAnswer | None
    """The answer that other facts suggest, to confirm or reject."""


@dataclass(frozen=True)
class Progress:
    """How far the questionnaire is. Widths are in levels, by track, averaged over dimensions."""

    answered: int
    unsure: int
    """Answered with `don't know`."""
    remaining: int
    """Questions to a first result; 0 where it is there."""
    minutes: int
    open: int
    """Every question still worth asking."""
    applicable: int
    coverage: float
    widths: dict[TrackName, float]


def next_item(
    profile: Profile, corpus: Corpus, track: TrackName | None = None, dimension: str | None = None
) -> Item | None:
    """The question that narrows the levels most, of one track or dimension if asked; None where none is left."""
    for practice in _open(profile, corpus):
        if track is not None and practice.track not in (track, "both"):
            continue
        if dimension is not None and practice.dimension != dimension:
            continue
        return _item(practice, profile, corpus)
    return None


def _open(profile: Profile, corpus: Corpus) -> list[Practice]:
    """Every practice still worth asking about, best first."""
    ranked = next_questions(profile, corpus, len(corpus.records["practice"]))
    return [p for p in ranked if not _asked(profile, p.id)]


def _asked(profile: Profile, practice: str) -> bool:
    """Whether somebody answered, `don't know` included. A rejected proposal leaves its question open."""
    said = profile.practices.get(practice)
    return said is not None and not (said.answer == "unknown" and said.provenance == "inferred")


def _item(practice: Practice, profile: Profile, corpus: Corpus) -> Item:
    assessment = assess(profile, corpus)
    return Item(
        practice=practice,
        question=practice.question,
        why=_why(practice, assessment, corpus),
        hint=f"Evidence would be {listed((lower_first(e.rstrip('.')) for e in practice.evidence[:2]), 'or')}.",
        decides=_decides(practice, profile, corpus, assessment),
        proposal=proposed(profile, corpus).get(practice.id),
    )


def _why(practice: Practice, assessment: Assessment, corpus: Corpus) -> str:
    cells = [c for c in assessment.cells if practice in c.practices and c.interval.width]
    waiting = sum(
        practice.id in p.requires and assessment.states[p.id] == "unknown" for p in corpus.all(Practice)
    )  # fmt: skip
    if any(practice in c.blocking for c in cells):
        return f"It is one of the practices that decide whether {practice.dimension} leaves its present level."
    if waiting:
        return f"{count(waiting, 'later question').capitalize()} {'hangs' if waiting == 1 else 'hang'} on the answer."
    if cells:
        return f"It would narrow what is known about {practice.dimension}."
    return f"It completes the picture of {practice.dimension}."


def _decides(practice: Practice, profile: Profile, corpus: Corpus, before: Assessment) -> str:
    """The level intervals of its dimension after a yes and after a no, and what a no would spare."""
    parts, several = [], len(tracks(profile)) > 1
    for value, word in (("yes", "Yes"), ("no", "No")):
        after = assess(_with(profile, practice.id, PracticeAnswer(answer=value)), corpus)
        moved = [
            f"level {level_span(b.interval, b.track)}" + (f" for {TRACK_WORDS[b.track]}" if several else "")
            for a, b in zip(before.cells, after.cells, strict=True)
            if a.interval != b.interval and a.dimension == practice.dimension
        ]
        spared = sum(s == "unknown" and after.states[id] == "implied" for id, s in before.states.items())
        text = f"puts {practice.dimension} at {listed(moved)}" if moved else "moves no level by itself"
        if value == "no" and spared:
            text += f" and spares {count(spared, 'further question')}"
        parts.append(f"{word} {text}.")
    return " ".join(parts)


def progress(profile: Profile, corpus: Corpus) -> Progress:
    """How many answers there are, how many a first result still needs, and how wide the levels are."""
    assessment = assess(profile, corpus)
    left = len(_open(profile, corpus))
    given = [id for id in profile.practices if id in corpus.records["practice"] and _asked(profile, id)]
    widths = {t: _mean(c.interval.width for c in assessment.track(t)) for t in tracks(profile)}
    goal = FEWEST if len(given) < FEWEST or _narrow(assessment) else MOST
    remaining = min(left, max(0, goal - len(given)))
    return Progress(
        answered=len(given),
        unsure=sum(profile.practices[id].answer == "unknown" for id in given),
        remaining=remaining,
        minutes=-(-remaining * SECONDS_A_QUESTION // 60),
        open=left,
        applicable=assessment.applicable,
        coverage=assessment.coverage,
        widths=widths,
    )


def first_result_ready(profile: Profile, corpus: Corpus) -> bool:
    """Whether the answers carry a first result: 16 of them with narrow levels, else 20, or nothing left to ask."""
    return progress(profile, corpus).remaining == 0


def _narrow(assessment: Assessment) -> bool:
    return _mean(c.interval.width for c in assessment.cells) <= NARROW


def _mean(widths: Iterable[float]) -> float:
    found = list(widths)
    return sum(found) / len(found) if found else 0.0


def answer(profile: Profile, practice: str, value: str, evidence: str = "", by: str = "", at: str = "") -> Profile:
    """The profile with one answer set. Raises InputError for an unknown value, or `n/a` without its reason."""
    known = get_args(AnswerValue)
    if value not in known:
        raise InputError(f"'{value}' is not an answer.", f"Answer with one of: {', '.join(known)}.")
    if value == "n/a" and not evidence.strip():
        raise InputError(
            "'Not applicable' needs a reason.", "Say in a few words why the practice does not concern you."
        )
    return _with(profile, practice, _checked(value, evidence, by, at))


def _checked(value: str, evidence: str, by: str, at: str) -> PracticeAnswer:
    try:
        return PracticeAnswer.model_validate(
            {"answer": value, "evidence": evidence.strip(), "by": by.strip(), "at": at, "provenance": "said"}
        )
    except ValidationError as e:
        first = e.errors(include_url=False)[0]
        raise InputError(f"{first['loc'][0]}: {first['msg']}.", "Shorten the text.") from e


def _with(profile: Profile, practice: str, said: PracticeAnswer) -> Profile:
    return profile.model_copy(update={"practices": {**profile.practices, practice: said}})


def proposed(profile: Profile, corpus: Corpus) -> dict[str, PracticeAnswer]:
    """Answers that other facts suggest and nobody has confirmed or rejected, by practice."""
    return {id: said for id, said in infer(profile, corpus).items() if id not in profile.practices}


def confirm(profile: Profile, corpus: Corpus, practice: str, by: str = "", at: str = "") -> Profile:
    """The profile with a proposed answer taken over as confirmed. Raises InputError where none is proposed."""
    said = _proposal(profile, corpus, practice)
    return _with(profile, practice, said.model_copy(update={"by": by, "at": at, "provenance": "confirmed"}))


def reject(profile: Profile, corpus: Corpus, practice: str) -> Profile:
    """The profile in which the answer is no longer proposed; the question itself stays open. Raises InputError."""
    _proposal(profile, corpus, practice)
    return _with(profile, practice, PracticeAnswer(answer="unknown", provenance="inferred"))


def _proposal(profile: Profile, corpus: Corpus, practice: str) -> PracticeAnswer:
    said = proposed(profile, corpus).get(practice)
    if said is None:
        raise InputError(f"Nothing is proposed for '{practice}'.", "Answer its question instead.")
    return said
