"""Published pay for a role in a country, with year and source."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.advice.words import article, finding, listed, money, role_name
from advisor.knowledge.load import Corpus
from advisor.knowledge.records import Pay, Role, Source
from advisor.schema import Finding, Value

_COUNTRY = {
    "us": "United States",
    "usa": "United States",
    "united states of america": "United States",
    "america": "United States",
    "uk": "United Kingdom",
    "gb": "United Kingdom",
    "great britain": "United Kingdom",
    "england": "United Kingdom",
    "de": "Germany",
    "deutschland": "Germany",
    "nl": "Netherlands",
    "the netherlands": "Netherlands",
    "holland": "Netherlands",
    "ch": "Switzerland",
    "in": "India",
}
DEFAULT_COUNTRY = "United States"


def country_name(country: str | None) -> str | None:
    """The country as the corpus spells it."""
    if not country:
        return None
    return _COUNTRY.get(country.strip().lower().replace(".", ""), country.strip())


def figures(role: Role, country: str | None) -> list[Pay]:
    """The newest broad figures for the role in the country: those without seniority first."""
    rows = [p for p in role.pay if country and p.country.lower() == country.lower()]
    return sorted(rows, key=lambda p: (p.seniority is not None, -p.year, p.high == p.low))


def pay_finding(corpus: Corpus, role: str, country: str | None, facts: Sequence[str] = ()) -> Finding:
    """What the role is paid, as ranges with year and source; the United States where the country has no figure."""
    record = corpus.get(Role, role)
    name = role_name(corpus, role)
    place = country_name(country)
    rows = figures(record, place)
    where = place if rows else DEFAULT_COUNTRY
    shown = (rows or figures(record, DEFAULT_COUNTRY))[:3]
    if not shown:
        return finding(
            corpus,
            "staffing.pay",
            "pay",
            f"Pay: {name}",
            [f"We have no published pay figure for {article(name)}, so ask a recruiter in your market"],
            key=role,
            inputs=facts,
            doc_ids=[f"role/{role}"],
        )
    text = [
        f"In the {where}, published pay for {article(name)} is {listed(_row(p, corpus) for p in shown)}"
        if where in ("United States", "United Kingdom", "Netherlands")
        else f"In {where}, published pay for {article(name)} is {listed(_row(p, corpus) for p in shown)}",
        f"We have no figure for {place}, so read these as an order of magnitude" if place and not rows else "",
        "These are secondary figures of mixed quality; check them against two local offers",
        "MLOps titles mix three jobs, from DevOps with ML loads to LLM serving, so compare duties and not titles"
        if role == "mlops-engineer"
        else "",
    ]
    return finding(
        corpus,
        "staffing.pay",
        "pay",
        f"Pay: {name}",
        text,
        key=role,
        inputs=facts,
        values=[Value(name=f"{role} {p.year}", low=p.low, high=p.high, unit=f"{p.currency} a {p.per}") for p in shown],
        doc_ids=[f"role/{role}"],
        sources=[p.source for p in shown],
        rank=2.0,
    )


def _row(pay: Pay, corpus: Corpus) -> str:
    source = corpus.records["source"].get(pay.source)
    who = source.publisher if isinstance(source, Source) else pay.source
    median = f", median {money(pay.median, pay.median, pay.currency)}" if pay.median and pay.low < pay.high else ""
    level = f" for {pay.seniority}" if pay.seniority else ""
    return f"{money(pay.low, pay.high, pay.currency)} a {pay.per}{median}{level} ({who}, {pay.year})"
