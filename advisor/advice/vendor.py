"""Levels of other people's maturity models, each from its own criteria and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from advisor.advice.facts import describe, tracks
from advisor.advice.held import Assessment, Interval, State
from advisor.advice.words import finding, listed, lower_first, number
from advisor.knowledge.load import Corpus
from advisor.knowledge.records import MaturityModel, ModelLevel, Practice
from advisor.schema import Finding, Profile, Value

SECTIONS = ("data", "model", "infrastructure", "monitoring")


@dataclass(frozen=True)
class VendorLevel:
    """Where a profile stands on one vendor's ladder; `missing` holds the open criteria of the next level."""

    model: MaturityModel
    interval: Interval
    missing: tuple[str, ...]
    missing_practices: tuple[str, ...]


def vendor_levels(profile: Profile, corpus: Corpus, assessment: Assessment) -> list[VendorLevel]:
    """Each computable model with levels, on the tracks in use, in file order."""
    on = tracks(profile)
    models = [
        m for m in corpus.all(MaturityModel) if m.computable and m.levels and (m.track == "both" or m.track in on)
    ]
    return [vendor_level(m, assessment.states) for m in models]


def vendor_level(model: MaturityModel, state: Mapping[str, State]) -> VendorLevel:
    """The highest level whose own criteria, and those of all levels below, are met."""
    levels = sorted(model.levels, key=lambda lv: lv.number)
    low = high = levels[0].number - (1 if _practices(levels[0]) else 0)
    for level in levels:
        if low >= level.number - 1 and _all(level, state, ("held", "excluded")):
            low = level.number
        if high >= level.number - 1 and _all(level, state, ("held", "excluded", "unknown")):
            high = level.number
    upcoming = next((lv for lv in levels if lv.number > low), None)
    open_criteria = [c for c in upcoming.criteria if _open(c.practices, state)] if upcoming else []
    ids = dict.fromkeys(p for c in open_criteria for p in c.practices if _open([p], state))
    return VendorLevel(model, Interval(low, high), tuple(c.text for c in open_criteria), tuple(ids))


def _practices(level: ModelLevel) -> list[str]:
    return [p for c in level.criteria for p in c.practices]


def _all(level: ModelLevel, state: Mapping[str, State], good: tuple[State, ...]) -> bool:
    return all(state.get(p, "unknown") in good for p in _practices(level))


def _open(practices: Iterable[str], state: Mapping[str, State]) -> bool:
    return any(state.get(p, "unknown") not in ("held", "excluded") for p in practices)


def vendor_findings(profile: Profile, corpus: Corpus, assessment: Assessment) -> list[Finding]:
    """One finding for each vendor's ladder, and one for the ML Test Score."""
    found = []
    for at in vendor_levels(profile, corpus, assessment):
        names = {lv.number: lv.name for lv in at.model.levels}
        low, high = int(at.interval.low), int(at.interval.high)
        lowest = min(names)
        where = f"level {low}" if low >= lowest else f"below its level {lowest}"
        name = f" ({names[low]})" if low in names else ""
        text = (
            f"By the criteria of {at.model.name} alone you stand at {where}{name}"
            if low == high
            else f"By the criteria of {at.model.name} alone you stand somewhere from "
            f"{where}{name} to level {high} ({names.get(high, '')}), depending on answers you have not given yet"
        )
        missing = (
            f"For its level {low + 1} this is missing or unanswered: "
            f"{'; '.join(lower_first(t.rstrip('.')) for t in at.missing[:3])}"
            + (f"; and {len(at.missing) - 3} more" if len(at.missing) > 3 else "")
            if at.missing
            else ""
        )
        found.append(
            finding(
                corpus,
                "assess.vendor",
                "vendor-level",
                at.model.name,
                [text, missing],
                key=at.model.id,
                inputs=describe(profile, corpus),
                values=[Value(name=at.model.id, low=low, high=high, unit="level")],
                doc_ids=[f"maturity-model/{at.model.id}", *(f"practice/{p}" for p in at.missing_practices[:3])],
                rank=1.0,
            )
        )
    return found + score_findings(profile, corpus, assessment)


def test_score(model: MaturityModel, profile: Profile, state: Mapping[str, State]) -> dict[str, Interval]:
    """Points for each section, 0 to 7: half for partly or unproven practice, one for evidenced, as the model says.

    A test about something the organisation does not do scores nothing, as in the original.
    """
    scores = {}
    for section in SECTIONS:
        tests = [t for t in model.tests if t.section == section]
        low = sum(min(_points(p, profile, state, 0.0) for p in t.practices) for t in tests)
        high = sum(min(_points(p, profile, state, 1.0) for p in t.practices) for t in tests)
        scores[section] = Interval(low, high)
    return scores


test_score.__test__ = False  # type: ignore[attr-defined]  # its name is the model's, pytest must not collect it


def _points(practice: str, profile: Profile, state: Mapping[str, State], unknown: float) -> float:
    match state.get(practice, "unknown"):
        case "held":
            return 1.0 if profile.practices[practice].evidence.strip() else 0.5
        case "partly":
            return 0.5
        case "unknown":
            return unknown
        case _:
            return 0.0


def score_findings(profile: Profile, corpus: Corpus, assessment: Assessment) -> list[Finding]:
    """The ML Test Score as an interval: the lowest of its four sections."""
    if "ml" not in tracks(profile):
        return []
    found = []
    for model in (m for m in corpus.all(MaturityModel) if m.tests):
        scores = test_score(model, profile, assessment.states)
        low, high = min(s.low for s in scores.values()), min(s.high for s in scores.values())
        weakest = [n for n, s in scores.items() if s.low == low]
        text = [
            f"Your {model.name} is {number(low)} points"
            if low == high
            else f"Your {model.name} lies between {number(low)} and {number(high)} points",
            f"It is the lowest of four sections of seven points each, and {listed(weakest)} "
            f"{'is' if len(weakest) == 1 else 'are'} the weakest",
            "A practice counts half a point while it is partial or without written evidence, and one point with it",
        ]
        found.append(
            finding(
                corpus,
                "assess.test-score",
                "vendor-level",
                model.name,
                text,
                key=model.id,
                inputs=describe(profile, corpus),
                values=[
                    Value(name=model.id, low=low, high=high, unit="points"),
                    *(Value(name=f"{model.id} {n}", low=s.low, high=s.high, unit="points") for n, s in scores.items()),
                ],
                doc_ids=[f"maturity-model/{model.id}"],
                rank=0.5,
            )
        )
    return found


def missing_titles(corpus: Corpus, ids: Iterable[str]) -> list[str]:
    """Titles of practices, as they stand inside a sentence."""
    return [lower_first(corpus.get(Practice, id).title) for id in ids if id in corpus.records["practice"]]


def level_span(interval: Interval, track: str) -> str:
    """`2`, `between 1 and 3`, `G1`."""
    mark = "" if track == "ml" else "G"
    low, high = f"{mark}{int(interval.low)}", f"{mark}{int(interval.high)}"
    return low if interval.width == 0 else f"between {low} and {high}"
