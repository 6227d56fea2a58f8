"""Takes the pictures of the page in docs/images.

    python -m benchmarks.screenshots [--disputed QUESTION] [--other QUESTION]

Serves the page over the sample library and asks it two questions: one on which the sources
disagree, with a citation opened beside the answer (page-light.png), and another one in the dark on
a narrow screen (page-dark.png). Without options, they are chosen among the example questions in
articles/examples.json. Needs a browser: make browser.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from assistant import Assistant
from tests.page.browser import HasAddress, Visits, ask
from tests.page.installed import MissingToolError, launch
from tests.page.serving import serving

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "articles" / "examples.json"
IMAGES = ROOT / "docs" / "images"
COLOURS = 64
"""Enough for text and its antialiasing, and a small file."""


def chosen(is_it: Callable[[str], bool]) -> str:
    """The first example question whose answer has such a status."""
    assistant = Assistant.open()
    for question in json.loads(EXAMPLES.read_text(encoding="utf-8")):
        if is_it(assistant.ask(question).status):
            return str(question)
    sys.exit(f"No question in {EXAMPLES} has such an answer: give --disputed and --other.")


def take(page: Page, name: str) -> None:
    picture = Image.open(BytesIO(page.screenshot(animations="disabled", caret="hide")))
    path = IMAGES / name
    picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}  {picture.width} x {picture.height}  "
          f"{path.stat().st_size / 1024:.0f} KB")  # fmt: skip


def take_both(page_of: Visits, served: HasAddress, disputed: str, other: str) -> None:
    light = page_of(served, viewport={"width": 1200, "height": 800})
    ask(light, disputed)
    light.locator("#conversation a.mark").first.click()
    light.locator("#source-pane mark").wait_for()
    take(light, "page-light.png")
    dark = page_of(served, color_scheme="dark", viewport={"width": 380, "height": 800})
    ask(dark, other)
    take(dark, "page-dark.png")


def main() -> None:
    parser = argparse.ArgumentParser(description="Take the pictures of the page in docs/images.")
    parser.add_argument("--disputed", help="a question on which the sources disagree")
    parser.add_argument("--other", help="another question")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        os.environ.pop("PINCITE_LIBRARY", None)
        disputed = given.disputed or chosen(lambda status: status == "disputed")
        other = given.other or chosen(lambda status: status != "disputed")
        with serving() as served, sync_playwright() as playwright, launch(playwright) as browser:
            take_both(Visits(browser, Path(folder)), served, disputed, other)


if __name__ == "__main__":
    try:
        main()
    except MissingToolError as error:
        sys.exit(str(error))
