"""In what order a sentence puts two events, and whether another puts them the other way round."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.lexicon import pattern
from index.words import content_words

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Order:
    """Two events in the order in which a sentence says that they happened."""

    earlier: str
    later: str
    told_by: Span
    """Where the words stand that tell the order, such as "was followed by"."""


def opposite_orders(first: str, second: str) -> tuple[Order, Order] | None:
    """The orders of two sentences that put the same two events in opposite order.

    Which event of one is which of the other is told by the words they share; where these don't
    tell, nothing is claimed.
    """
    ours, theirs = _told_order(first), _told_order(second)
    if not ours or not theirs:
        return None
    straight = _shared(ours.earlier, theirs.earlier) + _shared(ours.later, theirs.later)
    crossed = _shared(ours.earlier, theirs.later) + _shared(ours.later, theirs.earlier)
    return (ours, theirs) if crossed > straight else None


def _shared(first: str, second: str) -> int:
    return len(set(content_words(first)) & set(content_words(second)))


_CLAUSE_END = re.compile(r"[.;!?]| - | – |, (?=which|who|where|at which|the first)")
_AUXILIARY = re.compile(r"\s+(?:was|were|is|are|has been|had been)$")
_FIRST_THEN = re.compile(
    r"\bfirst\b,?\s+(?P<earlier>[^.;!?]+?)[,;.]?\s+(?:and\s+)?(?P<then>then|afterwards|later)\b,?\s+",
    re.IGNORECASE,
)


def _told_order(sentence: str) -> Order | None:
    """The two events that an order phrase ("was followed by", "after") stands between."""
    for key, swapped in (("second_then_first", True), ("first_then_second", False)):
        for match in pattern("order", key).finditer(sentence):
            left = _AUXILIARY.sub("", sentence[: match.start()].strip()).strip(" ,")
            right = _CLAUSE_END.split(sentence[match.end() :])[0].strip(" ,")
            if not left and "," in right:
                right, left = (part.strip() for part in right.split(",", 1))
            if not content_words(left) or not content_words(right):
                continue
            if match[0].casefold() in ("followed", "preceded") or not left:
                continue
            earlier, later = (right, left) if swapped else (left, right)
            return Order(earlier, later, match.span())
    if listed := _FIRST_THEN.search(sentence):
        later = _CLAUSE_END.split(sentence[listed.end() :])[0].strip(" ,")
        if content_words(listed["earlier"]) and content_words(later):
            return Order(listed["earlier"], later, listed.span("then"))
    return None
