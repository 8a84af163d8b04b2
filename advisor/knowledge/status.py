"""How fresh the corpus is: facts by age, confidence and source, what is due for review, and samples to check."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from advisor.knowledge.check import count_by_confidence
from advisor.knowledge.load import Corpus
from advisor.knowledge.records import Cost, Fact, Regulation, Role, Source, Threat, Tool
from advisor.knowledge.render import sentence, source_line

PRICE_MONTHS = 6
STATUS_MONTHS = 12
PAY_YEARS = 2
GUIDE_MONTHS = 12
OTHER_MONTHS = 36
"""Lifecycles, models and research change slowly; past this even they deserve a second look."""

AGES = ("up to 6 months", "6 to 12 months", "1 to 2 years", "older than 2 years")


@dataclass(frozen=True)
class Due:
    """One thing to look up again; `age` in months, negative where it still lies ahead."""

    kind: str
    id: str
    reason: str
    as_of: str
    age: int
    path: Path
    line: int


@dataclass(frozen=True)
class Status:
    """Counts of facts (records with a source, and guides), and what is due; the oldest come first."""

    version: str
    today: dt.date
    by_kind: dict[str, int]
    by_confidence: dict[str, int]
    by_age: dict[str, int]
    by_source: dict[str, int]
    """Source id → facts that rest on it, most first."""
    unread: dict[str, int]
    """Source id → facts, where we did not read the source itself."""
    due: list[Due]


@dataclass(frozen=True)
class Claim:
    """One statement of the corpus with what a reader needs to check it."""

    kind: str
    id: str
    text: str
    as_of: str
    confidence: str
    sources: list[str]
    """Author, title, year and address of each."""
    path: Path
    line: int


def status(corpus: Corpus, today: dt.date | None = None) -> Status:
    """The state of the corpus on a day; today where none is given."""
    today = today or dt.date.today()
    facts = list(_facts(corpus))
    ages = Counter(_bucket(age_in_months(fact.as_of, today)) for _, fact in facts)
    sources = Counter(id for _, fact in facts for id in fact.sources)
    read = {s.id: s.read for s in corpus.all(Source)}
    return Status(
        version=corpus.version,
        today=today,
        by_kind=dict(Counter(kind for kind, _ in facts)),
        by_confidence=count_by_confidence(corpus),
        by_age={age: ages[age] for age in AGES},
        by_source=dict(sources.most_common()),
        unread={id: n for id, n in sources.most_common() if read.get(id) in ("secondhand", "not-read")},
        due=sorted(_due(corpus, facts, today), key=lambda d: (-d.age, d.kind, d.id)),
    )


def age_in_months(as_of: str, today: dt.date) -> int:
    """Whole months since a date; of a year or a month alone its first day counts, so that age is never understated."""
    day = _first_day(as_of)
    return (today.year - day.year) * 12 + today.month - day.month - (today.day < day.day)


def claims(corpus: Corpus) -> list[Claim]:
    """Every statement that has a date and a source: leads, tool status and price, pay, incidents, law dates."""
    found: list[Claim] = []
    for kind, fact in _facts(corpus):
        path, line = corpus.lines[kind, fact.id]
        for text, sources in _statements(corpus, kind, fact):
            lines = [source_line(corpus, id) for id in sources if id in corpus.records["source"]]
            found.append(Claim(kind, fact.id, text, fact.as_of, fact.confidence, lines, path, line))
    return found


def sample(corpus: Corpus, n: int = 25, seed: int = 0) -> list[Claim]:
    """n different statements, drawn evenly over all of them; the same seed draws the same ones."""
    everything = claims(corpus)
    return random.Random(seed).sample(everything, min(n, len(everything)))


def format_status(s: Status, root: Path, limit: int = 40) -> str:
    """The report as text; `limit` bounds how many due items are listed."""
    lines = [f"Corpus {s.version} on {s.today.isoformat()}: {sum(s.by_kind.values())} facts"]
    for title, counts in (("kind", s.by_kind), ("confidence", s.by_confidence), ("age", s.by_age)):
        lines += ["", f"By {title}", *_counts(counts)]
    lines += ["", "By source, the ten most used", *_counts(dict(list(s.by_source.items())[:10]))]
    if s.unread:
        lines += ["", f"{len(s.unread)} sources that we know only through others, the ten most used"]
        lines += _counts(dict(list(s.unread.items())[:10]))
    lines += ["", f"Due for review: {len(s.due)}"]
    reasons = sorted(s.due, key=lambda d: d.reason)
    lines += [f"  {len(list(some)):5}  {reason}" for reason, some in groupby(reasons, key=lambda d: d.reason)]
    lines += [""] if s.due else []
    for d in s.due[:limit]:
        lines.append(f"  {_relative(d.path, root)}:{d.line}: {d.kind} '{d.id}' ({d.as_of}): {d.reason}")
    if len(s.due) > limit:
        lines.append(f"  … and {len(s.due) - limit} more")
    return "\n".join(lines)


def format_sample(drawn: Sequence[Claim], root: Path) -> str:
    """The claims as numbered text, each with its sources."""
    return "\n\n".join(
        f"{i}. {c.text}\n   {c.kind} '{c.id}', as of {c.as_of}, {c.confidence}, {_relative(c.path, root)}:{c.line}\n"
        + "\n".join(f"   - {line}" for line in c.sources)
        for i, c in enumerate(drawn, start=1)
    )


def _facts(corpus: Corpus) -> Iterator[tuple[str, Fact]]:
    for kind, records in corpus.records.items():
        yield from ((kind, r) for r in records.values() if isinstance(r, Fact))
    yield from (("guide", g.meta) for g in corpus.guides.values())


def _statements(corpus: Corpus, kind: str, fact: Fact) -> Iterator[tuple[str, list[str]]]:
    if lead := getattr(fact, "lead", None):
        yield lead, fact.sources
    elif kind == "guide":
        body = corpus.guides[fact.id].body.strip()
        yield " ".join(body.split("\n\n")[1].split()), fact.sources
    match fact:
        case Tool():
            yield sentence(fact.status_note), fact.sources
            yield sentence(fact.pricing), fact.sources
            yield f"{fact.name}: licence {fact.licence}.", fact.sources
        case Threat():
            yield sentence(fact.example), fact.sources
        case Regulation():
            yield from ((f"{fact.name}, {day}: {text}", fact.sources) for day, text in fact.dates.items())
        case Role():
            for p in fact.pay:
                who = f"{fact.name}, {p.seniority}" if p.seniority else fact.name
                amount = f"{p.low:,.0f} to {p.high:,.0f} {p.currency} a {p.per} ({p.year})"
                yield f"{who}, {p.country}: {amount}.", [p.source]


def _due(corpus: Corpus, facts: Sequence[tuple[str, Fact]], today: dt.date) -> Iterator[Due]:
    for kind, fact in facts:
        age = age_in_months(fact.as_of, today)
        for reason, months, as_of in _reasons(kind, fact, age, today):
            yield Due(kind, fact.id, reason, as_of, months, *corpus.lines[kind, fact.id])


def _reasons(kind: str, fact: Fact, age: int, today: dt.date) -> Iterator[tuple[str, int, str]]:
    """(why, months, date) for each thing about a fact that should be looked up again."""
    match fact:
        case Cost():
            if age > PRICE_MONTHS:
                yield f"price older than {PRICE_MONTHS} months", age, fact.as_of
        case Tool():
            if age > STATUS_MONTHS:
                yield f"status older than {STATUS_MONTHS} months", age, fact.as_of
            if age > PRICE_MONTHS:
                yield f"price and version older than {PRICE_MONTHS} months", age, fact.as_of
        case Role():
            old = [p.year for p in fact.pay if today.year - p.year >= PAY_YEARS]
            if old:
                months = age_in_months(str(min(old)), today)
                yield f"pay figures {PAY_YEARS} years old or older", months, str(min(old))
        case Regulation():
            written = _first_day(fact.as_of)
            for day in (d for d in fact.dates if written < _first_day(d) <= today):
                yield "a date of the law has passed since the record was written", age_in_months(day, today), day
        case _:
            limit = GUIDE_MONTHS if kind == "guide" else OTHER_MONTHS
            if age > limit:
                yield f"{'guide' if kind == 'guide' else 'record'} older than {limit} months", age, fact.as_of


def _first_day(date: str) -> dt.date:
    year, month, day = [*(int(part) for part in date.split("-")), 1, 1][:3]
    return dt.date(year, month, day)


def _bucket(months: int) -> str:
    return next((age for age, limit in zip(AGES, (6, 12, 24), strict=False) if months <= limit), AGES[-1])


def _counts(counts: dict[str, int]) -> list[str]:
    return [f"  {n:5}  {name}" for name, n in counts.items()]


def _relative(path: Path, root: Path) -> Path:
    return path.relative_to(root) if path.is_relative_to(root) else path
