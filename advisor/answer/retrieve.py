"""Hybrid retrieval: dense and lexical ranks fused, near-duplicates and crowding documents held back."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from advisor.errors import IndexUnavailable, MissingExtra, ModelUnavailable
from advisor.schema import Document, Filters, Hit, Passage

if TYPE_CHECKING:
    from advisor.index.open import Index
    from advisor.interfaces import Embedder, Vectors

DEPTH = 60
"""How many candidates each side puts forward."""
ASKED_DEPTH = 20
ASKED_LEAST = 0.5
"""Cosine below which two questions only share their subject."""
RRF_K = 60
PER_DOCUMENT = 3
DUPLICATE = 0.98
"""Cosine from which two passages say the same."""
QUERY_CHARS = 2000
"""The embedder reads 256 tokens; more is not worth cleaning."""


class _Reranker(Protocol):
    def scores(self, query: str, texts: Sequence[str]) -> list[float]: ...


class HybridRetriever:
    """Finds passages in one index version. Safe to share between threads."""

    def __init__(self, index: Index, embedder: Embedder, reranker: _Reranker | None = None) -> None:
        self._index = index
        self._embedder = embedder
        self._reranker = reranker
        self._beside = ThreadPoolExecutor(os.cpu_count(), "search")
        self.documents: Mapping[str, Document] = index.documents

    def retrieve(self, query: str, k: int = 8, filters: Filters | None = None, *, told: str = "") -> list[Hit]:
        """Up to k passages, best first; none for a query without a word in it.

        `told` is the question as it was put, with the asker's situation: guides are asked in situations too.
        """
        query = query[:QUERY_CHARS]
        if k <= 0 or not any(c.isalnum() for c in query):
            return []
        index = self._index
        expansion = index.glossary.expand(query)
        vector = self._vector(" ".join([expansion.query, *expansion.added[:2]]))
        allowed = index.mask(filters)
        # Chroma searches without holding the interpreter, and takes longer than all the rest.
        searching = None if vector is None else self._beside.submit(self._nearest, vector, allowed)
        lexical = index.bm25.scores(expansion.text)
        if allowed is not None:
            lexical = np.where(allowed, lexical, 0)
        words = _top(lexical, DEPTH)
        asked = {} if vector is None else index.questions.near(vector, ASKED_DEPTH, allowed)
        if vector is not None and told and told != query and (whole := self._vector(told[:QUERY_CHARS])) is not None:
            for row, cosine in index.questions.near(whole, ASKED_DEPTH, allowed).items():
                asked[row] = max(cosine, asked.get(row, 0.0))
            asked = dict(sorted(asked.items(), key=lambda item: -item[1]))
        dense = [row for row, _ in searching.result()] if searching else []
        fused = _fuse(dense, words)
        if self._reranker:
            fused = self._rerank(query, fused)
        most = k if filters and filters.docs else PER_DOCUMENT
        rows = self._pick(fused, k, most)
        # Fused into the ranks they push the records aside that guides are about; at the end they are there to be weighed.
        found = dict(rows)
        likely = [(row, 0.0) for row, c in asked.items() if c >= ASKED_LEAST and row not in found]
        if likely:
            late = self._pick([*rows[: k - k // 4], *likely], k, most)[k - k // 4 :]
            rows = [*rows[: k - len(late)], *late]
        return [
            Hit(
                passage=(passage := index.passage(row)),
                document=index.documents[passage.doc_id],
                score=score,
                dense=0.0 if vector is None else index.exact.cosine(row, vector),
                lexical=float(lexical[row]),
                asked=asked.get(row, 0.0),
            )
            for row, score in rows
        ]

    def by_document(self, doc_id: str) -> list[Passage]:
        """Every passage of a document in reading order."""
        return self._index.by_document(doc_id)

    def as_llama_index(self, k: int = 8) -> Any:
        """This retriever as a LlamaIndex BaseRetriever."""
        from advisor.index.llama import HybridLlamaRetriever

        return HybridLlamaRetriever(lambda query, n: self.retrieve(query, n), k)

    def _vector(self, text: str) -> Vectors | None:
        """The query's vector; None, and a note, where an embedding endpoint is away: words alone still find much."""
        try:
            return self._embedder.embed_query(text)
        except ModelUnavailable as e:
            self._note(f"{e.message} Only lexical search answers.")
            return None

    def _note(self, text: str) -> None:
        if text not in self._index.notes:
            self._index.notes.append(text)

    def _nearest(self, vector: Vectors, allowed: Vectors | None) -> list[tuple[int, float]]:
        # A filter in Chroma costs 20 to 50 times the query; the exact store has the same vectors and takes a mask.
        if allowed is not None:
            return self._index.exact.search(vector, DEPTH, allowed)
        try:
            return self._index.store.search(vector, DEPTH)
        except IndexUnavailable as e:
            self._note(f"{e.message} Exact search answers instead.")
            self._index.store = self._index.exact
            return self._index.exact.search(vector, DEPTH)

    def _rerank(self, query: str, fused: list[tuple[int, float]]) -> list[tuple[int, float]]:
        assert self._reranker is not None
        head = fused[:24]
        scores = self._reranker.scores(query, [self._index.passage(row).text for row, _ in head])
        order = sorted(range(len(head)), key=lambda i: -scores[i])
        # Fused scores stay, dealt out in the new order: their scale is what abstention was calibrated on.
        ranked = [(head[i][0], head[n][1]) for n, i in enumerate(order)]
        return ranked + fused[24:]

    def _pick(self, fused: list[tuple[int, float]], k: int, per_document: int) -> list[tuple[int, float]]:
        """The best k, without near-duplicates and with few from any one document."""
        picked: list[tuple[int, float]] = []
        of_document: Counter[str] = Counter()
        vectors = self._index.exact.vectors
        for row, score in fused:
            doc_id = self._index.passage(row).doc_id
            if of_document[doc_id] >= per_document:
                continue
            if picked and float(np.max(vectors[[r for r, _ in picked]] @ vectors[row])) >= DUPLICATE:
                continue
            picked.append((row, score))
            of_document[doc_id] += 1
            if len(picked) == k:
                break
        return picked


def make_reranker(name: str = "cross-encoder/ms-marco-MiniLM-L6-v2") -> _Reranker:
    """A cross-encoder by name; slow and off by default. Raises MissingExtra or ModelUnavailable."""
    try:
        from advisor.models.torch_models import Reranker
    except ModuleNotFoundError as e:
        if e.name in ("torch", "sentence_transformers"):
            raise MissingExtra("Reranking", "rerank") from e
        raise
    return Reranker(name)


def _fuse(*ranked: Sequence[int]) -> list[tuple[int, float]]:
    """Reciprocal-rank fusion; ties by row, so that the same query always gives the same order."""
    scores: dict[int, float] = {}
    for rows in ranked:
        for rank, row in enumerate(rows, start=1):
            scores[row] = scores.get(row, 0.0) + 1 / (RRF_K + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def _top(scores: Vectors, n: int) -> list[int]:
    rows = np.flatnonzero(scores > 0)
    found: list[int] = rows[np.argsort(-scores[rows], kind="stable")[:n]].tolist()
    return found
