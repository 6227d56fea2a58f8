"""Joins the lines of a printed page into paragraphs.

A PDF has no paragraphs and no words, only characters with places. A paragraph ends where the gap
to the next line is larger than usual, the letters change their size, the next line is set in, or
the line stops well before the margin at the end of a sentence.

Of a word that is divided at the end of a line the hyphen is left out, unless the document has that
word with its hyphen elsewhere inside a line, or what follows doesn't begin with a small letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

_GAP = 1.35
"""Times the usual distance of two lines."""
_INDENT = 0.8
"""Times the size of the letters."""
_SHORT = 0.85
"""Of the width of the column."""
_SENTENCE_END = ".!?:…。！？"
_CLOSERS = "\"'”’»“)]"
_COMPOUND = re.compile(r"[^\W\d_]+-[^\W\d_]+")
_HYPHENS = "-\u2010\u00ad"


@dataclass(frozen=True, slots=True)
class Line:
    """A line with the place of its ink on the page, in points from the lower left corner."""

    text: str
    left: float
    right: float
    bottom: float
    top: float
    size: float


Paragraph = list[Line]


def paragraphs(lines: list[Line]) -> list[Paragraph]:
    """The lines of a page, each in its paragraph."""
    if not lines:
        return []
    steps = [above.bottom - below.bottom for above, below in pairwise(lines)]
    downwards = sorted(step for step in steps if step > 0)
    usual = downwards[len(downwards) // 4] if downwards else 0.0
    made: list[Paragraph] = [[lines[0]]]
    for below in lines[1:]:
        if _breaks(made[-1], below, usual):
            made.append([below])
        else:
            made[-1].append(below)
    return made


def _breaks(paragraph: Paragraph, below: Line, usual: float) -> bool:
    above = paragraph[-1]
    step = above.bottom - below.bottom
    size = max(above.size, below.size)
    if step < -0.5 * size:  # further up: another column, or the page is in another order
        return above.text[-1:] in _SENTENCE_END or not below.text[:1].islower()
    if step > _GAP * max(usual, size) or abs(above.size - below.size) > 0.1 * size:
        return True
    if below.left - min(line.left for line in paragraph) > _INDENT * size and len(paragraph) > 1:
        return True
    width = max(line.right for line in paragraph) - min(line.left for line in paragraph)
    widest = max(width, below.right - below.left)
    short = above.right - min(line.left for line in paragraph) < _SHORT * widest
    return short and above.text.rstrip(_CLOSERS)[-1:] in _SENTENCE_END


def hyphenated_words(lines: Iterable[Line]) -> frozenset[str]:
    """The words with a hyphen inside a line, in lower case."""
    return frozenset(
        word.lower() for line in lines if "-" in line.text for word in _COMPOUND.findall(line.text)
    )


def joined(paragraph: Paragraph, known: frozenset[str]) -> str:
    """The text of a paragraph on one line."""
    text = paragraph[0].text
    for line in paragraph[1:]:
        if text[-1] in _HYPHENS and text[-2:-1].isalpha():
            text = _without_division(text, line.text, known)
        else:
            text += " " + line.text
    return " ".join(text.split(" "))


def _without_division(text: str, below: str, known: frozenset[str]) -> str:
    start = re.search(r"[^\W\d_]+\Z", text[:-1])
    end = re.match(r"[^\W\d_]+", below)
    if not start or not end:
        return text + below
    word = f"{start[0]}-{end[0]}".lower()
    keep = below[0].isupper() or word in known
    return (text[:-1] + "-" if keep else text[:-1]) + below
