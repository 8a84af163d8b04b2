"""The evaluation itself: cases are sound, figures are right, and planted faults turn it red."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.answer.pipeline import Advisor
from advisor.config import Settings
from advisor.index.lexical import terms
from advisor.knowledge.load import load
from advisor.knowledge.render import render
from advisor.schema import Answer, Citation, Document, ProfileChange, Versions
from evals import ask, retrieval
from evals.ask import Case, Outcome
from evals.retrieval import Pair, Run
from evals.stats import bootstrap, paired_bootstrap, wilson

CASES = ask.load_cases()
PAIRS = retrieval.load_pairs()


@pytest.fixture(scope="module")
def documents() -> dict[str, Document]:
    return render(load())


# ---------------------------------------------------------------- figures


def test_wilson_against_published_values() -> None:
    e = wilson(81, 263)  # Newcombe 1998, table I, method 3
    assert (round(e.low, 4), round(e.high, 4)) == (0.2553, 0.3662)
    e = wilson(0, 20)
    assert (round(e.low, 4), round(e.high, 4)) == (0.0, 0.1611)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_its_share_inside_the_unit_interval(counts: tuple[int, int]) -> None:
    e = wilson(*counts)
    assert 0 <= e.low <= e.value <= e.high <= 1


def test_nothing_measured_is_not_zero() -> None:
    for e in (wilson(0, 0), bootstrap([])):
        assert math.isnan(e.value)
        assert str(e) == "not measured"
    with pytest.raises(ValueError, match="not a proportion"):
        wilson(3, 2)


def test_bootstrap_repeats_and_covers_the_mean() -> None:
    values = [0.0, 1.0] * 50
    assert bootstrap(values) == bootstrap(values)
    e = bootstrap(values)
    assert e.low < e.value == 0.5 < e.high
    assert bootstrap([0.3] * 10).low == pytest.approx(0.3)


def test_a_paired_difference_sees_what_the_two_means_hide() -> None:
    rng = random.Random(5)
    base = [rng.random() for _ in range(60)]
    better = [b + 0.02 for b in base]
    assert paired_bootstrap(better, base).low > 0
    assert bootstrap(better).low < bootstrap(base).high
    with pytest.raises(ValueError, match="one length"):
        paired_bootstrap([1.0], [1.0, 2.0])


# ---------------------------------------------------------------- the cases


def test_ask_cases_cover_every_kind() -> None:
    kinds = Counter(c.kind for c in CASES)
    assert len(CASES) >= 100
    assert min(kinds.values()) >= 3
    assert sum(c.split == "heldout" for c in CASES) >= 20
    assert len({c.id for c in CASES}) == len({c.question for c in CASES}) == len(CASES)
    assert len({c.kind for c in CASES if c.split == "heldout"}) >= 12


def test_ask_cases_name_real_documents_and_say_what_is_right(documents: dict[str, Document]) -> None:
    assert [(c.id, d) for c in CASES for d in c.cites if d not in documents] == []
    vague = [c.id for c in CASES if c.abstain is False and not (c.must or c.learns)]
    assert vague == []


def test_pairs_name_real_documents_and_reach_every_one(documents: dict[str, Document]) -> None:
    assert len(PAIRS) >= 170
    assert len({p.question.lower() for p in PAIRS}) == len(PAIRS)
    named = {id for p in PAIRS for id in p.docs}
    assert named - set(documents) == set()
    assert set(documents) - named == set()
    assert [p.question for p in PAIRS if not p.answering] == []


def test_paraphrases_share_no_content_word_with_a_title(documents: dict[str, Document]) -> None:
    marked = [p for p in PAIRS if p.paraphrase]
    assert len(marked) >= max(60, len(PAIRS) / 3)
    shared = [
        (p.question, id, common)
        for p in marked
        for id in p.answering
        if (common := set(terms(p.question)) & set(terms(documents[id].title)))
    ]
    assert shared == []


# ---------------------------------------------------------------- retrieval figures


def test_retrieval_metrics_by_hand() -> None:
    pairs = [Pair(question="one", docs={"a": 2, "b": 1}), Pair(question="two", docs={"c": 2})]
    scores = retrieval.score(pairs, [["b", "a"], []])
    assert scores["recall@5"] == [1.0, 0.0]
    assert scores["MRR@10"] == [0.5, 0.0]
    gain = (1 + 2 / math.log2(3)) / (2 + 1 / math.log2(3))
    assert scores["nDCG@10"][0] == pytest.approx(gain)
    assert scores["nDCG@10"][1] == 0.0


def test_recall_looks_at_five_and_only_at_answering_documents() -> None:
    pair = [Pair(question="one", docs={"a": 2, "b": 1})]
    assert retrieval.score(pair, [["x1", "x2", "x3", "x4", "x5", "a"]])["recall@5"] == [0.0]
    assert retrieval.score(pair, [["b"]])["recall@5"] == [0.0]


def test_a_document_nobody_finds_is_named() -> None:
    pairs = [Pair(question="one", docs={"a": 2}), Pair(question="two", docs={"b": 2})]
    assert retrieval.unreached(pairs, [["a", "b"], ["a"]], ["a", "b", "c"]) == ["b", "c"]
    text = retrieval.report(pairs, {"fused": Run([["a"], ["b"]], retrieval.score(pairs, [["a"], ["b"]]))}, ["a", "b"])
    assert "0 documents that no pair reaches" in text


def test_the_rank_of_a_document_is_that_of_its_best_passage() -> None:
    assert retrieval.documents_of(["a", "b", "a", "c"], n=2) == ["a", "b"]


@pytest.fixture(scope="module")
def runs(advisor_home: Settings) -> dict[str, Run]:
    return {name: retrieval.run(PAIRS, search) for name, search in retrieval.arms(advisor_home).items()}


def test_fused_retrieval_beats_each_arm_alone(runs: dict[str, Run]) -> None:
    for other in ("dense", "BM25"):
        for metric in ("recall@5", "nDCG@10"):
            gain = paired_bootstrap(runs["fused"].scores[metric], runs[other].scores[metric])
            assert gain.low > 0, f"fused − {other}, {metric}: {gain}"
    assert bootstrap(runs["fused"].scores["recall@5"]).value >= 0.78


def test_every_document_is_found_by_a_question(runs: dict[str, Run], documents: dict[str, Document]) -> None:
    assert retrieval.unreached(PAIRS, runs["fused"].ranked, documents) == []


def test_a_broken_retriever_is_noticed(runs: dict[str, Run]) -> None:
    shuffled = runs["fused"].ranked[1:] + runs["fused"].ranked[:1]
    broken = retrieval.score(PAIRS, shuffled)
    assert bootstrap(broken["recall@5"]).high < 0.2
    assert paired_bootstrap(runs["fused"].scores["recall@5"], broken["recall@5"]).low > 0.5


# ---------------------------------------------------------------- judging answers

TEXT = "# Rollback\n\nKeep the last good version warm.\n"
DOCUMENT = Document(id="guide/rollback", kind="guide", title="Rollback", text=TEXT)
QUOTE = "Keep the last good version warm."


def cited(quote: str = QUOTE, start: int | None = None, doc_id: str = DOCUMENT.id) -> Citation:
    at = TEXT.index(QUOTE) if start is None else start
    return Citation(
        n=1, doc_id=doc_id, title="Rollback", url=None, heading="Rollback", quote=quote, start=at, end=at + len(quote),
        as_of="2026", confidence="ours",
    )  # fmt: skip


def answer(text: str = f"{QUOTE} [1]", **changes: object) -> Answer:
    versions = Versions(corpus="c", rules="r", prompt="p", chat_model=None, embedder="e", product="0")
    plain: dict[str, object] = {
        "id": "a", "question": "?", "intent": "explain", "mode": "keyless", "text": text, "citations": [cited()],
        "versions": versions,
    }  # fmt: skip
    return Answer.model_validate({**plain, **changes})


def case(**changes: object) -> Case:
    return Case.model_validate({"id": "x", "kind": "stage", "question": "How?", "must": ["warm"], **changes})


def test_a_right_answer_has_no_faults() -> None:
    assert list(ask.faults(case(cites=[DOCUMENT.id]), answer())) == []
    assert list(ask.citation_faults(answer(), {DOCUMENT.id: DOCUMENT})) == []


@pytest.mark.parametrize(
    ("wanted", "given_answer", "fault"),
    [
        ({"must": ["cold"]}, {}, "does not say cold"),
        ({"must": [["cold", "hot"]]}, {}, "does not say cold or hot"),
        ({"must_not": ["GOOD version"]}, {}, "says “good version”"),
        ({"cites": ["guide/other"]}, {}, "cites none of guide/other"),
        ({}, {"citations": [], "text": "Keep it warm."}, "cites nothing"),
        ({}, {"abstained": True, "missing": "that"}, "abstained (that)"),
        ({"abstain": True}, {}, "should have abstained"),
        ({"intent": "tool"}, {}, "took it as explain"),
        ({"learns": {"people": 25}}, {}, "learnt people = None"),
        ({"says_language": True}, {}, "does not say that it answers in English"),
    ],
)
def test_each_fault_is_found(wanted: dict[str, object], given_answer: dict[str, object], fault: str) -> None:
    found = list(ask.faults(case(**wanted), answer(**given_answer)))
    assert len(found) == 1
    assert fault in found[0]


def test_either_way_is_right_where_the_case_says_so() -> None:
    either = case(abstain="either", must=["cold"], must_not=["hot"])
    assert list(ask.faults(either, answer("Nothing is known.", abstained=True, citations=[]))) == []
    assert list(ask.faults(either, answer())) == ["does not say cold"]
    assert list(ask.faults(either, answer("hot", abstained=True, citations=[]))) == ["says “hot”"]


def test_what_was_learnt_is_compared_by_value() -> None:
    learnt = answer(profile_changes=[ProfileChange(field="people", value=25, label="25 people")])
    assert list(ask.faults(case(learns={"people": 25}), learnt)) == []
    assert len(list(ask.faults(case(learns={"people": 26}), learnt))) == 1


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"citations": [cited(start=0)]}, "does not stand"),
        ({"citations": [cited(quote="Keep the last bad version warm.")]}, "does not stand"),
        ({"citations": [cited(doc_id="guide/gone")]}, "not in the corpus"),
        ({"text": "Warm. [1] Cold. [2]"}, "[2] has no citation"),
    ],
)
def test_a_broken_citation_is_found(changes: dict[str, object], fault: str) -> None:
    found = list(ask.citation_faults(answer(**changes), {DOCUMENT.id: DOCUMENT}))
    assert len(found) == 1
    assert fault in found[0]


def test_an_error_counts_as_a_failure(advisor: Advisor) -> None:
    outcome = ask.evaluate(case(question="\x00"), advisor, {})
    assert not outcome.passed
    assert outcome.reasons[0].startswith("error: InputError")
    assert ask.by_kind([outcome])["all"].value == 0


def test_a_pattern_that_is_no_pattern_is_refused() -> None:
    with pytest.raises(ValueError, match="unterminated"):
        case(must=["(warm"])


def test_the_report_counts_by_kind_and_names_the_failures() -> None:
    good = Outcome("a", "tool", "dev", "q1", citations=3)
    bad = Outcome("b", "tool", "heldout", "q2", ["does not say x"], citations=1, broken_citations=1)
    text = ask.report([good, bad])
    assert "1/2" in text
    assert "b (heldout): q2" in text
    assert "4 citations, 1 of them or of their marks broken" in text


# ---------------------------------------------------------------- the gate


def test_keyless_answers_hold_their_floor(advisor: Advisor, documents: dict[str, Document]) -> None:
    outcomes = [ask.evaluate(c, advisor, documents) for c in CASES]
    assert [o.id for o in outcomes if o.broken_citations] == []
    assert [(o.id, o.reasons) for o in outcomes if any(r.startswith("error") for r in o.reasons)] == []
    share = ask.by_kind(outcomes)["all"]
    assert share.value >= 0.7, ask.report(outcomes)
