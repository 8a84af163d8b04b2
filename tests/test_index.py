"""The index: built once, never broken, never mixed."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from homes import FIXTURE, SHARED, settings_for

from advisor.config import Settings
from advisor.errors import Busy, CorpusError, IndexUnavailable, StorageError
from advisor.index import build as build_module
from advisor.index.build import build
from advisor.index.manifest import current, index_folder
from advisor.index.open import open_index
from advisor.index.weights import checked
from advisor.models.embedder import OnnxEmbedder, make_embedder

ROOT = Path(__file__).resolve().parents[1]
NEW_SECTION = (
    "\n## Who may pull it?\n\nThe engineer on call may roll back at once and explain later, "
    "whoever signed the release.\n"
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a built index of the fixture corpus; tests copy it."""
    home = tmp_path_factory.mktemp("built")
    settings = settings_for(home=home)
    build(settings, make_embedder(settings))
    return home


@pytest.fixture
def settings(built: Path) -> Settings:
    home = Path(os.environ["ADVISOR_HOME"])
    shutil.copytree(built, home, symlinks=True, dirs_exist_ok=True)
    return settings_for(home=home)


def own_corpus(settings: Settings) -> Settings:
    corpus = settings.home / "corpus"
    shutil.copytree(FIXTURE, corpus)
    return settings.model_copy(update={"corpus": corpus})


class CountingEmbedder(OnnxEmbedder):
    """The real embedder, remembering how many texts it was given."""

    texts = 0

    def embed_documents(self, texts):  # type: ignore[no-untyped-def]
        self.texts += len(texts)
        return super().embed_documents(texts)


def test_vectors_match_the_sentence_transformers_reference() -> None:
    from advisor.knowledge.chunk import passages
    from advisor.knowledge.load import load
    from advisor.knowledge.render import render
    from advisor.models.torch_models import SentenceTransformerEmbedder

    settings = settings_for()
    texts = [p.text for d in render(load(FIXTURE)).values() for p in passages(d) if len(p.text) > 60][:30]
    assert len(texts) == 30
    ours, reference = make_embedder(settings), SentenceTransformerEmbedder(str(checked()))
    vectors = ours.embed_documents(texts)
    assert (vectors * reference.embed_documents(texts)).sum(axis=1).min() >= 0.99
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    # int8 activations share one scale in a batch, so the same text alone comes out a hair different.
    assert float(ours.embed_query(texts[0]) @ vectors[0]) > 0.985


def test_embedder_takes_any_text() -> None:
    embedder = make_embedder(settings_for())
    for text in ["", " ", "\ud800 lone surrogate", "字" * 5000, "\x00", "a" * 100_000]:
        assert np.isfinite(embedder.embed_query(text)).all()


def test_a_second_build_embeds_nothing_and_keeps_the_version(settings: Settings) -> None:
    before = current(settings.data)
    started = time.monotonic()
    manifest = build(settings, CountingEmbedder(settings.data))
    assert time.monotonic() - started < 1
    assert before is not None
    assert manifest.version == before.name


def test_only_new_text_is_embedded_and_deleted_text_is_gone(settings: Settings) -> None:
    settings = own_corpus(settings)
    guide = settings.corpus / "guides" / "first-hire.md"
    guide.unlink()
    rollback = settings.corpus / "guides" / "rollback-plan.md"
    rollback.write_text(rollback.read_text() + NEW_SECTION)
    embedder = CountingEmbedder(settings.data)
    before = current(settings.data)
    manifest = build(settings, embedder)
    assert (embedder.texts, manifest.embedded) == (2, 1)  # the passage, and its heading as a question
    index = open_index(settings, embedder, "exact")
    assert "guide/first-hire" not in index.documents
    assert index.by_document("guide/rollback-plan")[-1].headings[-1] == "Who may pull it?"
    db = sqlite3.connect(settings.data / "index.db")
    counts = {t: db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("documents", "passages", "embeddings")}
    assert counts["documents"] == manifest.documents
    assert counts["passages"] == manifest.passages
    asked = json.loads((index_folder(settings.data) / manifest.version / "questions.json").read_bytes())
    assert counts["embeddings"] <= manifest.passages + len(asked)
    assert not db.execute("SELECT 1 FROM passages WHERE doc_id = 'guide/first-hire'").fetchall()
    db.close()
    kept = {p.name for p in index_folder(settings.data).iterdir() if p.is_dir()}
    assert before is not None
    assert kept == {before.name, manifest.version}
    # What was taken over from the version before is what cutting everything anew gives.
    taken_over = (index_folder(settings.data) / manifest.version / "passages.json").read_bytes()
    anew = build(settings, embedder, rebuild=True)
    assert (index_folder(settings.data) / anew.version / "passages.json").read_bytes() == taken_over


def test_rebuild_needs_no_embedder_at_all(settings: Settings) -> None:
    embedder = CountingEmbedder(settings.data)
    manifest = build(settings, embedder, rebuild=True)
    assert embedder.texts == 0
    assert manifest.embedded == 0


def test_every_passage_is_found_by_its_own_vector_in_both_stores(settings: Settings) -> None:
    embedder = make_embedder(settings)
    index = open_index(settings, embedder)
    assert index.notes == []
    assert type(index.store).__name__ == "ChromaStore"
    for row in range(index.manifest.passages):
        vector = np.asarray(index.exact.vectors[row])
        for store in (index.store, index.exact):
            (found, cosine), *_ = store.search(vector, 3)
            assert found == row or np.array_equal(index.exact.vectors[found], vector)
            assert cosine == pytest.approx(1, abs=1e-3)
        passage = index.passage(row)
        assert index.documents[passage.doc_id].text[passage.start : passage.end] == passage.text
    query = embedder.embed_query("how do we roll back?")
    assert [r for r, _ in index.store.search(query, 5)] == [r for r, _ in index.exact.search(query, 5)]
    index.close()


def test_another_embedder_is_refused_with_the_command_that_mends(settings: Settings) -> None:
    embedder = make_embedder(settings)
    embedder.identity = "some-other-model;384"
    with pytest.raises(IndexUnavailable, match="another embedder") as e:
        open_index(settings, embedder)
    assert "advisor index" in e.value.hint


def test_no_index_says_how_to_build_one() -> None:
    settings = settings_for()
    with pytest.raises(IndexUnavailable, match="no index yet"):
        open_index(settings, make_embedder(settings))


@pytest.mark.parametrize("harm", ["truncate", "flip", "delete", "sparse", "sqlite"])
def test_a_damaged_chroma_is_noticed_and_exact_search_answers(settings: Settings, harm: str) -> None:
    folder = current(settings.data)
    assert folder is not None
    path = (
        folder / "chroma" / "chroma.sqlite3" if harm == "sqlite" else next((folder / "chroma").rglob("data_level0.bin"))
    )
    data = path.read_bytes()
    if harm in ("truncate", "sqlite"):
        path.write_bytes(data[: len(data) // 2])
    elif harm == "flip":
        path.write_bytes(data[:100] + bytes([data[100] ^ 0xFF]) + data[101:])
    elif harm == "delete":
        path.unlink()
    else:
        with path.open("r+b") as file:
            file.truncate(1 << 40)
    embedder = make_embedder(settings)
    index = open_index(settings, embedder)
    assert "Exact search" in index.notes[0]
    assert "advisor index" in index.notes[0]
    assert index.store is index.exact
    assert index.store.search(embedder.embed_query("rollback"), 3)
    if harm == "truncate":
        build(settings, embedder, rebuild=True)
        mended = open_index(settings, embedder)
        assert mended.notes == []
        mended.close()


@pytest.mark.parametrize(
    "name", ["embeddings.npy", "documents.json", "passages.json", "glossary.json", "manifest.json"]
)
def test_damage_beyond_chroma_is_refused_and_mended_by_a_build(settings: Settings, name: str) -> None:
    folder = current(settings.data)
    assert folder is not None
    (folder / name).write_bytes((folder / name).read_bytes()[:-20])
    embedder = make_embedder(settings)
    with pytest.raises(IndexUnavailable) as e:
        open_index(settings, embedder, "exact")
    assert "advisor index" in e.value.hint
    if name == "manifest.json":
        build(settings, embedder)
        assert open_index(settings, embedder, "exact").documents


def test_an_index_of_an_older_corpus_says_so(settings: Settings) -> None:
    settings = own_corpus(settings)
    guide = settings.corpus / "guides" / "first-hire.md"
    guide.write_text(guide.read_text().replace("plumbing", "piping"))
    index = open_index(settings, make_embedder(settings), "exact")
    assert index.notes == ["The corpus has changed since the index was built. Bring it up to date: advisor index"]


def test_a_broken_corpus_leaves_the_serving_index(settings: Settings) -> None:
    settings = own_corpus(settings)
    before = current(settings.data)
    (settings.corpus / "framework" / "roles.yaml").write_text("- id: half\n  name: 'Half writ")
    with pytest.raises(CorpusError, match=r"roles\.yaml"):
        build(settings, make_embedder(settings))
    assert current(settings.data) == before


def test_a_full_disk_is_said_and_leaves_the_serving_index(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    before = current(settings.data)
    full = shutil._ntuple_diskusage(100, 100, 0)
    monkeypatch.setattr(build_module.shutil, "disk_usage", lambda _: full)
    with pytest.raises(StorageError, match="free space"):
        build(settings, make_embedder(settings), rebuild=True)
    assert current(settings.data) == before
    assert not list(index_folder(settings.data).glob(".building-*"))


def test_a_second_builder_is_told_to_wait(settings: Settings) -> None:
    hold = (
        f"from filelock import FileLock; import time; lock = FileLock({str(settings.data / 'index.lock')!r})\n"
        "lock.acquire(); print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Busy, match="Another process is building"):
            build(settings, make_embedder(settings))
    finally:
        holder.kill()
        holder.wait()


def test_a_second_owner_of_chroma_gets_exact_search(settings: Settings) -> None:
    embedder = make_embedder(settings)
    first = open_index(settings, embedder)
    second = open_index(settings, embedder)
    assert second.store is second.exact
    assert "Another process owns" in second.notes[0]
    first.close()


def test_killed_builders_leave_the_last_good_index(settings: Settings) -> None:
    settings = own_corpus(settings)
    embedder = make_embedder(settings)
    script = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from homes import settings_for; from pathlib import Path\n"
        "from advisor.index.build import build; from advisor.models.embedder import make_embedder\n"
        f"s = settings_for(Path({str(settings.corpus)!r}), Path({str(settings.home)!r}))\n"
        "print('go', flush=True); build(s, make_embedder(s), rebuild=True); print('done', flush=True)"
    )
    guide = settings.corpus / "guides" / "rollback-plan.md"
    text = guide.read_text()
    seed = random.Random(7)
    for n in range(6):
        guide.write_text(f"{text}\n## Drill {n}\n\nDrill number {n} takes place on a Tuesday morning.\n")
        child = subprocess.Popen(
            [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        assert child.stdout
        assert child.stdout.readline() == "go\n"
        time.sleep(seed.uniform(0.1, 3.5))
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        index = open_index(settings, embedder)
        assert type(index.store).__name__ == "ChromaStore"
        assert index.store.search(embedder.embed_query("rollback"), 3)
        index.close()
    manifest = build(settings, embedder)
    index = open_index(settings, embedder, "exact")
    assert manifest.passages == len({index.passage(r).id for r in range(manifest.passages)})
    assert index.by_document("guide/rollback-plan")[-1].headings[-1] == "Drill 5"
    assert not list(index_folder(settings.data).glob(".building-*"))


def test_progress_reaches_the_end() -> None:
    settings = settings_for()
    seen: list[tuple[int, int, str]] = []
    build(settings, make_embedder(settings), lambda *step: seen.append(step))
    assert seen[-1] == (3, 3, "done")
    assert {"cutting passages", "embedding", "building Chroma"} <= {what for _, _, what in seen}
    assert all(0 <= done <= total for done, total, _ in seen)


def test_wrong_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from advisor.errors import ModelUnavailable
    from advisor.index import weights

    (tmp_path / "model.safetensors").write_bytes(b"not these")
    monkeypatch.setattr(weights, "packaged", lambda: tmp_path)
    with pytest.raises(ModelUnavailable, match="not those of"):
        weights.checked()


def test_opening_loads_no_heavy_library(settings: Settings) -> None:
    script = (
        "import sys; sys.path.insert(0, 'tests')\nfrom homes import settings_for; from pathlib import Path\n"
        "from advisor.index.open import open_index; from advisor.models.embedder import make_embedder\n"
        "from advisor.answer.retrieve import HybridRetriever\n"
        f"s = settings_for(home=Path({str(settings.home)!r})); e = make_embedder(s)\n"
        "hits = HybridRetriever(open_index(s, e, 'exact'), e).retrieve('how do we roll back a model?')\n"
        "import json; print(json.dumps([hits[0].document.id, [m for m in "
        "('torch', 'sentence_transformers', 'llama_index', 'chromadb', 'openai', 'sqlalchemy', 'gradio') "
        "if m in sys.modules]]))"
    )
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(run.stdout) == ["guide/rollback-plan", []]


def test_the_shared_export_is_private() -> None:
    settings_for()
    folder = next((SHARED / "models").glob("[0-9a-f]*"))
    assert folder.stat().st_mode & 0o077 == 0


def test_a_chroma_server_holds_the_serving_versions_only(settings: Settings, tmp_path: Path) -> None:
    import chromadb

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    chroma = Path(sys.executable).parent / "chroma"
    server = subprocess.Popen(
        [str(chroma), "run", "--host", "127.0.0.1", "--port", str(port), "--path", str(tmp_path / "server")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        shared = settings.model_copy(update={"chroma_url": f"http://127.0.0.1:{port}"})
        embedder = make_embedder(shared)
        versions = [build(shared, embedder, rebuild=True).version for _ in range(3)]
        index = open_index(shared, embedder)
        assert index.notes == []
        query = embedder.embed_query("how do we roll back?")
        assert [r for r, _ in index.store.search(query, 3)] == [r for r, _ in index.exact.search(query, 3)]
        held = {c.name for c in chromadb.HttpClient(host="127.0.0.1", port=port).list_collections()}
        assert held == {f"advisor-{v}" for v in versions[-2:]}
    finally:
        server.kill()
        server.wait()
    with pytest.raises(IndexUnavailable, match="Chroma cannot search"):
        index.store.search(query, 3)
    assert "Exact search" in open_index(shared, embedder).notes[0]
