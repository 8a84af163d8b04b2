"""A whole assessment in a real browser: from the first question to the downloaded report."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.test_browser import ask, browser, home, opened, pytestmark, server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["browser", "home", "pytestmark"]
NAMES = ["Chat", "Assessment", "Result", "Roadmap", "People", "Tools", "Costs", "History", "Report"]
ANSWERS = ["yes", "yes", "partly", "no", "unknown"]


def go(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()


def answer(page: Page, value: str) -> None:
    """Press an answer and wait for the next question."""
    before = page.locator("#assess-question [data-item]").get_attribute("data-item")
    page.click(f"#answer-{value}")
    page.wait_for_selector(f"#assess-question h3:not([data-item='{before}'])", timeout=20_000)


def test_a_whole_assessment_to_the_report(browser: Browser, home: Path, tmp_path: Path) -> None:
    with server(home) as url:
        page, trouble = opened(browser, url)
        assert page.get_by_role("tab").all_inner_texts() == NAMES
        ask(page, "We are 40 people in insurance with two data scientists, one ML engineer and 3 models on AWS.")
        go(page, "Assessment")
        page.wait_for_selector("#assess-question [data-item]")
        page.fill("#assess-evidence textarea", "runbook.md")
        page.fill("#assess-who :is(input, textarea)", "Ana")
        answer(page, "yes")
        for n in range(15):
            answer(page, ANSWERS[n % len(ANSWERS)])
        assert "16 answered" in page.locator("#assess-progress").inner_text()

        asked = page.locator("#assess-question [data-item]").get_attribute("data-item")
        page.click("#answer-na")
        page.wait_for_selector("#assess-note [role=alert]")
        assert page.locator("#assess-question [data-item]").get_attribute("data-item") == asked
        answer(page, "no")
        page.click("#assess-back")
        page.wait_for_selector(f"#assess-question h3[data-item='{asked}']")

        page.click("#assess-result")
        page.wait_for_selector("#page-result .js-plotly-plot")
        shown = page.locator("#page-result").inner_text()
        assert "Self-reported" in shown
        assert "13 of" in shown, "three of the sixteen are not known"
        assert "1 with evidence" in shown

        go(page, "Roadmap")
        page.wait_for_selector("#roadmap-table .cards")
        page.fill("#roadmap-capacity input", "9")
        page.click("#roadmap-use")
        page.wait_for_selector("#roadmap-note .note")
        page.click("#what-if button")
        page.check("#if-llm input")
        page.click("#if-show")
        page.wait_for_selector("#if-result table")

        go(page, "History")
        page.fill("#history-name :is(input, textarea)", "First")
        page.click("#history-save")
        page.wait_for_selector("#history-list >> text=First")

        go(page, "Report")
        page.wait_for_selector("#report-preview .tiles")
        for form, start in (("html", b"<!doctype html>"), ("pdf", b"%PDF"), ("md", b"#"), ("json", b"{")):
            with page.expect_download() as download:
                page.click(f"#report-{form}")
            path = tmp_path / download.value.suggested_filename
            download.value.save_as(path)
            assert path.suffix == f".{form}"
            content = path.read_bytes()
            assert content.startswith(start)
            assert len(content) > 10_000

        go(page, "Chat")
        page.wait_for_selector("#chips >> text=9 person-weeks a quarter")
        assert "16 practices answered" in page.locator("#chips").inner_text()
        page.reload()
        page.wait_for_selector("#chips >> text=16 practices answered", timeout=60_000)
        assert trouble == []
        page.context.close()


def test_the_pages_on_a_phone(browser: Browser, home: Path) -> None:
    with server(home) as url:
        page, trouble = opened(browser, url, width=390)
        go(page, "Assessment")
        page.wait_for_selector("#assess-question [data-item]")
        answer(page, "yes")
        page.wait_for_url(re.compile(r"[?&]c="))
        page.reload()
        page.wait_for_selector("#live .welcome", timeout=60_000)
        page.wait_for_url(re.compile(r"[?&]c="))
        ready = {
            "Assessment": "#assess-progress >> text=1 answered", "Result": "#page-result .js-plotly-plot",
            "Roadmap": "#roadmap-table .cards", "People": "#people-top table", "Tools": "#tools-list table",
            "Costs": "#costs-table .cards", "History": "#history-list p, #history-list table",
            "Report": "#report-preview .tiles",
        }  # fmt: skip
        for name, selector in ready.items():
            go(page, name)
            page.wait_for_selector(selector, timeout=20_000)
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
        assert trouble == []
        page.context.close()
