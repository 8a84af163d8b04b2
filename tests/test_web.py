"""The page's parts without a browser: what is shown is safe, quotes are marked, presses do what they say."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.answer.pipeline import Advisor
from advisor.channels.chips import chips, confirmed, removed
from advisor.channels.session import Desk
from advisor.channels.web import form, render, talk
from advisor.channels.web.charts import as_table
from advisor.channels.web.figures import figure
from advisor.channels.web.markdown import to_html
from advisor.channels.web.passage import linked, marked, passage_html
from advisor.channels.web.talk import Growing, Talk, View
from advisor.errors import InputError
from advisor.schema import Chart, Profile
from tests.answers import DOCUMENT, Scripted, make_answer
from tests.homes import records_at

XSS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![x](https://evil.example/a.png)",
    "[x](javascript:alert(1))",
    "[x](//evil.example)",
    "[x](https://evil.example/?q=secret)",
    "<https://evil.example>",
    "[x]: https://evil.example\n\n[x]",
    "<style>*{background:url(https://evil.example)}</style>",
    "<iframe src=https://evil.example></iframe>",
    '<a href="https://evil.example" onclick="x()">y</a>',
    "<form action=https://evil.example><button>go</button></form>",
    "| a |\n|---|\n| <svg onload=alert(1)> |",
    '"><svg/onload=alert(1)>',
    "`</code><script>alert(1)</script>`",
    '<button data-do="delete" data-id="x">press me</button>',
    "\ue000<b>\ue001",
]


ACTIVE = {
    "script", "style", "img", "iframe", "object", "embed", "form", "input", "svg", "link", "base", "meta", "video",
    "audio", "math",
}  # fmt: skip


class Seen(HTMLParser):
    """The tags and attributes of a piece of HTML, and its text inside <mark>."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.marked = ""
        self.text = ""
        self._inside = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = self._inside or tag == "mark"

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "mark"

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._inside:
            self.marked += data


def assert_harmless(html: str) -> None:
    for tag, attributes in Seen(html).tags:
        assert tag not in ACTIVE
        assert not [name for name in attributes if name.startswith("on") or name in ("style", "src", "srcset")]
        assert "evil" not in str(attributes.get("href"))
        assert "data-do" not in attributes


@pytest.mark.parametrize("text", XSS)
def test_nothing_active_comes_through(text: str) -> None:
    assert_harmless(to_html(text, {1: text}))
    assert_harmless(marked(text, 0, len(text)))


@pytest.mark.parametrize("text", XSS)
def test_every_field_of_an_answer_is_harmless(text: str) -> None:
    answer = make_answer(
        text, text, note=text, asks=[text], follow_ups=[text],
        charts=[Chart(kind="range", title=text, unit=text, series=[{"label": text, "low": 1, "high": 2}])],
    )  # fmt: skip
    citation = answer.citations[0].model_copy(update={"title": text, "heading": text, "as_of": text, "quote": text})
    answer = answer.model_copy(update={"citations": [citation]})
    parts = (
        render.latest(answer), render.growing(text, text, text), render.failed(text, text, text), render.stopped(text),
        passage_html(citation, None), passage_html(citation, DOCUMENT), render.mode_banner("model", text, [text]),
    )  # fmt: skip
    for html in parts:
        # The citation's own address is the one link there is; what a source line may hold is tested below.
        assert_harmless(html.replace('href="https://example.org', 'href="'))
    for html in (render.turn(answer), render.after(answer), render.profile_chips(chips(Profile(industry=text[:100])))):
        for tag, attributes in Seen(html).tags:
            assert tag not in ACTIVE
            assert not [name for name in attributes if name.startswith("on") or name in ("style", "src")]


@given(st.text(alphabet=st.sampled_from("<>[]()!`*_|\n\"'=/ax1:-#&;\ue000\ue001"), max_size=120))
@settings(max_examples=300, deadline=None)
def test_no_text_makes_a_tag_of_its_own(text: str) -> None:
    allowed = {"p", "br", "strong", "em", "code", "pre", "ul", "ol", "li", "blockquote", "hr", "h2", "h3", "h4", "h5",
               "h6", "table", "thead", "tbody", "tr", "th", "td", "a", "button", "s", "div", "mark", "sup",
               "span"}  # fmt: skip
    assert {tag for tag, _ in Seen(to_html(text, {1: "One"})).tags} <= allowed
    assert {tag for tag, _ in Seen(marked(text, 3, 9)).tags} <= allowed


def test_a_marker_is_a_button_only_where_its_citation_exists() -> None:
    html = to_html("One [1], two [2], `code [1]`.", {1: 'A "title"'})
    buttons = [attributes for tag, attributes in Seen(html).tags if tag == "button"]
    assert buttons == [{"type": "button", "class": "cite", "data-cite": "1", "aria-label": 'Source 1: A "title"'}]
    assert "[2]" in html
    assert "code [1]" in html


def test_only_cited_addresses_are_links() -> None:
    html = to_html("[a](https://good.example/x) [b](https://bad.example)", {}, ["https://good.example/x"])
    assert [a["href"] for tag, a in Seen(html).tags if tag == "a"] == ["https://good.example/x"]


def test_a_source_line_shows_the_host_of_its_link() -> None:
    html = linked("Google, MLOps (2024), https://docs.cloud.google.com/x?a=1.")
    assert 'href="https://docs.cloud.google.com/x?a=1"' in html
    assert ">docs.cloud.google.com<" in html
    for text in XSS:
        assert not [a for _, a in Seen(linked(text)).tags if any(name.startswith("on") for name in a)]
        assert {tag for tag, _ in Seen(linked(text)).tags} <= {"a", "span"}


def test_rendered_blocks_are_one_line() -> None:
    answer = make_answer(text="```\na\n\nb\n```\n\n- x [1]\n\n| a |\n|---|\n| b |")
    for html in (
        render.latest(answer),
        render.turn(answer),
        render.after(answer),
        render.growing("a\n\nb", "c\n\nd", ""),
    ):
        assert "\n" not in html


def test_a_quote_across_blocks_is_marked_in_each() -> None:
    start = DOCUMENT.text.index("- Keep")
    seen = Seen(marked(DOCUMENT.text, start, len(DOCUMENT.text) - 1))
    assert seen.marked == "Keep the model in a registry.Script it."


def test_every_kind_of_document_marks_its_sentences(advisor: Advisor) -> None:
    """A citation of the real corpus is found again where it stands."""
    looked_at = 0
    for i, document in enumerate(advisor.documents.values()):
        if i % 5:
            continue
        for line in document.text.splitlines():
            words = line.strip("# -")
            if len(words) > 60 and not set(words) & set("|*`[]_<>&\\"):
                start = document.text.index(words)
                seen = Seen(marked(document.text, start, start + len(words)))
                assert seen.marked == words, document.id
                looked_at += 1
                break
    assert looked_at > 50


def test_a_quote_that_moved_is_found_and_one_that_is_gone_is_shown_alone() -> None:
    citation = make_answer().citations[0]
    moved = DOCUMENT.model_copy(update={"text": "New first line.\n\n" + DOCUMENT.text})
    assert Seen(passage_html(citation, moved)).marked == citation.quote
    gone = DOCUMENT.model_copy(update={"text": "Something else."})
    for document in (gone, None):
        html = passage_html(citation, document)
        assert Seen(html).marked == citation.quote
        assert "changed" in html or "no longer" in html


CHARTS = [
    Chart(kind="radar", title="Levels", series=[{"name": "Now", "labels": ["Data", "Model"], "values": [1, 2]}]),
    Chart(kind="bars", title="Scores", unit="points", series=[{"name": "A", "labels": ["x"], "values": [0.5]}]),
    Chart(kind="lines", title="Cost", unit="USD", series=[{"name": "API", "x": [1, 2], "y": [10, 2000]}]),
    Chart(kind="range", title="Pay", unit="USD", series=[{"label": "Engineer", "low": 90000, "high": 120000}]),
    Chart(kind="timeline", title="Plan", unit="quarter", series=[{"label": "Registry", "start": 1, "end": 2}]),
]


@pytest.mark.parametrize("chart", CHARTS, ids=[c.kind for c in CHARTS])
def test_a_chart_is_a_figure_and_a_table(chart: Chart) -> None:
    assert figure(chart).to_plotly_json()["data"]
    head, *rows = as_table(chart)
    assert rows
    assert all(len(row) == len(head) for row in rows)


def test_chart_numbers_read_well() -> None:
    assert as_table(CHARTS[2]) == [["", "API (USD)"], ["1", "10"], ["2", "2,000"]]
    assert as_table(CHARTS[3]) == [["", "low (USD)", "high (USD)"], ["Engineer", "90,000", "120,000"]]


PROFILE = Profile(
    industry="health", people=25, team={"data-scientist": 2, "ml-engineer": 1}, models_in_production=1,
    clouds=["aws", "gcp"], kubernetes=False, provenance={"people": "said", "clouds": "inferred"},
)  # fmt: skip


def test_each_fact_is_one_chip_that_can_be_removed() -> None:
    labels = [c.label for c in chips(PROFILE)]
    assert labels == [
        "health", "25 people", "2 data scientists", "1 ML engineer", "1 model in production", "AWS", "Google Cloud",
        "no Kubernetes",
    ]  # fmt: skip
    left = PROFILE
    for chip in chips(PROFILE):
        left = removed(left, chip.field, chip.item)
        assert chip.label not in [c.label for c in chips(left)]
    assert left == Profile(provenance=left.provenance)
    assert left.provenance == {}


def test_removing_what_is_not_there_changes_nothing() -> None:
    for field, item in (("country", ""), ("team", "platform-engineer"), ("nonsense", ""), ("provenance", "people")):
        assert removed(PROFILE, field, item) == PROFILE


def test_the_form_gives_back_what_it_shows() -> None:
    assert confirmed(PROFILE, form.facts(form.values(PROFILE), PROFILE)) == PROFILE


def test_a_correction_is_confirmed_and_an_emptied_field_is_gone() -> None:
    facts = form.facts(form.values(PROFILE), PROFILE) | {"people": 40, "industry": ""}
    corrected = confirmed(PROFILE, facts)
    assert corrected.people == 40
    assert corrected.provenance["people"] == "confirmed"
    assert corrected.industry is None
    with pytest.raises(InputError, match="people"):
        confirmed(PROFILE, {"people": -4})


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(Scripted(), records_at(tmp_path / "advisor.db"))


def asked(desk: Desk, question: str = "What next?", before: Talk | None = None) -> View:
    last = list(talk.respond(desk, before or Talk(), question))[-1]
    assert isinstance(last, View)
    return last


def test_an_answer_grows_and_is_then_on_the_page(desk: Desk) -> None:
    *growing, last = talk.respond(desk, Talk(), "What next?")
    assert all(isinstance(g, Growing) for g in growing)
    assert isinstance(last, View)
    assert "Do this" in Seen(last.live).text
    assert "What next?" in last.listing
    assert last.talk.id
    assert talk.opened(desk, last.talk.id).talk == last.talk


def test_a_second_question_moves_the_first_answer_up(desk: Desk) -> None:
    first = asked(desk, "First?")
    second = asked(desk, "Second?", first.talk)
    assert "First?" in second.history
    assert "Second?" in second.live
    assert len(desk.records.conversations.recent()) == 1


@pytest.mark.parametrize("question", ["", "x" * 100_000, "a\x00b", "\ud800"])
def test_a_bad_question_is_refused_on_the_page_and_kept_in_the_box(desk: Desk, question: str) -> None:
    view = asked(desk, question)
    assert 'role="alert"' in view.live
    assert view.draft == question
    assert len(view.live) < 10_000
    assert not desk.records.conversations.recent()


def test_presses(desk: Desk) -> None:
    view = asked(desk)
    id, answer = view.talk.id, view.talk.answers[0]
    assert "Thank you" in talk.act(desk, view.talk, {"do": "vote", "id": answer.id, "value": "-1"}).after
    assert desk.records.conversations.get(str(id)).feedback == {answer.id: -1}
    renamed = talk.act(desk, view.talk, {"do": "rename", "id": id, "title": "Our <b>plan</b>"})
    assert "Our &lt;b&gt;plan" in renamed.listing
    gone = talk.act(desk, view.talk, {"do": "delete", "id": id})
    assert gone.talk == Talk()
    assert "welcome" in gone.live
    for event in ({}, {"do": "open", "id": "nowhere"}, {"do": "vote", "id": "nowhere"}, {"do": "rename", "id": "x"}):
        assert talk.act(desk, view.talk, event).live


def test_a_corrected_profile_is_kept_with_the_conversation(desk: Desk) -> None:
    view = asked(desk)
    view = talk.corrected(desk, view.talk, {"people": 40})
    assert "40 people" in view.chips
    assert desk.records.conversations.get(str(view.talk.id)).profile.people == 40
    view = talk.act(desk, view.talk, {"do": "remove", "field": "people", "item": ""})
    assert desk.records.conversations.get(str(view.talk.id)).profile.people is None


def test_the_page_goes_on_without_a_record(tmp_path: Path) -> None:
    desk = Desk(Scripted(), records_at(tmp_path / "missing" / "advisor.db"))
    view = asked(desk)
    assert "Do this" in Seen(view.live).text
    assert "not recorded" in view.live
    assert "cannot be used" in view.listing
    assert asked(desk, "And then?", view.talk).history
