from pathlib import Path

import pytest

from index import split_paragraphs

ARTICLES = Path(__file__).parents[2] / "articles"


def kinds(text: str) -> list[str]:
    return [paragraph.kind for paragraph in split_paragraphs("s", text)]


def numbers(name: str) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    text = (ARTICLES / name).read_bytes().decode()
    for paragraph in split_paragraphs("s", text):
        found.setdefault(paragraph.kind, []).append(paragraph.number)
    return found


def test_the_kinds_of_the_first_sample():
    found = numbers("whats-at-stake.txt")
    assert found.pop("body")[0] == 2
    assert found == {"title": [1], "boilerplate": [3, 32], "heading": [7, 12, 17, 22, 28]}


def test_the_kinds_of_the_second_sample():
    found = numbers("why-its-dangerous.txt")
    assert found.pop("body")[0] == 3
    assert found == {
        "boilerplate": [1],  # the site's line above the title, which paragraph 5 repeats
        "title": [2],
        "byline": [4, 23],
        "caption": [5],
        "heading": [8, 11, 14, 17, 20],
    }


PROSE = "The council met on Monday and decided to build the bridge. Work starts in May."


@pytest.mark.parametrize(
    ("block", "kind"),
    [
        ("Uncertain outcome", "heading"),
        ("“What they said”", "heading"),
        ("## Markdown heading that may be as long as it likes to be, with a dot.", "heading"),
        ("It rained.", "body"),
        ("They left!”", "body"),
        ("The following towns:", "body"),
        ("- a list item", "body"),
        ("By Jane Doe", "byline"),
        ("By Jane Doe and John van Dyke, Feb. 3, 2024", "byline"),
        ("By the end of the month", "heading"),
        ("Author: Jane Doe", "byline"),
        ("Автор: Иван Петров", "byline"),
        ("Von Jana Müller", "byline"),
        ("Published: 3 February 2024, 10:15", "byline"),
        ("Photo: Jane Doe / AP", "caption"),
        ("Фото: Reuters", "caption"),
        ("1,234 views | 5 comments", "boilerplate"),
        ("Share this article", "boilerplate"),
        ("Share prices fell on Monday.", "body"),
        ("Subscribers left in May, the company said.", "body"),
        ("Read more: the bridge", "boilerplate"),
        ("© 2024 The Daily", "boilerplate"),
        ("* * *", "boilerplate"),
        ("12 views\nPhoto: AP\nShare", "boilerplate"),
        ("12 views\nThe mayor said no.", "body"),
    ],
)
def test_a_block_is_told_by_its_form(block: str, kind: str):
    assert kinds(f"The title\n\n{PROSE}\n\n{block}\n\n{PROSE}")[2] == kind


def test_a_text_of_one_line_is_body():
    assert kinds("Only one line") == ["body"]


def test_a_text_that_begins_with_prose_has_no_title():
    assert kinds(f"{PROSE}\n\nA heading\n\n{PROSE}") == ["body", "heading", "body"]


def test_a_short_last_line_is_no_heading_as_nothing_follows_it():
    assert kinds(f"The title\n\n{PROSE}\n\nThe editors")[-1] == "body"


def test_front_matter_is_boilerplate_and_the_title_comes_after_it():
    text = f"---\ntitle: A\n\nlang: en\n---\n\n# A title.\n\n{PROSE}"
    assert kinds(text) == ["boilerplate", "boilerplate", "heading", "body"]
