"""The answer without a language model: findings and whole authored sentences, in the order a colleague would say them.

A direct answer first, then why it holds for you, then what to do, then what else to
know. Every sentence is either a finding's own text or an exact quote.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from advisor.answer.cite import Bibliography
from advisor.answer.evidence import DEFINITION, Ranked, Rarity, fact_unit, inside
from advisor.answer.sections import Section, Unit, best_unit, sections
from advisor.answer.selection import factual
from advisor.answer.text import numbers, overlap, sentences, stems
from advisor.answer.understand import Understanding
from advisor.schema import Document, Finding, Hit

Within = Callable[[str], Sequence[Hit]]
"""Document id → the hits of the same search in that document alone."""

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
        return f"{_line(unit)} [{self.bibliography.cite(document.id, unit.start, unit.end)}]"

    def quotes(self, units: Sequence[Unit], document: Document) -> list[str]:
        """Neighbouring sentences under one citation, each with its mark."""
        if not units:
            return []
        n = self.bibliography.cite(document.id, units[0].start, units[-1].end)
        self.said += [u.stems for u in units]
        return [f"{_line(u)} [{n}]" for u in units]

    def finding(self, finding: Finding) -> str:
        """A finding's text; each sentence that one of its documents says too carries that document's mark.

        What a rule computed (a sum, a rank, a date in the plan) is in no document and carries no mark of its own,
        but a finding that would have none at all gets that of the document it rests on most.
        """
        documents = [self.bibliography.documents[d] for d in finding.docs[:6] if d in self.bibliography.documents]
        said: list[str] = []
        marked = False
        for span in sentences(finding.text):
            wanted = stems(span.text)
            if said and any(overlap(wanted, set(s)) >= AGAIN for s in self.said):
                continue
            self.said.append(frozenset(wanted))
            wanted -= {s for d in documents for s in stems(d.title)}  # a shared name carries no claim
            best = max(
                ((d, unit) for d in documents if (unit := best_unit(d, span.text))),
                key=lambda pair: len(pair[1].stems & wanted),
                default=None,
            )
            carried = (
                best is not None
                and len(best[1].stems & wanted) >= max(3, CARRIED * min(len(wanted), len(best[1].stems)))
                and set(numbers(span.text)) <= set(numbers(best[1].text))  # a computed figure is no document's
            )
            found = [(best[0], best[1])] if best and carried else []
            found += [
                (d, lead)
                for d in documents
                if d.kind in ("tool", "practice", "role", "threat")
                and _short(d.title) in span.text.lower()
                and (lead := sections(d)[0].lead)
                and d is not (best and carried and best[0])
            ][: 4 - len(found)]
            marks = dict.fromkeys(f"[{self.bibliography.cite(d.id, u.start, u.end)}]" for d, u in found)
            marked = marked or bool(marks)
            said.append(" ".join([span.text, *marks]))
        text = " ".join(said)
        if not marked and documents:
            lead = sections(documents[0])[0].lead or best_unit(documents[0], finding.text)
            text += f" [{self.bibliography.cite(documents[0].id, lead.start, lead.end)}]" if lead else ""
        return text


AGAIN = 0.8
"""A finding's later sentence that was said already, but for a word or two, is left out."""
CARRIED = 0.5
"""Share of the shorter sentence's content words that finding and quote must have in common."""


def _short(title: str) -> str:
    """A title as running text has it: without its bracket, in lower case."""
    return re.split(r"\s[(/]", title)[0].lower()


def _line(unit: Unit) -> str:
    """The sentence on one line, wherever its document wraps."""
    return " ".join(unit.text.split())


def compose(
    u: Understanding,
    ranked: Sequence[Ranked],
    findings: Sequence[Finding],
    writer: Writer,
    rarity: Rarity,
    within: Within,
) -> Iterator[str]:
    """Markdown blocks of the answer, in order."""
    if not findings or factual(u):
        blocks = _explanation(u, ranked, writer, rarity, within)
        if opening := next(blocks, None):
            yield opening
        if beside := [f for f in findings if f.inputs or not u.personal][:2]:
            named = [f"{f.title}: " if f.rule == "explain.practice" else "" for f in beside]
            lines = [title + writer.finding(f) for title, f in zip(named, beside, strict=True)]
            yield _bullets("For you" if u.known else "Our advice" if u.personal else "Status", lines)
        yield from blocks
    else:
        yield from _advice(u, ranked, findings, writer)


GUIDED = 0.75
"""How nearly a guide answers the question where its own sentence comes before a rule's, or before a lone figure."""
PROSE_WORDS = 230
"""Words of findings in one answer; the rest stays in `Answer.findings` for pages and programs."""
TABLE_ROWS = 8


def _advice(u: Understanding, ranked: Sequence[Ranked], findings: Sequence[Finding], writer: Writer) -> Iterator[str]:
    shown = _selection(u, findings)
    first, rest = shown[0], shown[1:]
    guide = ranked[0].document if ranked else None
    verdict = sections(guide)[0].lead if guide and guide.kind == "guide" else None
    if guide and verdict and u.answered >= GUIDED and u.intent == "compare":
        yield writer.quote(verdict, guide)
    yield writer.finding(first)
    tabled = next((f for f in shown if f.table), None)
    if tabled is first:
        yield table(first)
    groups: dict[str, list[Finding]] = {}
    for finding in rest:
        groups.setdefault(finding.kind, []).append(finding)
    for kind, group in groups.items():
        yield _bullets(_TITLES[kind], [writer.finding(f) for f in group])
        for f in group:
            if f is tabled:
                yield table(f)
    yield from _background(ranked, writer, most=2, title="What the corpus adds", least=0.55)


def _selection(u: Understanding, findings: Sequence[Finding]) -> list[Finding]:
    """The findings that fit into one readable answer, the first whatever its length."""
    about_duties = bool(_DUTIES.search(u.question))
    shown, room = [findings[0]], PROSE_WORDS - len(findings[0].text.split())
    for finding in findings[1:]:
        if finding.rule.endswith("raci") != about_duties and finding.rule.endswith("raci"):
            continue
        length = len(finding.text.split())
        if length <= room:
            shown.append(finding)
            room -= length
    return shown


_DUTIES = re.compile(
    r"\braci\b|\bwho (does|owns|is (responsible|accountable)|should own)\b|\bresponsib|\baccountab", re.IGNORECASE
)


def _explanation(
    u: Understanding, ranked: Sequence[Ranked], writer: Writer, rarity: Rarity, within: Within
) -> Iterator[str]:
    if not ranked:
        return
    about = bool(DEFINITION.search(u.reading))
    top = ranked[0]
    if top.document.kind == "term" and not about:  # a word explained is no answer to what to do
        top = next((r for r in ranked if r.document.kind != "term" and r.score >= 0.75 * top.score), top)
    document, section = top.document, top.section
    sure = document.kind == "guide" and u.answered >= GUIDED
    fact = fact_unit(u, ranked, rarity) if u.wants != "any" and not sure else None
    opening: list[str] = []
    if fact and fact[2] >= 0.34:
        document, section = fact[0].document, fact[0].section
        opening.append(writer.quote(fact[1], document))
    leads = [] if fact else _each(u, ranked)
    opening += [writer.quote(unit, d) for d, unit in leads]
    if about and not fact and (term := _term(u, ranked)) and writer.fresh(term[0]):
        opening.append(writer.quote(*term))
    if len(opening) >= 2:
        yield " ".join(opening)
        yield from _each_does(leads, writer)
        yield from _background(ranked, writer, most=2, title="Worth knowing too")
        return
    first = sections(document)[0]
    leads_with_first = about or section is first or section.lead is None
    nearer = False
    if document.kind == "guide" and not fact:
        section, nearer = inside(u, within(document.id), top, rarity)
    levels = document.kind == "maturity-model" and bool(u.entities.get("level"))
    if not fact and not levels and first.lead and not nearer and leads_with_first and writer.fresh(first.lead):
        opening.append(writer.quote(first.lead, document))
    if top.warning or (top.dry and document.kind == "practice" and not fact):
        section = first
    if section.lead and writer.fresh(section.lead):
        opening.append(writer.quote(section.lead, document))
    support = [unit for unit in section.prose if writer.fresh(unit)][: max(1, 4 - len(opening))]
    opening += writer.quotes(_neighbours(support), document)
    if opening:
        yield " ".join(opening)
    yield from _levels(u, document, section, writer)
    steps = [unit for unit in section.items if writer.fresh(unit, 0.7)][:6]
    if steps:
        title = "What to do" if _imperative(steps) else section.headings[-1]
        yield _bullets(title, writer.quotes(steps, document))
    parts = list(_parts_of(document, section, writer)) if about or document.kind in ("practice", "threat") else []
    yield from parts
    if not steps and not parts and (more := _other_steps(document, ranked, writer)):
        other, units = more
        yield _bullets("What to do", writer.quotes(units, other))
    yield from _background(ranked, writer, most=2, title="Worth knowing too")


_BOTH = re.compile(r"\bdifferen|\bvs\b|\bversus\b|\bboth\b|\bbetween\b|\bcompare|\bor\b|\band\b|\bn\b", re.IGNORECASE)


def _each(u: Understanding, ranked: Sequence[Ranked]) -> list[tuple[Document, Unit]]:
    """What each of two or three things is, where the question sets them side by side."""
    if not _BOTH.search(u.reading) or not (
        DEFINITION.search(u.reading) or u.intent == "compare" or "differ" in u.reading
    ):
        return []
    documents = {r.document.id: r.document for r in ranked}
    for kind in ("role", "threat", "adaptation", "term"):
        named = list(dict.fromkeys(f"{kind}/{m.id}" for m in u.mentions if m.kind == kind and m.direct))
        found = [(documents[d], lead) for d in named if d in documents and (lead := sections(documents[d])[0].lead)]
        if len(found) in (2, 3):
            return found
    return []


def _each_does(leads: Sequence[tuple[Document, Unit]], writer: Writer) -> Iterator[str]:
    """What each of the things set side by side does, as far as its record lists it."""
    for document, _ in leads:
        for section in sections(document):
            if section.headings[-1].startswith(("What the", "Safeguards", "When to choose")):
                units = [unit for unit in section.items if writer.fresh(unit, 0.7)][:4]
                if units:
                    yield _bullets(section.headings[-1], writer.quotes(units, document))
                break


def _levels(u: Understanding, document: Document, said: Section, writer: Writer) -> Iterator[str]:
    """What each level named in the question asks for, where the answer is about the model that it belongs to."""
    if document.kind != "maturity-model":
        return
    for n in u.entities.get("level", []):
        for section in sections(document):
            if section is not said and re.match(rf"Level {n}\b", section.headings[-1], re.IGNORECASE):
                units = [unit for unit in section.units if unit.kind != "intro" and writer.fresh(unit, 0.7)][:7]
                if units:
                    yield _bullets(section.headings[-1], writer.quotes(units, document))


def _term(u: Understanding, ranked: Sequence[Ranked]) -> tuple[Unit, Document] | None:
    """The glossary's sentence on the word that the question asks the meaning of."""
    named = {f"term/{id}" for id in u.entities.get("term", [])}
    found = next((r for r in ranked[:12] if r.document.id in named and r.section.lead), None)
    return (found.section.lead, found.document) if found and found.section.lead else None


_PARTS: dict[str, list[tuple[str, str, int]]] = {
    "practice": [("How to start", "What to do", 5), ("What goes wrong", "Watch out", 2)],
    "threat": [("Safeguards", "What to do", 5)],
    "tool": [("Limits", "Watch out", 2), ("Status", "Status", 1), ("Alternatives", "Alternatives", 1)],
    "role": [("What the", "What they do", 5), ("When the", "When you need one", 2)],
    "regulation": [("Dates", "Dates", 7), ("Duties", "Duties", 5)],
    "stage": [("What is done", "What is done", 5), ("What LLM", "With LLMs", 4)],
    "adaptation": [("When to choose", "Choose it when", 4), ("When to avoid", "Avoid it when", 3)],
}
"""Kind of record → the sections of it that belong into an answer about it: heading, title, most sentences."""


def _parts_of(document: Document, said: Section, writer: Writer) -> Iterator[str]:
    """The standing parts of a record, where the answer is about that record."""
    for start, title, most in _PARTS.get(document.kind, []):
        for section in sections(document):
            if section is said or not section.headings[-1].startswith(start):
                continue
            units = [unit for unit in section.units if unit.kind != "intro" and writer.fresh(unit, 0.7)][:most]
            if units:
                yield _bullets(title, writer.quotes(units, document))
            break


def _bullets(title: str, lines: Sequence[str]) -> str:
    return "\n".join([f"**{title}**", "", *(f"- {line}" for line in lines)])


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


def _other_steps(document: Document, ranked: Sequence[Ranked], writer: Writer) -> tuple[Document, list[Unit]] | None:
    """Steps from another section, when the one that answers has none: the same document's first."""
    own = [(document, section) for section in sections(document)]
    near = [(r.document, r.section) for r in ranked[1:8] if r.score >= 0.72 * ranked[0].score]
    for other, section in [*own, *near]:
        units = [unit for unit in section.items if writer.fresh(unit, 0.7)][:5]
        if len(units) >= 2 and _imperative(units):
            return other, units
    return None


_VERDICT = re.compile(r"(?:yes|no)\b[,:;]", re.IGNORECASE)
"""'Yes, …' answers its own guide's question, and nobody has asked that one."""


def _background(ranked: Sequence[Ranked], writer: Writer, most: int, title: str, least: float = 0.0) -> Iterator[str]:
    """Leads of other sections that are nearly as good, one a document."""
    lines: list[str] = []
    seen: set[str] = {c.doc_id for c in writer.bibliography.citations if not least}
    best = ranked[0].score if ranked else 0.0
    for r in ranked:
        lead = r.section.lead
        if len(lines) == most or r.score < 0.78 * best:
            break
        if r.coverage < 0.3 and r.dense < 0.5:
            continue
        if r.warning or lead is None or r.document.id in seen or r.dry or max(r.dense, r.coverage) < least:
            continue
        if _VERDICT.match(lead.text) or not writer.fresh(lead, 0.4):
            continue
        seen.add(r.document.id)
        lines.append(writer.quote(lead, r.document))
    if lines:
        yield _bullets(title, lines)


def table(finding: Finding) -> str:
    """The finding's table as Markdown, its first rows; pipes in cells are escaped."""
    assert finding.table is not None
    columns, body = finding.table.columns, finding.table.rows
    rows = [columns, ["---"] * len(columns), *body[:TABLE_ROWS]]
    if len(body) > TABLE_ROWS:
        rows.append([f"and {len(body) - TABLE_ROWS} more", *[""] * (len(columns) - 1)])
    return "\n".join("| " + " | ".join(c.replace("|", "\\|").replace("\n", " ") for c in row) + " |" for row in rows)
