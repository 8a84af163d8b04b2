"""Levels, intervals, vendor ladders and questions: known cases first, then properties."""

from __future__ import annotations

import pytest
from advice_corpus import profiles, small_corpus
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.advice.assess import assessment_findings
from advisor.advice.facts import infer, tracks
from advisor.advice.held import Interval, assess
from advisor.advice.questions import compare, next_questions
from advisor.advice.vendor import test_score as points
from advisor.advice.vendor import vendor_levels
from advisor.knowledge import load
from advisor.knowledge.records import MaturityModel
from advisor.schema import PracticeAnswer, Profile

SMALL = small_corpus()
REAL = load.load()
CORPORA = pytest.mark.parametrize("corpus", [SMALL, REAL], ids=["small", "real"])


def said(**practices: str) -> Profile:
    held = {id.replace("_", "-"): PracticeAnswer(answer=answer) for id, answer in practices.items()}  # type: ignore[arg-type]
    return Profile(uses_ml=True, uses_llm=False, serving=["online"], practices=held)


def test_unknowns_make_an_interval_and_never_a_zero() -> None:
    assert assess(said(git="yes"), SMALL).cell("ml", "release").interval == Interval(0, 4)
    assert assess(said(git="yes", script="yes"), SMALL).cell("ml", "release").interval == Interval(1, 4)
    assert assess(said(git="yes", script="partly"), SMALL).cell("ml", "release").interval == Interval(0, 0)


def test_what_requires_a_missing_practice_is_read_as_missing() -> None:
    # registry (level 2) requires versions, which requires feed; feed is in another dimension.
    result = assess(said(git="yes", script="yes", feed="no"), SMALL)
    assert result.states["registry"] == "implied"
    assert result.cell("ml", "release").interval == Interval(1, 1)


def test_a_practice_about_something_else_is_left_out_with_its_reason() -> None:
    profile = said(git="yes", script="yes", feed="yes", versions="yes", registry="yes", delivery="yes", abort="yes")
    batch = profile.model_copy(update={"serving": ["batch"]})
    assert assess(profile, SMALL).cell("ml", "release").interval == Interval(2, 4)
    result = assess(batch, SMALL)
    assert result.cell("ml", "release").interval == Interval(4, 4)
    assert "online serving" in result.reasons["canary"]


def test_a_vendor_level_needs_exactly_its_own_practices() -> None:
    def level(profile: Profile) -> Interval:
        return vendor_levels(profile, SMALL, assess(profile, SMALL))[0].interval

    assert level(said(git="yes")) == Interval(0, 2)
    assert level(said(git="yes", script="yes")) == Interval(1, 2)
    assert level(said(git="yes", script="yes", canary="no")) == Interval(1, 1)
    assert level(said(git="yes", script="yes", canary="yes", feed="no")) == Interval(2, 2)
    assert level(said(script="no", canary="yes")) == Interval(0, 0)
    at = vendor_levels(said(git="yes"), SMALL, assess(said(git="yes"), SMALL))[0]
    assert at.missing == ("Deployment is scripted.",)
    assert at.missing_practices == ("script",)


def test_the_test_score_is_the_lowest_section_with_half_points_for_unproven_practice() -> None:
    model = SMALL.get(MaturityModel, "score")
    profile = said(feed="yes", versions="yes", git="partly", script="no")
    profile.practices["feed"].evidence = "the job's history"
    scores = points(model, profile, assess(profile, SMALL).states)
    assert scores == {
        "data": Interval(1.5, 1.5),
        "model": Interval(0.5, 0.5),
        "infrastructure": Interval(0, 0),
        "monitoring": Interval(0, 0),
    }


def test_questions_skip_what_is_known_and_what_is_implied() -> None:
    asked = [p.id for p in next_questions(said(git="yes", script="no"), SMALL, 20)]
    assert "git" not in asked
    assert not {"script", "registry", "delivery", "canary", "abort"} & set(asked)
    assert "feed" in asked


def test_two_people_disagree_where_both_answered() -> None:
    (finding,) = compare(said(git="yes", script="yes"), said(git="no", feed="yes"), SMALL, ("Ana", "Ben"))
    assert finding.table is not None
    assert finding.table.rows == [["Practice git", "1", "yes", "no"]]
    assert "1 of 1 practices" in finding.text


def test_inferred_answers_wait_for_confirmation() -> None:
    profile = Profile(uses_ml=True, tools=["mlflow"], team={"mlops-engineer": 1})
    proposed = infer(profile, REAL)
    assert proposed["experiment-tracking"].answer == "partly"
    assert proposed["mlops-specialist"].answer == "yes"
    assert {a.provenance for a in proposed.values()} == {"inferred"}
    assert assess(profile, REAL).states["mlops-specialist"] == "unknown"


def test_tracks_follow_the_facts() -> None:
    assert tracks(Profile()) == ["ml", "genai"]
    assert tracks(Profile(uses_llm=True)) == ["genai"]
    assert tracks(Profile(team={"data-scientist": 2})) == ["ml"]
    assert tracks(Profile(uses_ml=False)) == ["genai"]
    assert tracks(Profile(uses_ml=True, llm_use=["rag"])) == ["ml", "genai"]


@CORPORA
def test_everything_held_is_the_top_and_nothing_known_says_so(corpus: load.Corpus) -> None:
    everything = {id: PracticeAnswer(answer="yes", evidence="seen") for id in corpus.records["practice"]}
    profile = Profile(uses_ml=True, uses_llm=True, practices=everything)
    assert {c.interval for c in assess(profile, corpus).cells} == {Interval(4, 4)}
    for at in vendor_levels(profile, corpus, assess(profile, corpus)):
        assert at.interval.low == max(lv.number for lv in at.model.levels)
        assert not at.missing
    (only,) = assessment_findings(Profile(), corpus)
    assert only.rule == "assess.nothing-known"


def _intervals(profile: Profile, corpus: load.Corpus) -> dict[str, Interval]:
    result = assess(profile, corpus)
    found = {f"{c.track}:{c.dimension}": c.interval for c in result.cells}
    found |= {f"overall:{c.track}": result.overall(c.track) for c in result.cells}
    found |= {v.model.id: v.interval for v in vendor_levels(profile, corpus, result)}
    for model in corpus.all(MaturityModel):
        if model.tests:
            found |= {f"{model.id}:{s}": i for s, i in points(model, profile, result.states).items()}
    return found


@CORPORA
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_holding_one_more_practice_never_lowers_a_level(corpus: load.Corpus, data: st.DataObject) -> None:
    before = data.draw(profiles(corpus))
    id = data.draw(st.sampled_from(list(corpus.records["practice"])))
    evidence = before.practices[id].evidence if id in before.practices else ""
    held = {**before.practices, id: PracticeAnswer(answer="yes", evidence=evidence)}
    after = before.model_copy(update={"practices": held})
    old, new = _intervals(before, corpus), _intervals(after, corpus)
    for key, interval in old.items():
        assert new[key].low >= interval.low, key
        # Without evidence a practice scores half a point, less than the whole one an unknown might have been.
        if "score" not in key:
            assert new[key].high >= interval.high, key


@CORPORA
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_learning_an_unknown_never_widens_an_interval(corpus: load.Corpus, data: st.DataObject) -> None:
    before = data.draw(profiles(corpus))
    id = data.draw(st.sampled_from(list(corpus.records["practice"])))
    before.practices.pop(id, None)
    # Saying yes against what other answers imply corrects them; only what is really open is learned.
    if assess(before, corpus).states[id] != "unknown":
        return
    answer = data.draw(st.sampled_from(["yes", "partly", "no", "n/a"]))
    after = before.model_copy(update={"practices": {**before.practices, id: PracticeAnswer(answer=answer)}})
    old, new = _intervals(before, corpus), _intervals(after, corpus)
    for key, interval in old.items():
        assert interval.low <= new[key].low <= new[key].high <= interval.high, key
