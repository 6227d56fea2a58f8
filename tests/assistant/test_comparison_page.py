"""The page of a comparison: both texts side by side, exactly the quoted characters marked."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant import AnswerError, Comparison
from assistant.comparing import compare
from assistant.comparison_page import layout
from tests.assistant.comparing import Shelf

FIRST = """<script>alert(1)</script> A harbour & its town

The small port of Lindhaven <img src=x onerror=alert(2)> lost 340 jobs in the last four years.

The fair opened on 3 May and the mayor, Pavel Baev, thanked the engineers of the town.

Nobody “knows” {{ what }} comes next\u202e.
"""
SECOND = """A harbour and its town

The small port of Lindhaven <img src=x onerror=alert(2)> lost 430 jobs in the last four years.

Nothing here has a counterpart <b>there</b>.

The fair opened on 5 May and the mayor, Pawel Bajew, thanked the engineers of the town.
"""


class _Page(HTMLParser):
    """The ids, links, marks and paragraphs of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.marked: dict[str, list[str]] = {}
        self.texts: dict[str, str] = {}
        self._open: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        self.links += [str(value) for name, value in attrs if name in ("href", "src")]
        if tag == "mark":
            self.marked.setdefault(self._paragraph(), []).append("")
        if tag not in ("meta", "br"):
            self._open.append((tag, given))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        tags = [tag for tag, _ in self._open]
        paragraph = self._paragraph()
        if not paragraph or "a" in tags:
            return
        if any(given.get("class") == "text" for _, given in self._open):
            self.texts[paragraph] = self.texts.get(paragraph, "") + data
        if "mark" in tags:
            self.marked[paragraph][-1] += data

    def _paragraph(self) -> str:
        ids = [str(given.get("id", "")) for tag, given in self._open if tag == "p"]
        return ids[-1] if ids else ""


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    return Shelf({"first": FIRST, "second": SECOND}, twins=True)


@pytest.fixture(scope="module")
def comparison(shelf: Shelf) -> Comparison:
    return compare(shelf, "first", "second")


@pytest.fixture(scope="module")
def page(comparison: Comparison, shelf: Shelf) -> _Page:
    return _Page(comparison.to_html(shelf))


def test_all_paragraphs_of_both_texts_are_shown(page: _Page, shelf: Shelf) -> None:
    for which, id in ((1, "first"), (2, "second")):
        indexed = shelf.indexed(id)
        for paragraph in indexed.paragraphs:
            text = indexed.source.text[paragraph.start : paragraph.end]
            shown = page.texts[f"paragraph-{which}-{paragraph.number}"]
            assert shown == text.replace("\u202e", "\N{REPLACEMENT CHARACTER}")


def test_what_is_marked_is_what_is_quoted(
    page: _Page, comparison: Comparison, shelf: Shelf
) -> None:
    assert comparison.differences
    for which, source in enumerate(comparison.sources, 1):
        for paragraph in shelf.indexed(source.id).paragraphs:
            quoted: set[int] = set()
            for difference in comparison.differences:
                for number in difference.sides[which - 1].citations:
                    citation = comparison.citation(number)
                    if citation.paragraph == paragraph.number:
                        quoted.update(range(citation.start, citation.end))
            text = "".join(shelf.indexed(source.id).source.text[at] for at in sorted(quoted))
            marked = page.marked.get(f"paragraph-{which}-{paragraph.number}", [])
            assert "".join(marked) == text


def test_differences_lead_to_their_quotes_and_back(page: _Page, comparison: Comparison) -> None:
    assert len(set(page.ids)) == len(page.ids)
    for number, difference in enumerate(comparison.differences, 1):
        assert f"difference-{number}" in page.ids
        assert f"#difference-{number}" in page.links
        for side in difference.sides:
            for cited in side.citations:
                assert f"quote-{cited}" in page.ids
                assert f"#quote-{cited}" in page.links
    assert all(link[1:] in page.ids for link in page.links if link.startswith("#"))


def test_nothing_of_the_texts_acts_and_nothing_is_fetched(
    comparison: Comparison, shelf: Shelf, page: _Page
) -> None:
    html = comparison.to_html(shelf)
    assert not {"script", "img", "b", "link", "iframe", "object"} & set(page.tags)
    assert all(link.startswith("#") for link in page.links)
    assert "default-src 'none'" in unescape(html)
    assert "\u202e" not in html
    assert not re.search(r"url\(|@import", html)


def test_a_source_that_changed_is_refused(comparison: Comparison) -> None:
    changed = Shelf({"first": FIRST.replace("340", "341"), "second": SECOND}, twins=True)
    with pytest.raises(AnswerError, match="has changed"):
        comparison.to_html(changed)


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.sampled_from(FIRST.split("\n\n")[1:]), min_size=1, max_size=6),
    st.lists(st.sampled_from(SECOND.split("\n\n")[1:]), min_size=1, max_size=6),
    st.booleans(),
)
def test_each_paragraph_stands_in_one_row_and_each_column_in_order(
    first: list[str], second: list[str], twins: bool
) -> None:
    texts = {"first": "\n\n".join(["A", *first]), "second": "\n\n".join(["B", *second])}
    comparison = compare(Shelf(texts, twins=twins), "first", "second")
    rows = layout(comparison)
    for column, source in enumerate(comparison.sources):
        numbers = [number for row in rows for number in row[column]]
        assert sorted(numbers) == list(range(1, source.paragraphs + 1))
        if twins:
            assert numbers == sorted(numbers)
