"""Where the answer to a question stands, and how much of that was found."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

Spot = tuple[str, int]
"""A paragraph of a source: the source's id, and the paragraph's number from 1."""
Place = tuple[str, int | None]
"""Where something is told: a paragraph, or a source as a whole."""
Fact = frozenset[Place]
"""One thing that an answer needs; any of its places tells it."""


@dataclass(frozen=True, slots=True)
class Gold:
    """What must be found to answer a question; empty where nothing is known of that."""

    alternatives: tuple[tuple[Fact, ...], ...] = ()
    """Lists of facts; all of one list are needed, and any list will do."""

    def __bool__(self) -> bool:
        return bool(self.alternatives)

    @property
    def places(self) -> Fact:
        """All places of all facts."""
        return frozenset(place for facts in self.alternatives for fact in facts for place in fact)

    def has(self, spot: Spot) -> bool:
        """Whether the paragraph is one of the places."""
        return tells(self.places, [spot])

    def share(self, found: Collection[Spot]) -> float:
        """The share of the facts that `found` tells, of the alternative that does best; 0 to 1."""
        return max(
            sum(tells(fact, found) for fact in facts) / len(facts) for facts in self.alternatives
        )

    def ranks(self, ranking: Sequence[Spot]) -> tuple[tuple[int | None, ...], ...]:
        """For each fact of each alternative, the rank from 1 of its first place in `ranking`.

        None where none of its places is in it. A source as a whole has the rank of its first
        paragraph among the sources.
        """
        spots: dict[Place, int] = {}
        for spot in ranking:
            spots.setdefault(spot, len(spots) + 1)
        first: dict[str, int] = {}
        for source_id, _ in ranking:
            first.setdefault(source_id, len(first) + 1)
        known = spots | {(source_id, None): rank for source_id, rank in first.items()}
        return tuple(
            tuple(min((known[p] for p in fact if p in known), default=None) for fact in facts)
            for facts in self.alternatives
        )


NO_GOLD = Gold()


def tells(fact: Fact, found: Collection[Spot]) -> bool:
    """Whether one of the paragraphs in `found` tells the fact."""
    return any(spot in fact or (spot[0], None) in fact for spot in found)


@dataclass(frozen=True, slots=True)
class Span:
    """Words of a source: offsets into its text, in code points."""

    source_id: str
    start: int
    end: int

    def overlaps(self, other: Span) -> bool:
        """Whether they share a character."""
        same = self.source_id == other.source_id
        return same and self.start < other.end and other.start < self.end


def covered(alternatives: Sequence[Sequence[Span]], cited: Collection[Span]) -> float:
    """The share of the spans that `cited` overlaps, of the alternative that does best; 0 to 1."""
    return max(
        sum(any(span.overlaps(each) for each in cited) for span in spans) / len(spans)
        for spans in alternatives
    )
