"""Corpus → documents → passages → embeddings → a new index version beside the serving one → the pointer flips."""

from __future__ import annotations

import datetime as dt
import errno
import hashlib
import json
import shutil
import sqlite3
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from filelock import FileLock, Timeout

from advisor.errors import Busy, IndexUnavailable, StorageError
from advisor.index import cutter, questions
from advisor.index.child import Child, start_cutter
from advisor.index.manifest import Manifest, current, damaged, index_folder, measure, point_to, read_manifest
from advisor.index.record import Record, text_hash
from advisor.knowledge import chunk, glossary, load, render
from advisor.knowledge.chunk import embed_text
from advisor.schema import Passage

if TYPE_CHECKING:
    from advisor.config import Settings
    from advisor.interfaces import Embedder, Vectors
    from advisor.schema import Document

Progress = Callable[[int, int, str], None]
"""Called with (done, total, what)."""

_Before = dict[tuple[str, str, str], list[Passage]]
"""Passages by id, title and text of their document."""

EMBED_AT_ONCE = 256


def build(
    settings: Settings,
    embedder: Embedder,
    progress: Progress | None = None,
    *,
    rebuild: bool = False,
    cutting: Child | None = None,
) -> Manifest:
    """The manifest of an index of the present corpus: the serving one where nothing changed, else a new one.

    Only new text is embedded. `rebuild` makes a new version even so; `cutting` is a cutter that the caller
    started ahead, for its imports take longest. Raises Busy, CorpusError, StorageError or
    ModelUnavailable; whatever happens, the serving version stays as it was until the new one is complete.
    """
    report = progress or _silent
    data = settings.data
    with _storage_errors(data), _only_builder(data), ExitStack() as stack:
        serving = None if rebuild else _unchanged(settings, embedder)
        if serving:
            report(serving.passages, serving.passages, "unchanged")
            return serving
        _sweep(data)
        cutting = cutting or stack.enter_context(start_cutter())
        chroma = stack.enter_context(_chroma("build", settings.chroma_url))
        report(0, 1, "reading the corpus")
        corpus = load.load(settings.corpus)
        documents = render.render(corpus)
        kept = _kept(documents.values(), {} if rebuild else _cut_before(data))
        changed = [documents[id] for id, cut in kept.items() if not cut]
        cutter.order(cutting, changed)
        with Record(data / "index.db") as record:
            known = record.embeddings(embedder.identity, embedder.dimension)  # while the cutter is at work
            found = _cut(cutting, kept, changed, report)
            if not found:
                raise IndexUnavailable("The corpus has no text to index.", "Check ADVISOR_CORPUS: advisor corpus check")
            texts = [embed_text(p, documents[p.doc_id]) for p in found]
            shas = [text_hash(t) for t in texts]
            _need_space(data, len(found) * embedder.dimension * 4 * 5 + 10 * sum(map(len, texts)))
            asked = questions.answered(documents, found)
            asked_texts = [question for _, question in asked]
            asked_shas = [text_hash(question) for question in asked_texts]
            vectors, missing = _embed(embedder, [*texts, *asked_texts], [*shas, *asked_shas], known, record, report)
            new, vectors, asked_vectors = len(missing.intersection(shas)), vectors[: len(texts)], vectors[len(texts) :]
            version = f"{dt.datetime.now(dt.UTC):%Y%m%d%H%M%S}-{uuid.uuid4().hex[:6]}"
            folder = index_folder(data) / f".building-{version}"
            folder.mkdir(parents=True, mode=0o700)
            try:
                report(0, 3, "writing the index")
                _write_vectors(folder, documents, found, vectors)
                chroma.begin([str(folder), version])
                _write_words(folder, documents, texts, glossary.synonyms(corpus))
                questions.write(folder, [row for row, _ in asked], asked_vectors)
                report(1, 3, "building Chroma")
                with_chroma = _in_chroma(chroma, folder)
                manifest = Manifest(
                    version=version,
                    corpus=corpus.version,
                    embedder=embedder.identity,
                    dimension=embedder.dimension,
                    chunker=chunker_version(),
                    documents=len(documents),
                    passages=len(found),
                    created=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
                    chroma=with_chroma,
                    kinds=dict(Counter(d.kind for d in documents.values())),
                    files=measure(folder),
                    embedded=new,
                )
                manifest.write(folder)
                folder.rename(index_folder(data) / version)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            report(2, 3, "switching over")
            record.replace(documents, found, shas, asked_shas, embedder.identity)
            served = current(data)
            point_to(data, version)
        _retire(data, keep={version, served.name if served else version}, url=settings.chroma_url)
        report(3, 3, "done")
        return manifest


@cache
def chunker_version() -> str:
    """A hash of the code that turns records into embedded text; a change there means new passages."""
    digest = hashlib.sha256()
    for module in (render, chunk, glossary, questions):
        digest.update(Path(str(module.__file__)).read_bytes())
    return digest.hexdigest()[:12]


def _silent(done: int, total: int, what: str) -> None:
    pass


def _unchanged(settings: Settings, embedder: Embedder) -> Manifest | None:
    folder = current(settings.data)
    if folder is None:
        return None
    try:
        manifest = read_manifest(folder)
    except IndexUnavailable:
        return None
    same = (
        manifest.corpus == load.corpus_version(settings.corpus.resolve())
        and manifest.embedder == embedder.identity
        and manifest.chunker == chunker_version()
        and not damaged(folder, manifest, content=False)
    )
    return manifest if same else None


def _embed(
    embedder: Embedder,
    texts: Sequence[str],
    shas: Sequence[str],
    known: dict[str, Vectors],
    record: Record,
    report: Progress,
) -> tuple[Vectors, set[str]]:
    """Shape (texts, dimension), and the hashes of the texts that had to be embedded."""
    missing = list({sha: text for sha, text in zip(shas, texts, strict=True) if sha not in known}.items())
    # Like lengths together, so that batches carry little padding.
    missing.sort(key=lambda item: len(item[1]))
    for at in range(0, len(missing), EMBED_AT_ONCE):
        report(at, len(missing), "embedding")
        some = missing[at : at + EMBED_AT_ONCE]
        vectors = embedder.embed_documents([text for _, text in some])
        if not np.isfinite(vectors).all():
            raise IndexUnavailable("The embedder returned numbers that are not finite.", "Check ADVISOR_EMBEDDER.")
        record.add_embeddings(embedder.identity, [sha for sha, _ in some], vectors)
        known.update(zip([sha for sha, _ in some], vectors, strict=True))
    report(len(missing), len(missing), "embedding")
    vectors = np.empty((len(shas), embedder.dimension), dtype=np.float32)
    for row, sha in enumerate(shas):
        vectors[row] = known[sha]
    return vectors, {sha for sha, _ in missing}


def _kept(documents: Collection[Document], before: _Before) -> dict[str, list[Passage]]:
    """Document id → the passages that the serving index has of it; none where it is new or has changed."""
    return {d.id: before.get((d.id, d.title, d.text)) or [] for d in documents}


def _cut(
    cutting: Child, kept: dict[str, list[Passage]], changed: Sequence[Document], report: Progress
) -> list[Passage]:
    """Every document's passages in order: those that were kept, and those that the cutter was ordered to cut."""
    new = cutter.collect(cutting, changed, lambda done: report(done, len(changed), "cutting passages"))
    by_document = {**kept, **dict(zip([d.id for d in changed], new, strict=True))}
    return [p for found in by_document.values() for p in found]


def _cut_before(data: Path) -> _Before:
    """The serving index's passages by id, title and text of their document, where the same code cut them."""
    folder = current(data)
    try:
        if folder is None or (manifest := read_manifest(folder)).chunker != chunker_version():
            return {}
        if any(damaged(folder, manifest, name, content=True) for name in ("documents.json", "passages.json")):
            return {}
        documents = json.loads((folder / "documents.json").read_bytes())
        rows = json.loads((folder / "passages.json").read_bytes())
    except (IndexUnavailable, OSError, ValueError):
        return {}
    found: _Before = {}
    for id, position, start, end, headings in rows:
        d = documents[position]
        passage = Passage(id=id, doc_id=d["id"], start=start, end=end, headings=headings, text=d["text"][start:end])
        found.setdefault((d["id"], d["title"], d["text"]), []).append(passage)
    return found


def _write_vectors(folder: Path, documents: dict[str, Document], found: Sequence[Passage], vectors: Vectors) -> None:
    position = {id: i for i, id in enumerate(documents)}
    rows = [[p.id, position[p.doc_id], p.start, p.end, p.headings] for p in found]
    _dump(folder / "passages.json", rows)
    np.save(folder / "embeddings.npy", vectors, allow_pickle=False)


def _write_words(
    folder: Path, documents: dict[str, Document], texts: Sequence[str], synonyms: dict[str, list[str]]
) -> None:
    from advisor.index import lexical

    _dump(folder / "documents.json", [d.model_dump(exclude_defaults=True) for d in documents.values()])
    _dump(folder / "glossary.json", {"synonyms": synonyms, "vocabulary": glossary.vocabulary(texts)})
    lexical.build(texts, folder)


def _dump(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")), "utf-8", errors="surrogatepass")


def _chroma(task: str, url: str | None) -> Child:
    return Child("advisor.index.store_chroma", task, url or "", what=f"Chroma's {task}")


def _in_chroma(chroma: Child, folder: Path) -> bool:
    """True where Chroma holds the version and was seen to find it; without it the exact store serves."""
    try:
        chroma.finish()
    except IndexUnavailable:
        shutil.rmtree(folder / "chroma", ignore_errors=True)
        _need_space(folder, 1 << 20)
        return False
    return True


def _need_space(folder: Path, size: int) -> None:
    if shutil.disk_usage(folder).free < size:
        raise OSError(errno.ENOSPC, "not enough free space for a new index")


def _sweep(data: Path) -> None:
    """Remove what a builder that was killed left behind."""
    for left in index_folder(data).glob(".building-*"):
        shutil.rmtree(left, ignore_errors=True)


def _retire(data: Path, keep: set[str], url: str | None) -> None:
    for folder in index_folder(data).iterdir():
        if folder.is_dir() and folder.name not in keep:
            if url:
                with _chroma("drop", url) as chroma, suppress(IndexUnavailable):
                    chroma.begin([str(folder), folder.name])
                    chroma.finish()  # a server that is away keeps it until next time
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _only_builder(data: Path) -> Iterator[None]:
    index_folder(data).mkdir(mode=0o700, exist_ok=True)
    lock = FileLock(data / "index.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as e:
        raise Busy("Another process is building the index.", "Wait until it is done, then try again.") from e
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _storage_errors(data: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as e:
        reason = e.strerror if isinstance(e, OSError) and e.strerror else str(e)
        raise StorageError(
            f"The index cannot be written in {data}: {reason}. The index in use was not touched.",
            "Free space or correct the permissions, then run: advisor index",
        ) from e
