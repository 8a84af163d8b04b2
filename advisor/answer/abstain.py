"""When not to answer: out of scope, or in scope but not in the corpus.

The thresholds come from the committed cases (`python -m evals.ask --calibrate` prints
the risk–coverage curve); they are not guesses, and they move only with a new run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from advisor.answer.evidence import Ranked, Rarity, coverage, fact_unit
from advisor.answer.keyless import factual
from advisor.answer.text import STOPWORDS, content_words, stem, stems, unique
from advisor.answer.understand import Understanding

IN_SCOPE_DENSE = 0.36
"""Below this cosine to the best passage a question that names nothing we know is about something else."""
ANSWER_DENSE = 0.50
ANSWER_COVERAGE = 0.50
FACT_COVERAGE = 0.50

Outcome = Literal["answer", "not-in-corpus", "out-of-scope"]

_DOMAIN = re.compile(
    r"\b(ml|mlops|llm\w*|llmops|genai\w*|gen ?ai|ai|machine learning|deep learning|models?|data|prompts?|rag|agents?|"
    r"retrieval|embedding\w*|vector\w*|fine[- ]?tun\w*|train\w*|inference|pipeline\w*|deploy\w*|monitor\w*|drift|features?|"
    r"evaluat\w*|evals?|gpu\w*|tokens?|mlflow|kubernetes|k8s|notebook\w*|registry|maturity|platform|guardrail\w*|"
    r"hallucinat\w*|chat ?bots?|copilot|benchmark\w*|annotat\w*|label\w*|experiment\w*|ci/?cd|devops|canary|rollback)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Judgement:
    outcome: Outcome
    missing: str = ""
    """What the corpus would have to say, in words for the reader."""
    unknown: tuple[str, ...] = ()
    """Names in the question that the corpus has nothing on."""


def judge(
    u: Understanding,
    ranked: Sequence[Ranked],
    rarity: Rarity,
    known_word: Callable[[str], bool],
    has_findings: bool,
) -> Judgement:
    """May this question be answered from these sections?"""
    if u.intent == "out-of-scope":
        return Judgement("out-of-scope")
    best = max((r.dense for r in ranked), default=0.0)
    named = any(kind not in ("country", "level", "term") for kind in u.entities)
    domain = bool(_DOMAIN.search(u.query)) or named or bool(u.entities.get("term"))
    if not domain and best < IN_SCOPE_DENSE + 0.12 and not u.follow_up:
        return Judgement("out-of-scope")
    if not named and best < IN_SCOPE_DENSE and not has_findings:
        return Judgement("out-of-scope")
    unknown = tuple(unknown_names(u, known_word))
    if has_findings and not factual(u):
        return Judgement("answer", unknown=unknown)
    if unknown and not named:
        return Judgement("not-in-corpus", f"anything about {_list(unknown)}", unknown)
    if u.wants != "any":
        fact = fact_unit(u, ranked, rarity)
        if fact is None or fact[2] < FACT_COVERAGE:
            return Judgement("not-in-corpus", _WANTED[u.wants], unknown)
        return Judgement("answer", unknown=unknown)
    wanted = stems(u.query if u.follow_up else u.reading)
    found = {s for r in ranked[:4] for unit in r.section.units for s in unit.stems}
    found |= {
        s for r in ranked[:4] for s in stems(" ".join([r.document.title, *r.section.headings, *r.document.questions]))
    }
    covered = coverage(wanted, found, rarity)
    if covered < ANSWER_COVERAGE and best < ANSWER_DENSE:
        lost = [w for w in unique(content_words(u.question)) if stem(w) not in found]
        return Judgement(
            "not-in-corpus", f"anything that covers {_list(lost[:4])}" if lost else "an answer to that", unknown
        )
    return Judgement("answer", unknown=unknown)


_WANTED = {
    "amount": "that price or amount", "date": "that date", "count": "that figure", "version": "that version",
    "person": "that person or organisation", "place": "that place", "licence": "that licence", "any": "that",
}  # fmt: skip

_CAPITAL = re.compile(r"\b[A-Z][A-Za-z0-9]*(?:[.&-]?[A-Za-z0-9]+)*\b")


def unknown_names(u: Understanding, known_word: Callable[[str], bool]) -> list[str]:
    """Words written like names, or that are no common word, and that the corpus never uses."""
    guessed = {m.words for m in u.mentions if m.guessed}
    covered = {w for m in u.mentions for w in m.words.split()}
    names = []
    for m in _CAPITAL.finditer(u.question):
        word = m.group()
        lower = word.lower()
        if lower in covered or lower in guessed or lower in STOPWORDS or len(word) < 3:
            continue
        shaped = any(c.isupper() for c in word[1:]) or any(c.isdigit() for c in word) or m.start() > 0
        if shaped and not known_word(lower):
            names.append(word)
    return unique(names)


def _list(names: Sequence[str]) -> str:
    quoted = [f"“{n}”" for n in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
