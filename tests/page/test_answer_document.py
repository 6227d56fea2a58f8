"""An answer's HTML document in a browser: the quotes are the source's words and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import expect

from assistant import Assistant
from tests.page.browser import Visits

QUESTION = "When did Trump and Putin speak by phone?"


@dataclass(frozen=True)
class Written:
    """A document in a file."""

    path: Path

    @property
    def address(self) -> str:
        return self.path.as_uri()


def test_quotes_are_shown_without_added_quotation_marks(
    sample: Assistant, page_of: Visits, tmp_path: Path
) -> None:
    answer = sample.ask(QUESTION)
    document = Written(tmp_path / "answer.html")
    document.path.write_text(answer.to_html(), encoding="utf-8")
    page = page_of(document, "")
    quotes = page.locator(".citations q")
    expect(quotes).to_have_text([citation.quote for citation in answer.citations])
    for quote in quotes.all():
        expect(quote).to_have_css("quotes", "none")  # browsers add them by themselves
    assert page_of.watch(page).requests == [document.address]
