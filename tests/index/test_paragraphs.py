import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import split_paragraphs

PIECES = st.sampled_from(
    ["\n", "\r\n", "\r", "\n\n", " ", "\t", "\u2028", "\x85", "\x1c", "\u00a0"]
)
TEXTS = st.lists(PIECES | st.text(max_size=5)).map("".join)


def counted_by_eye(text: str) -> list[str]:
    """The blocks as a reader counts them: what is left when text is cut at blank lines."""
    blocks, lines = [], []
    for line in [*text.split("\n"), ""]:
        if line.strip():
            lines.append(line)
        elif lines:
            blocks.append("\n".join(lines).strip())
            lines = []
    return blocks


@given(TEXTS)
def test_paragraphs_are_the_blocks_between_blank_lines(text: str):
    paragraphs = split_paragraphs("s", text)
    assert [text[p.start : p.end] for p in paragraphs] == counted_by_eye(text)
    assert [p.number for p in paragraphs] == list(range(1, len(paragraphs) + 1))


@given(TEXTS)
def test_nothing_but_white_space_is_outside_paragraphs(text: str):
    rest, at = "", 0
    for paragraph in split_paragraphs("s", text):
        rest += text[at : paragraph.start]
        at = paragraph.end
    assert not (rest + text[at:]).strip()


@given(TEXTS)
def test_paragraphs_agree_with_the_published_pattern(text: str):
    pattern = r"\S(?:.*?\S)??(?=\s*?(?:\n[^\S\n]*\n|\Z))"
    spans = [match.span() for match in re.finditer(pattern, text, re.DOTALL)]
    assert [(p.start, p.end) for p in split_paragraphs("s", text)] == spans


def test_windows_line_ends_make_blank_lines_and_lone_carriage_returns_do_not():
    text = "one\r\n\r\ntwo\r\rstill two\r\n \t\r\nthree"
    blocks = [text[p.start : p.end] for p in split_paragraphs("s", text)]
    assert blocks == ["one", "two\r\rstill two", "three"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(" " * 1_000_000 + "x", id="spaces"),
        pytest.param("x" + " " * 1_000_000 + "y", id="spaces inside"),
        pytest.param("Head\n\n" * 30_000, id="headings"),
        pytest.param("---\n" + "key: x\n" * 100_000, id="front matter without end"),
        pytest.param("12 views " * 100_000, id="counters"),
    ],
)
def test_hostile_texts_take_no_longer_than_long_ones(text: str):
    started = time.perf_counter()
    split_paragraphs("s", text)
    assert time.perf_counter() - started < 10
