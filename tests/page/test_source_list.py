"""Which sources are searched: what a tab keeps of it, and how it is told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from assistant import Assistant, LibraryLockedError, SourceError, StorageError
from assistant.render import one_line
from index import Library, source_from_text
from page.choice import scope_ids, scope_line
from page.failures import sentence
from page.source_list import find_source, list_html

HOSTILE = '<b onclick="x()">Bold</b> & {{7*7}} \u202eover'
TEXTS = {
    "one": "The bell of Rila weighs nine tons.",
    "two": "The mill of Osk was built in 1911.",
    "three": f"# {HOSTILE}\n\nThe clock of Vidin stopped in 1933.",
    "four": "The well of Pirot is 60 feet deep.",
}


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    with Library.create(tmp_path_factory.mktemp("four") / "library") as library:
        library.add(source_from_text(text, id=id) for id, text in TEXTS.items())
        yield Assistant(library)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    with Library.create(tmp_path_factory.mktemp("empty") / "library") as library:
        yield Assistant(library)


# --- the choice ----------------------------------------------------------------------------------


def test_all_sources_are_kept_as_nothing_and_stay_all_when_some_are_added(four: Assistant) -> None:
    assert scope_ids(four, "") is None


@pytest.mark.parametrize("chosen", [["one"], ["three", "one"], list(TEXTS)])
def test_a_choice_is_read_back_as_it_was_kept(four: Assistant, chosen: list[str]) -> None:
    assert set(scope_ids(four, json.dumps(chosen)) or ()) == set(chosen)


def test_chosen_sources_that_were_removed_are_left_out(four: Assistant) -> None:
    assert scope_ids(four, json.dumps(["gone", "two"])) == ["two"]


@pytest.mark.parametrize("chosen", [[], ["gone"]])
def test_a_choice_of_none_that_are_there_says_what_to_do(
    four: Assistant, chosen: list[str]
) -> None:
    with pytest.raises(SourceError, match="tick at least one under Sources"):
        scope_ids(four, json.dumps(chosen))
    assert "tick at least one under Sources" in scope_line(four, json.dumps(chosen))


@pytest.mark.parametrize("kept", ["{", "7", "null", "[[1]]", "[" * 100_000, '"\\ud800"'])
def test_what_is_no_choice_is_refused_with_a_sentence(four: Assistant, kept: str) -> None:
    with pytest.raises(SourceError, match=r"reload the page|tick at least one"):
        scope_ids(four, kept)
    assert scope_line(four, kept)
    assert "checked" not in list_html(four, kept)


@pytest.mark.parametrize(
    ("kept", "found"),
    [
        ({"only": ["one", "gone"]}, ["one"]),
        ({"without": ["one", "gone"]}, ["two", "three", "four"]),
        ({"without": []}, None),
        ({"lang": "en"}, None),
    ],
)
def test_a_choice_names_what_is_ticked_or_what_is_not(
    four: Assistant, kept: dict[str, object], found: list[str] | None
) -> None:
    assert scope_ids(four, json.dumps(kept)) == found


@pytest.mark.parametrize("kept", ['{"only": 5}', '{"else": []}', '{"since": ["2025"]}'])
def test_what_is_nearly_a_choice_is_refused_too(four: Assistant, kept: str) -> None:
    with pytest.raises(SourceError, match="reload the page"):
        scope_ids(four, kept)


# --- how it is told ------------------------------------------------------------------------------


def test_the_line_counts_all_sources(four: Assistant, empty: Assistant, sample: Assistant) -> None:
    assert scope_line(four, "") == "Searching all 4 sources"
    assert scope_line(four, json.dumps([*TEXTS])) == "Searching all 4 sources"
    assert scope_line(sample, "") == "Searching all 2 sources"
    assert "There are no sources yet" in scope_line(empty, "")
    assert "There are no sources yet" in scope_line(empty, json.dumps(["one"]))


def test_the_line_names_some_of_the_chosen_sources(four: Assistant) -> None:
    def text(*chosen: str) -> str:
        return re.sub("<.?bdi>", "", scope_line(four, json.dumps(chosen)))

    assert text("two") == "Searching 1 of 4 sources: two"
    assert text("two", "four") == "Searching 2 of 4 sources: two; four"
    assert not text("one", "two", "four").endswith("…")


@pytest.mark.parametrize(
    ("kept", "line"),
    [
        (
            {"since": "2025"},
            "With the first day &#x27;2025&#x27; no source is left (4 sources state",
        ),
        ({"until": "soon"}, "the last day &#x27;soon&#x27; is no date"),
        ({"publisher": "<b>"}, "With the publisher &#x27;&lt;b&gt;&#x27; no source is left (4 sou"),
        ({"lang": "en", "only": []}, "No source is chosen: tick at least one under Sources."),
    ],
)
def test_a_filter_that_leaves_nothing_is_told_in_the_pages_words(
    four: Assistant, kept: dict[str, object], line: str
) -> None:
    assert scope_line(four, json.dumps(kept)).startswith(line)
    if "only" not in kept:
        assert "The filter is under Ask." in list_html(four, json.dumps(kept))


def test_words_that_no_source_has_are_told(four: Assistant) -> None:
    told = list_html(four, "", json.dumps({"words": "<b>Nis"}))
    assert "No source has “&lt;b&gt;Nis” in its title, id or publisher." in told


@pytest.mark.parametrize("view", ["{", "[]", '{"page": 0}', '{"page": 1e9}', '{"words": 5}'])
def test_a_part_that_is_not_there_is_the_nearest(four: Assistant, view: str) -> None:
    assert list_html(four, "", view) == list_html(four, "")


def test_titles_cannot_act_in_the_line_or_the_list(four: Assistant) -> None:
    for html in (scope_line(four, json.dumps(["three"])), list_html(four, "")):
        assert "<b" not in html.replace("<bdi>", "").replace("<button", "")
        assert "&lt;b onclick" in html
        assert "\u202e" not in html
        assert "\N{REPLACEMENT CHARACTER}over" in html


def test_the_list_ticks_what_is_chosen(four: Assistant) -> None:
    def ticked(kept: str) -> list[str]:
        return re.findall(r'class="one" value="([^"]*)"[^>]* checked>', list_html(four, kept))

    assert ticked("") == list(TEXTS)
    assert ticked(json.dumps(["four", "one"])) == ["one", "four"]
    assert ticked(json.dumps([])) == []
    assert 'class="all" aria-label="Search all sources" checked' in list_html(four, "")
    assert 'class="all" aria-label="Search all sources">' in list_html(four, json.dumps(["one"]))


def test_only_a_library_that_can_be_changed_has_sources_to_remove(
    four: Assistant, sample: Assistant
) -> None:
    assert 'aria-label="Remove one"' in list_html(four, "")
    assert "<button" not in list_html(sample, "")


def test_an_empty_library_has_no_table(empty: Assistant) -> None:
    assert "There are no sources yet" in list_html(empty, "")
    assert "<table" not in list_html(empty, "")


# --- one source, and what goes wrong -------------------------------------------------------------


@pytest.mark.parametrize("id", ["gone", "", "../one", "ü", "\ud800", "x" * 1000])
def test_a_source_that_is_not_there_is_told_without_the_folder(four: Assistant, id: str) -> None:
    with pytest.raises(SourceError, match="see under Sources which there are") as caught:
        find_source(four, id)
    assert str(four.library.path) not in str(caught.value)


def test_a_source_is_found(four: Assistant) -> None:
    assert find_source(four, "one").source.text == TEXTS["one"]


@pytest.mark.parametrize("failure", [LibraryLockedError, StorageError, SourceError])
def test_failures_are_told_without_the_folder_of_the_library(
    four: Assistant, failure: type[SourceError]
) -> None:
    folder = four.library.path
    said = f"The library in {str(folder)!r} is\nfull: run `pincite sources --library {folder}`."
    told = sentence(four, failure(said))
    assert told == "The library is full: run `pincite sources`."
    assert told == one_line(told)
