"""Retrieval on the fixture corpus, through the real embedder and both stores."""

from __future__ import annotations

import numpy as np
import pytest
from homes import settings_for
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from advisor.answer.retrieve import PER_DOCUMENT, HybridRetriever
from advisor.config import Settings
from advisor.errors import IndexUnavailable, ModelUnavailable
from advisor.index.build import build
from advisor.index.open import Index, open_index
from advisor.knowledge.glossary import Glossary, vocabulary, words
from advisor.models.embedder import make_embedder
from advisor.schema import Filters


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = settings_for(home=tmp_path_factory.mktemp("home"))
    build(settings, make_embedder(settings))
    return settings


@pytest.fixture(scope="module")
def index(home: Settings) -> Index:
    return open_index(home, make_embedder(home), "exact")


@pytest.fixture(scope="module")
def retriever(home: Settings, index: Index) -> HybridRetriever:
    return HybridRetriever(index, make_embedder(home))


@pytest.mark.parametrize(
    ("question", "doc_id"),
    [
        ("How do we roll back a model?", "guide/rollback-plan"),
        ("how do i UNDO A RELEASE", "term/rollback"),
        ("is there a free experiment tracker?", "tool/mlflow"),
        ("what does an MLOps enginer earn in the United Kingdom", "role/mlops-engineer"),
        ("what is a ml plumber", "term/mlops-engineer-term"),
        ("whom should we recruit first", "guide/first-hire"),
        ("someone tricks the bot with hidden instructions", "threat/prompt-injection"),
        ("tokens price of a small model", "cost/small-model-tokens"),
    ],
)
def test_the_right_document_comes_in_the_first_three(retriever: HybridRetriever, question: str, doc_id: str) -> None:
    assert doc_id in [h.document.id for h in retriever.retrieve(question)[:3]]


def test_hits_carry_exact_text_and_scores_in_order(retriever: HybridRetriever) -> None:
    hits = retriever.retrieve("rollback plan for models", 6)
    assert len(hits) == 6
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)
    for h in hits:
        assert h.document.text[h.passage.start : h.passage.end] == h.passage.text
        assert -1 <= h.dense <= 1.001
    assert hits[0].dense > 0.5
    assert hits[0].lexical > 0
    assert retriever.retrieve("rollback plan for models", 6) == hits


@pytest.mark.parametrize(
    ("filters", "check"),
    [
        (Filters(kinds=["tool"]), lambda d: d.kind == "tool"),
        (Filters(levels=[3], kinds=["practice"]), lambda d: d.kind == "practice" and 3 in d.levels),
        (Filters(stages=[1]), lambda d: 1 in d.stages),
        (Filters(roles=["mlops-engineer"]), lambda d: "mlops-engineer" in d.roles),
        (Filters(tools=["mlflow"]), lambda d: "mlflow" in d.tools),
        (Filters(tracks=["ml"]), lambda d: d.track in ("ml", "both")),
        (Filters(docs=["guide/first-hire"]), lambda d: d.id == "guide/first-hire"),
    ],
)  # fmt: skip
def test_filters_let_nothing_else_through(retriever: HybridRetriever, filters: Filters, check) -> None:  # type: ignore[no-untyped-def]
    hits = retriever.retrieve("release and rollback of a model", 20, filters)
    assert hits
    assert all(check(h.document) for h in hits)


def test_a_filter_that_nothing_meets_finds_nothing(retriever: HybridRetriever) -> None:
    assert retriever.retrieve("rollback", 5, Filters(kinds=["no-such-kind"])) == []


def test_no_document_crowds_out_the_rest(retriever: HybridRetriever, index: Index) -> None:
    hits = retriever.retrieve("MLflow licence price hosting status strengths limits", 20)
    counts = [sum(h.document.id == d for h in hits) for d in index.documents]
    assert max(counts) == PER_DOCUMENT
    vectors = index.exact.vectors
    rows = {index.passage(r).id: r for r in range(len(vectors))}
    found = vectors[[rows[h.passage.id] for h in hits]]
    assert (found @ found.T - 2 * np.eye(len(found))).max() < 0.98


@pytest.mark.parametrize("query", ["", "   ", "?!", "\u200b", "\U0001f600"])
def test_a_query_without_a_word_finds_nothing(retriever: HybridRetriever, query: str) -> None:
    assert retriever.retrieve(query) == []


@given(st.text(max_size=300), st.integers(-1, 12))
@hypothesis_settings(max_examples=60, deadline=None)
def test_any_text_is_a_query(retriever: HybridRetriever, text: str, k: int) -> None:
    hits = retriever.retrieve(text, k)
    assert len(hits) <= max(0, k)


def test_very_long_queries_stay_fast(retriever: HybridRetriever) -> None:
    assert retriever.retrieve("rollback " * 20_000)


def test_chroma_and_exact_give_the_same_hits(home: Settings, retriever: HybridRetriever) -> None:
    embedder = make_embedder(home)
    chroma = open_index(home, embedder)
    assert chroma.store is not chroma.exact
    found = HybridRetriever(chroma, embedder).retrieve("how do we roll back?", 5)
    exact = retriever.retrieve("how do we roll back?", 5)
    assert [h.passage.id for h in found] == [h.passage.id for h in exact]
    chroma.close()


def test_a_store_that_fails_while_serving_is_replaced(home: Settings) -> None:
    embedder = make_embedder(home)
    opened = open_index(home, embedder, "exact")

    class Failing:
        def search(self, vector, k, allowed=None):  # type: ignore[no-untyped-def]
            raise IndexUnavailable("Chroma cannot search: torn.")

    opened.store = Failing()
    assert HybridRetriever(opened, embedder).retrieve("rollback")
    assert opened.notes == ["Chroma cannot search: torn. Exact search answers instead."]
    assert opened.store is opened.exact


def test_without_its_embedder_words_still_find(index: Index) -> None:
    class Away:
        identity, dimension = "x", 384

        def embed_query(self, text):  # type: ignore[no-untyped-def]
            raise ModelUnavailable("The embedding endpoint failed.")

        embed_documents = embed_query

    hits = HybridRetriever(index, Away()).retrieve("rollback plan")
    assert "rollback" in hits[0].document.id
    assert index.notes.pop() == "The embedding endpoint failed. Only lexical search answers."


def test_as_a_llama_index_retriever(retriever: HybridRetriever) -> None:
    from llama_index.core.base.base_retriever import BaseRetriever

    adapter = retriever.as_llama_index(k=3)
    assert isinstance(adapter, BaseRetriever)
    nodes = adapter.retrieve("How do we roll back a model?")
    assert [n.node_id for n in nodes] == [h.passage.id for h in retriever.retrieve("How do we roll back a model?", 3)]
    assert nodes[0].metadata["doc_id"].endswith(("rollback", "rollback-plan"))


def test_by_document_gives_reading_order(retriever: HybridRetriever) -> None:
    passages = retriever.by_document("guide/rollback-plan")
    assert [p.start for p in passages] == sorted(p.start for p in passages)
    assert retriever.by_document("guide/none") == []
    assert len(retriever.documents) == len(set(retriever.documents))


GLOSSARY = Glossary(
    {"undo a release": ["rollback"], "boss": ["business sponsor"], "k8s": ["kubernetes"]},
    vocabulary(["monitoring drift deployment model models rollback kubernetes prompt"] * 2 + ["nodel"]),
)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("monitorng drift", "monitoring drift"),
        ("deploymnet of a model", "deployment of a model"),
        ("kuberentes", "kubernetes"),
        ("how to undo a release?", "how to undo a release? rollback"),
        ("rollback: undo a release", "rollback: undo a release"),
        ("My BOSS says so", "My BOSS says so business sponsor"),
        ("modle", "model"),
        ("modelling prompts", "modelling prompts"),
        ("quinoa salad", "quinoa salad"),
        ("drfit", "drift"),
        ("mode", "mode"),
        ("promqt", "promqt"),
        ("promt", "prompt"),
    ],
)
def test_expansion(query: str, text: str) -> None:
    assert GLOSSARY.expand(query).text == text


@given(st.text(max_size=200))
def test_expansion_takes_any_text_and_corrects_to_known_words_only(text: str) -> None:
    expansion = GLOSSARY.expand(text)
    assert set(expansion.corrected.values()) <= set(GLOSSARY.vocabulary)
    assert not set(expansion.corrected) & set(GLOSSARY.vocabulary)
    if not expansion.corrected:
        assert expansion.query == text
    assert len(words(expansion.query)) == len(words(text))
