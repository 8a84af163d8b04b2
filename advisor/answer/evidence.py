"""From retrieved passages to ranked sections: what the answer may be made of."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from advisor.answer.sections import Section, Unit, section_at, sections
from advisor.answer.text import stems
from advisor.answer.understand import Understanding, Wants
from advisor.schema import Document, Hit

Rarity = Callable[[str], float]
"""Stem → how telling it is: 0 for a word in every passage, 1 for one in hardly any."""

_WARNS = re.compile(r"(?:What|How) .*\b(?:goes|go) wrong\b")
_DRY = re.compile(
    r"(How an assessor sees|Level, effort|What .* needs first|Tools and threats around|Alternatives to|Practices that|Other catalogues|Where .* strikes|"
    r"Where .* works in the lifecycle|Hosting |Licence and openness)"
)
DEFINITION = re.compile(
    r"\b(?:explain|tell me|know) what (?:an? |the )?[\w -]{2,40}? (?:is|are|means?)\b|^\W*(define|explain|meaning of|tell me about|describe)\b"
    r"|^\W*what(?:'s| is| are)\b(?! (?:the |our |a )?(?:\w+ )?(?:best|biggest|main|most|worst|right|first|next|usual|typical|minimum|point|cost|price|risks?|steps?|good for)\b)",
    re.IGNORECASE,
)
_KIND_DOCS = {
    "tool": "tool", "practice": "practice", "role": "role", "threat": "threat", "maturity-model": "maturity-model",
    "regulation": "regulation", "adaptation": "adaptation", "dimension": "dimension", "stage": "stage",
    "term": "term", "guide": "guide", "cost": "cost",
}  # fmt: skip
_SPECIFIC = ("tool", "practice", "role", "threat", "maturity-model", "regulation", "guide", "adaptation", "cost")


@dataclass(frozen=True)
class Ranked:
    """A section with the document it is from and how well it answers."""

    section: Section
    document: Document
    score: float
    dense: float
    coverage: float
    """Share of the question's telling words that it contains, weighted by rarity."""
    asked: float = 0.0
    """How nearly its document says that it answers this very question: 0 to 1."""
    heading_asked: float = 0.0
    """The same of the section alone."""
    dry: bool = False
    """A section of bookkeeping (level, owner, prerequisites), said only when asked for."""

    @property
    def warning(self) -> bool:
        """Does it list what people do wrong? Quoted without saying so, that would read as advice."""
        return bool(self.section.headings and _WARNS.match(self.section.headings[-1]))


def coverage(wanted: set[str], found: set[str] | frozenset[str], rarity: Rarity) -> float:
    """Rarity-weighted share of `wanted` that is in `found`; 1 where nothing is wanted."""
    total = sum(rarity(w) for w in wanted)
    return sum(rarity(w) for w in wanted if w in found) / total if total else 1.0


def named_documents(u: Understanding, documents: Mapping[str, Document]) -> list[str]:
    """The documents of the records that the question names."""
    found = []
    for kind, ids in u.entities.items():
        prefix = _KIND_DOCS.get(kind)
        found += [f"{prefix}/{id}" for id in ids if prefix and f"{prefix}/{id}" in documents]
    return found


ASKED = 0.6
ASKED_FACT = 0.3
"""The same where a date or a price is wanted: the record has it more often than the guide."""
BESIDE = 0.5
"""A guide that never mentions what the question names answers another question in like words."""
SURELY_ASKED = 0.7
"""On top, for what is nearly the very question."""
BY_HEADING = 0.45
"""A record's heading only names its subject; a guide's questions were written as somebody would ask them."""
TITLED = 0.2
SAME_QUESTION = 0.55
"""Cosine from which a heading asks what the asker does."""
OTHER_SIZE = 0.5
OTHER_SECTOR = 0.3
ANY_SECTOR = 0.15
_KIND_WEIGHT = {"term": -0.03, "cost": -0.05, "practice": -0.08}


def rank(u: Understanding, hits: Sequence[Hit], documents: Mapping[str, Document], rarity: Rarity) -> list[Ranked]:
    """The sections behind the hits and of the named records, best first.

    The weights were fitted on two thirds of evals/cases/retrieval and checked on the rest: the first
    document is a right one for 76 % of held-back questions, against 67 % with the weights first guessed.
    """
    wanted = stems(u.reading)
    query = stems(u.query)
    named = set(named_documents(u, documents))
    direct = {f"{_KIND_DOCS.get(m.kind)}/{m.id}" for m in u.mentions if m.direct}
    definition = bool(DEFINITION.search(u.reading))
    subjects = [m.words for m in u.mentions if m.direct and m.kind in ("threat", "regulation", "tool", "adaptation")]
    proper = stems(" ".join(_NAME.findall(u.reading)))
    best_score = max((h.score for h in hits), default=1.0) or 1.0
    pool: dict[tuple[str, int], tuple[Section, Document, float, float]] = {}
    near: dict[str, float] = {}
    under: dict[tuple[str, int], float] = {}
    for hit in hits:
        near[hit.document.id] = max(near.get(hit.document.id, 0.0), hit.asked)
        section = section_at(hit.document, hit.passage.start)
        if section is None:
            continue
        key = (section.doc_id, section.start)
        under[key] = max(under.get(key, 0.0), hit.asked)
        old = pool.get(key)
        if old is None or hit.score > old[2]:
            pool[key] = (section, hit.document, hit.score / best_score, max(hit.dense, old[3] if old else 0.0))
    for doc_id in [d for d, cosine in near.items() if cosine >= SAME_QUESTION and documents[d].questions]:
        # The opening of a guide that answers the question is weighed even where only its sections were found.
        opening = sections(documents[doc_id])[0]
        best_of = max((v for k, v in pool.items() if k[0] == doc_id), key=lambda v: v[3])
        pool.setdefault((doc_id, opening.start), (opening, documents[doc_id], best_of[2], best_of[3]))
    for doc_id in sorted(named):
        for section in sections(documents[doc_id]):
            pool.setdefault((doc_id, section.start), (section, documents[doc_id], 0.0, 0.0))
    ranked = []
    for section, document, score, dense in pool.values():
        words = {s for unit in section.units for s in unit.stems} | stems(" ".join(section.headings))
        covered = coverage(wanted or query, words, rarity)
        heading = coverage(query, stems(" ".join(section.headings)), rarity)
        certain = (1.0 if document.questions else BY_HEADING) * (1.0 if _speaks_of(document, subjects) else BESIDE)
        asked = max(certain * _likeness(near.get(document.id, 0.0)), 0.5 * _asked(query, document, rarity))
        dry = bool(_DRY.match(section.headings[-1]) if section.headings else False)
        value = 0.39 * score + 0.51 * max(dense, 0.0) + 0.32 * covered + 0.07 * heading
        if u.wants == "any":
            value += ASKED * asked + SURELY_ASKED * max(0.0, asked - 0.6)
        else:
            value += ASKED_FACT * asked
        asked_about = document.kind != "role" or definition or u.intent in ("hire", "career")
        if document.id in direct and document.kind in _SPECIFIC and asked_about:
            value += 0.22 if document.kind == "tool" else 0.16
        elif document.kind in ("tool", "role") and document.id not in direct:
            value -= 0.1
        if document.kind == "maturity-model" and document.id in direct and section.headings:
            value += 0.3 * any(re.match(rf"Level {n}\b", section.headings[-1]) for n in u.entities.get("level", []))
        if definition and document.id in named and section is sections(document)[0]:
            value += 0.05
        if proper and document.kind == "guide":
            value += TITLED * len(proper & stems(document.title)) / len(proper)
        value += _KIND_WEIGHT.get(document.kind, 0.0)
        if document.sectors and u.sectors.isdisjoint(document.sectors):
            value -= OTHER_SECTOR if u.sectors else ANY_SECTOR * (1 - asked)
        if document.kind == "guide" and (len(section.headings) > 1 or definition):
            value -= 0.24
        if dry and heading < 0.5:
            value -= 0.12
        if section.headings and _WARNS.match(section.headings[-1]):
            value -= 0.12
        if document.kind == "term" and not definition:
            value -= 0.07
        if (other := _sizes(document.title)) and (wanted_sizes := _sizes(u.reading)) and other.isdisjoint(wanted_sizes):
            value -= OTHER_SIZE
        if not any(unit.kind != "intro" for unit in section.units):
            value -= 0.5
        own = _likeness(under.get((section.doc_id, section.start), 0.0))
        ranked.append(Ranked(section, document, value, dense, covered, asked, own, dry))
    return sorted(ranked, key=lambda r: (-r.score, r.document.id, r.section.start))


def inside(u: Understanding, within: Sequence[Hit], top: Ranked, rarity: Rarity) -> tuple[Section, bool]:
    """The section of the best document that comes nearest to the question, its opening left aside.

    True with it where it is nearer than the document as a whole, and so the answer itself.

    `within` are the hits of a search in that document alone. A guide's headings are questions, so they count most.
    """
    query = stems(u.query)
    dense: dict[int, float] = {}
    asked: dict[int, float] = {}
    for hit in within:
        if section := section_at(hit.document, hit.passage.start):
            dense[section.start] = max(dense.get(section.start, 0.0), hit.dense)
            asked[section.start] = max(asked.get(section.start, 0.0), hit.asked)

    def nearness(section: Section) -> float:
        words = {s for unit in section.units for s in unit.stems}
        heading = coverage(query, stems(" ".join(section.headings[1:])), rarity)
        said = dense.get(section.start, 0.1) + 0.35 * coverage(query, words, rarity)
        return said + 0.4 * heading + asked.get(section.start, 0.0)

    opening, *others = sections(top.document)
    best = max(others, key=nearness, default=top.section)
    own = asked.get(best.start, 0.0)
    return best, own >= SAME_QUESTION and own > asked.get(opening.start, 0.0) + 0.02


def _speaks_of(document: Document, subjects: Sequence[str]) -> bool:
    """Does it mention one of what the question names, where it names anything?"""
    text = document.text.lower()
    return not subjects or any(s in text for s in subjects)


def _sizes(text: str) -> set[str]:
    """The model sizes that a text names: 7B, 70B."""
    return set(re.findall(r"\b(\d+(?:\.\d)?) ?[bB]\b", text))


def answered(hits: Sequence[Hit], ranked: Sequence[Ranked]) -> float:
    """How nearly one of the best guides says that it answers this very question: 0 to 1."""
    near: dict[str, float] = {}
    for hit in hits:
        near[hit.document.id] = max(near.get(hit.document.id, 0.0), _likeness(hit.asked))
    guides = [r for r in ranked if r.document.kind == "guide"]
    return max((min(r.asked, near.get(r.document.id, 0.0)) for r in guides), default=0.0)


def _likeness(cosine: float) -> float:
    """From 0, two questions that only share their subject, to 1, the same question in other words."""
    return min(1.0, max(0.0, (cosine - 0.45) / 0.4))


def _asked(query: set[str], document: Document, rarity: Rarity) -> float:
    """How nearly the document says that it answers this very question: 0 to 1."""
    best = 0.0
    # A guide's headings are mostly questions too, in our words instead of the asker's.
    headings = [s.headings[-1] for s in sections(document)[1:]] if document.kind == "guide" else []
    for question in [*document.questions, *headings]:
        other = stems(question)
        there, back = coverage(query, other, rarity), coverage(other, query, rarity)
        if there + back:
            best = max(best, 2 * there * back / (there + back))
    return best


_MONEY = re.compile(r"(?:USD|EUR|GBP|CHF|INR|[$€£₹])\s?\d|\d[\d,.]*\s?(?:k|m|million|thousand)?\s?(?:USD|EUR|GBP|CHF|INR|dollars|euros|pounds|lakh)|\bfree\b|\bper (?:seat|user|month|hour|million)\b", re.IGNORECASE)  # fmt: skip
_DATE = re.compile(r"\b(?:19|20)\d\d\b")
_DIGIT = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|fifteen|twenty|half|weekly|daily|monthly|quarter)\b",
    re.IGNORECASE,
)
_VERSION = re.compile(r"\b\d+\.\d+")
_LICENCE = re.compile(
    r"licen[cs]e|open[- ]source|source[- ]available|proprietary|Apache|MIT|BSD|GPL|BSL|Elastic", re.IGNORECASE
)
_NAME = re.compile(r"(?<![.!?] )(?<!^)\b[A-Z][a-z]+")
_FITS: dict[Wants, re.Pattern[str]] = {
    "amount": _MONEY, "date": _DATE, "count": _DIGIT, "version": _VERSION, "licence": _LICENCE, "person": _NAME, "place": _NAME,
}  # fmt: skip


def answers(unit: Unit, wants: Wants) -> bool:
    """Does the sentence contain the kind of fact that was asked for?"""
    return wants == "any" or bool(_FITS[wants].search(unit.text))


def fact_unit(
    u: Understanding, ranked: Sequence[Ranked], rarity: Rarity, depth: int = 10
) -> tuple[Ranked, Unit, float] | None:
    """The sentence that holds the asked-for kind of fact and covers the question best, with its coverage."""
    wanted = stems(u.query if u.follow_up else u.reading) - ASKING
    named = set(named_documents(u, {r.document.id: r.document for r in ranked}))
    best: tuple[Ranked, Unit, float] | None = None
    best_value = 0.0
    for place, r in enumerate(ranked[:depth]):
        if (r.dry and u.wants != "licence") or r.warning:
            continue
        context = stems(" ".join(r.section.headings))
        for unit in r.section.units:
            if unit.kind == "intro" or not answers(unit, u.wants):
                continue
            covered = coverage(wanted, unit.stems | context, rarity)
            value = covered + 0.35 * r.score - 0.01 * place + (0.3 if r.document.id in named else 0.0)
            if value > best_value:
                best, best_value = (r, unit, covered), value
    return best


ASKING = stems("how much many cost costs price prices pay paid salary salaries earn when did date year version latest newest release licence license licensed")  # fmt: skip
