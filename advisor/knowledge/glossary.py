"""Other people's words and misspellings, turned into the corpus's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from advisor.knowledge.load import Corpus
from advisor.knowledge.records import Term

_WORD = re.compile(r"[a-z0-9]+(?:[-'][a-z0-9]+)*")
MIN_TYPO = 4
"""Shorter words have too many neighbours to be corrected."""
OFTEN = 100


def words(text: str) -> list[str]:
    """Lower-case words, with inner hyphens and apostrophes."""
    return _WORD.findall(text.lower())


@dataclass(frozen=True)
class Expansion:
    """A query with what the corpus would call its words."""

    query: str
    """The query with misspelt words put right."""
    added: tuple[str, ...]
    """Our terms for the asker's words."""
    corrected: dict[str, str]

    @property
    def text(self) -> str:
        """Corrected query and added terms, for lexical search."""
        return " ".join([self.query, *self.added])


@dataclass(frozen=True)
class Glossary:
    """`synonyms` maps a lower-case phrase to our terms; `vocabulary` counts the corpus's words."""

    synonyms: Mapping[str, list[str]]
    vocabulary: Mapping[str, int]

    @cached_property
    def _longest(self) -> int:
        return max((p.count(" ") + 1 for p in self.synonyms), default=0)

    @cached_property
    def _known(self) -> frozenset[str]:
        parts = {p for phrase in self.synonyms for w in phrase.split() for p in [w, *re.split(r"[-']", w)]}
        return frozenset(parts | set(self.vocabulary))

    @cached_property
    def _targets(self) -> list[str]:
        """Words to correct towards: a word seen once may itself be a misspelling or a stranger's name."""
        return [w for w, n in self.vocabulary.items() if n > 1 and len(w) >= MIN_TYPO - 1 and w.isalpha()]

    def expand(self, query: str) -> Expansion:
        """The query corrected, and our terms for the phrases in it."""
        corrected = {w: c for w in dict.fromkeys(words(query)) if (c := self._correct(w)) is not None}
        fixed = _WORD.sub(lambda m: corrected.get(m.group(), m.group()), query.lower()) if corrected else query
        return Expansion(fixed, tuple(self._terms(words(fixed))), corrected)

    def _terms(self, said: list[str]) -> list[str]:
        text = f" {' '.join(said)} "
        added: list[str] = []
        for n in range(min(self._longest, len(said)), 0, -1):
            for i in range(len(said) - n + 1):
                for term in self.synonyms.get(" ".join(said[i : i + n]), []):
                    if term not in added and f" {term} " not in text:
                        added.append(term)
        return added

    def _correct(self, word: str) -> str | None:
        if len(word) < MIN_TYPO or not word.isalpha() or self._is_known(word):
            return None
        from rapidfuzz.distance import OSA
        from rapidfuzz.process import extract

        limit = 1 if len(word) < 9 else 2
        near = extract(word, self._targets, scorer=OSA.distance, score_cutoff=limit, limit=20)
        # People seldom mistype the first letter. A short word with one letter exchanged is mostly another word:
        # "paris" is no "parts".
        near = [n for n in near if n[0][0] == word[0] and (len(word) > 6 or not _one_exchanged(word, n[0]))]
        if len(word) == MIN_TYPO:  # so short a word is only one that lost a letter, and of a word that is used often
            near = [n for n in near if len(n[0]) > len(word) and self.vocabulary[n[0]] >= OFTEN]
        if not near:
            return None
        return min(near, key=lambda n: (n[1], -self.vocabulary[n[0]], n[0]))[0]

    def _is_known(self, word: str) -> bool:
        """Known as it stands or in another inflection."""
        if word not in self._known and f"{word}e" in self._known:
            return False  # "featur" is no form of "feature", though "features" is
        stems = {word.removesuffix(end) for end in ("s", "es", "ed", "ing") if word.endswith(end)}
        forms = stems | {s + e for s in stems for e in ("s", "es", "e", "ed", "ing", "d")}
        forms |= {word + e for e in ("", "s", "es", "ed", "ing", "d")}
        return not forms.isdisjoint(self._known)


def _one_exchanged(word: str, other: str) -> bool:
    return len(word) == len(other) and sorted(word) != sorted(other)


def synonyms(corpus: Corpus) -> dict[str, list[str]]:
    """Each synonym of the glossary, lower-case → the terms it stands for."""
    table: dict[str, list[str]] = {}
    for term in corpus.all(Term):
        for other in term.synonyms:
            phrase, ours = " ".join(words(other)), " ".join(words(term.term))
            if phrase and phrase != ours:
                table.setdefault(phrase, []).append(ours)
    return table


def vocabulary(texts: Iterable[str]) -> dict[str, int]:
    """How often each word occurs; a hyphenated word counts whole and in its parts."""
    counts: dict[str, int] = {}
    for text in texts:
        for word in words(text):
            for w in {word, *re.split(r"[-']", word)}:
                counts[w] = counts.get(w, 0) + 1
    counts.pop("", None)
    return counts
