"""What the browser tests share: one browser a worker, and the pages it visits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from index import Library, source_from_text
from tests.page.browser import TIMEOUT_MS, Visits
from tests.page.installed import MissingToolError, launch, unavailable
from tests.page.serving import ServedPage, serving

expect.set_options(timeout=TIMEOUT_MS)

Served = Callable[..., ServedPage]


@contextmanager
def _running(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Lets `loop` be this thread's running loop for a while, and none before and after.

    Playwright keeps its loop suspended, yet set as running, between two calls. So
    another test in the process could run no loop of its own.
    """
    asyncio._set_running_loop(loop)
    try:
        yield
    finally:
        asyncio._set_running_loop(None)


@pytest.fixture(scope="session")
def _launched() -> Iterator[tuple[Browser, asyncio.AbstractEventLoop]]:
    with sync_playwright() as playwright:
        try:
            browser = launch(playwright)
        except MissingToolError as error:
            unavailable(error)
        loop = asyncio.get_running_loop()
        asyncio._set_running_loop(None)
        yield browser, loop
        asyncio._set_running_loop(loop)
        browser.close()


@pytest.fixture
def chromium(_launched: tuple[Browser, asyncio.AbstractEventLoop]) -> Iterator[Browser]:
    """A headless Chromium; one is started a worker. Skips the test where there is none."""
    browser, loop = _launched
    with _running(loop):
        yield browser


@pytest.fixture
def page_of(chromium: Browser, tmp_path: Path) -> Iterator[Visits]:
    """Opens a page: `page_of(served, "/?source=…", color_scheme="dark")`; see `Visits`.

    Fails the test when a page asked another host for anything, or complained on its console.
    """
    visits = Visits(chromium, tmp_path)
    yield visits
    problems = visits.problems()
    visits.close()
    assert not problems, "\n".join(problems)


@pytest.fixture(scope="session")
def served(_launched: object) -> Iterator[ServedPage]:
    """The page over the sample library; only started where a browser can visit it."""
    with serving() as page:
        yield page


@pytest.fixture
def served_own(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serves a library of its own: `served_own({"id": "text"}, "--option")`; takes seconds."""
    with ExitStack() as stack:

        def serve(texts: dict[str, str], *arguments: str) -> ServedPage:
            folder = tmp_path_factory.mktemp("served") / "library"
            with Library.create(folder) as library:
                added = library.add(source_from_text(text, id=id) for id, text in texts.items())
                assert [result.outcome for result in added] == ["added"] * len(texts)
            return stack.enter_context(serving("--library", folder, *arguments))

        yield serve


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds pictures of the open pages to the report of a test that failed."""
    report = yield
    visits = getattr(item, "funcargs", {}).get("page_of")
    if report.when == "call" and report.failed and visits:
        taken = "\n".join(map(str, visits.screenshots()))
        report.sections.append(("Screenshots", taken or "none could be taken"))
    return report
