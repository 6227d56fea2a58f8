"""What the source pane is told to show, and which characters of it to mark."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant import Assistant, SourceError
from assistant.render import printable
from index import Library, Stated, source_from_text
from page.source_pane import NOT_THERE, WINDOW_CHARACTERS, Opened, open_place, place_opener

BELL = "The bell rings at noon; the bell of \U0001f409 Rila \u202eweighs\u202c nine <b>tons</b>."
TEXTS = {
    "bell": f"# Bells & <i>more</i>\n\n{BELL}\n\nThe keeper\r\nof the bell\x07 is deaf.\r\n",
    "long": "\n\n".join(f"Begin.{' ' * 40_000}End {n}." for n in range(1, 26)),
    "huge": f"First.\n\nBegin.{' ' * 2 * WINDOW_CHARACTERS}End.\n\nLast.",
}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    with Library.create(tmp_path_factory.mktemp("pane") / "library") as library:
        added = library.add(source_from_text(text, id=id) for id, text in TEXTS.items())
        assert [result.outcome for result in added] == ["added"] * len(TEXTS)
        yield Assistant(library)


def numbers(opened: Opened) -> list[int]:
    return [int(each) for each in re.findall(r'data-number="(\d+)"', opened.html or "")]


def texts(opened: Opened) -> list[str]:
    """The texts of the paragraphs as the browser reads them."""
    found = re.findall(r'class="text" dir="auto">(.*?)</(?:p|h3)>', opened.html or "", re.DOTALL)
    return [html.unescape(each) for each in found]


def marked(assistant: Assistant, opened: Opened) -> str | None:
    """The characters that the pane marks, of those that it shows."""
    if opened.start is None:
        return None
    whole = opened if opened.html else open_place(assistant, {"source": opened.key.split(":")[2]})
    return texts(whole)[numbers(whole).index(opened.paragraph or 0)][opened.start : opened.end]


# --- a source ------------------------------------------------------------------------------------


@pytest.mark.parametrize("id", ["why-its-dangerous", "whats-at-stake"])
def test_a_source_is_shown_with_its_paragraphs_as_they_are(sample: Assistant, id: str) -> None:
    opened = open_place(sample, {"source": id})
    indexed = sample.library.indexed(id)
    assert numbers(opened) == [paragraph.number for paragraph in indexed.paragraphs]
    assert texts(opened) == [
        printable(indexed.source.text[each.start : each.end]) for each in indexed.paragraphs
    ]
    assert (opened.paragraph, opened.start, opened.end, opened.note) == (None,) * 4


def test_mark_up_in_a_source_is_escaped(own: Assistant) -> None:
    shown = open_place(own, {"source": "bell"}).html or ""
    assert "<b>" not in shown
    assert "<i>" not in shown
    assert "&lt;b&gt;tons&lt;/b&gt;" in shown
    assert "\u202e" not in shown
    assert "\r" not in shown


def test_what_the_pane_has_is_not_sent_again(own: Assistant) -> None:
    first = open_place(own, {"source": "bell"})
    again = open_place(own, {"source": "bell", "paragraph": 2, "have": first.key})
    assert first.html
    assert (again.key, again.html, again.paragraph) == (first.key, None, 2)
    assert open_place(own, {"source": "bell", "have": "of another"}).html == first.html
    assert open_place(own, {"source": "huge", "have": first.key}).html


def test_a_source_that_was_replaced_is_sent_again(tmp_path: Path) -> None:
    with Library.create(tmp_path / "library") as library:
        assistant = Assistant(library)
        library.add([source_from_text("The bell is old.", id="bell")])
        place = {"source": "bell", "paragraph": 1, "quote": "The bell is old."}
        first = open_place(assistant, place)
        assert first.note is None
        library.add([source_from_text("The bell is new.", id="bell")])
        again = open_place(assistant, {**place, "have": first.key})
        assert "The bell is new." in (again.html or "")
        assert (again.start, again.end, again.note) == (None, None, NOT_THERE)


def test_only_a_web_address_is_shown_as_one(tmp_path: Path) -> None:
    text = tmp_path / "bell.txt"
    text.write_text(BELL, encoding="utf-8")
    named = source_from_text("The mill.", id="mill", publisher=Stated('A "<b>" \u202e', "text"))
    with Library.create(tmp_path / "library") as library:
        library.add([text])
        library.add([replace(named, uri='https://example.org/"><script>')])
        assistant = Assistant(library)
        assert str(tmp_path) not in (open_place(assistant, {"source": "bell"}).html or "")
        shown = open_place(assistant, {"source": "mill"}).html or ""
        assert 'href="https://example.org/&#34;&gt;&lt;script&gt;"' in shown
        assert "A &#34;&lt;b&gt;&#34; \N{REPLACEMENT CHARACTER}" in shown


# --- a long source -------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 2, 12, 24, 25])
def test_of_a_long_source_the_paragraphs_around_the_opened_one_are_shown(
    own: Assistant, number: int
) -> None:
    opened = open_place(own, {"source": "long", "paragraph": number})
    shown = numbers(opened)
    assert number in shown
    assert shown == list(range(shown[0], shown[-1] + 1))
    assert 3 <= len(shown) < 10
    assert sum(map(len, texts(opened))) <= WINDOW_CHARACTERS
    links = re.findall(r'class="more"><a [^>]*data-paragraph="(\d+)"', opened.html or "")
    beyond = [shown[0] - 1] if shown[0] > 1 else []
    beyond += [shown[-1] + 1] if shown[-1] < 25 else []
    assert [int(each) for each in links] == beyond


def test_the_links_at_the_ends_lead_through_all_of_a_long_source(own: Assistant) -> None:
    seen: set[int] = set()
    number = 1
    while number <= 25:
        shown = numbers(open_place(own, {"source": "long", "paragraph": number}))
        assert number in shown
        seen.update(shown)
        number = shown[-1] + 1
    assert seen == set(range(1, 26))


def test_a_paragraph_longer_than_what_is_shown_at_once_is_shown_whole(own: Assistant) -> None:
    opened = open_place(own, {"source": "huge", "paragraph": 2})
    assert len(texts(opened)[numbers(opened).index(2)]) > 2 * WINDOW_CHARACTERS


# --- the words to mark ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paragraph", "quote", "at", "start"),
    [
        (2, "bell", None, 4),
        (2, "bell", 34, 28),
        (2, "bell", 4, 4),
        (2, "bell", 10**9, 28),
        (2, "bell", -100, 4),
        (2, "The bell", None, 0),
        (2, BELL, None, 0),
        (2, "nine <b>tons</b>.", None, BELL.index("nine")),
        (2, "Rila \u202eweighs\u202c", None, BELL.index("Rila")),
        (2, "\U0001f409 Rila", None, BELL.index("\U0001f409")),
        (3, "keeper\r\nof", None, 4),
        (3, "keeper \nof", None, 4),
    ],
)
def test_the_quoted_words_are_marked_where_they_are_meant(
    own: Assistant, paragraph: int, quote: str, at: int | None, start: int
) -> None:
    begins = own.library.indexed("bell").paragraph(paragraph).start
    place = {"source": "bell", "paragraph": paragraph, "quote": quote}
    opened = open_place(own, {**place, "start": None if at is None else begins + at})
    assert (opened.paragraph, opened.start, opened.note) == (paragraph, start, None)
    assert marked(own, opened) == printable(quote)


@pytest.mark.parametrize(
    "quote", ["Rila \u202eweighs\u202c nine", "\u202c nine <b>", "of the bell\x07 is"]
)
def test_words_are_found_as_the_page_shows_them(own: Assistant, quote: str) -> None:
    source = own.library.indexed("bell")
    start = source.source.text.index(quote)
    paragraph = next(each for each in source.paragraphs if each.start <= start < each.end)
    shown = printable(quote)
    assert shown != quote
    place = {"source": "bell", "paragraph": paragraph.number, "quote": shown, "start": start}
    opened = open_place(own, place)
    assert opened.start == start - paragraph.start
    assert marked(own, opened) == shown


@pytest.mark.parametrize(
    "place",
    [
        {"paragraph": 2, "quote": "the bell of Rome"},
        {"paragraph": 2, "quote": "ell rings"},
        {"paragraph": 3, "quote": "rings at noon"},
        {"paragraph": 2, "quote": " "},
        {"paragraph": 2, "quote": "word " * 20_000},
        {"paragraph": 2, "quote": "\N{REPLACEMENT CHARACTER}", "start": 0},
        {"paragraph": 2, "quote": "\ud800", "start": -1},
        {"quote": "rings at noon"},
    ],
)
def test_words_that_are_not_there_are_told_and_not_marked(
    own: Assistant, place: dict[str, object]
) -> None:
    opened = open_place(own, {"source": "bell", **place})
    assert (opened.start, opened.end, opened.note) == (None, None, NOT_THERE)
    assert opened.html


@given(st.data())
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_words_between_spaces_are_marked_exactly(own: Assistant, data: st.DataObject) -> None:
    """Offsets are those of the text that the pane shows, whatever characters stand before."""
    indexed = own.library.indexed("bell")
    paragraph = data.draw(st.sampled_from(indexed.paragraphs))
    text = indexed.source.text[paragraph.start : paragraph.end]
    words = [found.span() for found in re.finditer(r"\S+", text)]
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first, len(words) - 1))
    start, end = words[first][0], words[last][1]
    as_shown = data.draw(st.booleans())
    quote = printable(text[start:end]) if as_shown else text[start:end]
    place = {"source": "bell", "paragraph": paragraph.number, "quote": quote}
    opened = open_place(own, {**place, "start": paragraph.start + start})
    assert (opened.start, opened.end, opened.note) == (start, end, None)
    assert marked(own, opened) == printable(text[start:end])


class OneText:
    """An assistant over a library whose only source can be changed."""

    def __init__(self, library: Library) -> None:
        self.assistant = Assistant(library)

    def hold(self, text: str) -> None:
        library = self.assistant.library
        if "text" in library.content():
            library.remove("text")
        library.add([source_from_text(text, id="text")])


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneText]:
    with Library.create(tmp_path_factory.mktemp("one") / "library") as library:
        yield OneText(library)


_CHARACTERS = st.sampled_from("ab <>&\"'\u202e\u2066\r\n\t\xa0\u0301\U0001f409\ufb01…\u200f{}$")


@given(st.text(_CHARACTERS, min_size=1, max_size=80), st.data())
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_in_any_text_what_is_marked_is_the_citation(
    one: OneText, text: str, data: st.DataObject
) -> None:
    one.hold(f"Begin {text} end.")
    indexed = one.assistant.library.indexed("text")
    paragraph = data.draw(st.sampled_from(indexed.paragraphs))
    start = data.draw(st.integers(paragraph.start, paragraph.end - 1))
    end = data.draw(st.integers(start + 1, paragraph.end))
    quote = indexed.source.text[start:end]
    place = {"source": "text", "paragraph": paragraph.number, "quote": quote, "start": start}
    opened = open_place(one.assistant, place)
    citation = one.assistant.cite("text", paragraph.number, quote, start=start)
    if citation is None:
        assert (opened.start, opened.note) == (None, NOT_THERE)
    else:
        span = (citation.start - paragraph.start, citation.end - paragraph.start)
        assert (opened.start, opened.end) == span
        assert marked(one.assistant, opened) == printable(citation.quote)


# --- what isn't a place --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"source": "gone"}, "There is no source 'gone'"),
        ({"source": "../bell"}, "There is no source '../bell'"),
        ({"source": "bell", "paragraph": 0}, "bell has no paragraph 0: it has 3"),
        ({"source": "bell", "paragraph": -1}, "bell has no paragraph -1: it has 3"),
        ({"source": "bell", "paragraph": 10**30}, "bell has no paragraph 1000"),
        ({"source": "x" * 201}, "isn't the address of a place"),
        ({"source": "bell", "paragraph": "2"}, "isn't the address of a place"),
        ({"source": "bell", "paragraph": True}, "isn't the address of a place"),
        ({"source": "bell", "paragraph": 1.5}, "isn't the address of a place"),
        ({"source": "bell", "quote": ["bell"]}, "isn't the address of a place"),
        ({"source": "bell", "other": 1}, "isn't the address of a place"),
        ({"source": None}, "isn't the address of a place"),
        ({}, "isn't the address of a place"),
        (None, "isn't the address of a place"),
        ("bell", "isn't the address of a place"),
        ([["bell"]], "isn't the address of a place"),
    ],
)
def test_what_is_no_place_is_told_in_one_sentence(own: Assistant, asked: object, told: str) -> None:
    with pytest.raises(SourceError, match=re.escape(told)):
        open_place(own, asked)
    opener = place_opener(own)
    assert callable(opener)
    failed = opener(asked)
    assert failed.keys() == {"error"}
    assert told in failed["error"]
    assert str(own.library.path) not in failed["error"]


def test_the_page_gets_all_that_was_found(own: Assistant) -> None:
    opener = place_opener(own)
    assert callable(opener)
    found = opener({"source": "bell", "paragraph": 2, "quote": "bell"})
    assert (found["paragraph"], found["start"], found["end"], found["note"]) == (2, 4, 8, None)
    assert found["html"].startswith('<article class="source" data-source="bell">')
