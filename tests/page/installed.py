"""The browser and axe-core that the tests use, and what to do where they are missing.

python -m tests.page.installed [chromium] [axe] tells what there is; it fails where one is missing.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import NoReturn

import pytest
from playwright.sync_api import Browser, Error, Playwright, sync_playwright

CHROMIUM = "BROWSER_TESTS_CHROMIUM"
"""The environment variable that names the browser to use."""
REQUIRED = os.environ.get("BROWSER_TESTS") == "required"
"""Whether a missing browser or axe-core fails the tests; otherwise they are skipped."""

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-proxy-server",
    # The browser itself reaches nobody either, whatever a page makes it do.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE [::1]",
)
AXE = Path(__file__).parent / "axe" / "node_modules" / "axe-core" / "axe.min.js"


class MissingToolError(Exception):
    """The browser or axe-core isn't there; the message says how to get it."""


def find_chromium(playwright: Playwright) -> str:
    """The browser to use: the one named, one on the path, or the one Playwright installed.

    Raises:
        MissingToolError: there is none.
    """
    if named := os.environ.get(CHROMIUM):
        if shutil.which(named):
            return named
        raise MissingToolError(f"{CHROMIUM} names {named}, which can't be run.")
    found = next(filter(None, map(shutil.which, NAMES)), playwright.chromium.executable_path)
    if not Path(found).is_file():
        raise MissingToolError(
            "There is no Chromium for the browser tests: `make browser` installs it on Debian as "
            "root; elsewhere install Chromium, or run `.venv/bin/playwright install chromium`."
        )
    return found


def launch(playwright: Playwright) -> Browser:
    """A headless browser; MissingToolError when there is none or it can't be started."""
    path = find_chromium(playwright)
    try:
        return playwright.chromium.launch(executable_path=path, args=list(FLAGS))
    except Error as error:
        raise MissingToolError(f"{path} can't be started: {error.message}") from None


def axe_script() -> str:
    """The text of axe-core; MissingToolError when it isn't installed."""
    try:
        return AXE.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise MissingToolError("axe-core isn't installed: run `make browser`.") from None


def unavailable(error: MissingToolError) -> NoReturn:
    """Skip the test with the reason; where browser tests are required, fail it."""
    if REQUIRED:
        pytest.fail(str(error), pytrace=False)
    pytest.skip(str(error))


def main(*tools: str) -> str:
    """One line on what the tests would use; ends the program where one of `tools` is missing."""
    found = []
    try:
        if "chromium" in tools:
            with sync_playwright() as playwright, launch(playwright) as browser:
                found.append(f"Chromium {browser.version}")
        if "axe" in tools:
            found.append(axe_script().partition("\n")[0].removeprefix("/*!").strip())
    except MissingToolError as error:
        sys.exit(str(error))
    return f"The browser tests use {' and '.join(found)}."


if __name__ == "__main__":
    sys.stdout.write(main(*(sys.argv[1:] or ["chromium", "axe"])) + "\n")
