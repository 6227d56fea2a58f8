"""Pictures as SVG: numbers in, coordinates out. The template draws them; nothing is fetched."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 420, 240
"""Of the curve's plane, without its labels."""


@dataclass(frozen=True, slots=True)
class Point:
    """A place in the picture."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: where it is and what it says."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Curve:
    """A risk-coverage curve: from left to right coverage, from the bottom up risk."""

    path: str
    """The points of a polyline, "x,y x,y ..."."""
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    now: Point | None
    """What the assistant does: the share that it answers, and the risk of that."""


def curve(points: Sequence[tuple[float, float]], now: tuple[float, float] | None) -> Curve:
    """The picture of these points (coverage, risk), and of the one where the assistant stands."""
    risks = [risk for _, risk in (*points, *([now] if now else []))]
    highest = max(0.1, math.ceil(max(risks) * 10 - 1e-9) / 10)

    def place(coverage: float, risk: float) -> Point:
        return Point(round(coverage * WIDTH, 1), round(HEIGHT * (1 - risk / highest), 1))

    drawn = (place(*point) for point in points)
    step = 0.1 if highest <= 0.5 else 0.2
    return Curve(
        path=" ".join(f"{point.x},{point.y}" for point in drawn),
        across=tuple(Tick(each / 5 * WIDTH, f"{each / 5:.1f}") for each in range(6)),
        up=tuple(
            Tick(round(HEIGHT * (1 - each * step / highest), 1), f"{each * step:.1f}")
            for each in range(round(highest / step) + 1)
            if each * step <= highest + 1e-9
        ),
        now=place(*now) if now else None,
    )
