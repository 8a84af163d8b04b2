"""What a schema cannot see: references that resolve, levels that never depend upward, leads, dates."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from advisor.knowledge.load import Corpus, Guide, Problem
from advisor.knowledge.records import (
    CrosswalkRow,
    Dimension,
    Fact,
    MaturityModel,
    Mismatch,
    Practice,
    Record,
    Regulation,
    Role,
    Stage,
    Term,
    Threat,
    Tool,
)

LEAD_CHARS = (40, 420)
_HEADING = re.compile(r"^(#{1,4}) +(.+?) *$", re.MULTILINE)
_POINTING = re.compile(r"^(this|it|they|these|those|that|such|here)\b", re.IGNORECASE)


def check(corpus: Corpus) -> list[Problem]:
    """Every problem that the schema does not see, in file order."""
    problems = [
        *_references(corpus),
        *_order(corpus),
        *_coverage(corpus),
        *_orphan_sources(corpus),
        *(p for guide in corpus.guides.values() for p in _leads(guide)),
    ]
    return sorted(problems, key=lambda p: (str(p.path), p.line))


def _at(corpus: Corpus, kind: str, id: str, message: str) -> Problem:
    path, line = corpus.lines[kind, id]
    return Problem(path, line, f"{kind} '{id}': {message}")


def references(record: Record) -> Iterator[tuple[str, str]]:
    """Each (kind, id) that a record points to."""
    if isinstance(record, Fact):
        yield from (("source", s) for s in record.sources)
    match record:
        case Stage():
            yield from (("role", r) for r in [*record.lead_roles, *record.supporting_roles])
            yield from (("lifecycle", m) for m in record.mappings)
        case Practice():
            yield ("dimension", record.dimension)
            yield ("role", record.owner)
            yield from (("practice", p) for p in record.requires)
            yield from (("tool", t) for t in record.tools)
            yield from (("threat", t) for t in record.threats)
        case MaturityModel():
            yield from (("practice", p) for lv in record.levels for c in lv.criteria for p in c.practices)
            yield from (("practice", p) for t in record.tests for p in t.practices)
        case CrosswalkRow():
            yield from (("maturity-model", m) for m in record.cells)
        case Mismatch():
            yield from (("maturity-model", m) for m in record.models)
        case Role():
            yield from (("role", r) for r in record.merges_with)
            yield from (("source", p.source) for p in record.pay)
        case Threat():
            yield ("role", record.owner)
            yield from (("role", s.owner) for s in record.safeguards)
            yield from (("practice", p) for s in record.safeguards for p in s.practices)
            yield from (("tool", t) for t in record.tools)
        case Regulation():
            yield from (("practice", p) for p in record.practices)


def _references(corpus: Corpus) -> Iterator[Problem]:
    for kind, records in corpus.records.items():
        for record in records.values():
            for target, id in references(record):
                if id not in corpus.records[target]:
                    yield _at(corpus, kind, record.id, f"points to {target} '{id}', which does not exist")
    for guide in corpus.guides.values():
        pairs = [("source", guide.meta.sources), ("role", guide.meta.roles), ("tool", guide.meta.tools)]
        for target, ids in pairs:
            for id in ids:
                if id not in corpus.records[target]:
                    yield Problem(guide.path, 2, f"points to {target} '{id}', which does not exist")
    known = {id for records in corpus.records.values() for id in records} | set(corpus.guides)
    for term in corpus.all(Term):
        for id in term.see:
            if id not in known:
                yield _at(corpus, "term", term.id, f"see '{id}', which does not exist")


def _order(corpus: Corpus) -> Iterator[Problem]:
    practices = {p.id: p for p in corpus.all(Practice)}
    graph = {p.id: [r for r in p.requires if r in practices] for p in practices.values()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as e:
        cycle = " → ".join(e.args[1])
        yield _at(corpus, "practice", e.args[1][0], f"requires itself: {cycle}; cut one link")
    for practice in practices.values():
        for id in graph[practice.id]:
            needed = practices[id]
            if needed.level > practice.level:
                yield _at(
                    corpus, "practice", practice.id, f"level {practice.level} requires '{id}' of level {needed.level}"
                )
            if needed.track != "both" and needed.track != practice.track:
                yield _at(
                    corpus, "practice", practice.id, f"track {practice.track} requires '{id}' of track {needed.track}"
                )


def _coverage(corpus: Corpus) -> Iterator[Problem]:
    practices = corpus.all(Practice)
    for dimension in corpus.all(Dimension) if practices else []:
        for level in range(1, 5):
            for track in ("ml", "genai"):
                n = sum(
                    p.dimension == dimension.id and p.level == level and p.track in (track, "both") for p in practices
                )
                if n < 2:
                    yield _at(corpus, "dimension", dimension.id, f"level {level}, {track}: {n} practice(s), needs 2")


def _orphan_sources(corpus: Corpus) -> Iterator[Problem]:
    used = Counter(
        id
        for kind, records in corpus.records.items()
        for r in records.values()
        for target, id in references(r)
        if target == "source"
    )
    used.update(s for g in corpus.guides.values() for s in g.meta.sources)
    for id in corpus.records["source"]:
        if not used[id]:
            yield _at(corpus, "source", id, "nothing refers to it; use it or delete it")


def _leads(guide: Guide) -> Iterator[Problem]:
    """Each section opens with a lead: one paragraph, one self-contained sentence."""
    headings = list(_HEADING.finditer(guide.body))
    if not headings or headings[0].group(1) != "#":
        yield Problem(guide.path, _line(guide, 0), "the body starts with '# Title'")
        return
    for i, heading in enumerate(headings):
        end = headings[i + 1].start() if i + 1 < len(headings) else len(guide.body)
        lead = guide.body[heading.end() : end].strip().split("\n\n")[0].strip()
        if fault := _lead_fault(lead):
            where, title = _line(guide, heading.start()), heading.group(2)
            yield Problem(guide.path, where, f"section '{title}' {fault}")


def _lead_fault(lead: str) -> str:
    """What is wrong with a section's first paragraph, and the mend; empty where it is a good lead."""
    if not lead:
        return "has no lead; open it with one sentence that answers it"
    if lead[0] in "-*|>#0123456789`" or "\n-" in lead:
        return "opens with a list or table; put its lead sentence first"
    if not LEAD_CHARS[0] <= len(lead) <= LEAD_CHARS[1]:
        return f"has a lead of {len(lead)} characters; write {LEAD_CHARS[0]} to {LEAD_CHARS[1]}"
    if _POINTING.match(lead):
        return f"has a lead that starts with '{lead.split()[0]}'; name the thing itself"
    return ""


def _line(guide: Guide, offset: int) -> int:
    return guide.text.count("\n", 0, guide.offset + offset) + 1


def count_by_kind(corpus: Corpus) -> dict[str, int]:
    """How many records of each kind, guides included."""
    counts = {kind: len(records) for kind, records in corpus.records.items()}
    return {**counts, "guide": len(corpus.guides)}


def count_by_confidence(corpus: Corpus) -> dict[str, int]:
    """How many facts carry each confidence mark."""
    facts = [r for records in corpus.records.values() for r in records.values() if isinstance(r, Fact)]
    return dict(Counter([f.confidence for f in facts] + [g.meta.confidence for g in corpus.guides.values()]))


def tool_names(corpus: Corpus) -> dict[str, str]:
    """Lower-cased tool name → id."""
    return {t.name.lower(): t.id for t in corpus.all(Tool)}
