"""What an engine hands over: statements with the places it says support them, not yet verified."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quote:
    """Words that are claimed to stand in a paragraph of a source."""

    source_id: str
    paragraph: int
    text: str
    start: int | None = None
    """Where they are said to start in the source, when the engine knows."""
    highlight: tuple[int, int] | None = None
    """Offsets within `text` of the span that answers."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A statement and its quotes, before verification."""

    text: str
    quotes: tuple[Quote, ...]
    speaker: str | None = None
    """Who says it, where the statement doesn't say so itself."""
    verbatim: bool = True
    """Whether the text is the source's own, so that marks may stand around it."""
