"""Finds renderings: texts that tell the same in other words, such as two translations of one."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from index.types import Vectors

MIN_COSINE = 0.92
"""Between passages embedded with title and heading: of the two sample articles (two translations)
12 of 13 counterparts are above it; halves of one encyclopedia article, under one title, are told
apart from 0.91 on.
"""
MIN_SHARE = 0.7
"""Which share of the body passages of a rendering must have a counterpart."""
MIN_PAIRS = 5
"""Short reports on one event are alike without being renderings of one text."""
MIN_ORDER = 0.7
"""Which share of the counterparts must come in the same order."""

_NEIGHBOURS = 8
_MORE_NEIGHBOURS = 64
"""Asked for where all of the first are close, as of a passage that many sources have."""
_MAX_CANDIDATES = 5
_MIN_SHARED = 2

_ASKED = 48
"""Body passages whose neighbours are looked for; of a longer text some from all over it."""

Nearest = Callable[[Vectors, int], list[list[tuple[str, float]]]]
"""For each vector the source ids of the passages nearest to it, as many as asked for, and their
cosines."""

FirstsOf = Callable[[Collection[str]], Mapping[str, Collection[str]]]
"""For those of these sources that are known, the sources whose twins they are noted as."""


def near_sources(body: Vectors, nearest: Nearest, firsts_of: FirstsOf, source_id: str) -> list[str]:
    """The ids of the few sources that may render what the one with this body does.

    `body` are the vectors of its body passages; `nearest` searches those of all sources. What many
    sources have speaks for the one whose twins they are, so that they don't crowd each other out.
    """
    if len(body) < MIN_PAIRS:
        return []
    rows = np.unique(np.linspace(0, len(body) - 1, min(len(body), _ASKED)).astype(int))
    close = _close_sources(body[rows], nearest, source_id)
    firsts = firsts_of(frozenset().union(*close))
    votes: Counter[str] = Counter()
    for owners in close:
        known = owners & firsts.keys()
        votes.update(known.union(*(firsts[owner] for owner in known)) - {source_id})
    enough = max(_MIN_SHARED, math.ceil(MIN_PAIRS * len(rows) / len(body)))
    ranked = sorted(votes, key=lambda each: (-votes[each], each))
    found = [each for each in ranked if votes[each] >= enough]
    leading = frozenset().union(*firsts.values())
    return [
        *[each for each in found if each in leading][:_MAX_CANDIDATES],
        *[each for each in found if each not in leading][:_MAX_CANDIDATES],
    ]


def renderings(one: Vectors, other: Vectors) -> tuple[bool, bool]:
    """Whether the one text renders the other or a part of it, and the other way round.

    It does where most of its passages have their counterpart in the other, in the same order. The
    arguments are the vectors of body passages, as shape (n, dimensions).
    """
    if min(len(one), len(other)) < MIN_PAIRS:
        return False, False
    pairs = _counterparts(one @ other.T)
    if len(pairs) < MIN_PAIRS or _longest_rise(pairs) < MIN_ORDER * len(pairs):
        return False, False
    return len(pairs) >= MIN_SHARE * len(one), len(pairs) >= MIN_SHARE * len(other)


def _close_sources(vectors: Vectors, nearest: Nearest, source_id: str) -> list[frozenset[str]]:
    """For each vector the other sources with a passage close to it, as far as they are found."""
    found = nearest(vectors, _NEIGHBOURS)
    crowded = [
        row
        for row, neighbours in enumerate(found)
        if len(neighbours) == _NEIGHBOURS and neighbours[-1][1] >= MIN_COSINE
    ]
    if crowded:
        for row, more in zip(crowded, nearest(vectors[crowded], _MORE_NEIGHBOURS), strict=True):
            found[row] = more
    return [
        frozenset(owner for owner, cosine in neighbours if cosine >= MIN_COSINE) - {source_id}
        for neighbours in found
    ]


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
