"""Figures of a sample of questions in which each question may stand several times, or not at all.

An estimator is given weights of shape (b, n): for each of b samples, how often each of the n
questions stands in it. It returns the figure of each sample, shape (b,), and NaN where a sample
has none. The figure of the questions themselves is that of weights of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


class Estimator(Protocol):
    """Computes one figure of samples of the questions."""

    @property
    def questions(self) -> int:
        """Of how many questions the figure tells."""
        ...

    def __call__(self, weights: Numbers) -> Numbers:
        """The figure of each sample: shape (b,) for weights of shape (b, n)."""
        ...


def _divided(over: Numbers, under: Numbers) -> Numbers:
    """NaN where nothing is divided by."""
    divided: Numbers = np.full(over.shape, np.nan)
    np.divide(over, under, out=divided, where=under > 0)
    return divided


@dataclass(frozen=True, slots=True)
class Ratio:
    """The sum of one number a question over the sum of another; a mean where that is one each."""

    over: Numbers
    """Shape (n,)."""
    under: Numbers
    """Shape (n,); 0 for a question that doesn't count."""

    @property
    def questions(self) -> int:
        """Those that count."""
        return int(np.count_nonzero(self.under))

    def __call__(self, weights: Numbers) -> Numbers:
        """The ratio of the sums."""
        return _divided(weights @ self.over, weights @ self.under)


@dataclass(frozen=True, slots=True)
class FScore:
    """The harmonic mean of precision and recall, of what is found and what is to be found."""

    found: Numbers
    """Shape (n,): 1 for what was found."""
    true: Numbers
    """Shape (n,): 1 for what was to be found."""
    counts: Numbers
    """Shape (n,): 0 for a question that doesn't count."""

    @property
    def questions(self) -> int:
        """Those that count."""
        return int(np.count_nonzero(self.counts))

    def __call__(self, weights: Numbers) -> Numbers:
        """F1: twice the true finds over all finds and all that was to be found."""
        both = weights @ (self.found * self.true * self.counts)
        either = weights @ ((self.found + self.true) * self.counts)
        return _divided(2 * both, either)


class _Ranked:
    """Questions in the order of a score; those with the same score stand together."""

    def __init__(self, scores: Sequence[float | None], marks: Sequence[float]) -> None:
        """`marks` is a number a question; a question whose score is None doesn't count."""
        kept = [at for at, score in enumerate(scores) if score is not None]
        values = np.array([scores[at] for at in kept], dtype=np.float64)
        order = np.argsort(-values, kind="stable")
        self.columns = np.array(kept, dtype=np.intp)[order]
        """The questions that count, the highest score first."""
        ordered = values[order]
        self.starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        """Where each group of equal scores starts."""
        self.marks = np.asarray(marks, dtype=np.float64)[self.columns]

    def groups(self, weights: Numbers) -> tuple[Numbers, Numbers]:
        """For each sample and group, how many questions it has and the sum of their marks."""
        picked = weights[:, self.columns]
        return (
            np.add.reduceat(picked, self.starts, axis=1),
            np.add.reduceat(picked * self.marks, self.starts, axis=1),
        )


def _before(counts: Numbers) -> Numbers:
    """For each group the sum of those before it."""
    return np.cumsum(counts, axis=1) - counts


class Auc:
    """The chance that a question of one kind scores above one of the other; half for a tie."""

    def __init__(self, scores: Sequence[float | None], positive: Sequence[bool]) -> None:
        """`scores` and whether it is of the kind that should score high, for each question."""
        self._ranked = _Ranked(scores, [float(each) for each in positive])

    @property
    def questions(self) -> int:
        """Those with a score."""
        return len(self._ranked.columns)

    def __call__(self, weights: Numbers) -> Numbers:
        """The area under the ROC curve (Mann-Whitney)."""
        counts, positives = self._ranked.groups(weights)
        negatives = counts - positives
        all_negative = negatives.sum(axis=1, keepdims=True)
        below = all_negative - _before(negatives) - negatives
        wins = (positives * (below + negatives / 2)).sum(axis=1)
        return _divided(wins, positives.sum(axis=1) * all_negative[:, 0])


class RiskCoverage:
    """What goes wrong when only the questions with the highest scores are answered.

    Of questions with the same score any may be answered first: risks are the expected ones.
    """

    def __init__(self, scores: Sequence[float | None], wrong: Sequence[bool]) -> None:
        """`scores` and whether the answer is wrong, for each question."""
        self._ranked = _Ranked(scores, [float(each) for each in wrong])

    @property
    def questions(self) -> int:
        """Those with a score."""
        return len(self._ranked.columns)

    def __call__(self, weights: Numbers) -> Numbers:
        """AURC: the mean of the risks when 1, 2, ... and all of the sample are answered."""
        counts, wrong = self._ranked.groups(weights)
        share = np.divide(wrong, counts, out=np.zeros_like(wrong), where=counts > 0)
        before, wrong_before = _before(counts), _before(wrong)
        # In a group the risk at size s is share + (wrong before - share * before) / s, and the
        # sum of 1/s over its sizes is a difference of harmonic numbers.
        sizes = self._harmonic(int(weights.sum(axis=1).max()))
        first, last = before.astype(np.intp), (before + counts).astype(np.intp)
        areas = share * counts + (wrong_before - share * before) * (sizes[last] - sizes[first])
        return _divided(areas.sum(axis=1), counts.sum(axis=1))

    @staticmethod
    def _harmonic(most: int) -> Numbers:
        sums: Numbers = np.r_[0.0, np.cumsum(1.0 / np.arange(1, most + 1))]
        return sums

    @cached_property
    def curve(self) -> tuple[tuple[float, float], ...]:
        """The points (coverage, risk), at most a hundred and one, of the questions themselves."""
        total = self.questions
        if not total:
            return ()
        ones = np.ones((1, int(self._ranked.columns.max()) + 1))
        counts, wrong = self._ranked.groups(ones)
        sizes = np.unique(np.linspace(1, total, min(total, 101)).round())
        ends = np.r_[0.0, np.cumsum(counts[0])]
        wrongs = np.interp(sizes, ends, np.r_[0.0, np.cumsum(wrong[0])])
        risks = wrongs / sizes
        return tuple(zip((sizes / total).tolist(), risks.tolist(), strict=True))


class Quantile:
    """The smallest value that a share of the questions don't exceed."""

    def __init__(self, values: Sequence[float | None], share: float) -> None:
        """A value for each question, None where it doesn't count; `share` in (0, 1]."""
        kept = [at for at, value in enumerate(values) if value is not None]
        numbers = np.array([values[at] for at in kept], dtype=np.float64)
        order = np.argsort(numbers, kind="stable")
        self._columns = np.array(kept, dtype=np.intp)[order]
        self._values = numbers[order]
        self._share = share

    @property
    def questions(self) -> int:
        """Those with a value."""
        return len(self._columns)

    def __call__(self, weights: Numbers) -> Numbers:
        """The quantile, by nearest rank."""
        reached = np.cumsum(weights[:, self._columns], axis=1)
        total = reached[:, -1:]
        at = (reached >= self._share * total - 1e-9).argmax(axis=1)
        return np.where(total[:, 0] > 0, self._values[at], np.nan)
