"""The questions that documents say they answer, each with a vector of its own.

Two people who ask the same thing are nearer to each other than either is to the text of
the answer, and a list of ten questions in one vector is near to none of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from advisor.interfaces import Vectors
    from advisor.schema import Document, Passage

LEAST = 0.3
"""Two questions farther apart than this have nothing in common."""
ROWS, VECTORS = "questions.json", "questions.npy"


class Questions:
    """`rows[i]` is the passage that answers the question of `vectors[i]`."""

    def __init__(self, rows: Any, vectors: Vectors) -> None:
        self._rows, self._vectors = rows, vectors

    @classmethod
    def open(cls, folder: Path) -> Questions:
        """Raises OSError or ValueError where the files are missing or do not fit together."""
        rows = np.array(json.loads((folder / ROWS).read_bytes()), dtype=np.int64)
        vectors = np.asarray(np.load(folder / VECTORS, mmap_mode="r", allow_pickle=False))
        if len(rows) != len(vectors):
            raise ValueError("questions and vectors differ in number")
        return cls(rows, vectors)

    def near(self, vector: Vectors, k: int, allowed: Vectors | None = None) -> dict[int, float]:
        """Passage row → cosine of its nearest question, for the k nearest passages, best first; none below LEAST."""
        cosines = self._vectors @ vector
        if allowed is not None:
            cosines = np.where(allowed[self._rows], cosines, -1.0)
        best: dict[int, float] = {}
        likely = np.flatnonzero(cosines >= LEAST)
        for i in likely[np.argsort(-cosines[likely], kind="stable")].tolist():
            if len(best) == k:
                break
            best.setdefault(int(self._rows[i]), float(cosines[i]))
        return best


def answered(documents: Mapping[str, Document], passages: Sequence[Passage]) -> list[tuple[int, str]]:
    """(passage row, question) of everything that the documents say they answer.

    A document's own questions belong to its opening passage; each heading is one more, and belongs to the
    passage under it. A guide's headings need its title beside them, a record's name it themselves.
    """
    found: list[tuple[int, str]] = []
    seen: set[tuple[str, ...]] = set()
    for row, passage in enumerate(passages):
        document = documents[passage.doc_id]
        if (passage.doc_id,) not in seen:
            seen.add((passage.doc_id,))
            found += [(row, question) for question in document.questions]
        heading = (passage.doc_id, *passage.headings)
        if len(passage.headings) > 1 and heading not in seen:
            seen.add(heading)
            about = f" ({document.title})" if document.kind == "guide" else ""
            found.append((row, f"{passage.headings[-1]}{about}"))
    return found


def write(folder: Path, rows: Sequence[int], vectors: Vectors) -> None:
    """Save both files into an index version's folder."""
    (folder / ROWS).write_text(json.dumps(list(rows)), "utf-8")
    np.save(folder / VECTORS, vectors, allow_pickle=False)
