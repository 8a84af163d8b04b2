"""The record of what is indexed: documents, passages and embeddings in SQLite. Every index can be rebuilt from it."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from advisor.interfaces import Vectors
    from advisor.schema import Document, Passage

_TABLES = """
CREATE TABLE IF NOT EXISTS embeddings (
    embedder TEXT NOT NULL, sha TEXT NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (embedder, sha)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS documents (id TEXT PRIMARY KEY, position INTEGER NOT NULL, record TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS passages (
    id TEXT PRIMARY KEY, doc_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE, position INTEGER NOT NULL,
    start INTEGER NOT NULL, end INTEGER NOT NULL, headings TEXT NOT NULL, sha TEXT NOT NULL
);
"""


def text_hash(text: str) -> str:
    """sha256 of a text, in hex."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Record:
    """One writer's connection; closes with the `with` block."""

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600, exist_ok=True)
        self._db = sqlite3.connect(path, timeout=5, isolation_level=None)
        # secure_delete: what was deleted is also overwritten.
        self._db.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON;"
            + _TABLES
        )

    def __enter__(self) -> Record:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def embeddings(self, embedder: str, dimension: int) -> dict[str, Vectors]:
        """Text hash → stored vector; one of the wrong size counts as not stored."""
        rows = self._db.execute("SELECT sha, vector FROM embeddings WHERE embedder = ?", (embedder,))
        return {sha: np.frombuffer(blob, dtype=np.float32) for sha, blob in rows if len(blob) == 4 * dimension}

    def add_embeddings(self, embedder: str, shas: Sequence[str], vectors: Vectors) -> None:
        """Kept at once, so that a build that was cut off goes on where it stopped."""
        self._in_transaction(
            "INSERT OR REPLACE INTO embeddings VALUES (?, ?, ?)",
            [
                (embedder, sha, np.ascontiguousarray(v, dtype=np.float32).tobytes())
                for sha, v in zip(shas, vectors, strict=True)
            ],
        )

    def replace(
        self,
        documents: Mapping[str, Document],
        passages: Sequence[Passage],
        shas: Sequence[str],
        asked: Sequence[str],
        embedder: str,
    ) -> None:
        """Make this the whole record: what is not in it any more is gone, embeddings included.

        `shas` are those of the passages, `asked` those of the questions that documents say they answer.
        """
        self._db.execute("CREATE TEMP TABLE IF NOT EXISTS asked (sha TEXT PRIMARY KEY)")
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.execute("DELETE FROM passages")
            self._db.execute("DELETE FROM documents")
            self._db.executemany(
                "INSERT INTO documents VALUES (?, ?, ?)",
                [(d.id, i, d.model_dump_json()) for i, d in enumerate(documents.values())],
            )
            self._db.executemany(
                "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (p.id, p.doc_id, i, p.start, p.end, json.dumps(p.headings), sha)
                    for i, (p, sha) in enumerate(zip(passages, shas, strict=True))
                ],
            )
            self._db.execute("DELETE FROM asked")
            self._db.executemany("INSERT OR IGNORE INTO asked VALUES (?)", [(sha,) for sha in asked])
            self._db.execute(
                "DELETE FROM embeddings WHERE embedder <> ? OR sha NOT IN "
                "(SELECT sha FROM passages UNION SELECT sha FROM asked)",
                (embedder,),
            )
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise

    def counts(self) -> dict[str, int]:
        """Rows by table."""
        tables = ("documents", "passages", "embeddings")
        return {t: self._db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in tables}  # noqa: S608

    def _in_transaction(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany(statement, rows)
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
