"""Finds twin sources: texts that render the same original, such as two translations of it."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from index.types import Vectors

MIN_COSINE = 0.92
"""Between passages embedded with title and heading: of the two sample articles (two translations)
12 of 13 counterparts are above it; halves of one encyclopedia article, under one title, are told
apart from 0.91 on.
"""
MIN_SHARE = 0.7
"""Of the body passages of the shorter source, how many must have a counterpart."""
MIN_PAIRS = 5
"""Short reports on one event are alike without being renderings of one text."""
MIN_ORDER = 0.7
"""Which share of the counterparts must come in the same order."""

_NEIGHBOURS = 8
_MAX_CANDIDATES = 5

Nearest = Callable[[Vectors, int], list[list[tuple[str, float]]]]
"""For each vector the source ids of as many nearest passages as asked for, and their cosines."""


def find_twins(
    body: Vectors, nearest: Nearest, body_of: Callable[[str], Vectors], source_id: str
) -> list[str]:
    """The ids of the sources that are twins of the one whose body passages are `body`.

    `nearest` searches the passages of all sources; `body_of` gives the body of another source.
    """
    if len(body) < MIN_PAIRS:
        return []
    return sorted(
        candidate
        for candidate in _candidates(body, nearest, source_id)
        if are_twins(body, body_of(candidate))
    )


def are_twins(one: Vectors, other: Vectors) -> bool:
    """Whether most of the shorter body's passages have their counterpart in the other, in order."""
    if min(len(one), len(other)) < MIN_PAIRS:
        return False
    pairs = _counterparts(one @ other.T)
    enough = max(MIN_PAIRS, MIN_SHARE * min(len(one), len(other)))
    return len(pairs) >= enough and _longest_rise(pairs) >= MIN_ORDER * len(pairs)


def _candidates(body: Vectors, nearest: Nearest, source_id: str) -> Iterable[str]:
    counts: Counter[str] = Counter()
    for found in nearest(body, _NEIGHBOURS):
        close = {other for other, cosine in found if cosine >= MIN_COSINE}
        counts.update(close - {source_id})
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return [candidate for candidate, count in ranked[:_MAX_CANDIDATES] if count >= MIN_PAIRS]


def _counterparts(cosines: NDArray[np.float32]) -> list[int]:
    """The counterparts of the rows that have one: the best column, whose best row they are."""
    best_columns, best_rows = cosines.argmax(axis=1), cosines.argmax(axis=0)
    return [
        int(column)
        for row, column in enumerate(best_columns)
        if best_rows[column] == row and cosines[row, column] >= MIN_COSINE
    ]


def _longest_rise(values: list[int]) -> int:
    """The length of the longest strictly increasing subsequence."""
    tails: list[int] = []
    for value in values:
        place = bisect_left(tails, value)
        tails[place : place + 1] = [value]
    return len(tails)
