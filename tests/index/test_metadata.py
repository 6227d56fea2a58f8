import pytest

from index import Stated, source_from_text
from index.dates import find_date

PROSE = "The council met on Monday and decided to build the bridge. Work starts in May."


def test_metadata_are_read_where_the_text_states_them():
    source = source_from_text(
        f"The bridge\n\nFeb 25, 2025 17:06 115\n\n{PROSE}\n\nAuthor: Jane Doe", id="s"
    )
    assert source.title == Stated("The bridge", "paragraph 1")
    assert source.published == Stated("2025-02-25T17:06", "paragraph 2")
    assert source.author == Stated("Jane Doe", "paragraph 4")
    assert source.publisher is None
    assert source.lang is None


def test_nothing_is_guessed():
    text = f"{PROSE}\n\nOn 3 May 2024 the mayor, Jane Doe, said that all was well with the bridge."
    source = source_from_text(text, id="s")
    assert (source.title, source.author, source.published) == (None, None, None)


def test_front_matter_comes_first():
    text = (
        "---\ntitle: 'Said above'\ndate: 2024-05-03\nlang: de\ntags: [a, b]\npublisher: [x]\n"
        f"author: Jane: a life\n---\n\n# Title below\n\n{PROSE}"
    )
    source = source_from_text(text, id="s")
    assert source.title == Stated("Said above", "front matter")
    assert source.published == Stated("2024-05-03", "front matter")
    assert source.lang == Stated("de", "front matter")
    assert source.author == Stated("Jane: a life", "front matter")
    assert source.publisher is None


def test_given_metadata_are_kept():
    given = Stated("Given", "the caller")
    assert source_from_text(f"Title\n\n{PROSE}", id="s", title=given).title == given


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Feb. 5, 2024", "2024-02-05"),
        ("February 5th 2024 at 5:07 pm", "2024-02-05T17:07"),
        ("5 February 2024, 12:30 a.m.", "2024-02-05T00:30"),
        ("2024-02-05", "2024-02-05"),
        ("2024-02-05T09:10:11Z", "2024-02-05T09:10"),
        ("05.02.2024 | 9:10", "2024-02-05T09:10"),
        ("5. 2. 2024", "2024-02-05"),
        ("30 February 2024", None),
        ("February 2024", None),
        ("05/06/2024", None),
        ("12024-02-05", None),
        ("maybe 5 2024", None),
    ],
)
def test_only_full_dates_of_the_calendar_are_found(text: str, value: str | None):
    found = find_date(text)
    assert (found.value if found else None) == value
