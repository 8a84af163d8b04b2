"""The page in a real browser, against the real server in its own process."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from advisor.config import Settings
from tests.homes import settings_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
QUESTION = "We are 25 people in healthtech with two data scientists and one model deployed by hand. What comes next?"
ROOT = Path(__file__).parents[1]
WATCH = """() => {
  window.lengths = [];
  new MutationObserver(() => {
    const answer = document.querySelector("#live .answer");
    if (answer) window.lengths.push(answer.innerText.length);
  }).observe(document.body, { childList: true, subtree: true });
}"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: install it to run the browser tests"),
]


@contextmanager
def server(home: Path) -> Iterator[str]:
    """The address of `advisor serve` in a process of its own, with the page up."""
    process = subprocess.Popen(
        [sys.executable, "-m", "advisor.channels.cli", "serve", "--port", "0"],
        stderr=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, "ADVISOR_HOME": str(home)},
    )  # fmt: skip
    assert process.stderr
    for line in process.stderr:
        if found := re.search(r"http://\S+", line):
            break
    else:
        raise AssertionError("the server did not start")
    try:
        yield found.group()
    finally:
        process.terminate()
        process.wait(15)


@pytest.fixture(scope="module")
def home(advisor_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = settings_for(advisor_home.corpus, tmp_path_factory.mktemp("browser") / "home").home
    (folder / "index").symlink_to(advisor_home.home / "index")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def opened(browser: Browser, url: str, width: int = 1280) -> tuple[Page, list[str]]:
    """A fresh page, and the list that every problem and every outside request is added to."""
    page = browser.new_context(viewport={"width": width, "height": 844}).new_page()
    trouble: list[str] = []
    page.on("request", lambda r: trouble.append(r.url) if not r.url.startswith((url, "data:", "blob:")) else None)
    page.on("pageerror", lambda e: trouble.append(str(e)))
    page.on("console", lambda m: trouble.append(m.text) if "Content Security Policy" in m.text else None)
    page.goto(url)
    page.wait_for_selector("#live .welcome", timeout=60_000)
    return page, trouble


def ask(page: Page, question: str) -> None:
    before = page.evaluate("document.querySelector('[data-latest]')?.dataset.answer ?? ''")
    page.fill("#question textarea", question)
    page.click("#send")
    page.wait_for_selector(f"#live [data-latest]:not([data-answer='{before}'])", timeout=60_000)


def test_a_whole_conversation(browser: Browser, home: Path) -> None:
    with server(home) as url:
        page, trouble = opened(browser, url)
        page.evaluate(WATCH)
        ask(page, QUESTION)
        lengths = sorted(set(page.evaluate("window.lengths")))
        assert len(lengths) >= 3, "the text did not grow"

        marker = page.locator("#live .answer button.cite").first
        assert re.match(r"Source \d+: ", str(marker.get_attribute("aria-label")))
        marker.click()
        page.wait_for_selector("#passage mark")
        panel = page.locator("#passage").inner_text()
        assert "Confidence" in panel
        assert "As of" in panel
        assert page.evaluate("document.activeElement.id") == "passage-title"
        page.keyboard.press("Escape")
        assert page.locator("#passage").is_hidden()
        assert page.evaluate("document.activeElement.dataset.cite"), "the focus did not go back to the marker"

        assert "25 people" in page.locator("#chips").inner_text()
        page.click("#chips [data-do=edit][data-field=people]")
        page.wait_for_selector("#f-people input", state="visible")
        page.fill("#f-people input", "40")
        page.click("#save")
        page.wait_for_selector("#chips >> text=40 people")
        page.click('#chips [data-do=remove][data-item="data-scientist"]')
        page.wait_for_selector("#chips >> text=data scientist", state="detached")

        page.click("#after [data-do=vote][data-value='1']")
        page.wait_for_selector("#after .thanks")

        page.wait_for_url(re.compile(r"[?&]c="))
        page.reload()
        page.wait_for_selector("#live [data-latest]", timeout=60_000)
        assert page.locator("#live .question").inner_text() == QUESTION
        assert "40 people" in page.locator("#chips").inner_text()
        assert "data scientist" not in page.locator("#chips").inner_text()
        assert page.locator("#after [aria-pressed=true]").count() == 1
        ask(page, "Whom should we hire first?")
        assert page.locator("#history .question").inner_text() == QUESTION
        address = page.url.removeprefix(url)
        assert trouble == []
        page.context.close()

    with server(home) as url:
        page, trouble = opened(browser, url)
        page.click("#conversations .open")
        page.wait_for_selector("#live [data-latest]")
        assert page.url.removeprefix(url) == address
        assert page.locator("#history .question").inner_text() == QUESTION
        page.on("dialog", lambda dialog: dialog.accept())
        page.click("#conversations [data-do=delete]")
        page.wait_for_selector("#live .welcome")
        assert page.locator("#conversations .open").count() == 0
        assert trouble == []


def test_bad_input_on_a_phone(browser: Browser, home: Path) -> None:
    with server(home) as url:
        page, trouble = opened(browser, url, width=390)
        page.fill("#question textarea", "x" * 100_000)
        page.click("#send")
        page.wait_for_selector("#live [role=alert]")
        assert len(page.input_value("#question textarea")) == 100_000, "the question was lost"
        ask(page, "<img src=x onerror=\"document.title='owned'\"> What is a feature store? \u202e\U0001f98a")
        assert "<img" in page.locator("#live .question").inner_text()
        assert page.locator("#live img").count() == 0
        assert page.title() != "owned"
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.click("[data-toggle=about]")
        page.wait_for_selector("#facts", state="visible")
        page.keyboard.press("Escape")
        page.locator("#live .answer button.cite").first.click()
        page.wait_for_selector("#passage mark")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert trouble == []
