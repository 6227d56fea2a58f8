"""Reads "SOURCE" and "SOURCE:PARAGRAPH", as users name what they want to see."""

from __future__ import annotations

from assistant.render import printable
from index import IndexedSource, Library, SettingsError, SourceError

_MAX_DIGITS = 9


def find_place(
    place: str, library: Library, version: int | None = None
) -> tuple[IndexedSource, int | None]:
    """The source that is named, and the number of its paragraph; None for all of it.

    It is taken in its newest version, or the one with the number `version`.

    Raises:
        SettingsError: what stands behind the colon is no number.
        SourceError: there is no such source, version, or paragraph in it.
    """
    source_id, _, number = printable(place).partition(":")
    if number and not (number.isascii() and number.isdigit()):
        raise SettingsError(f"{number!r} is no paragraph number: use SOURCE:NUMBER, such as a:3.")
    indexed = library.indexed(source_id) if version is None else library.version(source_id, version)
    if not number:
        return indexed, None
    count = len(indexed.paragraphs)
    if len(number) > _MAX_DIGITS or not 1 <= int(number) <= count:
        raise SourceError(
            f"{source_id} has no paragraph {number[:_MAX_DIGITS]}: it has {count}, from 1."
        )
    return indexed, int(number)
