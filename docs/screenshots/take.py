"""Take the screenshots in this folder: make shots. The page is served from a folder of its own, keyless."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
FIRST = (
    "We are 25 people in healthtech with two data scientists and one model deployed by hand. What should we do next?"
)
SECOND = "How do Google's and Microsoft's maturity models differ?"


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        process = subprocess.Popen(
            [sys.executable, "-m", "advisor.channels.cli", "serve", "--port", "0"],
            stderr=subprocess.PIPE, text=True, cwd=HERE.parents[1], env={**os.environ, "ADVISOR_HOME": home},
        )  # fmt: skip
        assert process.stderr
        url = next(found.group() for line in process.stderr if (found := re.search(r"http://\S+", line)))
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
                )
                for scheme in ("light", "dark"):
                    for size, (width, height) in SIZES.items():
                        context = browser.new_context(
                            viewport={"width": width, "height": height},
                            color_scheme=scheme,  # type: ignore[arg-type]
                        )
                        walk(context.new_page(), url, f"{size}-{scheme}")
                        context.close()
                browser.close()
        finally:
            process.terminate()
            process.wait(15)


def walk(page: Page, url: str, name: str) -> None:
    """One visit: the empty page, an answer, its end, a source, the panels, a second answer."""

    def shot(what: str) -> None:
        page.wait_for_timeout(500)
        picture = Image.open(io.BytesIO(page.screenshot()))
        picture.quantize(192, dither=Image.Dither.NONE).save(HERE / f"{name}-{what}.png", optimize=True)

    page.goto(url)
    page.wait_for_selector("#live .welcome", timeout=60_000)
    shot("1-welcome")
    page.fill("#question textarea", FIRST)
    page.click("#send")
    page.wait_for_selector("#live [data-latest]", timeout=60_000)
    shot("2-answer")
    page.locator("#after .actions").scroll_into_view_if_needed()
    shot("3-after")
    page.locator("#live button.cite").first.click()
    page.wait_for_selector("#passage mark")
    shot("4-source")
    page.keyboard.press("Escape")
    page.evaluate("scrollTo(0, 0)")
    if name.startswith("phone"):
        page.click("[data-toggle=about]")
    page.click("#chips [data-do=edit][data-field=people]")
    page.wait_for_selector("#f-people input", state="visible")
    shot("5-profile")
    page.keyboard.press("Escape")
    first = page.get_attribute("#live [data-latest]", "data-answer")
    page.fill("#question textarea", SECOND)
    page.click("#send")
    page.wait_for_selector(f"#live [data-latest]:not([data-answer='{first}'])", timeout=60_000)
    shot("6-second")


if __name__ == "__main__":
    main()
