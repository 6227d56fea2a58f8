"""Fold, never fuzz: spelling-neutral text with a map back to the original offsets.

Folding evens out what typography and copying change without changing words: Unicode
compatibility forms (NFKC), letter case, runs of white space, the many quotation marks and
dashes, and invisible characters. Two texts with the same fold say the same, letter by letter.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_QUOTATION_MARKS = {**dict.fromkeys("“”„‟«»″〝〞", '"'), **dict.fromkeys("‘’‚‛′`´‹›", "'")}
_DASHES = dict.fromkeys("‐‑‒–—―−﹘﹣－", "-")
_INVISIBLE = dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff\u200e\u200f", "")
_EVEN = str.maketrans({**_QUOTATION_MARKS, **_DASHES, **_INVISIBLE})

_MAX_CLUSTER = 64
"""Longest run of combining characters that is normalised as one; a bound for hostile input."""


@dataclass(frozen=True, slots=True)
class Folded:
    """Folded text; its character `i` came from `original[starts[i]:ends[i]]`."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def can_split(self, position: int) -> bool:
        """Whether the text before and from `position` on come from different original characters.

        The "f" and the "i" of a ligature don't; white space that belongs to an accent of its own
        ("´" folds to a space and a mark) is no part of it.
        """
        if not 0 < position < len(self.text):
            return True
        return (
            self.starts[position - 1] != self.starts[position]
            or self.text[position - 1] == " "
            or self.text[position] == " "
        )


def fold(text: str) -> str:
    """The folded text alone, without white space at either end."""
    return fold_with_offsets(text).text.strip(" ")


def fold_with_offsets(text: str) -> Folded:
    """Fold `text`, keeping for each folded character the span it came from. Linear time."""
    characters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end in _clusters(text):
        folded = _fold_cluster(text[start:end])
        for character in folded:
            if character == " " and characters and characters[-1] == " ":
                ends[-1] = end
                continue
            characters.append(character)
            starts.append(start)
            ends.append(end)
    return Folded("".join(characters), tuple(starts), tuple(ends))


def _fold_cluster(cluster: str) -> str:
    if cluster.isascii():
        return " " if cluster.isspace() else _EVEN_ASCII.get(cluster, cluster).lower()
    if any(_is_raised_number(c) for c in cluster):
        return cluster
    # Marks are evened out before NFKC as well as after it: "´" would become a space and an accent.
    even = unicodedata.normalize("NFKC", cluster.translate(_EVEN)).casefold()
    even = unicodedata.normalize("NFKC", even).translate(_EVEN)
    return "".join(" " if c.isspace() else c for c in even)


def _is_raised_number(character: str) -> bool:
    """Superscripts, fractions and the like, which NFKC would run into the digits before them.

    "10²" isn't 102, and "3½" isn't 31/2.
    """
    return not character.isdecimal() and any(
        c.isdecimal() for c in unicodedata.normalize("NFKC", character)
    )


_EVEN_ASCII = {"`": "'"}


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    """Spans that normalise independently of each other: a character and what combines with it."""
    start = 0
    for i in range(1, len(text) + 1):
        if i < len(text) and i - start < _MAX_CLUSTER and _combines(text[start:i], text[i]):
            continue
        yield start, i
        start = i
    return


def _combines(cluster: str, character: str) -> bool:
    if character.isascii():
        return False
    if unicodedata.combining(character):
        return True
    normalize = unicodedata.normalize
    apart = normalize("NFKC", cluster) + normalize("NFKC", character)
    return normalize("NFKC", cluster + character) != apart
