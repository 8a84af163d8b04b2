"""The pages beside the chat, without a browser: what each shows and keeps, and that markup of others stays text."""

from __future__ import annotations

from pathlib import Path

import pytest

from advisor.advice.questionnaire import next_item, proposed
from advisor.answer.pipeline import Advisor
from advisor.channels.session import Desk
from advisor.channels.web.pages import assessment, costs, history, people, report, result, roadmap, tools
from advisor.channels.web.pages.assessment import Sheet
from advisor.channels.web.pages.blocks import grid_html
from advisor.channels.web.pages.shared import kept
from advisor.channels.web.talk import Talk
from advisor.errors import InputError
from advisor.knowledge.load import default_root
from advisor.records.assessments import Assessments
from advisor.records.profile_yaml import profile_to_yaml
from advisor.schema import PracticeAnswer, Profile
from tests.homes import records_at

EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def desk(advisor: Advisor, tmp_path: Path) -> Desk:
    return Desk(advisor, records_at(tmp_path / "advisor.db"))


@pytest.fixture(params=[name for _, name in report.samples()])
def organisation(request: pytest.FixtureRequest, desk: Desk) -> Profile:
    return report.sample(desk, request.param)


@pytest.fixture
def insurer(desk: Desk) -> Profile:
    return report.sample(desk, "mid-size-insurer.yaml")


def asking(desk: Desk, talk: Talk) -> Sheet:
    item = assessment.asked(desk, talk.profile)
    assert item is not None
    return Sheet((), item.practice.id)


def test_an_answer_is_kept_with_its_evidence_and_recorded(desk: Desk) -> None:
    talk = Talk()
    sheet = asking(desk, talk)
    talk, after, said = assessment.answered(desk, talk, sheet, "yes", "wiki/page", "Ana")
    kept_answer = talk.profile.practices[sheet.asking]
    assert (kept_answer.answer, kept_answer.evidence, kept_answer.by, said) == ("yes", "wiki/page", "Ana", "")
    assert talk.id is not None
    assert desk.records.conversations.get(talk.id).profile == talk.profile
    assert len(after.steps) == 1
    assert assessment.asked(desk, talk.profile) != sheet.asking


def test_not_applicable_needs_its_reason(desk: Desk) -> None:
    talk = Talk()
    with pytest.raises(InputError, match="reason"):
        assessment.answered(desk, talk, asking(desk, talk), "n/a", "  ", "")


def test_back_takes_the_last_answer_back_and_asks_it_again(desk: Desk) -> None:
    talk = Talk()
    sheet = asking(desk, talk)
    first = sheet.asking
    talk, sheet, _ = assessment.answered(desk, talk, sheet, "no", "", "")
    talk, sheet, _ = assessment.undone(desk, talk, sheet)
    assert talk.profile.practices == {}
    assert sheet == Sheet((), first)
    again = Profile(practices={first: PracticeAnswer(answer="partly")})
    talk, sheet, _ = assessment.answered(desk, Talk(profile=again), Sheet((), first), "yes", "", "")
    talk, _, _ = assessment.undone(desk, talk, sheet)
    assert talk.profile == again


def test_suggestions_are_confirmed_or_rejected(desk: Desk) -> None:
    corpus = desk.advisor.corpus
    heard = next_item(Profile(), corpus)
    assert heard is not None
    profile = Profile(
        tools=["mlflow", "airflow"],
        practices={heard.practice.id: PracticeAnswer(answer="yes", provenance="inferred")},
    )
    waiting = assessment.suggestions(profile, corpus)
    assert heard.practice.id in waiting
    assert len(proposed(profile, corpus)) >= 1
    talk, _ = assessment.settled(desk, Talk(profile=profile), list(waiting), True, "Ana")
    assert {talk.profile.practices[id].provenance for id in waiting} == {"confirmed"}
    assert assessment.suggestions(talk.profile, corpus) == {}
    talk, _ = assessment.settled(desk, Talk(profile=profile), list(waiting), False, "")
    assert {talk.profile.practices[id].answer for id in waiting} == {"unknown"}
    assert assessment.suggestions(talk.profile, corpus) == {}


def test_progress_counts_down_to_a_first_result(desk: Desk) -> None:
    corpus = desk.advisor.corpus
    assert "0 answered, about 7 minutes left" in assessment.progress_html(Profile(), corpus)
    talk = Talk()
    for _ in range(20):
        talk, _, _ = assessment.answered(desk, talk, asking(desk, talk), "yes", "", "")
    assert "first result is ready" in assessment.progress_html(talk.profile, corpus)


def test_every_page_speaks_about_every_sample(desk: Desk, organisation: Profile, tmp_path: Path) -> None:
    talk = Talk(profile=organisation)
    top, *plots, rest, target, sources = result.shown(desk, talk)
    assert "Self-reported" in top
    assert plots[0]["visible"]
    assert "Missing for the next level" in rest
    assert "Evidence by dimension" in rest
    assert "Target by dimension" in target
    assert "sources" in sources
    assert ("ML Test Score" in rest) == (organisation.uses_ml is not False)
    plan = roadmap.shown(desk, talk)
    assert "The plan by quarter" in plan[2]
    assert "RACI" in people.shown(desk, talk)[0]
    assert "Best fits first" in tools.shortlist_html(desk, organisation, "experiment-tracking")
    assert "a year" in costs.shown(desk, organisation)[0]
    made, files, trouble = report.written(desk, organisation, tmp_path)
    assert trouble == []
    assert sorted(files) == [".html", ".json", ".md", ".pdf"]
    assert files[".pdf"].read_bytes().startswith(b"%PDF")
    assert all(path.stat().st_size > 5_000 for path in files.values())
    assert made.organisation in report.preview_html(made)


def test_the_pages_speak_without_a_profile(desk: Desk) -> None:
    for html in (result.shown(desk, Talk())[0], roadmap.shown(desk, Talk())[0], people.shown(desk, Talk())[0]):
        assert "Nothing is known about your organisation yet" in html


def test_markup_in_a_profile_stays_text(desk: Desk, insurer: Profile) -> None:
    practice = next(iter(insurer.practices))
    said = PracticeAnswer(answer="yes", evidence=EVIL, by=EVIL)
    profile = insurer.model_copy(update={"name": EVIL, "practices": {**insurer.practices, practice: said}})
    made, _, _ = report.written(desk, profile, Path(desk.advisor.settings.home))
    pages = [
        *result.shown(desk, Talk(profile=profile)), assessment.answers_html(profile, desk.advisor.corpus),
        report.preview_html(made), grid_html((EVIL,), [(EVIL,)], EVIL),
    ]  # fmt: skip
    shown = [html for html in pages if isinstance(html, str)]
    assert any("&lt;img" in html for html in shown)
    assert not any("<img" in html for html in shown)
    assert not any("\n" in html for html in shown), "an empty line would end the HTML"


def test_capacity_and_quarters_are_kept_and_checked(desk: Desk, insurer: Profile) -> None:
    talk, _ = roadmap.planned(desk, Talk(profile=insurer), 7.5, 2)
    assert (talk.profile.capacity, talk.profile.quarters) == (7.5, 2)
    assert talk.profile.provenance["capacity"] == "confirmed"
    with pytest.raises(InputError):
        roadmap.planned(desk, Talk(profile=insurer), -1, 2)


def test_what_if_shows_the_difference(desk: Desk, insurer: Profile) -> None:
    hired = roadmap.supposed(insurer, "mlops-engineer", None, False)
    assert hired.team["mlops-engineer"] == insurer.team.get("mlops-engineer", 0) + 1
    html = roadmap.difference_html(desk, insurer, roadmap.supposed(insurer, None, 1, False))
    assert "Before and after" in html
    assert "changed" in html
    assert roadmap.supposed(Profile(), None, None, True).llm_use == ["rag"]
    assert "Choose at least one" in roadmap.difference_html(desk, insurer, insurer)
    assert insurer == report.sample(desk, "mid-size-insurer.yaml"), "what-if must not change the profile"


def test_tools_say_what_is_out_and_why(desk: Desk) -> None:
    alone = Profile(self_host=True, kubernetes=False)
    html = tools.shortlist_html(desk, alone, "experiment-tracking")
    assert "Left out, and why" in html
    two = tools.comparison_html(desk, alone, ["mlflow", "wandb"])
    assert "State of each" in two
    assert "Choose two" in tools.comparison_html(desk, alone, ["mlflow"])


def test_own_assumptions_change_the_cost_and_say_so(desk: Desk, insurer: Profile) -> None:
    entered: list[float | None] = list(costs.numbers(costs.assume(insurer, desk.advisor.corpus)))
    assert costs.edited(insurer, desk, entered) == costs.assume(insurer, desk.advisor.corpus)
    entered[0] = entered[1] = 100.0
    a = costs.edited(insurer, desk, entered)
    assert dict(a.reasons)["people"] == "your own figure"
    assert costs.shown(desk, insurer, a)[0] != costs.shown(desk, insurer)[0]
    entered[0], entered[1] = 5.0, 1.0
    with pytest.raises(InputError, match="People"):
        costs.edited(insurer, desk, entered)


def test_pay_and_career(desk: Desk) -> None:
    assert "USD" in people.pay_html(desk, "ml-engineer", "United States")
    assert "ML" in people.career_html(desk, "data-scientist", "ml-engineer")
    assert "Becoming" in people.career_html(desk, "", "ml-engineer")


def test_history_says_who_changed_what(desk: Desk, insurer: Profile, tmp_path: Path) -> None:
    store = Assessments(tmp_path / "advisor.db")
    talk, _ = kept(desk, Talk(), insurer)
    history.saved(desk, store, talk, "Before")
    item = next_item(insurer, desk.advisor.corpus)
    assert item is not None
    talk, _, _ = assessment.answered(desk, talk, Sheet((), item.practice.id), "no", "", "")
    history.saved(desk, store, talk, EVIL)
    (_, later), (words, earlier) = history.choices(store)
    assert words.startswith("Before (")
    html = history.difference_html(desk, store, earlier, later)
    assert "What you changed" in html
    assert item.practice.title in html
    assert "<img" not in html + history.listing_html(store)
    assert "two different" in history.difference_html(desk, store, earlier, earlier)


def test_a_profile_goes_out_and_comes_back(desk: Desk, insurer: Profile, tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(profile_to_yaml(insurer), "utf-8")
    assert report.read(desk, path) == insurer
    path.write_text("peple: 3\n", "utf-8")
    with pytest.raises(InputError, match=r"p\.yaml:1"):
        report.read(desk, path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError):
        report.read(desk, path)
    with pytest.raises(InputError):
        report.sample(desk, "../pyproject.toml")


def test_a_report_is_named_after_the_organisation() -> None:
    assert report.stem(Profile(name="../../Müller & Co.")) == "mlops-report-m-ller-co"
    assert report.stem(Profile()) == "mlops-report"
    assert len(report.samples()) == 5
    assert (default_root().parent / "samples").is_dir()
