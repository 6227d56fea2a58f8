"""What the browser tests do on the page, as a reader would, and what is watched meanwhile."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Error, Page

from tests.page.installed import MissingToolError, axe_script, unavailable

TIMEOUT_MS = 30_000
"""A busy machine is no failure; who waits this long waits in vain."""
ANSWER_MS = 30_000
LOCAL_SCHEMES = ("about", "blob", "data")
LEFT_WHILE_READING = "BodyStreamBuffer was aborted|AbortError: signal is aborted without reason"
"""What Chromium and Gradio say where a page is left while the server still sends it events."""


class HasAddress(Protocol):
    """Something served, at an address such as `http://127.0.0.1:40123`."""

    @property
    def address(self) -> str: ...


# --- watching ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Watch:
    """What one visitor's pages asked for, and what they complained about."""

    origin: str
    expected_errors: str | None = None
    """A regular expression; an error that it finds itself in is no problem."""
    requests: list[str] = field(default_factory=list)
    """The addresses of all requests and web sockets."""
    errors: list[str] = field(default_factory=list)
    """The errors on the console and the exceptions that nobody caught."""

    def follow(self, context: BrowserContext) -> None:
        """Watch whatever is opened in `context` from now on."""
        context.on("request", lambda request: self.requests.append(request.url))
        # A context tells of all its pages' requests, but not of their web sockets.
        context.on(
            "page",
            lambda page: page.on("websocket", lambda socket: self.requests.append(socket.url)),
        )
        context.on("weberror", lambda error: self.errors.append(str(error.error)))
        context.on(
            "console",
            lambda said: self.errors.append(said.text) if said.type == "error" else None,
        )

    def foreign(self) -> list[str]:
        """The requests that went to another host or port."""
        return [
            url
            for url in self.requests
            if urlsplit(url).scheme not in LOCAL_SCHEMES
            and urlsplit(url).netloc != urlsplit(self.origin).netloc
        ]

    def problems(self) -> list[str]:
        """What fails the test: foreign requests and errors that weren't expected."""
        expected = "|".join(filter(None, (LEFT_WHILE_READING, self.expected_errors)))
        return [f"requested from elsewhere: {url}" for url in self.foreign()] + [
            f"error in the browser: {error}"
            for error in self.errors
            if not re.search(expected, error)
        ]


class Visits:
    """Opens pages in one browser, each for a visitor of its own, and watches them."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        """`folder` is where screenshots go."""
        self._browser = browser
        self._folder = folder
        self._visits: list[tuple[BrowserContext, Watch]] = []

    def __call__(
        self,
        served: HasAddress,
        path: str = "/",
        *,
        expected_errors: str | None = None,
        **options: Any,
    ) -> Page:
        """The served page at `path`, loaded, for a new visitor with these context options.

        The options are those of Playwright's `new_context`, such as `color_scheme="dark"` and
        `viewport={"width": 380, "height": 800}`. An error on the console fails the test unless
        the regular expression `expected_errors` is found in it.
        """
        context = self._browser.new_context(**options)
        watch = Watch(served.address, expected_errors)
        self._visits.append((context, watch))
        context.set_default_timeout(TIMEOUT_MS)
        watch.follow(context)
        page = context.new_page()
        page.goto(served.address + path)
        return page

    def watch(self, page: Page) -> Watch:
        """What is known of the visitor whose page this is."""
        return next(watch for context, watch in self._visits if context == page.context)

    def problems(self) -> list[str]:
        """What fails the test, for all its visitors."""
        return [problem for _, watch in self._visits for problem in watch.problems()]

    def screenshots(self) -> list[Path]:
        """A picture of each open page, as far as the browser can still take them."""
        pages = [page for context, _ in self._visits for page in context.pages]
        taken = []
        for number, page in enumerate(pages, 1):
            path = self._folder / f"page-{number}.png"
            try:
                page.screenshot(path=path, full_page=True)
            except Error:
                continue
            taken.append(path)
        return taken

    def close(self) -> None:
        """Close all pages."""
        for context, _ in self._visits:
            context.close()


# --- what a reader does and sees -----------------------------------------------------------------


def ask(page: Page, question: str) -> None:
    """Ask on the page and wait until the answer is complete, and kept by the tab."""
    turns = page.locator("#conversation .turn")
    asked = turns.count()
    box = page.locator("#question textarea, #question input").first
    box.fill(question)
    box.press("Enter")
    turns.nth(asked).locator(".making").wait_for(timeout=ANSWER_MS)
    page.wait_for_function(
        """question => {
          const kept = sessionStorage.getItem("pincite.conversation");
          return kept && JSON.parse(kept).turns.at(-1)?.question === question;
        }""",
        arg=question,
    )


def marked_text(page: Page) -> str:
    """The text that is marked in the source pane, character by character."""
    return "".join(page.locator("#source-pane mark").all_text_contents())


def axe(page: Page) -> list[str]:
    """The serious and critical faults that axe-core finds: rule, impact, meaning and places.

    Skips the test when axe-core isn't installed.
    """
    try:
        script = axe_script()
    except MissingToolError as error:
        unavailable(error)
    page.add_script_tag(content=script)
    found: list[Mapping[str, Any]] = page.evaluate(
        "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"
    )
    return [
        f"{fault['id']} ({fault['impact']}): {fault['help']}: "
        + ", ".join(" ".join(map(str, node["target"])) for node in fault["nodes"])
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]
