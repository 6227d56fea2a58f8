"""Splits a text into its paragraphs: the blocks between blank lines, counted from 1.

A line ends at "\\n" (a "\\r" before it is white space); no other character ends a line, so that
anyone who counts blocks with common tools counts the same. A line of white space only is blank.
"""

from __future__ import annotations

from collections.abc import Iterator

from index.kinds import block_kinds
from index.types import Paragraph


def split_paragraphs(source_id: str, text: str) -> tuple[Paragraph, ...]:
    """All blocks of `text` in order, numbered from 1, without outer white space."""
    spans = tuple(_block_spans(text))
    kinds = block_kinds(text, spans)
    return tuple(
        Paragraph(source_id, number, start, end, kind)
        for number, ((start, end), kind) in enumerate(zip(spans, kinds, strict=True), start=1)
    )


def _block_spans(text: str) -> Iterator[tuple[int, int]]:
    start: int | None = None
    end = 0
    for line_start, line_end in _line_spans(text):
        line = text[line_start:line_end]
        if not line or line.isspace():
            if start is not None:
                yield start, end
            start = None
            continue
        if start is None:
            start = line_start + len(line) - len(line.lstrip())
        end = line_start + len(line.rstrip())
    if start is not None:
        yield start, end


def _line_spans(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield start, end
        start = end + 1
    yield start, len(text)
