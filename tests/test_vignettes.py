"""Hand-worked vendor levels against the rules, and the five sample organisations that are shipped."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import yaml

from advisor.advice.engine import advise
from advisor.advice.held import assess
from advisor.knowledge.load import Corpus, load
from advisor.knowledge.records import Practice, Role, Tool
from advisor.schema import Intent, Profile
from evals.vignettes import LADDERS, RANGE, WANTED, Ladder, Outcome, cases, kappa, outcome, report

SAMPLES = Path(__file__).parents[1] / "samples"
NAMES = ["bank-fraud-models", "llm-only-saas", "manufacturer-edge-ot", "mid-size-insurer", "startup-one-model"]
VIGNETTES = cases()


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return load()


@pytest.fixture(scope="module")
def outcomes(corpus: Corpus) -> list[Outcome]:
    return [outcome(case, corpus) for case in VIGNETTES]

    differing = [o for o in outcomes if not o.agrees]
    assert len(outcomes) - len(differing) >= WANTED, report(outcomes)
    assert [o.case.id for o in differing if not o.case.explained] == []


@pytest.mark.parametrize("ladder", LADDERS)
def test_the_rules_never_rule_out_an_expected_level(outcomes: list[Outcome], ladder: Ladder) -> None:
    assert [o.case.id for o in outcomes if not o.allows(ladder)] == []


def test_vignettes_are_sound_and_cover_every_level(corpus: Corpus) -> None:
    assert len(VIGNETTES) == len({v.id for v in VIGNETTES}) == 25
    for v in VIGNETTES:
        named = [*v.held, *v.partly, *v.missing]
        assert 80 <= len(v.prose.split()) <= 160, v.id
        assert len(named) == len(set(named)), v.id
        assert set(named) | set(v.expected.top_gap.any_of) <= corpus.records["practice"].keys(), v.id
        assert not set(v.expected.top_gap.any_of) & set(v.held), v.id
    for ladder, levels in RANGE.items():
        assert {v.expected.level(ladder) for v in VIGNETTES} == {*levels, "n/a"}


@pytest.mark.parametrize("id", ["logistics-arrival", "online-lender"])
def test_a_level_that_hangs_on_one_practice_moves_with_it(corpus: Corpus, id: str) -> None:
    """Agreement must rest on the answers: these two miss the next Microsoft level by one practice alone."""
    case = next(v for v in VIGNETTES if v.id == id)
    [gap] = case.expected.top_gap.any_of
    mended = case.model_copy(update={"held": [*case.held, gap], "missing": [m for m in case.missing if m != gap]})
    before, after = outcome(case, corpus).levels["microsoft"], outcome(mended, corpus).levels["microsoft"]
    assert before is not None
    assert after is not None
    assert after.high == before.high + 1


def test_kappa_is_worked_out_by_hand() -> None:
    assert kappa([(0, 0), (1, 1), (2, 2)], range(3)).value == 1
    assert kappa([(0, 0), (1, 1), (2, 0)], range(3)).value == pytest.approx(0)
    assert kappa([(0, 0), (1, 1), (2, 1)], range(3)).value == pytest.approx(2 / 3)
    assert kappa([(1, 1), (2, 2), (3, 2)], range(1, 4)).value == pytest.approx(2 / 3)
    assert math.isnan(kappa([(1, 1), (1, 1)], range(3)).value)


def test_the_five_samples_are_there() -> None:
    assert sorted(p.stem for p in SAMPLES.glob("*.yaml")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_loads_and_the_rules_run_on_it(corpus: Corpus, name: str) -> None:
    text = (SAMPLES / f"{name}.yaml").read_text("utf-8")
    assert text.startswith("# Sample: ")
    profile = Profile.model_validate(yaml.safe_load(text))
    assert profile.practices.keys() <= {p.id for p in corpus.all(Practice)}
    assert profile.team.keys() <= {r.id for r in corpus.all(Role)}
    assert set(profile.tools) <= {t.id for t in corpus.all(Tool)}
    assert profile.provenance.keys() <= Profile.model_fields.keys()
    assessment = assess(profile, corpus)
    assert assessment.answered > 15
    assert assessment.evidenced > assessment.answered / 3
    intents: list[Intent] = ["assess", "next", "hire", "tool", "cost", "threat"]
    for intent in intents:
        found = advise(intent, profile, corpus)
        assert found, intent
        assert all(f.text for f in found)
