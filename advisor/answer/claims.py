"""What a sentence claims and what its evidence holds, in parts that can be laid side by side."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from advisor.answer.lexicon import Lexicon, Mention
from advisor.answer.text import NUMBER_WORDS, STOPWORDS, content_words, numbers, sentences, stem, stems, words

NAMED_KINDS = ("tool", "role", "regulation", "maturity-model", "threat")

_NAME = re.compile(r"\b(?:[A-Z][a-z]+[A-Z]\w*|[A-Z]{2,}[\w-]*|[A-Z][a-z]{2,})\b")
_START = re.compile(r"(?:^|[.!?:]\s+|\*\*|[-*]\s+|[\"“(])")
_CLAUSE = re.compile(r"[,;()]\s+|\s[–—-]\s|\s(?:and|but|while|whereas|because|so that|if|unless|although|though)\s")

_TIME = {
    "second": "second seconds sec", "minute": "minute minutes min", "hour": "hour hours hourly",
    "day": "day days daily", "week": "week weeks weekly", "month": "month months monthly",
    "quarter": "quarter quarters quarterly", "year": "year years yearly annual annually annum",
    "night": "night nights nightly",
}  # fmt: skip
_OTHER_UNITS = {
    "usd": "usd $ dollar dollars", "eur": "eur € euro euros", "gbp": "gbp £ pound pounds", "chf": "chf", "inr": "inr",
    "%": "% percent", "ms": "ms millisecond milliseconds", "mb": "mb", "gb": "gb", "tb": "tb", "gpu": "gpu gpus",
    "token": "token tokens", "request": "request requests", "seat": "seat seats", "user": "user users",
    "person-week": "person-week person-weeks", "model": "model models", "person": "person people employees",
    "team": "team teams", "word": "word words", "character": "character characters", "row": "row rows", "engineer": "engineer engineers", "firm": "firm firms company companies",
}  # fmt: skip
_ORDINALS = {"level": "level levels", "stage": "stage stages", "version": "version versions", "step": "step steps"}
_UNIT = {word: unit for unit, text in {**_TIME, **_OTHER_UNITS}.items() for word in text.split()}
_PERIOD = {word: unit for unit, text in _TIME.items() for word in text.split()}
_BEFORE = {word: unit for unit, text in {**_ORDINALS, **_OTHER_UNITS}.items() for word in text.split()}

_NUMERAL = r"\d[\d,]*(?:\.\d+)?(?:\s?[kKmM](?!\w))?|" + "|".join(
    w for w in NUMBER_WORDS if len(w) > 2 and w != "single"
)
_MEASURE = re.compile(
    rf"(?:(?P<pre>[$€£]|\b[A-Za-z]+)\s?)?(?<![\w.])(?P<a>{_NUMERAL})(?:\s?(?:[–-]|to|and|or)\s?(?P<b>{_NUMERAL}))?"
    r"(?:[\s-]*(?P<post>[%€$£]|person-weeks?|[A-Za-z]+))?(?:\s(?P<next>[A-Za-z]+))?",
    re.IGNORECASE,
)

_MONTHS = "january february march april may june july august september october november december".split()
_DATE = re.compile(rf"\b(?:(\d{{1,2}}) )?({'|'.join(_MONTHS)}) ((?:19|20)\d\d)\b", re.IGNORECASE)
NEGATION = re.compile(
    r"\b(?:no|not|never|none|neither|without|cannot|avoid|stop|refuse|forbid|lacks?|rather than|instead of|\w+n['’]t)\b",
    re.IGNORECASE,
)
_GENERIC = stems("use uses need make have put give take let get run do work help")
"""Verbs that say little by themselves, so that "do not use" denies what follows them."""
_NEGATION_STEMS = stems("lack never none neither without cannot avoid stop refuse forbid rather instead")
_UNIT_STEMS = stems(" ".join(_PERIOD)) | stems("person-week usd eur gbp percent") | stems(" ".join(_MONTHS)) | {"sinc"}


@dataclass(frozen=True)
class Part:
    """A clause of the evidence, with the names it speaks of and the words it is made of."""

    text: str
    records: frozenset[str]
    """The tools, roles and other records it names; where it names none, those named before it."""
    stems: frozenset[str]
    numbers: frozenset[str]
    periods: frozenset[str]
    negated: bool
    """True for an odd number of negations: "not without asking" says yes."""


@dataclass(frozen=True)
class Fact:
    """One sentence, list item or table row of the evidence."""

    text: str
    stems: frozenset[str]
    parts: tuple[Part, ...]
    heading: bool = False
    """A heading names what is spoken of, and says nothing about it."""


def facts(text: str, lexicon: Lexicon) -> list[Fact]:
    """The evidence in sentences. Its first line is the heading, and counts as one too."""
    found: list[Fact] = []
    before: frozenset[str] = frozenset()
    for i, line in enumerate(text.splitlines()):
        for span in sentences(line):
            parts = []
            for clause in clauses(span.text):
                before = records(clause, lexicon) or before
                parts.append(part(clause, before))
            found.append(Fact(span.text, frozenset(stems(span.text)) | numbers(span.text), tuple(parts), i == 0))
    return found


def part(clause: str, named: frozenset[str]) -> Part:
    """The clause with what can be compared about it; records, numbers, units and negations are not among its stems."""
    of_names = {p for n in named for p in stems(n.split(":")[-1].replace("-", " "))}
    counted = numbers(clause) | dates(clause)
    kept = {s for s in stems(clause) if s not in counted and s not in _UNIT_STEMS and not s.isdigit()}
    return Part(
        clause,
        named,
        frozenset(kept - of_names - _NEGATION_STEMS),
        frozenset(counted),
        frozenset(periods(clause)),
        len(NEGATION.findall(clause)) % 2 == 1,
    )


def names(text: str, lexicon: Lexicon) -> set[str]:
    """Named records and proper names, lower-cased. A capital at the start of a sentence proves nothing, unless the
    corpus never uses the word."""
    named = _named(text, lexicon)
    starts = {m.end() for m in _START.finditer(text)}
    for m in _NAME.finditer(text):
        word = m.group()
        common = stem(word.lower()) in lexicon.vocabulary
        if not content_words(word) or (m.start() in starts and word[1:].islower() and common):
            continue
        named.add(stem(word.lower()))
    return named


def strangers(clause: str, lexicon: Lexicon) -> set[str]:
    """Stems of proper names that are no records of ours: companies, authors, reports. Acronyms are none."""
    found = {w for w in re.findall(r"(?<=\w )[A-Z][a-z]\w+|\b[A-Z][a-z]+[A-Z]\w*", clause) if content_words(w)}
    of_records = {p for n in records(clause, lexicon) for p in stems(n.split(":")[-1].replace("-", " "))}
    return {stem(w.lower()) for w in found} - of_records - _UNIT_STEMS


def records(clause: str, lexicon: Lexicon) -> frozenset[str]:
    """The records that a clause names; one that is also a word (Comet, Ray) counts where it has a capital."""
    return frozenset(_named(f"here {clause}", lexicon))


def _named(text: str, lexicon: Lexicon) -> set[str]:
    """`kind:id` of the records that are called by their name; a word from the glossary or a bare year is none."""
    found = [m for m in lexicon.mentions(text) if m.kind in NAMED_KINDS and m.direct and not m.guessed]
    return {f"{m.kind}:{m.id}" for m in found if any(c.isalpha() for c in m.words) and _spelt_so(m, lexicon)}


def _spelt_so(mention: Mention, lexicon: Lexicon) -> bool:
    """False where only the stem is a tool's: `evidence` is not Evidently."""
    if mention.kind != "tool" or " " in mention.words or "&" in mention.words:
        return True
    return mention.words in f"{mention.id} {lexicon.labels.get(('tool', mention.id), '')}".lower()


def refused(text: str) -> tuple[set[str], set[str]]:
    """(stems that follow a negation, all other stems) of a text: "never remove it" refuses `remov`."""
    denied: set[str] = set()
    asserted = [stem(w) for w in content_words(text)]
    for m in NEGATION.finditer(text):
        after = [stem(w) for w in content_words(text[m.end() :])]
        if word := next((w for w in after if w not in _GENERIC), ""):
            denied.add(word)
            if word in asserted:
                asserted.remove(word)
    return denied, set(asserted) - _NEGATION_STEMS


def swapped(clause: str, sentence: str, elsewhere: frozenset[str]) -> bool:
    """Is the clause the sentence with one word changed for another of the evidence, in the same place?"""
    mine, theirs = words(clause), words(sentence)
    matcher = SequenceMatcher(None, mine, theirs, autojunk=False)
    for kind, i, j, k, l in matcher.get_opcodes():  # noqa: E741
        framed = i > 0 and k > 0 and (j == len(mine) or l < len(theirs))
        if kind != "replace" or j - i > 2 or l - k > 2 or not framed:
            continue
        new, old = ({stem(w) for w in side if w not in STOPWORDS} for side in (mine[i:j], theirs[k:l]))
        if (
            new
            and old
            and new <= elsewhere
            and not old & {stem(w) for w in mine}
            and not new & {stem(w) for w in theirs}
        ):
            return True
    return False


def clauses(text: str) -> list[str]:
    """The parts of a sentence that can each be true or false; crumbs stay with their neighbour."""
    parts: list[str] = []
    for part in _CLAUSE.split(text):
        if parts and min(len(stems(part)), len(stems(parts[-1]))) < 2:
            parts[-1] += f" {part}"
        else:
            parts.append(part)
    return parts


def measures(text: str) -> set[tuple[str, str]]:
    """(number, unit) pairs: `two to four weeks` → ("2", "week"), ("4", "week"); the unit is "" where none is known."""
    found: set[tuple[str, str]] = set()
    for m in _MEASURE.finditer(text):
        before = _BEFORE.get((m["pre"] or "").lower(), "")
        after = (m["post"] or "").lower(), (m["next"] or "").lower()
        unit = _UNIT.get(after[0]) or before or (_UNIT.get(after[1], "") if after[0] not in ("to", "and", "or") else "")
        for raw in (m["a"], m["b"]):
            if raw:
                found |= {(n, unit) for n in numbers(raw)}
    return found


def dates(text: str) -> set[str]:
    """Dates as given: `2 August 2026` → `2026-08-02` and `2026-08`, `August 2026` → `2026-08`."""
    found: set[str] = set()
    for m in _DATE.finditer(text):
        month = f"{m[3]}-{_MONTHS.index(m[2].lower()) + 1:02}"
        found |= {month} | ({f"{month}-{int(m[1]):02}"} if m[1] else set())
    return found


def periods(text: str) -> set[str]:
    """The spans of time a text speaks of, in whatever form: `weekly`, `each week` and `two weeks` are all `week`."""
    return {_PERIOD[w] for part in words(text) for w in part.split("-") if w in _PERIOD}


def share(wanted: Iterable[str], found: frozenset[str] | set[str]) -> float:
    """Share of the stems that are found; 1 where nothing is wanted."""
    wanted = set(wanted)
    return len(wanted & found) / len(wanted) if wanted else 1.0


def cover(wanted: set[str], pool: Sequence[Fact], most: int = 3) -> list[Fact]:
    """The few facts that together hold most of the wanted stems, best first."""
    chosen: list[Fact] = []
    left = set(wanted)
    while left and len(chosen) < most:
        best = max(pool, key=lambda f: (len(f.stems & left), -len(f.stems)), default=None)
        if best is None or not best.stems & left:
            break
        chosen.append(best)
        left -= best.stems
    return chosen
