"""Intervals by the percentile bootstrap: how much a figure depends on which questions were asked.

Questions are drawn again with replacement, as many as there are, and the figure is computed of
each such sample; the middle 95 % of these figures are the interval (Efron 1979; Efron & Tibshirani
1993, chapter 13). The draws are seeded: the same rows have the same intervals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.evaluation.estimators import Estimator, Numbers

SAMPLES = 2000
LEVEL = 0.95
_SEED = 20_261
_CHUNK_CELLS = 1_000_000
"""Weights that are in memory at a time."""
_DIGITS = 6
"""Figures are rounded, so that the last bits of a sum don't make two runs differ."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and the interval around it; the interval is None where too few samples have one."""

    value: float
    low: float | None
    high: float | None


def values(estimators: Sequence[Estimator], questions: int) -> list[float]:
    """Each figure of the questions themselves; NaN for one that they don't have."""
    ones = np.ones((1, questions))
    return [round(float(estimator(ones)[0]), _DIGITS) for estimator in estimators]


def intervals(estimators: Sequence[Estimator], questions: int) -> list[Interval | None]:
    """Each figure of the questions with its interval; None for one that they don't have."""
    return _summed(values(estimators, questions), _drawn(estimators, questions))


def differences(
    new: Sequence[Estimator], old: Sequence[Estimator], questions: int
) -> list[Interval | None]:
    """How much each figure of `new` is above that of `old`, with the interval of that difference.

    Both have figures of the same questions, in the same order, and are computed of the same
    samples (paired).
    """
    now, before = values(new, questions), values(old, questions)
    drawn = [_drawn(each, questions) for each in (new, old)]
    return _summed(
        [a - b for a, b in zip(now, before, strict=True)],
        [a - b for a, b in zip(*drawn, strict=True)],
    )


def _drawn(estimators: Sequence[Estimator], questions: int) -> list[Numbers]:
    """Each figure of each sample: arrays of shape (SAMPLES,)."""
    parts: list[list[Numbers]] = [[] for _ in estimators]
    for weights in _weights(questions):
        for part, estimator in zip(parts, estimators, strict=True):
            part.append(estimator(weights))
    return [np.concatenate(part) for part in parts]


def _weights(questions: int) -> Iterator[Numbers]:
    """How often each question stands in each sample, in pieces of shape (some, questions)."""
    dice = np.random.default_rng(_SEED)
    rows = max(1, _CHUNK_CELLS // questions)
    for first in range(0, SAMPLES, rows):
        count = min(rows, SAMPLES - first)
        drawn = dice.integers(0, questions, size=(count, questions))
        places = drawn + questions * np.arange(count)[:, None]
        counted = np.bincount(places.ravel(), minlength=count * questions)
        yield counted.reshape(count, questions).astype(np.float64)


def _summed(figures: Sequence[float], drawn: Sequence[Numbers]) -> list[Interval | None]:
    found: list[Interval | None] = []
    for at, value in enumerate(figures):
        if np.isnan(value):
            found.append(None)
            continue
        known = drawn[at][~np.isnan(drawn[at])]
        if len(known) < SAMPLES / 2:
            found.append(Interval(round(value, _DIGITS), None, None))
            continue
        tail = (1 - LEVEL) / 2
        low, high = np.quantile(known, [tail, 1 - tail])
        bounds = (round(float(each), _DIGITS) for each in (value, low, high))
        found.append(Interval(*bounds))
    return found
