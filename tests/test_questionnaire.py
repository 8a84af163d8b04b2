"""The adaptive questionnaire: what it asks, when it ends, and that answers only narrow what is known."""

from __future__ import annotations

import pytest
from advice_corpus import profiles, small_corpus
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.advice.charts import AIM, POSSIBLE, REACHED, charts
from advisor.advice.held import assess
from advisor.advice.questionnaire import (
    FEWEST,
    MOST,
    answer,
    confirm,
    first_result_ready,
    next_item,
    progress,
    proposed,
    reject,
)
from advisor.errors import InputError
from advisor.knowledge import load
from advisor.schema import PracticeAnswer, Profile

SMALL = small_corpus()
REAL = load.load()
CORPORA = pytest.mark.parametrize("corpus", [SMALL, REAL], ids=["small", "real"])
SAID = ("yes", "partly", "no", "unknown", "n/a")


@CORPORA
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_it_ends_asks_nothing_twice_and_only_narrows(corpus: load.Corpus, data: st.DataObject) -> None:
    profile = data.draw(profiles(corpus)).model_copy(update={"practices": {}})
    # One pattern of answers for the whole walk keeps an example small enough to shrink.
    pattern = data.draw(st.lists(st.sampled_from(SAID), min_size=1, max_size=7))
    asked: set[str] = set()
    for turn in range(len(corpus.records["practice"]) + 1):
        before = assess(profile, corpus)
        item = next_item(profile, corpus)
        if item is None:
            break
        id = item.practice.id
        assert id not in asked
        assert before.states[id] == "unknown", "implied and excluded practices are not asked"
        asked.add(id)
        profile = answer(profile, id, pattern[turn % len(pattern)], evidence="because")
        for old, new in zip(before.cells, assess(profile, corpus).cells, strict=True):
            assert old.interval.low <= new.interval.low <= new.interval.high <= old.interval.high
    else:
        pytest.fail("the questionnaire asked more questions than there are practices")
    done = progress(profile, corpus)
    assert (done.open, done.remaining) == (0, 0)
    assert first_result_ready(profile, corpus)


@pytest.mark.parametrize("value", ["yes", "no"])
def test_a_first_result_takes_at_most_twenty_answers(value: str) -> None:
    profile = Profile(uses_ml=True, uses_llm=True, llm_use=["rag"], models_in_production=3)
    steps = 0
    while not first_result_ready(profile, REAL):
        item = next_item(profile, REAL)
        assert item is not None
        left = progress(profile, REAL).remaining
        profile = answer(profile, item.practice.id, value)
        steps += 1
        assert progress(profile, REAL).answered == steps
        assert left >= 1
    assert steps <= MOST
    # Everything at no leaves nothing to ask long before: missing basics rule out what is built on them.
    assert steps == MOST if value == "yes" else steps <= FEWEST


def test_it_begins_with_eight_minutes() -> None:
    start = progress(Profile(uses_ml=True, uses_llm=False), REAL)
    assert (start.answered, start.remaining) == (0, FEWEST)
    assert 6 <= start.minutes <= 8
    assert start.widths == {"ml": 4.0}


def test_an_item_says_why_and_what_it_decides() -> None:
    profile = Profile(uses_ml=True, uses_llm=False)
    item = next_item(profile, REAL)
    assert item is not None
    before = assess(profile, REAL)
    after = assess(answer(profile, item.practice.id, "no"), REAL)
    spared = sum(s == "implied" for s in after.states.values()) - sum(s == "implied" for s in before.states.values())
    level = after.cell("ml", item.practice.dimension).interval
    assert level.low == level.high == 0
    assert item.why.startswith("It is one of the practices that decide whether ")
    assert f"No puts {item.practice.dimension} at level 0 and spares {spared} further questions." in item.decides
    assert item.hint.startswith("Evidence would be ")
    assert item.proposal is None


def test_one_track_or_dimension_can_be_asked_alone() -> None:
    profile = Profile(uses_ml=True, uses_llm=True)
    item = next_item(profile, REAL, track="genai", dimension="governance")
    assert item is not None
    assert item.practice.track in ("genai", "both")
    assert item.practice.dimension == "governance"
    assert next_item(profile, REAL, dimension="no-such-dimension") is None


def test_do_not_know_is_an_answer_and_not_asked_again() -> None:
    first = next_item(Profile(uses_ml=True), SMALL)
    assert first is not None
    profile = answer(Profile(uses_ml=True), first.practice.id, "unknown")
    second = next_item(profile, SMALL)
    assert second is not None
    assert second.practice.id != first.practice.id
    assert progress(profile, SMALL).unsure == 1


def test_answers_keep_who_said_them_and_the_old_profile_stays() -> None:
    before = Profile()
    after = answer(before, "git", "partly", evidence=" two of five repositories ", by="Ana", at="2026-11-20")
    assert after.practices["git"] == PracticeAnswer(
        answer="partly", evidence="two of five repositories", by="Ana", at="2026-11-20", provenance="said"
    )
    assert before.practices == {}


@pytest.mark.parametrize(
    ("value", "evidence", "message"),
    [("n/a", "  ", "needs a reason"), ("maybe", "", "is not an answer"), ("yes", "x" * 2001, "evidence")],
)
def test_what_cannot_be_an_answer_is_refused(value: str, evidence: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        answer(Profile(), "git", value, evidence=evidence)


def test_proposals_wait_are_confirmed_or_rejected() -> None:
    profile = Profile(uses_ml=True, tools=["mlflow"])
    assert "experiment-tracking" in proposed(profile, REAL)

    confirmed = confirm(profile, REAL, "experiment-tracking", by="Ana", at="2026-11-20")
    said = confirmed.practices["experiment-tracking"]
    assert (said.answer, said.provenance, said.by) == ("partly", "confirmed", "Ana")
    assert "experiment-tracking" not in proposed(confirmed, REAL)

    rejected = reject(profile, REAL, "experiment-tracking")
    assert "experiment-tracking" not in proposed(rejected, REAL)
    assert assess(rejected, REAL).states["experiment-tracking"] == "unknown"
    everything = {i.practice.id for i in _all_items(rejected)}
    assert "experiment-tracking" in everything, "its question stays open"
    with pytest.raises(InputError):
        confirm(rejected, REAL, "experiment-tracking")


def _all_items(profile: Profile) -> list:  # type: ignore[type-arg]
    found = []
    while (item := next_item(profile, REAL)) is not None:
        found.append(item)
        profile = answer(profile, item.practice.id, "yes")
    return found


# ---------------------------------------------------------------- charts


def test_nothing_is_drawn_of_an_empty_profile() -> None:
    for intent in ("assess", "next", "hire", "tool", "cost", "threat", "explain"):
        assert charts(intent, Profile(), REAL) == []  # type: ignore[arg-type]
    assert charts("assess", Profile(people=25), REAL) == [], "no radar before the first answer"


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_charts_stay_in_their_ranges(data: st.DataObject) -> None:
    profile = data.draw(profiles(REAL))
    for chart in charts("assess", profile, REAL):
        by_name = {s["name"]: s for s in chart.series}
        low, high = by_name[REACHED]["values"], by_name.get(POSSIBLE, by_name[REACHED])["values"]
        assert all(0 <= a <= b <= 4 for a, b in zip(low, high, strict=True))
        assert len(by_name[AIM]["values"]) == len(low)
    for chart in charts("next", profile, REAL):
        assert all(0 <= s["start"] < s["end"] and s["low"] <= s["high"] for s in chart.series)
        assert len(chart.series) <= 16
    for chart in charts("cost", profile, REAL):
        if chart.kind == "range":
            assert all(0 <= s["low"] <= s["high"] for s in chart.series)
        else:
            assert all(len(s["x"]) == len(s["y"]) for s in chart.series)
    for chart in charts("threat", profile, REAL):
        assert chart.series[0]["values"] == sorted(chart.series[0]["values"], reverse=True)
