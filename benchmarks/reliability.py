"""A reliability diagram as SVG: how often it is so, against how probable it was said to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SIDE, MARGIN = 260, 44


@dataclass(frozen=True)
class Bin:
    """Questions of about the same probability."""

    said: float
    """Their mean probability."""
    true: float
    """The share of them that the sources answer."""
    questions: int


def diagram(bins: Sequence[Bin], title: str) -> str:
    """The picture; dots on the diagonal are said as often as they are true."""
    most = max((each.questions for each in bins), default=1)
    ticks = [each / 5 for each in range(6)]
    size = SIDE + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" width="{size}" '
        'font-family="sans-serif" font-size="11">',
        f"<title>{title}</title>",
        f'<rect width="{size}" height="{size}" fill="#fff"/>',
        f'<rect x="{MARGIN}" y="{MARGIN}" width="{SIDE}" height="{SIDE}" fill="none" '
        'stroke="#999"/>',
        f'<path d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}" stroke="#999" stroke-dasharray="4 4"/>',
        f'<text x="{size / 2}" y="{MARGIN / 2}" text-anchor="middle" font-size="13">{title}</text>',
        f'<text x="{size / 2}" y="{size - 8}" text-anchor="middle">probability, as said</text>',
        f'<text x="14" y="{size / 2}" text-anchor="middle" '
        f'transform="rotate(-90 14 {size / 2})">share that is answered</text>',
    ]
    for tick in ticks:
        parts.append(
            f'<text x="{_x(tick)}" y="{MARGIN + SIDE + 15}" text-anchor="middle">{tick}</text>'
            f'<text x="{MARGIN - 6}" y="{_y(tick) + 4}" text-anchor="end">{tick}</text>'
        )
    for each in bins:
        radius = 3 + 7 * (each.questions / most) ** 0.5
        parts.append(
            f'<circle cx="{_x(each.said)}" cy="{_y(each.true)}" r="{radius:.1f}" fill="#1f5fa8" '
            f'fill-opacity=".75"><title>said {each.said:.2f}, true {each.true:.2f}, '
            f"{each.questions} questions</title></circle>"
        )
    return "\n".join([*parts, "</svg>", ""])


def _x(share: float) -> float:
    return round(MARGIN + SIDE * share, 1)


def _y(share: float) -> float:
    return round(MARGIN + SIDE * (1 - share), 1)
