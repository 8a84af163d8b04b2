"""The answer without a language model: findings and whole authored sentences, in the order a colleague would say them.

A direct answer first, then why it holds for you, then what to do, then what else to
know. Every sentence is either a finding's own text or an exact quote.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from advisor.answer.cite import Bibliography
from advisor.answer.evidence import Ranked, Rarity, fact_unit
from advisor.answer.sections import Unit, best_unit
from advisor.answer.text import overlap
from advisor.answer.understand import Understanding
from advisor.schema import Document, Finding

SAME = 0.55
"""Two sentences whose stems overlap this much say the same."""

_TITLES: dict[str, str] = {
    "level": "Where you stand", "vendor-level": "By the vendors' own models", "target": "The level that is enough",
    "stop": "Not yet", "gap": "The gaps that decide it", "roadmap": "The plan", "role": "People", "pay": "Pay",
    "tool": "Tools", "comparison": "Side by side", "cost": "Cost", "threat": "What can go wrong",
    "regulation": "Rules that apply", "career": "The way there", "status": "Status", "question": "To find out",
}  # fmt: skip


@dataclass
class Writer:
    """Collects Markdown blocks and sees to it that nothing is said twice or without its source."""

    bibliography: Bibliography
    said: list[frozenset[str]] = field(default_factory=list)

    def fresh(self, unit: Unit, limit: float = SAME) -> bool:
        """Has nothing like it been said yet?"""
        return all(overlap(set(unit.stems), set(s)) < limit for s in self.said)

    def quote(self, unit: Unit, document: Document) -> str:
        """The sentence with its citation mark."""
        self.said.append(unit.stems)
        return f"{unit.text} [{self.bibliography.cite(document.id, unit.start, unit.end)}]"

    def quotes(self, units: Sequence[Unit], document: Document) -> list[str]:
        """Neighbouring sentences under one citation, each with its mark."""
        if not units:
            return []
        n = self.bibliography.cite(document.id, units[0].start, units[-1].end)
        self.said += [u.stems for u in units]
        return [f"{u.text} [{n}]" for u in units]

    def finding(self, finding: Finding) -> str:
        """A finding's text with marks for the documents that carry it."""
        documents = self.bibliography.documents
        marks = []
        for doc_id in [d for d in finding.docs if d in documents][:2]:
            if unit := best_unit(documents[doc_id], f"{finding.title} {finding.text}"):
                marks.append(f"[{self.bibliography.cite(doc_id, unit.start, unit.end)}]")
        return " ".join([finding.text, *dict.fromkeys(marks)])


def compose(
    u: Understanding,
    ranked: Sequence[Ranked],
    findings: Sequence[Finding],
    writer: Writer,
    rarity: Rarity,
) -> Iterator[str]:
    """Markdown blocks of the answer, in order."""
    if findings:
        yield from _advice(u, ranked, findings, writer)
    else:
        yield from _explanation(u, ranked, writer, rarity)


def _advice(
    u: Understanding, ranked: Sequence[Ranked], findings: Sequence[Finding], writer: Writer
) -> Iterator[str]:
    first, rest = findings[0], list(findings[1:])
    yield writer.finding(first)
    if first.table:
        yield table(first)
    groups: dict[str, list[Finding]] = {}
    for finding in rest:
        groups.setdefault(finding.kind, []).append(finding)
    for kind, group in groups.items():
        heading = f"**{_TITLES[kind]}**"
        prose = [f for f in group if f.table is None]
        if len(prose) == 1 and kind == first.kind:
            yield writer.finding(prose[0])
        elif prose:
            yield "\n".join([heading, "", *(f"- {writer.finding(f)}" for f in prose)])
        for f in group:
            if f.table is not None:
                yield f"**{f.title}**\n\n{writer.finding(f)}"
                yield table(f)
    yield from _background(u, ranked, writer, most=3, title="What the corpus adds")


def _explanation(u: Understanding, ranked: Sequence[Ranked], writer: Writer, rarity: Rarity) -> Iterator[str]:
    if not ranked:
        return
    top = ranked[0]
    fact = fact_unit(u, ranked, rarity) if u.wants != "any" else None
    opening: list[str] = []
    if fact and fact[2] >= 0.34:
        top = fact[0]
        opening.append(writer.quote(fact[1], top.document))
    lead = top.section.lead
    if lead and writer.fresh(lead):
        opening.append(writer.quote(lead, top.document))
    support = [unit for unit in top.section.prose if writer.fresh(unit)][: 3 - len(opening) + 1]
    run = _neighbours(support)
    opening += writer.quotes(run, top.document)
    if opening:
        yield " ".join(opening)
    if steps := [unit for unit in top.section.items if writer.fresh(unit, 0.7)][:6]:
        title = "What to do" if _imperative(steps) else "In particular"
        yield "\n".join([f"**{title}**", "", *(f"- {line}" for line in writer.quotes(steps, top.document))])
    elif more := _other_steps(top, ranked, writer):
        section, units = more
        yield "\n".join(["**What to do**", "", *(f"- {line}" for line in writer.quotes(units, section.document))])
    yield from _background(u, ranked, writer, most=3, title="Worth knowing too")


def _neighbours(units: Sequence[Unit]) -> list[Unit]:
    """The opening run of units that stand next to each other, so that one quote covers them."""
    run: list[Unit] = []
    for unit in units:
        if run and unit.start - run[-1].end > 3:
            break
        run.append(unit)
    return run


_VERBS = frozenset(
    """add agree allow appoint ask assign attach automate avoid begin block build buy call cap check choose collect
    compare compute connect copy count create cut decide define delete deploy design document draw drop enforce
    estimate evaluate export fail find fix freeze get give hash hire hold include install keep label leave let limit
    link list log look make map mark measure mirror monitor move name open order pick pilot pin plan prefer prepare
    publish pull put quarantine rank read record redact rehearse release remove replace report require review rotate
    route run sample save scan score script select send separate set ship show sign size skip split stage start state
    stop store strip switch tag take tell test throw tie time trace track train treat try turn use validate verify
    version wait watch write""".split()
)


def _imperative(units: Sequence[Unit]) -> bool:
    opening = [unit.text.split()[0].strip("*,").lower() for unit in units if unit.text.split()]
    return sum(word in _VERBS for word in opening) * 2 > len(opening)


def _other_steps(top: Ranked, ranked: Sequence[Ranked], writer: Writer) -> tuple[Ranked, list[Unit]] | None:
    """Steps from another section, when the one that answers has none: same document first."""
    others = sorted(ranked[1:8], key=lambda r: (r.document.id != top.document.id, -r.score))
    for r in others:
        if r.score < 0.72 * top.score and r.document.id != top.document.id:
            continue
        units = [unit for unit in r.section.items if writer.fresh(unit, 0.7)][:5]
        if len(units) >= 2 and _imperative(units):
            return r, units
    return None


def _background(
    u: Understanding, ranked: Sequence[Ranked], writer: Writer, most: int, title: str
) -> Iterator[str]:
    """Leads of other sections that are nearly as good, from different documents."""
    lines: list[str] = []
    seen: dict[str, int] = {}
    best = ranked[0].score if ranked else 0.0
    for r in ranked:
        lead = r.section.lead
        if len(lines) == most or r.score < 0.7 * best:
            break
        if lead is None or seen.get(r.document.id, 0) >= 1 or not writer.fresh(lead, 0.4):
            continue
        seen[r.document.id] = seen.get(r.document.id, 0) + 1
        lines.append(f"- {writer.quote(lead, r.document)}")
    if lines:
        yield "\n".join([f"**{title}**", "", *lines])


def table(finding: Finding) -> str:
    """The finding's table as Markdown; pipes in cells are escaped."""
    assert finding.table is not None
    rows = [finding.table.columns, ["---"] * len(finding.table.columns), *finding.table.rows]
    return "\n".join("| " + " | ".join(c.replace("|", "\\|").replace("\n", " ") for c in row) + " |" for row in rows)


def evidence_of(findings: Sequence[Finding], documents: Mapping[str, Document]) -> list[Document]:
    """The documents that the findings rest on, in order, once each."""
    return [documents[d] for d in dict.fromkeys(d for f in findings for d in f.docs) if d in documents]
