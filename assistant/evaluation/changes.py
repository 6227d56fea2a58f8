"""What changed from one run to another, as plain values."""

from __future__ import annotations

from assistant.types import Value


class FigureChange(Value):
    """How a figure changed, over the questions that both runs have."""

    name: str
    old: float
    new: float
    difference: float
    low: float | None
    high: float | None
    """The 95 % interval of the difference."""

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out no difference at all."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high


class Changed(Value):
    """A question that came out otherwise."""

    id: str
    type: str
    question: str
    old: str
    new: str
    """The outcomes, in words."""
    gain: float
    """How much better the new one is: from -1 to 1."""


class RunComparison(Value):
    """What changed from an old run to a new one."""

    questions: int
    """Those that both have."""
    only_old: int
    only_new: int
    settings: tuple[str, ...]
    """What the runs were made with that differs, each in a few words."""
    figures: tuple[FigureChange, ...]
    better: tuple[Changed, ...]
    worse: tuple[Changed, ...]
    otherwise: int
    """Questions that came out neither better nor worse, but with another text or other quotes."""
