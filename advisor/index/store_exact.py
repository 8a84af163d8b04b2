"""Exact nearest passages by matrix product: the reference, the fallback, and the fastest for a corpus of this size."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from advisor.interfaces import Vectors


class ExactStore:
    """All vectors of one version, memory-mapped."""

    def __init__(self, vectors: Vectors) -> None:
        self.vectors = vectors

    @classmethod
    def open(cls, folder: Path) -> ExactStore:
        return cls(np.asarray(np.load(folder / "embeddings.npy", mmap_mode="r", allow_pickle=False)))

    def search(self, vector: Vectors, k: int, allowed: Vectors | None = None) -> list[tuple[int, float]]:
        """Up to k (row, cosine) pairs, best first; ties by row."""
        scores = self.vectors @ vector
        if allowed is not None:
            scores = np.where(allowed, scores, -np.inf)
        k = min(k, len(scores))
        if k <= 0:
            return []
        rows = np.argpartition(-scores, k - 1)[:k]
        rows = rows[np.lexsort((rows, -scores[rows]))]
        return [(int(r), float(scores[r])) for r in rows if scores[r] != -np.inf]

    def cosine(self, row: int, vector: Vectors) -> float:
        return float(self.vectors[row] @ vector)
