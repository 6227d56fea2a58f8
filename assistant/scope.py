"""Which sources a question is asked of."""

from __future__ import annotations

from collections.abc import Iterable

from index import Filter, Library, SettingsError, SourceError


def scope_of(library: Library, sources: Iterable[str] | None) -> frozenset[str] | None:
    """The ids of the sources to search; None for all.

    Raises:
        SettingsError: `sources` is given and names none.
        SourceError: it names one that the library doesn't have.
    """
    if sources is None:
        return None
    wanted = frozenset([sources] if isinstance(sources, str) else sources)
    if not wanted:
        raise SettingsError("No source is named: name one, or leave `sources` out for all.")
    if unknown := library.unknown(wanted):
        raise SourceError(
            f"The library has no source {unknown[0]!r}: `pincite sources` lists what it has."
        )
    return wanted


def filtered(
    library: Library, wanted: Filter, sources: Iterable[str] | None
) -> Iterable[str] | None:
    """Of the named sources, or of all, those that meet the filter's conditions.

    Raises:
        SettingsError: none does, with the condition that leaves none.
        SourceError: `sources` names one that the library doesn't have.
    """
    if wanted.is_empty:
        return sources
    named, meeting = scope_of(library, sources), library.matching(wanted)
    left = meeting if named is None else meeting & named
    if not left:
        raise SettingsError(
            "None of the named sources meets the other conditions: leave one of them out."
        )
    return left
