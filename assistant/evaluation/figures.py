"""Figures with their intervals, of all questions, of each type and of each group asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assistant.evaluation.bootstrap import intervals
from assistant.evaluation.kinds import estimators_of
from assistant.evaluation.rows import Row
from assistant.types import Value


class Figure(Value):
    """A figure of some questions."""

    name: str
    value: float
    low: float | None
    """The 95 % interval's bounds; None where too few samples have the figure."""
    high: float | None
    questions: int
    """Of how many questions it tells."""


class Group(Value):
    """Some questions of a set, and their figures."""

    name: str
    """Such as "all", a type, or "conflict_kind=misinformation"."""
    questions: int
    figures: tuple[Figure, ...]
    """Those that apply."""

    def figure(self, name: str) -> Figure | None:
        """The figure of this name; None where it doesn't apply."""
        return next((each for each in self.figures if each.name == name), None)


def group(name: str, rows: Sequence[Row]) -> Group:
    """The figures of these rows."""
    estimators = estimators_of(rows)
    found = intervals(list(estimators.values()), len(rows))
    figures = (
        Figure(
            name=each,
            value=interval.value,
            low=interval.low,
            high=interval.high,
            questions=estimators[each].questions,
        )
        for each, interval in zip(estimators, found, strict=True)
        if interval is not None
    )
    return Group(name=name, questions=len(rows), figures=tuple(figures))


def grouped(rows: Sequence[Row]) -> Iterator[Group]:
    """All rows, those of each type where there are several, and those of each asked-for group."""
    yield group("all", rows)
    types = dict.fromkeys(row.type for row in rows)
    if len(types) > 1:
        for each in types:
            yield group(each, [row for row in rows if row.type == each])
    for name, value in sorted({pair for row in rows for pair in row.groups.items()}):
        yield group(f"{name}={value}", [row for row in rows if row.groups.get(name) == value])
