"""A library's sources, read a part at a time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import Filter, Library, SettingsError, SourceError, Stated, source_from_text
from tests.index.conftest import WordEmbedder

ROWS = {
    "harbour": ("Größe des Hafens", "Der Tag", "de"),
    "mill": ("The mill of Osk", "The Daily", "en"),
    "oven": ("100% of loaves", "the  daily", "en-GB"),
    "silent": (None, None, None),
}


def stated(value: str | None) -> Stated | None:
    return Stated(value, "caller") if value else None


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("papers") / "library"
    with Library.create(folder, embedding=WordEmbedder()) as library:
        library.add(
            source_from_text(
                f"Words of {id}.",
                id=id,
                title=stated(title),
                publisher=stated(publisher),
                lang=stated(lang),
            )
            for id, (title, publisher, lang) in ROWS.items()
        )
        yield library


def ids(papers: Library, **asked) -> list[str]:
    return [each.id for each in papers.listing(**asked).sources]


def test_without_conditions_all_sources_are_listed_as_they_are(papers: Library):
    listing = papers.listing()
    assert (listing.sources, listing.found) == (papers.sources(), len(ROWS))


@given(limit=st.integers(1, 6), offset=st.integers(0, 6))
def test_a_part_is_what_stands_there_in_the_whole(papers: Library, limit: int, offset: int):
    listing = papers.listing(limit=limit, offset=offset)
    assert [each.id for each in listing.sources] == list(ROWS)[offset : offset + limit]
    assert listing.found == len(ROWS)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("MILL", ["mill"]),
        ("grösse", ["harbour"]),
        ("the daily", ["mill", "oven"]),
        ("daily osk", ["mill"]),
        ("100%", ["oven"]),
        ("% _", []),
        ("silent", ["silent"]),
        (" \t", list(ROWS)),
        ("'; DROP TABLE sources; --", []),
        ("\ud800", []),
        ("\0", []),
        ("mill " * 5000, ["mill"]),
    ],
)
def test_every_word_is_in_the_id_title_or_publisher(papers: Library, words: str, found: list[str]):
    assert ids(papers, words=words) == found


def test_named_sources_are_listed_in_the_librarys_order_and_others_left_out(papers: Library):
    assert ids(papers, ids=["oven", "gone", "\ud800", "mill"]) == ["mill", "oven"]
    assert ids(papers, ids=[]) == []


def test_conditions_words_and_parts_hold_together(papers: Library):
    listing = papers.listing(Filter(lang="en"), words="daily", limit=1, offset=1)
    assert ([each.id for each in listing.sources], listing.found) == (["oven"], 2)


def test_a_filter_that_leaves_none_is_told_but_words_that_do_are_not(papers: Library):
    with pytest.raises(SettingsError, match=r"--lang 'fr' no source is left \(1 source states no"):
        papers.listing(Filter(lang="fr"), words="mill")
    with pytest.raises(SourceError, match="has no source 'gone'"):
        papers.listing(Filter(sources=["mill", "gone"]))
    assert papers.listing(Filter(lang="de"), words="mill").found == 0


def test_what_most_sources_state_is_counted_and_spelled_as_it_is_first(papers: Library):
    assert papers.most_stated("lang", 9) == (("en", 2), ("de", 1))
    assert papers.most_stated("publisher", 9) == (("The Daily", 2), ("Der Tag", 1))
    assert papers.most_stated("publisher", 1) == (("The Daily", 2),)
    assert papers.most_stated("published", 9) == ()
