"""Target and roadmap: reaches the target, closed under dependencies, minimal, within capacity."""

from __future__ import annotations

import pytest
from advice_corpus import profiles, small_corpus
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.advice.held import states
from advisor.advice.roadmap import in_target, roadmap, wanted
from advisor.advice.roadmap_findings import diff, roadmap_findings
from advisor.advice.target import Target, not_yet, target
from advisor.knowledge import load
from advisor.knowledge.records import Practice
from advisor.schema import PracticeAnswer, Profile

SMALL = small_corpus()
REAL = load.load()
CORPORA = pytest.mark.parametrize("corpus", [SMALL, REAL], ids=["small", "real"])
STARTUP = Profile(people=25, team={"data-scientist": 2}, models_in_production=1, uses_ml=True, industry="healthtech")


def test_a_small_team_with_one_model_is_sent_to_level_two_and_not_further() -> None:
    aim = target(STARTUP, REAL)
    assert aim.levels["ml", "release"] == 2
    assert aim.levels["ml", "governance"] == 3, "healthtech is regulated"
    left = {f.id.split(":")[-1] for f in not_yet(STARTUP, REAL)}
    assert {"feature-store", "kubernetes", "automatic-retraining"} <= left


def test_many_models_and_people_are_sent_further() -> None:
    large = Profile(
        team={"data-scientist": 20, "mlops-engineer": 3}, models_in_production=30, uses_ml=True, kubernetes=True
    )
    assert target(large, REAL).levels["ml", "release"] == 4
    assert "kubernetes" not in {f.id.split(":")[-1] for f in not_yet(large, REAL)}


def test_dependencies_come_first_and_held_practices_stay_out() -> None:
    profile = Profile(uses_ml=True, uses_llm=False, practices={"git": PracticeAnswer(answer="yes")}, capacity=100)
    ids = [i.practice.id for i in roadmap(profile, SMALL).items]
    assert "git" not in ids
    assert ids.index("feed") < ids.index("versions") < ids.index("registry")


def test_prerequisites_come_along_even_from_a_dimension_without_a_target() -> None:
    aim = Target({("ml", "release"): 2, ("ml", "data"): 0}, {})
    profile = Profile(uses_ml=True, uses_llm=False)
    ids = {i.practice.id for i in roadmap(profile, SMALL, aim).everything}
    assert ids == {"git", "script", "registry", "versions", "feed"}


def test_a_practice_larger_than_a_quarter_is_spread_and_overflow_is_listed() -> None:
    profile = Profile(uses_ml=True, models_in_production=5, team={"data-scientist": 6}, capacity=6.0, quarters=3)
    plan = roadmap(profile, SMALL)
    assert plan.later, "25 person-weeks do not fit into three quarters of six"
    assert {i.practice.id for i in plan.later} >= {"lineage"}
    longer = roadmap(profile.model_copy(update={"quarters": 12}), SMALL)
    lineage = next(i for i in longer.items if i.practice.id == "lineage")
    assert lineage.end > lineage.start


def test_what_if_says_what_changes() -> None:
    more = STARTUP.model_copy(update={"team": {"data-scientist": 2, "ml-engineer": 1}})
    (finding,) = diff(roadmap(STARTUP, REAL), roadmap(more, REAL), REAL)
    assert "5.2 to 7.8 person-weeks a quarter" in finding.text
    (same,) = diff(roadmap(STARTUP, REAL), roadmap(STARTUP, REAL), REAL)
    assert "the same practices" in same.text


def test_nothing_left_to_do_says_so() -> None:
    everything = {id: PracticeAnswer(answer="yes") for id in REAL.records["practice"]}
    (done,) = roadmap_findings(STARTUP.model_copy(update={"practices": everything}), REAL)
    assert done.rule == "roadmap.done"


@CORPORA
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_plan_is_closed_minimal_and_within_capacity(corpus: load.Corpus, data: st.DataObject) -> None:
    profile = data.draw(profiles(corpus))
    plan, state = roadmap(profile, corpus), states(profile, corpus)
    everything = [i.practice.id for i in plan.everything]
    chosen = set(everything)
    assert len(chosen) == len(everything)
    assert chosen == wanted(profile, corpus, plan.aim, state)
    goal = {p.id for p in corpus.all(Practice) if in_target(p, profile, plan.aim) and state[p.id] != "held"}
    assert {g for g in goal if state[g] != "excluded"} <= chosen
    done = {id for id, s in state.items() if s in ("held", "excluded")}
    for id in chosen:
        assert state[id] not in ("held", "excluded")
        assert set(corpus.get(Practice, id).requires) <= chosen | done, "closed"
        needed = id in goal or any(id in corpus.get(Practice, other).requires for other in chosen)
        assert needed, f"{id} can be removed without breaking target or closure"
    slots = {i.practice.id: i for i in plan.everything}
    for item in plan.items:
        assert 1 <= item.start <= item.end <= plan.quarters
        for required in item.practice.requires:
            if required in slots:
                assert 1 <= slots[required].end <= item.start
    assert all(load <= plan.capacity + 1e-6 for load in plan.load)
    assert sum(plan.load) == pytest.approx(sum(i.planned for i in plan.items), abs=1e-4)
