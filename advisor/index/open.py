"""The serving index, opened memory-mapped and checked against its manifest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from threadpoolctl import threadpool_limits

from advisor.errors import Busy, IndexUnavailable
from advisor.index.lexical import Bm25
from advisor.index.manifest import REBUILD, Manifest, current, damaged, read_manifest
from advisor.index.questions import Questions
from advisor.index.store_exact import ExactStore
from advisor.knowledge.glossary import Glossary
from advisor.knowledge.load import corpus_version
from advisor.schema import Document, Filters, Passage

if TYPE_CHECKING:
    from advisor.config import Settings
    from advisor.interfaces import Embedder, Vectors, VectorStore


class _Documents(Mapping[str, Document]):
    """Documents by id, each made when first asked for: validating all of them would delay the first answer."""

    def __init__(self, raw: list[dict[str, Any]]) -> None:
        self.raw = raw
        self._at = {d["id"]: i for i, d in enumerate(raw)}
        self._made: dict[str, Document] = {}

    def __getitem__(self, id: str) -> Document:
        if id not in self._made:
            self._made[id] = Document.model_validate(self.raw[self._at[id]])
        return self._made[id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._at)

    def __len__(self) -> int:
        return len(self._at)


@dataclass
class Index:
    """One version, ready to search. `notes` says what a reader of the status page should know."""

    manifest: Manifest
    documents: Mapping[str, Document]
    store: VectorStore
    exact: ExactStore
    bm25: Bm25
    questions: Questions
    glossary: Glossary
    notes: list[str]
    _raw: list[dict[str, Any]]
    _rows: list[tuple[str, int, int, int, list[str]]]
    _made: dict[int, Passage] = field(default_factory=dict)

    def passage(self, row: int) -> Passage:
        """The passage of a row, as the stores number them."""
        if row not in self._made:
            id, at, start, end, headings = self._rows[row]
            document = self._raw[at]
            self._made[row] = Passage(
                id=id, doc_id=document["id"], start=start, end=end, headings=headings, text=document["text"][start:end]
            )
        return self._made[row]

    @cached_property
    def _of_document(self) -> dict[str, list[int]]:
        rows: dict[str, list[int]] = {}
        for row, (_, at, *_rest) in enumerate(self._rows):
            rows.setdefault(self._raw[at]["id"], []).append(row)
        return rows

    def by_document(self, doc_id: str) -> list[Passage]:
        """Every passage of a document in reading order; empty where there is no such document."""
        return [self.passage(row) for row in self._of_document.get(doc_id, [])]

    def mask(self, filters: Filters | None) -> Vectors | None:
        """Which rows a filter allows, as a boolean array; None where it allows all."""
        if filters is None or not any(filters.model_dump().values()):
            return None
        allowed = np.array([_matches(d, filters) for d in self._raw], dtype=bool)
        mask: Vectors = allowed[self._positions]
        return mask

    @cached_property
    def _positions(self) -> Any:
        return np.fromiter((row[1] for row in self._rows), dtype=np.int64, count=len(self._rows))

    def close(self) -> None:
        """Give the Chroma folder back to other processes."""
        close = getattr(self.store, "close", None)
        if close:
            close()


def open_index(settings: Settings, embedder: Embedder, store: Literal["chroma", "exact"] = "chroma") -> Index:
    """The serving index. `exact` opens in a tenth of the time: one process, one question.

    Raises IndexUnavailable where there is none, it is damaged beyond the vectors, or another embedder made it.
    A Chroma that is damaged or owned by another process is replaced by exact search over the same vectors.
    """
    folder = current(settings.data)
    if folder is None:
        raise IndexUnavailable("There is no index yet.", "Build it: advisor index")
    manifest = read_manifest(folder)
    if manifest.embedder != embedder.identity:
        raise IndexUnavailable(
            f"The index was built with another embedder ({manifest.embedder.split(';')[0]}).",
            "Build it for this one: advisor index",
        )
    bad = [name for name in damaged(folder, manifest, content=False) if not name.startswith("chroma/")]
    if bad:
        raise IndexUnavailable(f"The index is damaged: {', '.join(bad)}.", REBUILD)
    try:
        rows = json.loads((folder / "passages.json").read_bytes())
        documents = _Documents(json.loads((folder / "documents.json").read_bytes()))
        words = json.loads((folder / "glossary.json").read_bytes())
        exact = ExactStore.open(folder)
        bm25 = Bm25.open(folder, len(rows))
        questions = Questions.open(folder)
        glossary = Glossary(words["synonyms"], words["vocabulary"])
    except (OSError, ValueError, KeyError, TypeError) as e:
        raise IndexUnavailable(f"The index is damaged: {e}.", REBUILD) from e
    if exact.vectors.shape != (len(rows), manifest.dimension):
        raise IndexUnavailable("The index is damaged: its vectors do not fit its passages.", REBUILD)
    # A product over so few vectors is quicker alone than shared out, and its helpers would spin on the other cores.
    threadpool_limits(limits=1, user_api="blas")
    notes: list[str] = []
    if manifest.corpus != corpus_version(settings.corpus.resolve()):
        notes.append("The corpus has changed since the index was built. Bring it up to date: advisor index")
    serving: VectorStore = exact
    if store == "chroma":
        serving = _chroma(folder, manifest, [row[0] for row in rows], settings.chroma_url, notes) or exact
    return Index(manifest, documents, serving, exact, bm25, questions, glossary, notes, documents.raw, rows)


def _chroma(folder: Path, manifest: Manifest, ids: list[str], url: str | None, notes: list[str]) -> VectorStore | None:
    """The Chroma store, or None and a note why exact search takes its place."""
    instead = "Exact search over the same vectors answers instead."
    if not manifest.chroma:
        notes.append(f"Chroma failed its check when this index was built. {instead} {REBUILD}")
        return None
    from advisor.index.store_chroma import ChromaStore, sqlite_is_sound

    # A broken Chroma can crash the process that opens it, so it is compared with what was verified, unopened.
    if url is None and (damaged(folder, manifest, "chroma/", content=True) or not sqlite_is_sound(folder)):
        notes.append(f"The Chroma index is damaged. {instead} {REBUILD}")
        return None
    try:
        return ChromaStore(folder, manifest.version, ids, url)
    except (Busy, IndexUnavailable) as e:
        notes.append(f"{e.message} {instead}")
        return None


def _matches(document: dict[str, Any], filters: Filters) -> bool:
    def any_of(wanted: list[Any], name: str) -> bool:
        return not wanted or not set(wanted).isdisjoint(document.get(name, []))

    track = document.get("track", "both")
    return (
        (not filters.kinds or document["kind"] in filters.kinds)
        and (not filters.docs or document["id"] in filters.docs)
        and (not filters.tracks or track == "both" or "both" in filters.tracks or track in filters.tracks)
        and any_of(filters.stages, "stages")
        and any_of(filters.levels, "levels")
        and any_of(filters.roles, "roles")
        and any_of(filters.tools, "tools")
    )
