"""False premises: a question that takes for granted what the corpus says otherwise gets that said first.

Three checks, none of them a list of known traps: a level that a maturity model does not
have, a state of a tool that its record contradicts, and a figure or date that the
nearest passages give differently for the same thing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from advisor.answer.evidence import Ranked
from advisor.answer.sections import Unit, sections
from advisor.answer.text import NUMBER_WORDS, stem, stems, words
from advisor.answer.understand import Understanding
from advisor.knowledge.load import Corpus
from advisor.knowledge.records import MaturityModel, Tool
from advisor.schema import Document


@dataclass(frozen=True)
class Correction:
    """What is wrong with the question, and the sentence that says how it is."""

    text: str
    document: Document
    unit: Unit


_STATE: list[tuple[re.Pattern[str], frozenset[str], str]] = [
    (re.compile(r"\b(actively (developed|maintained)|well maintained|newest|latest|best|popular|recommended|start(ing)? with|adopt|use|choose|pick)\b", re.IGNORECASE),
     frozenset({"dormant", "frozen", "retired", "closed", "maintenance"}), "is no longer a choice for new work"),
]  # fmt: skip
_CLAIMS_OPEN = re.compile(r"\b(open[- ]source|apache|mit[- ]licen\w+|foss|oss)\b", re.IGNORECASE)
_CLAIMS_CLOSED = re.compile(
    r"\b(proprietary|paid[- ]only|no longer free|not free any ?more|closed[- ]source|commercial(-| )only|not open[- ]source)\b",
    re.IGNORECASE,
)
_ASKS_LICENCE = re.compile(
    r"^\W*(is|are|does|do|what|which|how)\b.{0,40}\b(open[- ]source|licen\w+|free)\b[^,]*\?*$", re.IGNORECASE
)
_CLAIMS_DEAD = re.compile(
    r"\b(shut ?down|discontinu\w+|dead|abandon\w*|archiv\w+|deprecat\w+|retir\w+|unmaintained|kill\w*)\b", re.IGNORECASE
)
_ASKS_DEAD = re.compile(r"\b(dead|discontinued|abandoned|deprecated|maintained|archived)\s*\?\s*$", re.IGNORECASE)
_COUNTED = re.compile(
    rf"\b(?P<n>\d+|{'|'.join(w for w in NUMBER_WORDS if w not in ('a', 'an', 'no', 'one', 'zero', 'single', 'couple'))})[- ]"
    r"(?:(?!and\b|or\b)\w+[- ]){0,2}?(?P<noun>levels|stages|roles|tools|tests|models|steps|phases|pillars|principles|components|"
    r"sections|dimensions|risks|entries|threats|practices|papers|axes|studies|companies|authors)\b",
    re.IGNORECASE,
)
_MONTH_YEAR = re.compile(
    r"\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\s+((?:19|20)\d\d)\b", re.IGNORECASE
)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


def corrections(
    u: Understanding, ranked: Sequence[Ranked], corpus: Corpus, documents: Mapping[str, Document]
) -> list[Correction]:
    """What the question takes for granted and the corpus contradicts, the surest first; at most two."""
    found = [
        *_levels(u, corpus, documents),
        *_tools(u, corpus, documents),
        *_counts(u, ranked),
        *_years(u, ranked),
        *_denied(u, ranked),
    ]
    once = {(c.document.id, c.unit.start): c for c in reversed(found)}
    return list(reversed(once.values()))[:2]


_OWNS = re.compile(
    r"\b(own(s|ed)?|owner|bought|buys|acquired|acquires|belongs? to|part of|purchase\w*)\b", re.IGNORECASE
)


def _said_dead(tool: Tool, u: Understanding) -> bool:
    """Is this tool, and not another one in the sentence, what is said to be dead?"""
    names = [re.escape(m.words) for m in u.mentions if m.kind == "tool" and m.id == tool.id]
    name = "|".join(names) or re.escape(tool.name)
    dead = _CLAIMS_DEAD.pattern
    return bool(
        re.search(
            rf"(?:{name})\b.{{0,25}}\b(?:is|was|are|has been|had been|got|being|been|now)\b.{{0,12}}(?:{dead})|(?:{dead})\s+(?:\w+\s)?(?:{name})",
            u.question,
            re.IGNORECASE,
        )
    )


def _other_owner(tool: Tool, u: Understanding) -> str:
    """A tool said to belong to somebody whom its record does not name, where the record names somebody else."""
    if (
        not _OWNS.search(u.question)
        or not _OWNS.search(tool.status_note)
        or re.match(r"\W*(who|is|was|did|does|has)\b", u.question, re.IGNORECASE)
    ):
        return ""
    verb = _OWNS.search(u.question)
    if verb is None:
        return ""
    passive = re.search(r"\bby\b|\bbelong|\bpart of\b", u.question[verb.start() : verb.end() + 6], re.IGNORECASE)
    turn = len(words(u.question[: verb.start()]))
    before = [m for m in u.mentions if m.kind == "tool" and m.start < turn]
    after = [m for m in u.mentions if m.kind == "tool" and m.start >= turn]
    owners, owned = (after, before) if passive else (before, after)
    if tool.id not in {m.id for m in owned} or not owners:
        return ""
    named = any(m.words.split()[0] in tool.status_note.lower() for m in owners)
    return "" if named else f"{tool.name} has another owner. {tool.status_note}"


def _levels(u: Understanding, corpus: Corpus, documents: Mapping[str, Document]) -> Iterator[Correction]:
    asked = [int(n) for n in u.entities.get("level", []) if n.isdigit()]
    direct = list(dict.fromkeys(m.id for m in u.mentions if m.kind == "maturity-model" and m.direct))
    named = direct or u.entities.get("maturity-model", [])
    for id in named if asked and len(named) == 1 else []:
        model = corpus.get(MaturityModel, id)
        have = [level.number for level in model.levels]
        wrong = [n for n in asked if have and n not in have]
        document = documents.get(f"maturity-model/{id}")
        if wrong and document and (unit := _first(document)):
            text = f"{model.name} has no level {wrong[0]}: its levels run from {min(have)} to {max(have)}."
            yield Correction(text, document, unit)


def _tools(u: Understanding, corpus: Corpus, documents: Mapping[str, Document]) -> Iterator[Correction]:
    for id in u.entities.get("tool", []):
        tool = corpus.get(Tool, id)
        document = documents.get(f"tool/{id}")
        if document is None:
            continue
        status = _about(document, tool.status_note) or _first(document)
        licence = _about(document, tool.licence) or _first(document)
        if status and (wrong := _other_owner(tool, u)):
            yield Correction(wrong, document, status)
        asking = _ASKS_LICENCE.search(u.question)
        if (
            _CLAIMS_OPEN.search(u.question)
            and not asking
            and tool.openness not in ("open-source", "open-core")
            and licence
        ):
            yield Correction(f"{tool.name} is not open source: its licence is {tool.licence}.", document, licence)
        elif (
            _CLAIMS_CLOSED.search(u.question)
            and not asking
            and tool.openness in ("open-source", "open-core")
            and licence
        ):
            yield Correction(f"{tool.name} is not closed: its licence is {tool.licence}.", document, licence)
        alive = tool.status in ("active", "acquired", "relicensed") and tool.recommend and _said_dead(tool, u)
        if alive and status and _CLAIMS_DEAD.search(u.question) and not _ASKS_DEAD.search(u.question):
            yield Correction(f"{tool.name} has not been given up. {tool.status_note}", document, status)
        if not tool.recommend and u.intent in ("explain", "tool", "next") and status:
            for pattern, states, words_ in _STATE:
                if tool.status in states and pattern.search(u.question):
                    yield Correction(f"{tool.name} {words_}. {tool.status_note}", document, status)


_COUNTABLE = ("maturity-model", "guide", "term", "regulation", "threat")
_HAVE = re.compile(r"\b(we|i|us|our|have|run|running|with|and)\s+(have |run |only |about )*$", re.IGNORECASE)


def _counts(u: Understanding, ranked: Sequence[Ranked]) -> Iterator[Correction]:
    """'The paper's five levels' where the nearest passages count that noun differently and never so."""
    subjects = {stem(w) for m in u.mentions if m.kind in _COUNTABLE for w in words(m.words)}
    told = " ".join(c.quote for c in u.changes).lower()
    for m in _COUNTED.finditer(u.question):
        if not subjects or m.group().lower() in told or _HAVE.search(u.question[: m.start()]):
            continue
        n, noun = str(NUMBER_WORDS.get(m["n"].lower(), m["n"])), stem(m["noun"].lower())
        others: list[tuple[Document, Unit]] = []
        agreed = False
        for r in ranked[:8]:
            about = {stem(w) for w in words(" ".join([r.document.title, *r.section.headings]))}
            if not subjects & about:
                continue
            for unit in r.section.units:
                for other in _COUNTED.finditer(unit.text):
                    if stem(other["noun"].lower()) == noun:
                        value = str(NUMBER_WORDS.get(other["n"].lower(), other["n"]))
                        agreed |= value == n
                        others.append((r.document, unit))
        if others and not agreed:
            document, unit = others[0]
            yield Correction(f"The corpus does not know “{m.group()}” here; what it says is this:", document, unit)


def _years(u: Understanding, ranked: Sequence[Ranked]) -> Iterator[Correction]:
    """A date taken for granted that the best section gives differently for the same event."""
    asked = _dates(u.question)
    if not asked or u.wants == "date" or not ranked or u.entities.get("tool"):
        return
    said = stems(_YEAR.sub("", u.question)) - _MONTHS
    dated = [
        (len(stems(clause) & said) / max(4, len(said)), clause, r.document, unit)
        for r in ranked[:6]
        for unit in r.section.units
        if unit.kind != "intro"
        for clause in re.split(r"[,;:]\s|\band\b", unit.text)
        if _YEAR.search(clause)
    ]
    if not dated:
        return
    best = max(dated, key=lambda d: d[0])
    agrees = any(_agree(asked, _dates(clause)) for share, clause, _, _ in dated if share >= 0.85 * best[0])
    if best[0] >= 0.3 and not agrees:
        yield Correction("The date in the question is not the one the corpus gives:", best[2], best[3])


def _agree(asked: set[str], given: set[str]) -> bool:
    """Do two sets of dates share one, a bare year standing for each of its months?"""
    return any(a == g or ((" " in a) != (" " in g) and a[-4:] == g[-4:]) for a in asked for g in given)


_TAKES_FOR_GRANTED = re.compile(
    r"^\W*(why (did|does|do|has|have|is|are)|since|given that|now that|because|as)\b", re.IGNORECASE
)
_DENIES = re.compile(r"\b(has|have|had|is|are|was|were|does|do|did|can) not\b|\bno\b|\bnever\b|\bnone\b", re.IGNORECASE)


def _denied(u: Understanding, ranked: Sequence[Ranked]) -> Iterator[Correction]:
    """'Why did they validate it?' where the nearest document says that they have not."""
    if not _TAKES_FOR_GRANTED.search(u.question) or _DENIES.search(u.question) or not ranked:
        return
    names = {s for m in u.mentions for s in stems(m.words)}
    claimed = stems(re.split(r"[,;]", u.question)[0]) - names
    if len(claimed) < 2:
        return
    top = ranked[0].document
    best = max(
        (
            (len(unit.stems & claimed) / len(claimed), unit)
            for s in sections(top)
            for unit in s.units
            if _DENIES.search(unit.text)
        ),
        key=lambda pair: pair[0],
        default=None,
    )
    if best and best[0] >= 0.6:
        yield Correction("The corpus says otherwise:", top, best[1])


_MONTHS = stems("january february march april june july august september october november december")


def _dates(text: str) -> set[str]:
    """Months with their year where a text names any, else years."""
    months = {f"{m.group(1).lower()[:3]} {m.group(2)}" for m in _MONTH_YEAR.finditer(text)}
    return months or set(_YEAR.findall(text))


def _first(document: Document) -> Unit | None:
    return next((unit for section in sections(document) for unit in section.units), None)


def _about(document: Document, text: str) -> Unit | None:
    wanted = set(words(text))
    units = [unit for section in sections(document) for unit in section.units]
    return max(units, key=lambda unit: len(wanted & set(words(unit.text))), default=None)
