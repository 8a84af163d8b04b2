"""Where an organisation stands: level intervals in words, with what decides the next level."""

from __future__ import annotations

from advisor.advice.facts import TRACK_WORDS, TrackName, describe, infer, setting
from advisor.advice.held import Assessment, Cell, assess
from advisor.advice.vendor import level_span, missing_titles, vendor_findings
from advisor.advice.words import finding, level_doc, level_name, listed, record_title
from advisor.knowledge.load import Corpus
from advisor.schema import Finding, Profile, Table, Value

__all__ = ["Assessment", "assess", "assessment_findings", "confidence_words"]


def assessment_findings(profile: Profile, corpus: Corpus, *, vendors: bool = True) -> list[Finding]:
    """Overall level, dimensions, coverage and vendor levels, in the order to say them."""
    assessment = assess(profile, corpus)
    if not assessment.answered:
        return [_nothing_known(profile, corpus)]
    found = [_overall(profile, corpus, assessment, t) for t in dict.fromkeys(c.track for c in assessment.cells)]
    cells = sorted(assessment.cells, key=lambda c: (c.interval.low, c.interval.high))
    found += [_dimension(profile, corpus, assessment, c) for c in cells if c.interval.high < 4 or c.interval.low > 0]
    found.append(_coverage(profile, corpus, assessment))
    return found + (vendor_findings(profile, corpus, assessment) if vendors else [])


def _nothing_known(profile: Profile, corpus: Corpus) -> Finding:
    facts = describe(profile, corpus)
    proposals = infer(profile, corpus)
    return finding(
        corpus,
        "assess.nothing-known",
        "level",
        "No level without answers",
        [
            "No level can be stated yet, because nobody has said which practices you hold",
            "Most teams with a first model stand between working level 0 (everything by hand) and working level 1 "
            "(code in Git, scripted deployment); that placement is our judgement, not a measurement of yours",
            f"Your facts suggest that {len(proposals)} of the answers are partly yes; confirm them first"
            if len(proposals) > 1
            else "",
            "Score each dimension apart, because a single number hides the one that holds you back",
        ],
        inputs=facts,
        values=[Value(name="practices answered", low=0, high=0, unit="practices")],
        doc_ids=[level_doc(corpus, 0), level_doc(corpus, 1)],
        rank=1.0,
    )


def _overall(profile: Profile, corpus: Corpus, assessment: Assessment, track: TrackName) -> Finding:
    cells = assessment.track(track)
    interval = assessment.overall(track)
    low, high = int(interval.low), int(interval.high)
    weakest = [c for c in cells if c.interval.low == interval.low]
    names = [_name(c.dimension) for c in weakest]
    best = max(c.interval.low for c in cells)
    opening = setting(profile, corpus)
    where = (
        f"your {TRACK_WORDS[track]} work stands at {level_name(corpus, low, track)}"
        if low == high
        else f"your {TRACK_WORDS[track]} work stands somewhere from {level_name(corpus, low, track)} to "
        f"{level_name(corpus, high, track)}, because some practices are unanswered"
    )
    text = [
        f"{opening}, {where}" if opening else where,
        f"The overall level is that of the weakest dimension; {listed(names)} "
        f"{'holds' if len(names) == 1 else 'hold'} it down"
        if len(weakest) < len(cells)
        else "No dimension is surely ahead of the others yet",
        f"Your strongest dimension is safely at level {int(best)}" if best > low else "",
        "The working levels are ours, in the spirit of Stone et al. 2025, and vendors number theirs differently",
    ]
    return finding(
        corpus,
        "assess.overall",
        "level",
        f"Overall, {TRACK_WORDS[track]}",
        text,
        key=track,
        inputs=describe(profile, corpus),
        values=[
            Value(name=f"overall {track}", low=low, high=high, unit="working level"),
            *(
                Value(name=f"{c.dimension} {track}", low=c.interval.low, high=c.interval.high, unit="working level")
                for c in cells
            ),
        ],
        table=Table(
            columns=["Dimension", "Level", "Decides the next level"],
            rows=[
                [
                    _name(c.dimension).capitalize(),
                    level_span(c.interval, track),
                    "; ".join(p.title for p in c.blocking[:3]) or "nothing left",
                ]
                for c in cells
            ],
        ),
        doc_ids=[level_doc(corpus, low), level_doc(corpus, high)],
        rank=10.0 if track == "ml" else 9.0,
    )


def _dimension(profile: Profile, corpus: Corpus, assessment: Assessment, cell: Cell) -> Finding:
    name = _name(cell.dimension)
    lacking = [p for p in cell.blocking if assessment.states[p.id] in ("not-held", "implied")]
    partial = [p for p in cell.blocking if assessment.states[p.id] == "partly"]
    unasked = [p for p in cell.blocking if assessment.states[p.id] == "unknown"]
    upcoming = int(cell.interval.low) + 1
    text = [
        f"In {name}, your {TRACK_WORDS[cell.track]} work is at working level {level_span(cell.interval, cell.track)}"
        if not cell.interval.width
        else f"In {name}, your {TRACK_WORDS[cell.track]} work lies {level_span(cell.interval, cell.track)}",
        _clause(f"Level {upcoming} waits for", missing_titles(corpus, [p.id for p in lacking])),
        _clause("Half done and worth finishing", missing_titles(corpus, [p.id for p in partial]), colon=True),
        _clause("Not answered yet", missing_titles(corpus, [p.id for p in unasked]), colon=True),
    ]
    return finding(
        corpus,
        "assess.dimension",
        "gap" if cell.blocking else "level",
        f"{name.capitalize()}, {TRACK_WORDS[cell.track]}",
        text,
        key=f"{cell.track}:{cell.dimension}",
        inputs=[
            f"{record_title(corpus, 'practice', p.id)}: {profile.practices[p.id].answer}"
            for p in cell.practices
            if p.id in profile.practices
        ],
        values=[
            Value(
                name=f"{cell.dimension} {cell.track}",
                low=cell.interval.low,
                high=cell.interval.high,
                unit="working level",
            )
        ],
        doc_ids=[f"practice/{p.id}" for p in (*lacking, *partial, *unasked)][:4] or [f"dimension/{cell.dimension}"],
        rank=8.0 - cell.interval.low - cell.interval.high / 10,
    )


def _coverage(profile: Profile, corpus: Corpus, assessment: Assessment) -> Finding:
    a = assessment
    inferred = infer(profile, corpus)
    own_word = a.answered - a.evidenced
    return finding(
        corpus,
        "assess.coverage",
        "level",
        "How sure this is",
        [
            f"You have answered {a.answered} of the {a.applicable} practices that can apply to you, "
            f"so confidence in these levels is {confidence_words(a)}",
            "Each of those answers carries evidence"
            if not own_word
            else f"{a.evidenced} of those answers carry evidence and {own_word} rest on your own word"
            if a.evidenced
            else "They rest on your own word, since no evidence is noted yet",
            f"{len(a.reasons)} practices are left out because they are not about your work" if a.reasons else "",
            f"{len(inferred)} answers are suggested by your other facts and wait for your confirmation"
            if inferred
            else "",
        ],
        inputs=describe(profile, corpus),
        values=[
            Value(name="answered", low=a.answered, high=a.answered, unit="practices"),
            Value(name="applicable", low=a.applicable, high=a.applicable, unit="practices"),
            Value(name="evidenced", low=a.evidenced, high=a.evidenced, unit="practices"),
        ],
        rank=0.2,
    )


def confidence_words(assessment: Assessment) -> str:
    """`low`, `fair` or `good`, by how much is answered and how much of that has evidence."""
    evidenced = assessment.evidenced / assessment.answered if assessment.answered else 0.0
    if assessment.coverage >= 0.8 and evidenced >= 0.5:
        return "good"
    return "fair" if assessment.coverage >= 0.4 else "low"


def _name(dimension: str) -> str:
    # The id is the short name; the record's own is too long to stand in a list.
    return dimension.replace("-", " ")


def _clause(opening: str, titles: list[str], *, colon: bool = False) -> str:
    if not titles:
        return ""
    shown = [*titles[:3], f"{len(titles) - 3} more"] if len(titles) > 3 else titles
    return f"{opening}{':' if colon else ''} {listed(shown)}"
