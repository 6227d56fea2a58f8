"""A difference between two sources, with the places in both that show it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from assistant.differences import Difference, Span
from index import Sentence


@dataclass(frozen=True, slots=True)
class Spot:
    """A sentence, and the words of it that decide, where there are any."""

    sentence: Sentence
    words: Span | None = None
    """Offsets within the sentence."""
    is_words_only: bool = False
    """Whether the words are all that is quoted, such as a name."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """A difference, and for each of the two sources the places where it says its side."""

    difference: Difference
    sides: tuple[tuple[Spot, ...], tuple[Spot, ...]]

    def mirrored(self) -> Contrast:
        """The same with the two sources in the other order."""
        told = self.difference
        mirrored = replace(told, said=told.said[::-1], spans=told.spans[::-1])
        return Contrast(mirrored, self.sides[::-1])
