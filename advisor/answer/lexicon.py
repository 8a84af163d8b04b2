"""Which records a question names: tools, practices, roles, threats, models, countries, levels."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from advisor.answer.text import NUMBER_WORDS, STOPWORDS, stem, unique, words
from advisor.knowledge.load import Corpus
from advisor.knowledge.records import (
    Adaptation,
    Cost,
    Dimension,
    MaturityModel,
    Phrasebook,
    Practice,
    Regulation,
    Role,
    Stage,
    Term,
    Threat,
    Tool,
)

ORDINARY = frozenset(
    "aim art ray comet feast evidently prodigy snorkel hydra chroma triton opik tecton fiddler outlines docker flyte "
    "katib ludwig haystack kedro agenta portkey optuna metaflow monitoring evaluation release pipeline serving data "
    "experimentation people governance framing".split()
)
"""Names that are also ordinary words: they count as a name only when written like one."""

COUNTRIES = {
    "united states": "United States", "usa": "United States", "us": "United States", "america": "United States",
    "u.s": "United States", "uk": "United Kingdom", "united kingdom": "United Kingdom", "britain": "United Kingdom",
    "england": "United Kingdom", "london": "United Kingdom", "germany": "Germany", "berlin": "Germany",
    "munich": "Germany", "german": "Germany", "india": "India", "bangalore": "India", "netherlands": "Netherlands",
    "dutch": "Netherlands", "switzerland": "Switzerland", "swiss": "Switzerland", "zurich": "Switzerland",
    "france": "France", "paris": "France", "french": "France", "spain": "Spain", "italy": "Italy",
    "poland": "Poland", "austria": "Austria", "belgium": "Belgium", "sweden": "Sweden", "norway": "Norway",
    "denmark": "Denmark", "finland": "Finland", "ireland": "Ireland", "portugal": "Portugal", "canada": "Canada",
    "australia": "Australia", "japan": "Japan", "china": "China", "brazil": "Brazil", "mexico": "Mexico",
    "singapore": "Singapore", "israel": "Israel", "south africa": "South Africa", "kenya": "Kenya",
    "nigeria": "Nigeria", "turkey": "Turkey", "ukraine": "Ukraine", "romania": "Romania",
    "czech republic": "Czech Republic", "hungary": "Hungary", "greece": "Greece", "new zealand": "New Zealand",
    "argentina": "Argentina", "indonesia": "Indonesia", "vietnam": "Vietnam", "eu": "European Union",
    "europe": "European Union",
}  # fmt: skip

_LEVEL = re.compile(
    r"\b(?:working\s+)?level\s*([0-5]|zero|one|two|three|four|five)\b|\b(?:l|g)([0-4])\b", re.IGNORECASE
)
_FROM_TO = re.compile(r"\b(?:from |between |levels? )?([0-4])\s*(?:to|->|→|and|vs\.?|or|-|–)\s*([0-4])\b")
_MODEL_CUE = re.compile(r"\b(level|levels|maturity|model|models|stage|phase|crosswalk|score)\b", re.IGNORECASE)
_QUESTIONS = frozenset("why how when which who whom what where".split())
_LONGEST = 7


@dataclass(frozen=True)
class Mention:
    """A record named in a text, and the words that named it."""

    kind: str
    id: str
    words: str
    start: int
    """Index of its first word."""
    guessed: bool = False
    """True where a misspelling was read as this name."""
    direct: bool = True
    """False where the glossary leads from these words to the record, rather than its own name."""


@dataclass
class Lexicon:
    """Phrase → records, built once per corpus."""

    phrases: dict[tuple[str, ...], list[tuple[str, str]]] = field(default_factory=dict)
    names: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Single-word names, for misspellings."""
    vocabulary: set[str] = field(default_factory=set)
    spelt: set[str] = field(default_factory=set)
    """Names of tools as they are written: "evidence" is not Evidently, though their stems agree."""
    through: set[tuple[tuple[str, ...], str, str]] = field(default_factory=set)
    """(phrase, kind, id) that only the glossary connects."""
    function_words: dict[str, frozenset[str]] = field(default_factory=dict)
    """Language → words by which it is known, from the phrasebook."""
    labels: dict[tuple[str, str], str] = field(default_factory=dict)
    """(kind, id) → the name a reader should see."""

    def add(self, phrase: str, kind: str, id: str) -> None:
        key = tuple(stem(w) for w in words(phrase))
        if kind == "tool" and len(key) == 1:
            self.spelt.update(words(phrase))
        if key and len(key) <= _LONGEST and not all(w in STOPWORDS for w in words(phrase)):
            targets = self.phrases.setdefault(key, [])
            if (kind, id) not in targets:
                targets.append((kind, id))

    def has(self, phrase: str, kind: str) -> bool:
        """Does a record of this kind go by this very phrase?"""
        return any(k == kind for k, _ in self.phrases.get(tuple(stem(w) for w in words(phrase)), []))

    def mentions(self, text: str) -> list[Mention]:
        """Longest matches first come, first served; a misspelt tool name is guessed within two edits."""
        tokens = [_DOMAIN.sub("", t) for t in words(text)]
        stems = [stem(t) for t in tokens]
        written = {w.lower() for w in re.findall(r"(?<!^)(?<![.!?] )\b[A-Z][\w&.-]*", text)}
        has_cue = bool(_MODEL_CUE.search(text))
        found: list[Mention] = []
        i = 0
        while i < len(tokens):
            for n in range(min(_LONGEST, len(tokens) - i), 0, -1):
                targets = self.phrases.get(tuple(stems[i : i + n]))
                if not targets:
                    continue
                surface = " ".join(tokens[i : i + n])
                if n == 1 and tokens[i] in ORDINARY and tokens[i] not in written and not _named_like(text, tokens[i]):
                    targets = [t for t in targets if t[0] in ("stage", "dimension", "term")]
                if n == 1:
                    targets = [t for t in targets if t[0] != "tool" or tokens[i].removesuffix("'s") in self.spelt]
                if not has_cue:
                    targets = [t for t in targets if t[0] != "maturity-model" or n > 1]
                if targets:
                    key = tuple(stems[i : i + n])
                    found += [Mention(k, id, surface, i, direct=(key, k, id) not in self.through) for k, id in targets]
                    i += n - 1
                    break
            else:
                if guess := self._guess(tokens[i]):
                    found.append(Mention(*guess, tokens[i], i, guessed=True))
            i += 1
        return found

    def _guess(self, token: str) -> tuple[str, str] | None:
        if len(token) < 5 or token in self.vocabulary or token in STOPWORDS or stem(token) in self.vocabulary:
            return None
        limit = 1 if len(token) < 7 else 2
        best = process.extractOne(
            token, self.names.keys(), scorer=DamerauLevenshtein.distance, score_cutoff=limit, processor=None
        )
        return self.names[best[0]] if best and best[0][0] == token[0] else None


def _named_like(text: str, token: str) -> bool:
    """Is an ordinary word used as a name: 'use ray', 'ray vs dask', 'tool ray'?"""
    pattern = rf"(?:\b(?:use|using|tool|tools|with|vs\.?|versus|or|and|is|has|about|on|adopt|called)\s+{re.escape(token)}\b\s*(?:\?|,|vs|versus|or\b|$|for\b|still\b|instead\b|dead\b))|\b{re.escape(token)}\s+(?:vs\.?|versus)\b|\b(?:is|are|does)\s+{re.escape(token)}\s+(?:good|for|worth|free|still|do|cost)\b"
    return bool(re.search(pattern, text, re.IGNORECASE))


def build_lexicon(corpus: Corpus, vocabulary: Iterable[str] = ()) -> Lexicon:
    """Every name a record goes by. `vocabulary` are words that are known and so never misspelt names."""
    lexicon = Lexicon()
    for tool in corpus.all(Tool):
        for name in {tool.name, tool.id, tool.id.replace("-", " "), *_parts(tool.name)}:
            lexicon.add(name, "tool", tool.id)
        lexicon.add(tool.category.replace("-", " "), "category", tool.category)
    for role in corpus.all(Role):
        for name in {role.name, role.id.replace("-", " "), *role.also_called, *_parts(role.name)}:
            lexicon.add(name, "role", role.id)
    for practice in corpus.all(Practice):
        for name in {practice.title, practice.id.replace("-", " ")}:
            lexicon.add(name, "practice", practice.id)
    for threat in corpus.all(Threat):
        for name in {threat.name, threat.id.replace("-", " "), threat.code, *_parts(threat.name)}:
            lexicon.add(name, "threat", threat.id)
    for model in corpus.all(MaturityModel):
        for name in {model.name, model.id.replace("-", " "), *_parts(model.name)}:
            lexicon.add(name, "maturity-model", model.id)
    for kind in ("regulation", "adaptation", "dimension", "stage"):
        for record in corpus.records[kind].values():
            assert isinstance(record, Regulation | Adaptation | Dimension | Stage)
            for name in {record.name, record.id.replace("-", " "), *_parts(record.name)}:
                lexicon.add(name, kind, record.id)
    for cost in corpus.all(Cost):
        for name in {cost.name, *_parts(cost.name)}:
            lexicon.add(name, "cost", cost.id)
    _add_terms(corpus, lexicon)
    for name, country in COUNTRIES.items():
        lexicon.add(name, "country", country)
    for kind, records in corpus.records.items():
        for item in records.values():
            lexicon.labels[kind, item.id] = str(getattr(item, "name", None) or getattr(item, "title", item.id))
    lexicon.names = {
        key[0]: next(t for t in targets if t[0] == "tool")
        for key, targets in lexicon.phrases.items()
        if len(key) == 1 and len(key[0]) >= 5 and key[0] not in ORDINARY and any(t[0] == "tool" for t in targets)
    }
    lexicon.vocabulary = set(vocabulary)
    for book in corpus.all(Phrasebook):
        told = {
            w for w, english in book.words.items() if (not english or english.split()[0] in _QUESTIONS) and " " not in w
        }
        lexicon.function_words[book.id] = frozenset(w for w in told if "*" not in w)
    return lexicon


def _add_terms(corpus: Corpus, lexicon: Lexicon) -> None:
    kinds = {id: kind for kind, records in corpus.records.items() if kind not in ("source", "term") for id in records}
    kinds |= dict.fromkeys(corpus.guides, "guide")
    categories = {_key(tool.category): tool.category for tool in corpus.all(Tool)}
    for term in corpus.all(Term):
        names = (term.term, *term.synonyms)
        category = next((categories[_key(name)] for name in names if _key(name) in categories), None)
        for name in names:
            lexicon.add(name, "term", term.id)
            if category:  # the word for a kind of tool, whichever of its names is used
                lexicon.add(name, "category", category)
            for id in term.see:
                if id in kinds and not lexicon.has(name, kinds[id]):
                    lexicon.add(name, kinds[id], id)
                    lexicon.through.add((tuple(stem(w) for w in words(name)), kinds[id], id))


def _key(name: str) -> tuple[str, ...]:
    return tuple(stem(w) for w in words(name.replace("-", " ")))


def _parts(name: str) -> set[str]:
    """`Great Expectations (GX Core)` also goes by `Great Expectations` and by `GX Core`."""
    parts = {p.strip() for p in re.split(r"[()/]| – |: ", name)}
    return {p for p in parts if len(p) > 2 and not p.isdigit() and p.lower() not in _ANY}


_ANY = frozenset({"maturity model", "levels", "model", "roadmap", "open source", "open-source"})
"""What is left of a name beside its bracket, and names nothing."""
_DOMAIN = re.compile(r"\.(?:ai|io|com|dev|org|net)$")


def entities(mentions: list[Mention], text: str) -> dict[str, list[str]]:
    """Kind → ids in order of mention, with `level` for levels named by number."""
    found: dict[str, list[str]] = {}
    for m in sorted(mentions, key=lambda m: m.start):
        found.setdefault(m.kind, []).append(m.id)
    for match in _LEVEL.finditer(text):
        raw = (match.group(1) or match.group(2)).lower()
        found.setdefault("level", []).append(str(NUMBER_WORDS.get(raw, raw)))
    if "maturity-model" in found and (span := _FROM_TO.search(text)):
        found.setdefault("level", []).extend(span.groups())
    if load := token_load(text):
        found["tokens"] = [f"{load:g}"]
    if size := _SIZE.search(text):
        found["parameters"] = [size["n"]]
    return {kind: unique(ids) for kind, ids in found.items()}


_SIZE = re.compile(
    r"\b(?P<n>\d{1,4}(?:\.\d)?) ?(?:b|bn|billion)(?=[ -](?:open |parameters?|params?|models?|llms?|llama|qwen|mistral))",
    re.IGNORECASE,
)
_LOAD = re.compile(
    r"(?P<n>\d[\d.,]*) ?(?P<u>k|thousand|m|mn|million|b|bn|billion)? tokens? (?:a|per|each|every|/) ?(?P<t>second|minute|hour|day|week|month|year)",
    re.IGNORECASE,
)
_MILLIONS = {"": 1e-6, "k": 1e-3, "t": 1e-3, "m": 1.0, "b": 1e3}
_PER_MONTH = {
    "second": 2_592_000.0,
    "minute": 43_200.0,
    "hour": 720.0,
    "day": 30.0,
    "week": 4.33,
    "month": 1.0,
    "year": 1 / 12,
}


def token_load(text: str) -> float | None:
    """Million tokens a month, where a text names a volume with its time ("20 million tokens a day")."""
    m = _LOAD.search(text)
    if m is None:
        return None
    n = float(m["n"].replace(",", "").rstrip(".") or 0)
    return n * _MILLIONS[(m["u"] or "")[:1].lower()] * _PER_MONTH[m["t"].lower()]
