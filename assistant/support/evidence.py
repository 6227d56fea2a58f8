"""Which sentences bear on a claim: those that together have most of what it states.

They are taken one by one, each for what it adds, as in the greedy cover of a set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from assistant.facts import Date
from assistant.names import spelling_key
from assistant.speakers import is_quoted, speaker_of
from assistant.support.points import Part, Point
from assistant.wording import Term, same, terms
from index import IndexedSource, Sentence

MAX_CHOSEN = 4
MIN_GAIN = 0.05
"""Share of the claim that a further sentence adds at least."""
OWN_WEIGHT = 0.3
"""What a sentence's whole share of the claim counts beside what it adds to the others."""
BEARS = 0.1
"""Share of a part that a sentence has at least to be evidence for it."""

Rows = NDArray[np.bool_]
"""Which sentences of a pool something holds of: shape (sentences,)."""


@dataclass(frozen=True, slots=True)
class Pool:
    """The sentences that a claim may rest on, and the sources they are of."""

    sentences: tuple[Sentence, ...]
    sources: dict[str, IndexedSource]

    def paragraph(self, sentence: Sentence) -> str:
        """The text of the paragraph that the sentence stands in."""
        indexed = self.sources[sentence.source_id]
        paragraph = indexed.paragraph(sentence.paragraph)
        return indexed.source.text[paragraph.start : paragraph.end]

    def before(self, sentence: Sentence) -> str:
        """What precedes the sentence in its paragraph."""
        indexed = self.sources[sentence.source_id]
        start = indexed.paragraph(sentence.paragraph).start
        return indexed.source.text[start : sentence.start]


@dataclass(frozen=True)
class Laid:
    """A part of a claim laid against every sentence of a pool."""

    part: Part
    stands: NDArray[np.bool_]
    """Which points stand in which sentences: shape (sentences, points)."""

    @cached_property
    def weights(self) -> NDArray[np.float64]:
        """Of the points: shape (points,)."""
        return np.array([point.weight for point in self.part.points])

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        """How much of the part each sentence has, from 0 to 1: shape (sentences,)."""
        shares: NDArray[np.float64] = self.stands @ self.weights / self.weights.sum()
        return shares

    def lacking(self, rows: Sequence[int]) -> tuple[Point, ...]:
        """The points that stand in none of these sentences."""
        found = np.any(self.stands[list(rows)], axis=0, keepdims=True)[0]
        points = zip(self.part.points, found, strict=True)
        return tuple(point for point, there in points if not there)

    @property
    def complete(self) -> Rows:
        """Which sentences have all of the part."""
        complete: Rows = np.all(self.stands, axis=1, keepdims=True)[:, 0]
        return complete


def lay(part: Part, pool: Pool) -> Laid:
    """Find each point of the part in each sentence of the pool."""
    stands = np.zeros((len(pool.sentences), len(part.points)), dtype=np.bool_)
    for row, sentence in enumerate(pool.sentences):
        found = terms(sentence.text)
        stands[row] = [_stands(point, found, sentence, pool) for point in part.points]
    return Laid(part, stands)


def _stands(point: Point, found: tuple[Term, ...], sentence: Sentence, pool: Pool) -> bool:
    if any(same(point.term, term, found) for term in found):
        return True
    if point.is_name:
        return _says(point, sentence, pool)
    wanted = point.term.value
    return isinstance(wanted, Date) and any(
        isinstance(term.value, Date) and _is_dated(wanted, term.value, sentence, pool)
        for term in found
    )


def _says(point: Point, sentence: Sentence, pool: Pool) -> bool:
    """Whether the name is of the one whose words the sentence is."""
    indexed = pool.sources[sentence.source_id]
    if not is_quoted(sentence, indexed):
        return False
    speaker = speaker_of(sentence, indexed)
    return speaker is not None and set(point.term.name) <= set(spelling_key(speaker.name))


def _is_dated(wanted: Date, given: Date, sentence: Sentence, pool: Pool) -> bool:
    """Whether a date without its year is the one wanted, by the year its source is dated."""
    published = pool.sources[sentence.source_id].source.published
    return (
        published is not None
        and wanted.day is not None
        and (wanted.day, wanted.month) == (given.day, given.month)
        and given.year is None
        and published.value[:4] == str(wanted.year)
    )


def choose(laid: Sequence[Laid]) -> tuple[int, ...]:
    """The sentences that together have most of the claim, best first; by their rows in the pool."""
    stands = np.concatenate([each.stands for each in laid], axis=1)
    weights = np.concatenate([each.weights for each in laid])
    weights = weights / weights.sum()
    if not len(stands):
        return ()
    own = stands @ weights
    chosen: list[int] = []
    missing = np.ones(len(weights), dtype=np.bool_)
    while len(chosen) < min(MAX_CHOSEN, len(stands)):
        gain = stands @ (weights * missing)
        worth = gain + OWN_WEIGHT * own
        worth[chosen] = -1.0
        best = int(np.argmax(worth))
        if gain[best] < MIN_GAIN:
            break
        chosen.append(best)
        missing &= ~stands[best]
    return tuple(chosen)
