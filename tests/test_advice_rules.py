"""Staffing, tools, costs, threats and the engine that picks among them."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import get_args

import pytest
import yaml
from advice_corpus import profiles, small_corpus
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.advice import engine
from advisor.advice.career import career
from advisor.advice.cost_findings import cost_findings
from advisor.advice.costs import Range, assume, break_even, curve, estimate, with_changes
from advisor.advice.engine import advise, asks
from advisor.advice.held import assess
from advisor.advice.pay import pay_finding
from advisor.advice.roadmap import roadmap
from advisor.advice.staffing import hire_order, staffing_findings
from advisor.advice.threats import exposures, regulations, threat_findings
from advisor.advice.tool_findings import combination, compare_tools, status
from advisor.advice.tools import exclusion, shortlist
from advisor.knowledge import load
from advisor.knowledge.records import Tool
from advisor.schema import Intent, Profile

SMALL = small_corpus()
REAL = load.load()
SAMPLES = sorted((Path(__file__).parent / "fixtures" / "profiles").glob("*.yaml"))
STARTUP = Profile(people=25, team={"data-scientist": 2}, models_in_production=1, uses_ml=True, industry="healthtech")
LLM = Profile(people=40, team={"software-engineer": 3}, uses_llm=True, uses_ml=False, llm_use=["rag"], user_facing=True)


def sample(name: str) -> Profile:
    path = next(p for p in SAMPLES if p.stem == name)
    return Profile.model_validate(yaml.safe_load(path.read_text()))


# ---------------------------------------------------------------- people


def test_a_startup_with_one_model_hires_an_ml_engineer_and_no_mlops_engineer() -> None:
    assert hire_order(STARTUP, REAL)[0].role == "ml-engineer"
    assert "mlops-engineer" not in {n.role for n in hire_order(STARTUP, REAL)}
    text = staffing_findings(STARTUP, REAL)[0].text
    assert text.startswith("With 25 people, two data scientists and one model in production, hire an ML engineer next")


def test_five_models_ask_for_an_mlops_engineer_and_an_llm_product_for_an_ai_engineer() -> None:
    five = STARTUP.model_copy(
        update={"models_in_production": 5, "people": 400, "team": {"data-scientist": 4, "ml-engineer": 3}}
    )
    assert hire_order(five, REAL)[0].role == "mlops-engineer"
    assert hire_order(LLM, REAL)[0].role == "ai-engineer"


def test_a_larger_firm_hires_for_production_before_data() -> None:
    larger = Profile(people=900, team={"data-scientist": 8}, models_in_production=1, uses_ml=True)
    assert [n.role for n in hire_order(larger, REAL)] == ["ml-engineer", "data-engineer"]


def test_pay_names_country_year_and_source_and_owns_up_where_it_has_none() -> None:
    text = pay_finding(REAL, "ml-engineer", "uk").text
    assert "United Kingdom" in text
    assert re.search(r"20\d\d\)", text)
    assert "no figure for Peru" in pay_finding(REAL, "ml-engineer", "Peru").text


def test_a_career_path_never_names_somebody_elses_start() -> None:
    text = " ".join(f.text for f in career("data-scientist", "mlops-engineer", REAL))
    assert "DevOps engineer adds" not in text
    assert "ML engineer" in text


# ---------------------------------------------------------------- tools


@pytest.mark.parametrize(
    ("profile", "out"),
    [
        (Profile(kubernetes=False), {"dead", "cluster"}),
        (Profile(self_host=True), {"dead", "rented"}),
        (Profile(clouds=["gcp"]), {"dead", "rented"}),
        (Profile(clouds=["aws"]), {"dead"}),
    ],
)
def test_hard_limits_exclude_with_a_reason(profile: Profile, out: set[str]) -> None:
    result = shortlist(profile, SMALL, "serving")
    assert {t.id for t, _ in result.excluded} == out
    assert all(reason for _, reason in result.excluded)


def test_a_tool_that_fits_what_is_there_ranks_higher() -> None:
    assert shortlist(Profile(tools=["used"]), SMALL, "serving").kept[0].tool.id == "plain"


def test_status_warns_of_a_dead_tool_with_its_date_and_a_way_out() -> None:
    text = status(SMALL, "dead").text
    assert "Do not choose Dead" in text
    assert "2026-01" in text
    assert "Plain" in text
    assert "Do not choose Neptune" in advise("tool", Profile(tools=["neptune"]), REAL)[0].text


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_excluded_tools_are_never_proposed(data: st.DataObject) -> None:
    profile = data.draw(profiles(REAL))
    for category in sorted({t.category for t in REAL.all(Tool)}):
        result = shortlist(profile, REAL, category)
        assert not [s.tool.id for s in result.kept if exclusion(s.tool, profile)]
        assert not {s.tool.id for s in result.kept} & {t.id for t, _ in result.excluded}
    names = {t.name: t for t in REAL.all(Tool)}
    for finding in combination(profile, REAL):
        assert finding.table is not None
        for _, name, _step in finding.table.rows:
            assert name not in names or not exclusion(names[name], profile), name


def test_a_comparison_lists_what_was_asked_for() -> None:
    table = compare_tools(["qdrant", "pgvector"], LLM, REAL)[0].table
    assert table is not None
    assert table.columns == ["", "Qdrant", "pgvector"]


# ---------------------------------------------------------------- costs


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_every_cost_is_a_range_the_right_way_round(data: st.DataObject) -> None:
    profile = data.draw(profiles(REAL))
    for finding in cost_findings(profile, REAL):
        assert all(0 <= v.low <= v.high for v in finding.values), finding.id
        assert all(v.unit for v in finding.values)
    at = break_even(assume(profile, REAL))
    assert 0 < at.tokens.low <= at.tokens.high


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_more_of_anything_never_costs_less(data: st.DataObject) -> None:
    profile = data.draw(profiles(REAL))
    a = assume(profile, REAL)
    field = data.draw(
        st.sampled_from(["people", "base_pay", "platform", "requests", "input_price", "gpus", "overhead"])
    )
    more = with_changes(a, {field: getattr(a, field) + Range(1, 2)})
    before, after = estimate(profile, REAL, a).total, estimate(profile, REAL, more).total
    assert after.low >= before.low
    assert after.high >= before.high


def test_cost_follows_the_load_and_unknown_assumptions_are_refused() -> None:
    few, many = (LLM.model_copy(update={"requests_per_month": n}) for n in (1_000, 1_000_000))
    assert estimate(few, REAL).tokens.high < estimate(many, REAL).tokens.low
    with pytest.raises(KeyError, match="no such assumption"):
        with_changes(assume(LLM, REAL), {"gpu": Range(1, 1)})
    with pytest.raises(ValueError, match="low"):
        Range(2, 1)


def test_people_cost_is_heads_times_pay_times_employer_cost() -> None:
    a = with_changes(
        assume(STARTUP, REAL), {"people": Range(2, 3), "base_pay": Range(100, 200), "loaded": Range(1.5, 2)}
    )
    assert estimate(STARTUP, REAL, a).people == Range(300, 1200)
    tokens = {"requests": Range(1000, 1000), "input_tokens": Range(1000, 1000), "output_tokens": Range(500, 500)}
    prices = {"input_price": Range(1, 2), "output_price": Range(4, 8), "overhead": Range(1, 1)}
    # 1,000 requests of 1,000 + 500 tokens a month: 12 million in at 1 and 6 million out at 4.
    assert estimate(LLM, REAL, with_changes(assume(LLM, REAL), tokens | prices)).tokens.low == pytest.approx(36)


def test_a_question_that_never_said_how_llms_are_used_is_not_told_that_a_threat_is_background() -> None:
    assert "does not concern" not in threat_findings(Profile(), REAL, ["rag-poisoning"])[0].text


def test_the_curve_crosses_at_the_break_even() -> None:
    a = assume(LLM, REAL)
    at = break_even(a)
    assert at.tokens.low * at.api_price.high == pytest.approx(at.gpu_month.low)
    rows = curve(a)
    assert rows[0]["api_high"] == 0 < rows[0]["own_low"]
    assert all(r["own_low"] <= r["own_high"] and r["api_low"] <= r["api_high"] for r in rows)


def test_every_money_sentence_says_where_the_figure_comes_from() -> None:
    for finding in cost_findings(LLM, REAL):
        assert re.search(r"20\d\d|planning estimate|planning band|you (stated|described)|budget", finding.text), (
            finding.text
        )


# ---------------------------------------------------------------- threats


def test_threats_of_things_not_done_do_not_apply() -> None:
    ids = {e.threat.id for e in exposures(STARTUP.model_copy(update={"uses_llm": False}), REAL)}
    assert not ids & {"prompt-injection", "excessive-agency", "rag-poisoning"}
    assert "prompt-injection" in {e.threat.id for e in exposures(LLM, REAL)}
    background = threat_findings(STARTUP, REAL, ["rag-poisoning"])[0]
    assert "does not concern your work" in background.text


def test_regulation_hints_follow_the_country_and_are_not_legal_advice() -> None:
    assert regulations(Profile(country="Germany"), REAL)[0].id == "eu-ai-act"
    assert "eu-ai-act" not in {r.id for r in regulations(Profile(country="Peru"), REAL)}
    found = [f for f in advise("threat", Profile(country="France", uses_ml=True), REAL) if f.kind == "regulation"]
    assert found
    assert all("not legal advice" in f.text for f in found)


# ---------------------------------------------------------------- engine

ENTITIES = {
    "tool": ["mlflow", "no-such-tool"],
    "role": ["mlops-engineer"],
    "practice": ["model-registry"],
    "threat": ["prompt-injection"],
    "maturity-model": ["google"],
    "country": ["Germany"],
}


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_advice_is_whole_sentences_with_known_documents_and_the_same_each_time(data: st.DataObject) -> None:
    profile = data.draw(profiles(REAL))
    intent = data.draw(st.sampled_from(get_args(Intent)))
    named = data.draw(st.sampled_from([{}, ENTITIES]))
    found = advise(intent, profile, REAL, named)
    again = advise(intent, profile.model_copy(deep=True), REAL, named)
    assert json.dumps([f.model_dump() for f in found]) == json.dumps([f.model_dump() for f in again])
    assert len(found) <= engine.MOST
    assert len({f.id for f in found}) == len(found)
    for f in found:
        assert f.text.strip(), f.id
        assert f.text[-1] in ".!?", f.text
        assert "  " not in f.text, f.text
        assert "None" not in f.text.replace("None of", ""), f.text
        assert ".." not in f.text.replace("...", ""), f.text
        assert f.sources, f.id
        assert all(s in REAL.records["source"] for s in f.sources), f.sources
        for doc in f.docs:
            kind, _, slug = doc.partition("/")
            assert slug in (REAL.guides if kind == "guide" else REAL.records[kind]), doc


@pytest.mark.parametrize("intent", get_args(Intent))
def test_an_empty_profile_gets_general_advice_and_at_most_three_questions(intent: Intent) -> None:
    found = advise(intent, Profile(), REAL)
    questions = asks(intent, Profile())
    assert len(questions) <= 3
    assert all(q.endswith("?") for q in questions)
    if intent in ("assess", "next", "hire", "tool", "cost", "threat"):
        assert found
        assert questions


def test_questions_stop_when_the_facts_are_there() -> None:
    assert "How many models or LLM applications run in production today?" in asks("next", Profile())
    assert asks("hire", STARTUP.model_copy(update={"country": "Germany"})) == []


def test_the_facts_are_named_once_in_an_answer() -> None:
    texts = [f.text for f in advise("next", STARTUP, REAL)]
    assert sum("With 25 people" in t for t in texts) == 1


def test_the_profile_changes_the_advice() -> None:
    small, large = sample("startup"), sample("bank")
    for intent in ("next", "hire", "tool", "cost", "threat"):
        assert [f.text for f in advise(intent, small, REAL)] != [f.text for f in advise(intent, large, REAL)]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.stem)
def test_each_sample_organisation_gets_advice_for_every_intent(path: Path) -> None:
    profile = Profile.model_validate(yaml.safe_load(path.read_text()))
    unknown = set(profile.practices) - set(REAL.records["practice"])
    assert not unknown, f"{path.name} names practices the corpus does not have"
    assert not set(profile.team) - set(REAL.records["role"])
    for intent in ("assess", "next", "hire", "tool", "cost", "threat"):
        assert advise(intent, profile, REAL), intent


def test_what_if_compares_two_profiles() -> None:
    after = STARTUP.model_copy(update={"team": {"data-scientist": 2, "ml-engineer": 1}})
    rules = [f.rule for f in advise("what-if", after, REAL, before=STARTUP)]
    assert rules[:3] == ["roadmap.diff", "costs.diff", "staffing.diff"]


def test_the_rules_version_is_a_hash_of_the_source() -> None:
    assert re.fullmatch(r"[0-9a-f]{16}", engine.RULES_VERSION)
    assert not hasattr(engine, "NO_SUCH_NAME")


def test_rules_are_fast_enough_to_run_on_every_question() -> None:
    def best(action: object) -> float:
        times = []
        for _ in range(5):
            start = time.perf_counter()
            action()  # type: ignore[operator]
            times.append(time.perf_counter() - start)
        return min(times)

    bank = sample("bank")
    assert best(lambda: assess(bank, REAL)) < 0.05
    assert best(lambda: roadmap(bank, REAL)) < 0.2
