"""The report: what it says, that each finding carries its sources, and each of its four forms."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from advice_corpus import profiles
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from advisor.advice import engine
from advisor.advice.costs import estimate
from advisor.advice.roadmap import roadmap
from advisor.errors import InputError, MissingExtra, StorageError
from advisor.knowledge import load
from advisor.knowledge.render import render
from advisor.records.profile_yaml import profile_from_yaml
from advisor.report.build import build
from advisor.report.data import to_json, tree
from advisor.report.html import to_html
from advisor.report.markdown import to_markdown
from advisor.report.model import Figures, Grid, Point, Points, Report, Text
from advisor.report.pdf import to_pdf
from advisor.report.svg import PAPER, SCREEN, svg
from advisor.report.write import write
from advisor.schema import Profile, Versions

REAL = load.load()
DOCUMENTS = render(REAL)
SAMPLES = sorted((Path(__file__).parents[1] / "samples").glob("*.yaml"))
VERSIONS = Versions(
    corpus=REAL.version, rules=engine.RULES_VERSION, prompt="", chat_model=None, embedder="e", product="1"
)
TODAY = dt.date(2026, 11, 20)


def report(profile: Profile) -> Report:
    return build(profile, REAL, DOCUMENTS, VERSIONS, TODAY)


def sample(name: str) -> Profile:
    path = next(p for p in SAMPLES if p.stem == name)
    return profile_from_yaml(path.read_text("utf-8"), path.name, REAL)


INSURER = sample("mid-size-insurer")
HOSTILE = '<script>alert(1)</script> [x](javascript:alert(1)) #eval("1") | *b* ![i](http://evil.test/p.png) $\\\\ 名'


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.stem)
def test_every_sample_has_its_sections_and_five_things(path: Path) -> None:
    made = report(profile_from_yaml(path.read_text("utf-8"), path.name, REAL))
    ids = [s.id for s in made.sections]
    assert ids == ["standing", "target", "roadmap", "people", "tools", "costs", "threats", "regulation", "unknowns",
                   "assumptions"]  # fmt: skip
    assert len(made.things) == 5
    assert {t.section for t in made.things} <= set(ids)
    assert all(t.title and t.text for t in made.things)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.stem)
def test_every_finding_carries_sources_that_are_listed(path: Path) -> None:
    made = report(profile_from_yaml(path.read_text("utf-8"), path.name, REAL))
    listed = [r.n for r in made.references]
    assert listed == list(range(1, len(listed) + 1))
    used = set()
    for item in _findings(made):
        if item.rule and item.rule not in ("threats.regulation", "staffing.pay", "assess.next-questions"):
            assert item.cites, item
        used |= set(item.cites)
    for grid in _blocks(made, Grid):
        for row in grid.rows:
            assert len(row.cells) == len(grid.columns)
            used |= set(row.cites)
    assert used == set(listed), "every number is listed, and every listed source is used"
    assert all(r.url or r.id in ("ours-judgement", "general-knowledge") or "MLOps Advisor" in r.text
               for r in made.references)  # fmt: skip


def _blocks(made: Report, kind: type) -> list:  # type: ignore[type-arg]
    return [b for s in made.sections for b in s.blocks if isinstance(b, kind)]


def _findings(made: Report) -> list[Text | Point]:
    points = [p for b in _blocks(made, Points) for p in b.points]
    return [*made.things, *_blocks(made, Text), *points]


def test_numbers_are_those_of_the_rules() -> None:
    made = report(INSURER)
    plan, total = roadmap(INSURER, REAL), estimate(INSURER, REAL).total
    grid = next(g for g in _blocks(made, Grid) if g.caption == "The plan by quarter")
    assert [r.cells[1] for r in grid.rows] == [i.practice.title for i in plan.everything]
    tile = next(t for t in made.tiles if t.label == "Cost a year")
    assert tile.value == f"USD {total.low / 1e6:.1f}–{total.high / 1e6:.1f}M"


def test_law_is_never_advice_and_unknown_rules_are_named() -> None:
    made = to_markdown(report(INSURER))
    assert "They are not legal advice" in made
    assert "You also named GDPR and DORA, of which our corpus holds no record" in made


def test_an_empty_profile_has_a_report_too() -> None:
    made = report(Profile())
    assert made.organisation == "Your organisation"
    assert made.things[0].title == "Nobody has said yet where you stand"
    assert not [f for f in _blocks(made, Figures) for c in f.charts if c.kind == "radar"]
    assert "Facts nobody has stated" in to_markdown(made)
    assert to_pdf(made).startswith(b"%PDF")


def test_the_same_input_gives_the_same_bytes_in_another_process() -> None:
    made = report(INSURER)
    here = [to_html(made), to_markdown(made), to_json(made)]
    assert [to_html(report(INSURER)), to_markdown(report(INSURER)), to_json(report(INSURER))] == here
    code = (
        "import sys; sys.path.insert(0, 'tests'); import hashlib, test_report as t; m = t.report(t.INSURER);"
        "print(hashlib.sha256((t.to_html(m) + t.to_markdown(m) + t.to_json(m)).encode()).hexdigest())"
    )
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "7"}
    )
    assert done.stdout.strip() == hashlib.sha256("".join(here).encode()).hexdigest()


# ---------------------------------------------------------------- forms


class _Page(HTMLParser):
    """Collects what a page could load, run or link to."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("src", "srcset", "data", "action", "poster", "xlink:href") or name.startswith("on"):
                self.loads.append(f"{tag}.{name}")
            if name == "href":
                self.links.append(value or "")
            if name == "id":
                self.ids.append(value or "")


def test_html_needs_nothing_runs_nothing_and_links_to_what_is_there() -> None:
    hostile = INSURER.model_copy(
        update={"name": HOSTILE, "industry": HOSTILE[:90], "tools": [*INSURER.tools, HOSTILE[:99]]}
    )
    text = to_html(report(hostile))
    page = _Page()
    page.feed(text)
    assert not {"script", "link", "iframe", "img", "object", "form", "base"} & set(page.tags)
    assert page.loads == []
    assert "url(" not in text
    assert "@import" not in text
    assert len(page.ids) == len(set(page.ids))
    for link in page.links:
        assert link.startswith("https://") or link.startswith("http://") or link[1:] in page.ids, link
    assert "default-src 'none'" in text


def test_html_is_made_for_dark_phone_and_paper() -> None:
    text = to_html(report(INSURER))
    assert "prefers-color-scheme: dark" in text
    assert "@page" in text
    assert "max-width: 640px" in text
    assert text.count("<svg ") == sum(len(f.charts) for f in _blocks(report(INSURER), Figures))


def test_markdown_shows_hostile_words_as_they_are() -> None:
    from markdown_it import MarkdownIt

    made = to_markdown(report(INSURER.model_copy(update={"name": HOSTILE})))
    html = MarkdownIt("commonmark").enable("table").render(made)
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert html.count("<table>") >= 10
    assert "<h1>" + "&lt;script&gt;" in html


def test_json_holds_the_whole_tree() -> None:
    made = report(INSURER)
    data = json.loads(to_json(made))
    assert data == tree(made)
    kinds = {b["kind"] for s in data["sections"] for b in s["blocks"]}
    assert kinds == {"text", "points", "grid", "figures", "heading"}
    assert data["date"] == "2026-11-20"


def test_pdf_takes_hostile_words_as_words() -> None:
    made = to_pdf(report(INSURER.model_copy(update={"name": HOSTILE})))
    assert made.startswith(b"%PDF")
    assert made.count(b"/Type /Page\n") + made.count(b"/Type /Page ") + made.count(b"/Type/Page") >= 1


def test_pdf_without_its_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(MissingExtra, match=r"mlops-advisor\[report\]"):
        to_pdf(report(Profile()))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_profile_has_a_report_whose_charts_can_be_drawn(data: st.DataObject) -> None:
    made = report(data.draw(profiles(REAL)))
    assert to_markdown(made)
    assert to_html(made).count('id="source-') == len(made.references)
    for figures in _blocks(made, Figures):
        for chart in figures.charts:
            for palette in (SCREEN, PAPER):
                drawn = svg(chart, palette)
                assert not re.search(r'="[^"]*\b(?:nan|inf)\b[^"]*"', drawn)
    numbers = [float(x) for f in _blocks(made, Figures) for c in f.charts
               for x in re.findall(r' (?:x|y|width|cx|cy)="([-\d.]+)"', svg(c, PAPER))]  # fmt: skip
    assert all(-1 <= x <= 900 for x in numbers)


def test_charts_tell_their_lines_apart_without_colour() -> None:
    for figures in _blocks(report(sample("llm-only-saas")), Figures):
        for chart in figures.charts:
            drawn = svg(chart, PAPER)
            lines = re.findall(r"<poly[^>]+stroke-width=\"(?:2|1\.6|2\.6|2\.2)\"[^>]*>", drawn)
            dashes = [re.search(r'stroke-dasharray="([^"]+)"', line) for line in lines]
            styles = [d.group(1) if d else "solid" for d in dashes]
            assert len(styles) == len(set(styles)), chart.title


# ---------------------------------------------------------------- files


@pytest.mark.parametrize("suffix", [".html", ".md", ".json", ".pdf", ".HTML"])
def test_the_name_says_the_form(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"report{suffix}"
    write(report(INSURER), path)
    assert path.stat().st_size > 20_000
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_name_without_a_form_or_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.html, \.pdf, \.md, \.json"):
        write(report(Profile()), tmp_path / "report.docx")
    with pytest.raises(StorageError):
        write(report(Profile()), tmp_path / "missing" / "report.md")
