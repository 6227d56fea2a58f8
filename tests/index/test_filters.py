"""Sources chosen by what they state of themselves."""

import pytest

from index import Filter, Library, SettingsError, SourceError, Stated, source_from_text
from tests.index.conftest import WordEmbedder


def stated(value: str | None) -> Stated | None:
    return Stated(value, "caller") if value else None


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory):
    library = Library.create(tmp_path_factory.mktemp("papers"), embedding=WordEmbedder())
    rows = [
        ("early", "2025-01-31", "The Daily", "en"),
        ("late", "2025-02-25T17:06", "the  daily", "en-GB"),
        ("foreign", "2025-03-01", "Der Tag", "de"),
        ("silent", None, None, None),
    ]
    library.add(
        source_from_text(
            f"Words of {name}.",
            id=name,
            published=stated(published),
            publisher=stated(publisher),
            lang=stated(lang),
        )
        for name, published, publisher, lang in rows
    )
    yield library
    library.close()


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Filter(), {"early", "late", "foreign", "silent"}),
        (Filter(since="2025-02"), {"late", "foreign"}),
        (Filter(since="2025-02-25", until="2025-02-25"), {"late"}),
        (Filter(until="2025-02"), {"early", "late"}),
        (Filter(until="2025"), {"early", "late", "foreign"}),
        (Filter(publisher="THE DAILY"), {"early", "late"}),
        (Filter(lang="en"), {"early", "late"}),
        (Filter(lang="DE-at", since="2025"), {"foreign"}),
        (Filter(sources=["silent", "late"]), {"silent", "late"}),
        (Filter(sources="silent"), {"silent"}),
        (Filter(sources=["silent", "late"], lang="en"), {"late"}),
    ],
)
def test_the_sources_that_meet_all_conditions_are_found(papers, wanted: Filter, found: set[str]):
    assert papers.matching(wanted) == found


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Filter(since="2026"), "--since '2026' no source is left (1 source states no date)"),
        (Filter(since="2025", publisher="X"), "--publisher 'X' no source is left (1 source states"),
        (Filter(lang="fr"), "--lang 'fr' no source is left (1 source states no language)"),
        (Filter(publisher="\udcff"), "--publisher '\\udcff' no source is left"),
        (Filter(lang="\ud800"), "--lang '\\ud800' no source is left"),
        (Filter(sources=["silent"], lang="en"), "None of the named sources meets the other"),
    ],
)
def test_the_condition_that_leaves_none_is_named(papers: Library, wanted: Filter, said: str):
    with pytest.raises(SettingsError) as caught:
        papers.matching(wanted)
    assert said in str(caught.value)


@pytest.mark.parametrize("given", ["2025-02-30", "25.2.2025", "2025-2", "soon", "", "２０２５"])
def test_what_is_no_date_is_told(given: str):
    with pytest.raises(SettingsError, match="is no date: give it as YYYY-MM-DD"):
        Filter(since=given)


@pytest.mark.parametrize("id", ["none", "ü", "\ud800", ""])
def test_a_named_source_that_is_not_there_is_told(papers: Library, id: str):
    with pytest.raises(SourceError, match="The library has no source"):
        papers.matching(Filter(sources=["late", id]))


def test_a_filter_that_names_no_source_is_refused():
    with pytest.raises(SettingsError, match="No source is named"):
        Filter(sources=[])


def test_a_filter_knows_what_it_asks_for():
    assert Filter().is_empty
    asked = Filter(since="2025", sources=["b", "a", "b"])
    assert asked.given() == {"since": "2025", "sources": ("b", "a")}


def test_the_newest_version_counts(papers: Library):
    edited = source_from_text("Other words.", id="early", published=stated("2026-01-01"))
    papers.add([edited])
    assert papers.matching(Filter(since="2026")) == {"early"}
