"""Where the organisation stands, and how far is far enough."""

from __future__ import annotations

from advisor.advice.assess import assessment_findings
from advisor.advice.charts import radars
from advisor.advice.facts import TRACK_WORDS, tracks
from advisor.advice.held import Interval
from advisor.advice.target import target_findings
from advisor.advice.vendor import SECTIONS, test_score, vendor_levels
from advisor.advice.words import lower_first, span
from advisor.knowledge.records import MaturityModel, Practice
from advisor.report.case import Case, cap
from advisor.report.model import Block, Figures, Grid, Heading, Points, Row, Section, Text

MOST_MISSING = 4


def standing(c: Case) -> Section:
    """Levels with their intervals, what decides the next one, other people's ladders, and how sure it is."""
    findings = assessment_findings(c.profile, c.corpus, vendors=False)
    blocks: list[Block] = [c.text(f) for f in findings if f.rule in ("assess.overall", "assess.nothing-known")]
    charts = radars(c.profile, c.assessment, c.aim)
    if charts:
        blocks.append(
            Figures(
                tuple(charts),
                "Working levels 0 to 4 by dimension. The solid line is what your answers surely reach, the dotted "
                "line what they leave possible, and the dashed line the target.",
            )
        )
        blocks += [_dimensions(c, t) for t in tracks(c.profile)]
    blocks += [c.text(f) for f in findings if f.rule == "assess.coverage"]
    if c.assessment.answered:
        blocks += [Heading("By other people’s maturity models"), *_ladders(c)]
    return Section("standing", "Where you stand", tuple(blocks))


def _dimensions(c: Case, track: str) -> Grid:
    rows = []
    for cell in c.assessment.cells:
        if cell.track != track:
            continue
        rows.append(
            Row(
                (
                    cap(cell.dimension),
                    level_range(cell.interval, track),
                    f"{'' if track == 'ml' else 'G'}{c.aim.levels[cell.track, cell.dimension]}",
                    _deciding(c, cell.blocking),
                    _evidence(c, cell.practices),
                ),
                c.sources.of_docs([f"practice/{p.id}" for p in cell.blocking[:3]] or [f"dimension/{cell.dimension}"]),
            )
        )
    words = TRACK_WORDS["ml" if track == "ml" else "genai"]
    columns = ("Dimension", "Level", "Target", "Decides the next level", "Answers")
    return Grid(f"Dimensions: {words}", columns, tuple(rows), (16, 10, 9, 47, 18), cited=3)


def level_range(at: Interval, track: str) -> str:
    """`2`, or `G1 to G3` where answers are open."""
    mark = "" if track == "ml" else "G"
    return f"{mark}{int(at.low)}" if not at.width else f"{mark}{int(at.low)} to {mark}{int(at.high)}"


_MARKS = {"partly": "partly there", "unknown": "not answered", "not-held": "missing", "implied": "missing"}


def _deciding(c: Case, blocking: tuple[Practice, ...]) -> str:
    named = [f"{p.title} ({_MARKS[c.assessment.states[p.id]]})" for p in blocking[:3]]
    more = [f"and {len(blocking) - 3} more"] if len(blocking) > 3 else []
    return "; ".join(named + more) or "Nothing is left"


def _evidence(c: Case, practices: tuple[Practice, ...]) -> str:
    said = [p for p in practices if c.assessment.states[p.id] in ("held", "partly", "not-held")]
    proven = sum(bool(c.profile.practices[p.id].evidence.strip()) for p in said)
    counted = [p for p in practices if c.assessment.states[p.id] != "excluded"]
    return f"{len(said)} of {len(counted)}, {proven} with evidence" if said else f"0 of {len(counted)}"


def _ladders(c: Case) -> list[Block]:
    rows = []
    for at in vendor_levels(c.profile, c.corpus, c.assessment):
        names = {lv.number: lv.name for lv in at.model.levels}
        low, high = int(at.interval.low), int(at.interval.high)
        level = f"{low} ({names[low]})" if low in names else f"below {min(names)}"
        missing = [lower_first(t.rstrip(".")) for t in at.missing[:MOST_MISSING]]
        more = [f"and {len(at.missing) - MOST_MISSING} more"] if len(at.missing) > MOST_MISSING else []
        rows.append(
            Row(
                (
                    at.model.name,
                    level if low == high else f"{level} to {high} ({names[high]})",
                    cap("; ".join(missing + more)) or "Its top level is reached",
                ),
                c.sources.of_docs([f"maturity-model/{at.model.id}"]),
            )
        )
    blocks: list[Block] = [
        Text("Each ladder is worked out from its own criteria and nothing else, so the numbers do not compare."),
        Grid("Other people’s levels", ("Model", "Level", "Missing for the next level"), tuple(rows), (24, 24, 52)),
    ]
    return blocks + (_test_score(c) if "ml" in tracks(c.profile) else [])


def _test_score(c: Case) -> list[Block]:
    found: list[Block] = []
    for model in c.corpus.all(MaturityModel):
        if not model.tests:
            continue
        scores = test_score(model, c.profile, c.assessment.states)
        low, high = min(s.low for s in scores.values()), min(s.high for s in scores.values())
        cites = c.sources.of_docs([f"maturity-model/{model.id}"])
        rows = [Row((cap(name), f"{span(scores[name].low, scores[name].high)} of 7")) for name in SECTIONS]
        rows.append(
            Row(("Score, the lowest section", span(low, high, "point" if low == high == 1 else "points")), cites)
        )
        found.append(Grid(f"{model.name}, by section", ("Section", "Points"), tuple(rows), (50, 50)))
    return found


def aims(c: Case) -> Section:
    """The target of each dimension with its reasons, where to stop, and what to leave alone for now."""
    findings = target_findings(c.profile, c.corpus)
    blocks: list[Block] = []
    for f in findings:
        if f.kind == "target":
            blocks.append(c.text(f))
            track = f.id.split(":")[-1]
            blocks.append(c.grid(f, f"Target by dimension: {TRACK_WORDS['ml' if track == 'ml' else 'genai']}",
                                 (18, 10, 72)))  # fmt: skip
    stops = [f for f in findings if f.kind == "stop"]
    if stops:
        blocks += [Heading("Where to stop, and what not to do yet"), Points(tuple(c.point(f) for f in stops))]
    return Section("target", "How far is far enough", tuple(blocks))
