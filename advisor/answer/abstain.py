"""When not to answer: out of scope, or in scope but not in the corpus.

The thresholds come from the committed cases (`python -m evals.ask --calibrate` prints
the risk–coverage curve); they are not guesses, and they move only with a new run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from advisor.answer.evidence import ASKING, Ranked, Rarity, coverage, fact_unit
from advisor.answer.selection import factual
from advisor.answer.text import STOPWORDS, content_words, stem, stems, unique
from advisor.answer.understand import GENERIC, Understanding

IN_SCOPE_DENSE = 0.33
"""Below this cosine to the best passage a question that names nothing we know is about something else."""
OTHER_DENSE = 0.37
"""The same, for a question without a word of our field."""
ASKED_HERE = 0.35
"""Where a guide answers a question as like as this, the question is of our field whatever its words."""
NEARLY_DENSE = 0.45
"""Below this one it also is, if neither its words are of our field nor most of them in the passages."""
ANSWER_DENSE = 0.40
"""Below this cosine and this share of the question's words, the passages are about something else."""
ANSWER_COVERAGE = 0.50
FACT_COVERAGE = 0.60
ANSWERED_FACT = 0.75
"""A guide that answers the very question may do so without the figure that was asked for."""
ATTRIBUTE_COVERAGE = 0.34
RULED_DENSE = 0.12
"""A question that the rules recognise needs no more than this to a passage: 'What next?' has hardly a word in it."""

Outcome = Literal["answer", "not-in-corpus", "out-of-scope"]

_DOMAIN = re.compile(
    r"\b(ml|mlops|llm\w*|llmops|genai\w*|gen ?ai|ai|machine learning|deep learning|models?|data|prompts?|rag|agents?|"
    r"retrieval|embedding\w*|vector\w*|fine[- ]?tun\w*|training|trained|retrain\w*|inference|openai|gpt\S*|chatgpt|claude|anthropic|gemini|bedrock|llama|mistral|hugging ?face|pipeline\w*|deploy\w*|monitor\w*|drift|features?|"
    r"evaluat\w*|evals?|gpu\w*|tokens?|mlflow|kubernetes|k8s|notebook\w*|registry|maturity|platform|guardrail\w*|"
    r"hallucinat\w*|chat ?bots?|copilot|benchmark\w*|annotat\w*|label\w*|experiment\w*|ci/?cd|devops|canary|rollback)\b",
    re.IGNORECASE,
)


_STRANGERS = re.compile(
    r"(?:^|[.!?]\s+)(?:which|who|what|when|where|how (?:many|much)|do|does|did|is|are|has|have|will)\b"
    r"(?:(?!\b(?:we|i|us)\b)[^.?!]){0,40}\b(?:our|my) (?:\w+ )?(?:competitors?|competition|rivals?)\b",
    re.IGNORECASE,
)
"""Asks what other companies do, and not what we should do about them."""


@dataclass(frozen=True)
class Judgement:
    """Whether a question may be answered, and what is missing where it may not."""

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
    covered = coverage(stems(u.query if u.follow_up else u.reading), _words(ranked), rarity)
    unknown = tuple(unknown_names(u, known_word))
    ruled = has_findings and not factual(u)
    if not named and not u.follow_up and not u.changes and not (ruled and not u.topical and best >= RULED_DENSE):
        strange = (
            not domain
            and u.answered < ASKED_HERE
            and (best < OTHER_DENSE or (best < NEARLY_DENSE and covered < ANSWER_COVERAGE))
        )
        if (best < IN_SCOPE_DENSE and u.answered < ASKED_HERE) or strange:
            return Judgement("out-of-scope")
    if _STRANGERS.search(u.question):
        return Judgement("not-in-corpus", "what particular companies do, your competitors among them", unknown)
    if lost := _attribute_lost(u, ranked, rarity) or _newer_version(u, ranked) or _beyond(u, ranked):
        return Judgement("not-in-corpus", lost, unknown)
    if unknown and not u.entities.get("tool") and u.intent in ("tool", "compare", "explain"):
        return Judgement("not-in-corpus", f"anything about {_list(unknown)}", unknown)
    if ruled:
        return Judgement("answer", unknown=unknown)
    if unknown and not named:
        return Judgement("not-in-corpus", f"anything about {_list(unknown)}", unknown)
    theirs = u.personal and not u.entities.get("tool")
    if u.wants != "any" and not theirs and u.answered < ANSWERED_FACT and not _fact_there(u, ranked, rarity):
        return Judgement("not-in-corpus", _WANTED[u.wants], unknown)
    if u.wants == "any" and covered < ANSWER_COVERAGE and best < ANSWER_DENSE:
        absent = [w for w in unique(content_words(u.reading)) if stem(w) not in _words(ranked)]
        return Judgement(
            "not-in-corpus", f"anything that covers {_list(absent[:4])}" if absent else "an answer to that", unknown
        )
    return Judgement("answer", unknown=unknown)


def _fact_there(u: Understanding, ranked: Sequence[Ranked], rarity: Rarity) -> bool:
    """Is there a sentence with the kind of fact asked for, and is it about what was asked?

    The names in the question prove nothing: a number beside "Databricks" is not its head-count.
    """
    fact = fact_unit(u, ranked, rarity)
    if fact is None:
        return False
    if u.wants == "licence" and u.entities.get("tool"):
        return True
    r, unit, covered = fact
    names = {s for m in u.mentions for s in stems(m.words)}
    asked = stems(u.query if u.follow_up else u.reading) - ASKING - GENERIC - names
    if not asked:
        return True
    context = unit.stems | stems(" ".join([*r.section.headings, *r.document.questions]))
    return covered >= FACT_COVERAGE or coverage(asked, context, rarity) >= ATTRIBUTE_COVERAGE


def _beyond(u: Understanding, ranked: Sequence[Ranked]) -> str:
    """A year to come of which no passage speaks."""
    latest = max((int(r.document.as_of[:4]) for r in ranked if r.document.as_of), default=0)
    text = " ".join(unit.text for r in ranked for unit in r.section.units)
    later = [y for y in re.findall(r"\b20\d\d\b", u.question) if latest and int(y) > latest and y not in text]
    return f"anything on {later[0]}" if later else ""


_VERSIONED = re.compile(r"^[\s-]*v?(?P<v>\d+)(?:\.\d+)*\b", re.IGNORECASE)


def _newer_version(u: Understanding, ranked: Sequence[Ranked]) -> str:
    """A version of a named tool that no passage mentions: 'MLflow 5'."""
    for m in u.mentions:
        if m.kind != "tool":
            continue
        at = u.question.lower().find(m.words)
        version = _VERSIONED.match(u.question[at + len(m.words) :]) if at >= 0 else None
        text = " ".join(unit.text for r in ranked if r.document.id == f"tool/{m.id}" for unit in r.section.units)
        if version and not re.search(rf"\b{version['v']}(?:\.\d+)*\b", text):
            return f"anything about {u.question[at : at + len(m.words)]} {version.group().strip()}"
    return ""


def _words(ranked: Sequence[Ranked]) -> set[str]:
    """The stems of the best eight sections, their headings and the questions their documents answer."""
    found: set[str] = set()
    for r in ranked[:8]:
        found |= {s for unit in r.section.units for s in unit.stems}
        found |= stems(" ".join([r.document.title, *r.section.headings, *r.document.questions]))
    return found


_OF = re.compile(
    r"\b(?:what|who|which|where)(?:'s| is| was| are| were)\b (?:the )?(?P<a>[\w -]{3,40}?) of (?:the )?(?P<x>.+)",
    re.IGNORECASE,
)
_POSSESSIVE = re.compile(r"\b(?P<x>[\w .&-]{2,40}?)(?:'s|’s) (?P<a>[\w -]{3,40})", re.IGNORECASE)


def _attribute_lost(u: Understanding, ranked: Sequence[Ranked], rarity: Rarity) -> str:
    """'X's revenue', 'the phone number of X' where the passages know X and never speak of that."""
    for pattern in (_OF, _POSSESSIVE):
        m = pattern.search(u.question)
        named = [x for x in u.mentions if x.kind in ("tool", "regulation") and m and x.words[:4] in m["x"].lower()]
        if not m or not named:
            continue
        attribute = re.sub(r"\b(?:in )?(?:19|20)\d\d\b", "", m["a"]).strip()
        wanted = stems(attribute) - {s for mention in u.mentions for s in stems(mention.words)}
        about = [r for r in ranked if stems(m["x"]) & stems(" ".join([r.document.title, *r.section.headings]))]
        if wanted and coverage(wanted, _words(about), rarity) < 0.5:
            return f"the {attribute} of {named[0].words.removesuffix(chr(39) + 's')}"
    return ""


_WANTED = {
    "amount": "that price or amount", "date": "that date", "count": "that figure", "version": "that version",
    "person": "that person or organisation", "place": "that place", "licence": "that licence", "any": "that",
}  # fmt: skip

_CAPITAL = re.compile(r"\b[A-Z][A-Za-z0-9]*(?:[.&-]?[A-Za-z0-9]+)*\b")
_PEOPLES = ("ican", "ian", "ean", "ish", "ese")
"""American, Indian, Korean, Spanish, Chinese: where something is from, and not what it is called."""
_CUE = re.compile(
    r"\b(use|using|adopt|buy|is|are|was|about|vs\.?|versus|or|and|than|with|called|which|what|a|an|the|does|did|do|of|to|try)\s+$",
    re.IGNORECASE,
)


def unknown_names(u: Understanding, known_word: Callable[[str], bool]) -> list[str]:
    """Words written like names that the corpus never uses, where the question is about them."""
    covered = {w for m in u.mentions for w in m.words.split()}
    names = []
    for m in _CAPITAL.finditer(u.question):
        word, lower = m.group(), m.group().lower()
        plural = lower[:-1] if len(word) > 2 and word[:-1].isupper() and word.endswith("s") else lower
        known = (
            known_word(lower)
            or known_word(plural)
            or any(known_word(p) for p in re.split(r"[-&.]", lower) if len(p) > 2)
        )
        if lower.endswith(_PEOPLES) or lower in covered or lower in STOPWORDS or len(word) < 3 or known:
            continue
        product = any(c.isdigit() for c in word) or (word[1:] != word[1:].lower() and not word.isupper())
        if product or (m.start() > 0 and _CUE.search(u.question[: m.start()])):
            names.append(word)
    return unique(names)


def _list(names: Sequence[str]) -> str:
    quoted = [f"“{n}”" for n in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
