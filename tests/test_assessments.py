"""Saved assessments on a real SQLite file, what changed between two of them, and profiles as YAML."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from advice_corpus import profiles
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.advice import engine
from advisor.advice.changes import Change, diff, profile_changes, recorded
from advisor.advice.questionnaire import answer
from advisor.errors import InputError, StorageError
from advisor.knowledge import load
from advisor.records.assessments import Assessments, NoSuchAssessment, SavedAssessment
from advisor.records.conversations import Conversations
from advisor.records.profile_yaml import profile_from_yaml, profile_to_yaml
from advisor.schema import Finding, Profile, Versions

REAL = load.load()
AT = dt.datetime(2026, 11, 20, 9, 30)
PROFILE = Profile(uses_ml=True, uses_llm=False, people=25, team={"data-scientist": 2}, models_in_production=1)


def versions(corpus: str = REAL.version, rules: str | None = None) -> Versions:
    return Versions(
        corpus=corpus, rules=rules or engine.RULES_VERSION, prompt="", chat_model=None, embedder="test", product="1"
    )


def saved(profile: Profile, findings: list[Finding] | None = None, **made_by: str) -> SavedAssessment:
    found = recorded(profile, REAL) if findings is None else findings
    return SavedAssessment("id", None, "name", AT, profile, found, versions(**made_by))


# ---------------------------------------------------------------- on disk


def test_an_assessment_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    findings = recorded(PROFILE, REAL)
    first = Assessments(tmp_path / "advisor.db")
    id = first.save(None, "  First \n result ", PROFILE, findings, versions(), AT)
    first.close()
    again = Assessments(tmp_path / "advisor.db").get(id)
    assert (again.name, again.at, again.profile, again.findings) == ("First result", AT, PROFILE, findings)
    assert again.versions == versions()
    with pytest.raises(NoSuchAssessment):
        first.get("nothing")


def test_the_list_is_latest_first_whatever_the_clock_says(tmp_path: Path) -> None:
    store = Assessments(tmp_path / "advisor.db")
    ids = [store.save(None, f"n{i}", PROFILE, [], versions(), AT - dt.timedelta(days=i)) for i in range(3)]
    assert [e.id for e in store.list()] == ids[::-1]
    assert [e.id for e in store.list(limit=1)] == ids[-1:]
    store.delete(ids[1])
    store.delete(ids[1])
    assert [e.id for e in store.list()] == [ids[2], ids[0]]


def test_an_assessment_outlives_its_conversation(tmp_path: Path) -> None:
    talks, store = Conversations(tmp_path / "advisor.db"), Assessments(tmp_path / "advisor.db")
    conversation = talks.create(PROFILE)
    mine = store.save(conversation, "mine", PROFILE, [], versions())
    other = store.save("never recorded", "other", PROFILE, [], versions())
    assert [e.id for e in store.list(conversation)] == [mine]
    talks.delete(conversation)
    assert store.get(mine).conversation_id is None
    assert store.get(other).conversation_id is None


def test_times_with_a_zone_are_kept_in_utc(tmp_path: Path) -> None:
    store = Assessments(tmp_path / "advisor.db")
    zone = dt.timezone(dt.timedelta(hours=2))
    assert store.get(store.save(None, "n", PROFILE, [], versions(), AT.replace(tzinfo=zone))).at == AT.replace(hour=7)


def test_a_database_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        Assessments(tmp_path / "missing" / "advisor.db").list()


# ---------------------------------------------------------------- differences


def causes(changes: list[Change]) -> set[str]:
    return {c.cause for c in changes}


def test_nothing_changes_between_equal_assessments() -> None:
    assert diff(saved(PROFILE), saved(PROFILE), REAL) == []


def test_an_answer_is_yours() -> None:
    after = PROFILE
    for id in ("version-control-all-code", "data-source-inventory", "automated-data-feed"):
        after = answer(after, id, "yes")
    changes = diff(saved(PROFILE), saved(after), REAL)
    assert changes
    assert causes(changes) == {"you"}
    assert "3 of your facts and answers differ" in changes[0].reason
    kinds = [c.kind for c in changes]
    assert kinds == sorted(kinds, key=lambda k: k != "level"), "levels come first"
    assert profile_changes(PROFILE, after, REAL)[0].endswith("not answered → yes")


@pytest.mark.parametrize(
    ("made_by", "cause"),
    [
        ({"rules": "old"}, "rules"),
        ({"corpus": "old"}, "corpus"),
        ({"rules": "old", "corpus": "old"}, "rules or corpus"),
    ],
)
def test_the_same_profile_under_other_rules_is_ours(made_by: dict[str, str], cause: str) -> None:
    old = _with_other_total(recorded(PROFILE, REAL))
    changes = diff(saved(PROFILE, old, **made_by), saved(PROFILE), REAL)
    assert [(c.finding, c.cause) for c in changes] == [("costs.total", cause)]


def test_both_at_once_are_told_apart_step_by_step() -> None:
    old = _with_other_total(recorded(PROFILE, REAL))
    after = PROFILE.model_copy(update={"team": {"data-scientist": 5}})
    changes = diff(saved(PROFILE, old, rules="old"), saved(after), REAL)
    steps = [c for c in changes if c.finding == "costs.total"]
    assert [c.cause for c in steps] == ["rules", "you"]
    assert steps[0].after == steps[1].before
    # What the old rules said alike is yours alone.
    assert {c.cause for c in changes if c.finding == "costs.people"} == {"you"}


def test_two_old_assessments_of_different_rules_cannot_be_told_apart() -> None:
    old = _with_other_total(recorded(PROFILE, REAL))
    after = PROFILE.model_copy(update={"team": {"data-scientist": 5}})
    changes = diff(saved(PROFILE, old, rules="older"), saved(after, rules="old"), REAL)
    assert {c.cause for c in changes if c.finding == "costs.total"} == {"you, rules or corpus"}


def _with_other_total(findings: list[Finding]) -> list[Finding]:
    """The findings as an older rule set might have made them."""
    return [
        f.model_copy(update={"values": [v.model_copy(update={"high": v.high + 1}) for v in f.values]})
        if f.id == "costs.total"
        else f
        for f in findings
    ]


# ---------------------------------------------------------------- YAML


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_profile_survives_yaml(data: st.DataObject) -> None:
    profile = data.draw(profiles(REAL))
    assert profile_from_yaml(profile_to_yaml(profile)) == profile


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_a_profile_or_refused_with_its_line(text: str) -> None:
    error = None
    try:
        assert isinstance(profile_from_yaml(text, "f.yaml", REAL), Profile)
    except InputError as e:
        error = e
    assert error is None or ("f.yaml" in error.message and error.hint)


@pytest.mark.parametrize("path", sorted((Path(__file__).parents[1] / "samples").glob("*.yaml")), ids=lambda p: p.stem)
def test_the_samples_are_read(path: Path) -> None:
    assert profile_from_yaml(path.read_text("utf-8"), path.name, REAL).practices


def test_bare_words_that_yaml_takes_for_truth_are_answers() -> None:
    text = "kubernetes: yes\npractices:\n  a: yes\n  b: no\n  c: partly\n  d: {answer: off, at: 2026-09-01}\n"
    profile = profile_from_yaml(text)
    assert profile.kubernetes is True
    assert {id: a.answer for id, a in profile.practices.items()} == {"a": "yes", "b": "no", "c": "partly", "d": "no"}
    assert profile.practices["d"].at == "2026-09-01"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("people: 3\npeple: 4", "f.yaml:2: peple: no such field; did you mean 'people'?"),
        ("name: x\ncountry: no", "f.yaml:2: country: YAML reads this word as true or false; put it in quotes"),
        ("people: 1\npeople: 2", "f.yaml:2: 'people' stands there twice"),
        ("practices:\n  model-registri: yes", "f.yaml:2: practices.model-registri: no such practice; did you mean"),
        ("team:\n  data-scientists: 2", "f.yaml:2: team.data-scientists: no such role; did you mean 'data-scientist'?"),
        ("practices:\n  model-registry: {answer: perhaps}", "f.yaml:2: practices.model-registry.answer: Input should"),
        ("people: [1", "f.yaml:2: not valid YAML"),
        ("- 1", "f.yaml:1: a profile is a mapping"),
        ("a: &x [1]\nb: *x", "f.yaml:2: aliases and deep nesting"),
        ("a: " + "[" * 50 + "]" * 50, "f.yaml:1: aliases and deep nesting"),
        ("a: !!python/object/apply:os.system [ls]", "f.yaml: not valid YAML"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str, message: str) -> None:
    with pytest.raises(InputError) as e:
        profile_from_yaml(text, "f.yaml", REAL)
    assert message in e.value.message
