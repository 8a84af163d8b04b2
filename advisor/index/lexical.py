"""BM25 over the passages, saved with the index and memory-mapped when opened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bm25s
import numpy as np
import Stemmer

from advisor.knowledge.glossary import words

if TYPE_CHECKING:
    from advisor.interfaces import Vectors

_STOP = frozenset(
    words(
        "a about all also am an and any are as at be been but by can could did do does for from get had has have how i "
        "if in into is it its just let me my of on or our please should so some tell than that the their them then "
        "there these they this those to up us was we what when where which who why will with would you your"
    )
)
_stemmer = Stemmer.Stemmer("english")


def terms(text: str) -> list[str]:
    """Stems of the words that carry meaning; a hyphenated word whole and in its parts."""
    found: list[str] = []
    for word in words(text):
        parts = [word, *word.replace("'", "-").split("-")] if "-" in word or "'" in word else [word]
        found.extend(p for p in parts if p and p not in _STOP)
    stems: list[str] = _stemmer.stemWords(found)
    return stems


class Bm25:
    """Lexical scores of every passage for a query."""

    def __init__(self, model: Any, rows: int) -> None:
        self._model = model
        self._rows = rows

    @classmethod
    def open(cls, folder: Path, rows: int) -> Bm25:
        return cls(bm25s.BM25.load(str(folder / "bm25"), mmap=True), rows)

    def scores(self, query: str) -> Vectors:
        """Shape (passages,), float32; zero where nothing matches."""
        known = [t for t in dict.fromkeys(terms(query)) if t in self._model.vocab_dict]
        if not known:
            return np.zeros(self._rows, dtype=np.float32)
        scores: Vectors = self._model.get_scores(known)
        return scores


def build(texts: Iterable[str], folder: Path) -> None:
    """Save the BM25 index of `texts`, one row each, under `folder`/bm25."""
    corpus: Sequence[list[str]] = [terms(t) or [""] for t in texts]
    model = bm25s.BM25(method="lucene", k1=1.2, b=0.6)
    model.index(corpus, show_progress=False)
    model.save(str(folder / "bm25"), show_progress=False)
