"""Which question to ask next, and where two people answer differently."""

from __future__ import annotations

from collections.abc import Mapping

from advisor.advice.facts import infer
from advisor.advice.held import Assessment, State, assess, level_interval
from advisor.advice.words import finding, lower_first
from advisor.knowledge.load import Corpus
from advisor.knowledge.records import Practice
from advisor.schema import Finding, Profile, Table, Value

PRIOR = {1: 0.6, 2: 0.4, 3: 0.2, 4: 0.1}
"""Our guess of how often a practice of each level turns out to be held; it only orders questions."""


def next_questions(profile: Profile, corpus: Corpus, n: int = 5) -> list[Practice]:
    """Up to n unanswered practices, those first that narrow the level intervals most."""
    assessment = assess(profile, corpus)
    proposed = infer(profile, corpus)
    dependants = _dependants(corpus)
    scored = []
    for order, practice in enumerate(corpus.all(Practice)):
        if assessment.states[practice.id] != "unknown":
            continue
        gain = _gain(practice, assessment, dependants)
        # A proposal takes a second to confirm, so it goes before an equal question.
        scored.append((-round(gain + (0.05 if practice.id in proposed else 0), 6), practice.level, order, practice))
    return [practice for *_, practice in sorted(scored, key=lambda s: s[:3])[:n]]


def question_finding(profile: Profile, corpus: Corpus, n: int = 3) -> list[Finding]:
    """The questions whose answers would narrow the levels most; nothing where all is answered."""
    asked = next_questions(profile, corpus, n)
    if not asked:
        return []
    return [
        finding(
            corpus,
            "assess.next-questions",
            "question",
            "What to answer next",
            ["These answers would narrow your levels most", *(p.question for p in asked)],
            inputs=[p.title for p in asked],
            doc_ids=[f"practice/{p.id}" for p in asked],
            rank=0.1,
        )
    ]


def _gain(practice: Practice, assessment: Assessment, dependants: Mapping[str, set[str]]) -> float:
    """Expected narrowing over all cells; the weakest dimension of each track counts double."""
    state = dict(assessment.states)
    yes: dict[str, State] = {**state, practice.id: "held"}
    implied: dict[str, State] = {d: "implied" for d in dependants[practice.id] if state[d] == "unknown"}
    no: dict[str, State] = {**state, **implied, practice.id: "not-held"}
    touched = {practice.id, *implied}
    gain = 0.0
    for cell in assessment.cells:
        if not any(p.id in touched for p in cell.practices):
            continue
        p = PRIOR[practice.level]
        after = p * level_interval(cell.practices, yes).width + (1 - p) * level_interval(cell.practices, no).width
        weakest = cell.interval.low == assessment.overall(cell.track).low
        gain += (cell.interval.width - after) * (2 if weakest else 1)
    return gain


def _dependants(corpus: Corpus) -> dict[str, set[str]]:
    """Practice id → every practice that requires it, directly or not."""
    direct: dict[str, set[str]] = {p.id: set() for p in corpus.all(Practice)}
    for p in corpus.all(Practice):
        for r in p.requires:
            direct.setdefault(r, set()).add(p.id)

    def reach(id: str, seen: set[str]) -> set[str]:
        for d in direct.get(id, ()):
            if d not in seen:
                seen.add(d)
                reach(d, seen)
        return seen

    return {id: reach(id, set()) for id in direct}


def compare(a: Profile, b: Profile, corpus: Corpus, names: tuple[str, str] = ("A", "B")) -> list[Finding]:
    """Where two people's answers differ, the levels that hang on it, and nothing where they agree."""
    both = [p for p in corpus.all(Practice) if _said(a, p.id) and _said(b, p.id)]
    split = [p for p in both if _said(a, p.id) != _said(b, p.id)]
    if not split:
        text = (
            f"{names[0]} and {names[1]} agree on all {len(both)} practices that both answered"
            if both
            else f"{names[0]} and {names[1]} have answered no practice in common, so there is nothing to compare yet"
        )
        return [finding(corpus, "assess.compare", "comparison", "Two sets of answers", [text])]
    first, second = assess(a, corpus), assess(b, corpus)
    moved = [
        (x, y)
        for x in first.cells
        for y in second.cells
        if (x.track, x.dimension) == (y.track, y.dimension) and x.interval != y.interval
    ]
    split.sort(key=lambda p: (p.level, p.dimension, p.id))
    return [
        finding(
            corpus,
            "assess.compare",
            "comparison",
            "Where the two of you disagree",
            [
                f"{names[0]} and {names[1]} disagree on {len(split)} of {len(both)} practices that both answered, "
                f"and {len(moved)} dimension levels hang on it",
                f"Settle {lower_first(split[0].title)} first, by looking at its evidence together: "
                f"{lower_first(split[0].evidence[0])}",
            ],
            values=[Value(name="disagreements", low=len(split), high=len(split), unit="practices")],
            table=Table(
                columns=["Practice", "Level", names[0], names[1]],
                rows=[[p.title, str(p.level), _said(a, p.id), _said(b, p.id)] for p in split],
            ),
            doc_ids=[f"practice/{p.id}" for p in split[:4]],
        )
    ]


def _said(profile: Profile, id: str) -> str:
    said = profile.practices.get(id)
    return said.answer if said and said.answer != "unknown" else ""
