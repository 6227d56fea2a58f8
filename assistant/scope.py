"""Which sources a question is asked of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from index import EVERYTHING, Filter, Library, SettingsError
from index.filters import NONE_LEFT

if TYPE_CHECKING:
    from assistant.assistant import Assistant


def scope_of(
    library: Library, sources: Iterable[str] | None, only: Filter = EVERYTHING
) -> frozenset[str] | None:
    """The ids of the sources to search: of the named ones those that meet the filter; None for all.

    Raises:
        SettingsError: `sources` is given and names none, or the filter leaves none.
        SourceError: one is named that the library doesn't have.
    """
    named = None if sources is None else library.matching(_naming(sources))
    meeting = None if only.is_empty else library.matching(only)
    if named is None or meeting is None:
        return meeting if named is None else named
    if left := named & meeting:
        return left
    raise SettingsError(NONE_LEFT)


def told(only: Filter) -> str:
    """The filter in words, such as "dated from 2025-02, in de"; "" where it asks for nothing."""
    dates = [f"from {only.since}"] * bool(only.since) + [f"until {only.until}"] * bool(only.until)
    return ", ".join(
        [f"dated {' '.join(dates)}"] * bool(dates)
        + [f"published by {only.publisher}"] * bool(only.publisher)
        + [f"in {only.lang}"] * bool(only.lang)
        + [f"named {', '.join(only.sources or ())}"] * bool(only.sources)
    )


def searched_line(assistant: Assistant) -> str:
    """What is searched, in a sentence, such as "Searched: 12 of 5,000 sources, those in de."

    Raises as `Assistant.scope` does.
    """
    scope, count = assistant.scope(), assistant.library.source_count
    if scope is None:
        return "Searched: all sources."
    return f"Searched: {len(scope):,} of {count:,} sources, those {told(assistant.only)}."


def _naming(sources: Iterable[str]) -> Filter:
    return Filter(sources=(sources,) if isinstance(sources, str) else tuple(sources))
