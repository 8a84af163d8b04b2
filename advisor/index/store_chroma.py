"""Chroma as a disposable vector index: built and checked in a child process, never added to afterwards.

A writer killed while an embedded Chroma flushes can leave it broken for good, and a
broken one can crash whoever opens it. So: own embeddings always, one flush, one owner.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

import chromadb
import numpy as np
from chromadb.config import Settings as ChromaSettings
from filelock import FileLock, Timeout

from advisor.errors import Busy, IndexUnavailable

if TYPE_CHECKING:
    from advisor.interfaces import Vectors

ROWS_PER_ADD = 5000
"""Chroma refuses more than 5,461 at once."""
TRIED = 500
"""Passages looked up by their own vector, in equal steps, before a new index may serve."""


class ChromaStore:
    """One index version in Chroma. Raises Busy where another process owns the folder."""

    def __init__(self, folder: Path, version: str, ids: list[str], url: str | None) -> None:
        self._lock: FileLock | None = None
        if url is None:
            self._lock = FileLock(folder / "chroma.lock")
            try:
                self._lock.acquire(timeout=0)
            except Timeout as e:
                raise Busy(
                    "Another process owns this Chroma index.", "Stop it, or set ADVISOR_CHROMA_URL to share a server."
                ) from e
        try:
            self._collection = _client(folder, url).get_collection(_collection_name(version), embedding_function=None)
        except Exception as e:  # Chroma raises whatever its Rust core, SQLite or HTTP client raises
            self.close()
            raise IndexUnavailable(
                f"Chroma cannot open the index: {e}", "Build it again: advisor index --rebuild"
            ) from e
        self._row = {id: row for row, id in enumerate(ids)}

    def search(self, vector: Vectors, k: int, allowed: Vectors | None = None) -> list[tuple[int, float]]:
        """Up to k (row, cosine) pairs, best first. Filtered searches belong to the exact store."""
        if allowed is not None:
            raise ValueError("Chroma's metadata filters cost 20 to 50 times the query; filter in the exact store")
        k = min(k, len(self._row))
        if k <= 0:
            return []
        try:
            found = self._collection.query(query_embeddings=[vector.tolist()], n_results=k, include=["distances"])
        except Exception as e:
            raise IndexUnavailable(f"Chroma cannot search: {e}", "Build it again: advisor index --rebuild") from e
        distances = (found["distances"] or [[]])[0]
        return [
            (self._row[i], 1.0 - float(d)) for i, d in zip(found["ids"][0], distances, strict=True) if i in self._row
        ]

    def close(self) -> None:
        """Give the folder back."""
        if self._lock is not None:
            self._lock.release()


def sqlite_is_sound(folder: Path) -> bool:
    """True where Chroma's SQLite file passes SQLite's own check."""
    path = folder / "chroma" / "chroma.sqlite3"
    try:
        db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            return bool(db.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
        finally:
            db.close()
    except sqlite3.Error:
        return False


def _client(folder: Path, url: str | None) -> Any:
    settings = ChromaSettings(anonymized_telemetry=False)
    if url is None:
        return chromadb.PersistentClient(str(folder / "chroma"), settings=settings)
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    return chromadb.HttpClient(
        host=parts.hostname or "localhost", port=parts.port or (443 if secure else 8000), ssl=secure, settings=settings
    )


def _collection_name(version: str) -> str:
    return f"advisor-{version}"


def _load(folder: Path) -> tuple[list[str], Vectors]:
    rows = json.loads((folder / "passages.json").read_text("utf-8"))
    return [row[0] for row in rows], np.load(folder / "embeddings.npy", allow_pickle=False)


def _build(folder: Path, version: str, url: str | None) -> None:
    ids, vectors = _load(folder)
    # One flush: the threshold is met by the last row, neither before (torn files) nor never (replay at each opening).
    hnsw = {"space": "cosine", "ef_search": 200, "batch_size": min(100, max(2, len(ids)))}
    if url is None:
        hnsw["sync_threshold"] = max(2, len(ids))
    client = _client(folder, url)
    collection = client.create_collection(
        _collection_name(version), embedding_function=None, configuration={"hnsw": hnsw}
    )
    for at in range(0, len(ids), ROWS_PER_ADD):
        collection.add(ids=ids[at : at + ROWS_PER_ADD], embeddings=vectors[at : at + ROWS_PER_ADD])
    client.close()


def _verify(folder: Path, version: str, url: str | None) -> None:
    """Every id is there, and each tried vector finds itself: `count()` alone was seen to lie."""
    ids, vectors = _load(folder)
    collection = _client(folder, url).get_collection(_collection_name(version), embedding_function=None)
    if set(collection.get(include=[])["ids"]) != set(ids):
        raise ValueError("ids differ from the record")
    missed = 0
    tried = range(0, len(ids), max(1, len(ids) // TRIED))
    for at in range(0, len(tried), 100):
        rows = list(tried[at : at + 100])
        found = collection.query(query_embeddings=vectors[rows], n_results=min(5, len(ids)), include=["distances"])
        for row, names, distances in zip(rows, found["ids"], found["distances"] or [], strict=True):
            # Equal texts have equal vectors: distance nought is as good as the id itself.
            missed += ids[row] not in names and (not distances or distances[0] > 1e-5)
    if missed > 0.001 * len(tried):
        raise ValueError(f"{missed} of {len(tried)} passages cannot be found by their own vector")


def _drop(folder: Path, version: str, url: str | None) -> None:
    _client(folder, url).delete_collection(_collection_name(version))


def _in_a_fork(step: Callable[[Path, str, str | None], None], *order: Any) -> None:
    """Whole from opening to flush in a process of its own, without importing Chroma once more."""
    pid = os.fork()
    if pid == 0:
        try:
            step(*order)
        except BaseException as e:
            _leave(1, str(e) or type(e).__name__)
        _leave(0)
    if status := os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
        _leave(abs(status))


def _leave(status: int, said: str = "") -> NoReturn:
    """End now: the client is closed, and taking the interpreter down would take a quarter of a second each time."""
    if said:
        sys.stderr.write(f"{said}\n")
        sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    # No order means that whoever started this is gone.
    if _order := sys.stdin.read():
        _folder, _version = json.loads(_order)
        for _step in {"build": (_build, _verify), "drop": (_drop,)}[sys.argv[1]]:
            _in_a_fork(_step, Path(_folder), _version, sys.argv[2] or None)
    _leave(0)
