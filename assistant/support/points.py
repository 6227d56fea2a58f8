"""What a claim states: its parts, and in each the words, numbers and dates that make it up.

A claim is taken apart where a clause ends, so that what is supported and what is left open can be
told by name. The cut is by form alone; a part too small to say anything stays with its neighbour.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from assistant.names import names
from assistant.speakers import quoted_spans
from assistant.wording import Term, TermKind, terms
from index.words import words

Rarity = Callable[[Sequence[str]], Mapping[str, float]]
"""The inverse document frequency of each of these words, from 0 (common) to 1 (never seen)."""

STATING: tuple[TermKind, ...] = ("word", "number", "date")
"""The kinds of terms that state something by themselves."""
MIN_POINTS = 3
"""Points that a part has at least: with fewer it says nothing by itself."""
MAX_PARTS = 6
VALUE_WEIGHT = 0.55
"""What a number or a date weighs at least: a wrong one makes a statement wrong."""

_JOINT = re.compile(
    r"(?<=[\w”\"’')])[.!]\s+(?=[^\W\d_a-z]|[“\"])"
    r"|[;:]\s+"
    r"|,?\s+(?:and|but|while|whereas|although|though|which|who|where|when|after|before|because"
    r"|since)\s+"
)


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that must stand in the texts: a content word, a number or a date."""

    term: Term
    text: str
    """As the claim has it."""
    weight: float
    """By rarity, in (0, 1]."""
    is_name: bool

    @property
    def is_value(self) -> bool:
        """Whether it is a number or a date."""
        return self.term.kind != "word"


@dataclass(frozen=True, slots=True)
class Part:
    """A clause of a claim."""

    text: str
    points: tuple[Point, ...]


def parts_of(claim: str, rarity: Rarity) -> tuple[Part, ...]:
    """The parts of a claim in order, one or more; none for a claim that states nothing."""
    found = [term for term in terms(claim) if term.kind in STATING]
    named = [(name.start, name.end) for name in names(claim)]
    weights = rarity([word for term in found for word in words(claim[term.start : term.end])])
    points = [_point(claim, term, weights, named) for term in found]
    parts = []
    for start, end in _spans(claim, found):
        inside = [point for point in points if start <= point.term.start < end]
        distinct = {(p.term.kind, p.term.key or p.text): p for p in reversed(inside)}
        ordered = sorted(distinct.values(), key=lambda point: point.term.start)
        if ordered:
            parts.append(Part(claim[start:end].strip(" ,;:"), tuple(ordered)))
    return tuple(parts)


def _point(
    claim: str, term: Term, weights: Mapping[str, float], named: Sequence[tuple[int, int]]
) -> Point:
    text = claim[term.start : term.end]
    weight = max((weights.get(word, 1.0) for word in words(text)), default=1.0)
    is_name = bool(term.name) and any(start <= term.start < end for start, end in named)
    if term.kind != "word":
        weight = max(weight, VALUE_WEIGHT)
    return Point(term, text, max(weight, 0.01), is_name)


def _spans(claim: str, found: Sequence[Term]) -> list[tuple[int, int]]:
    """Where the parts are; together they are the claim, but for what joins them."""
    quoted = quoted_spans(claim)
    spans: list[tuple[int, int]] = []
    start = 0
    for joint in _JOINT.finditer(claim):
        if len(spans) == MAX_PARTS - 1:
            break
        whole = [*quoted, *((term.start, term.end) for term in found)]
        if any(first < joint.start() < last - 1 for first, last in whole):
            continue
        before = sum(start <= term.start and term.end <= joint.start() + 1 for term in found)
        behind = sum(term.start >= joint.end() for term in found)
        if before >= MIN_POINTS and behind >= MIN_POINTS:
            spans.append((start, joint.start()))
            start = joint.end()
    return [*spans, (start, len(claim))]
