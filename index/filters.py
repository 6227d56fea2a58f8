"""Which sources are wanted, found out without reading their texts."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import date

from index.errors import SettingsError, SourceError
from index.records import known_ids
from index.versions import folded, language_code

NONE_LEFT = "None of the named sources meets the other conditions: leave one of them out."

_NAMES = {"since": "--since", "until": "--until", "publisher": "--publisher", "lang": "--lang"}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which sources are wanted; a source that doesn't state what is asked for is none of them.

    Raises SettingsError for a date that isn't one, and for `sources` that name none.
    """

    since: str | None = None
    """The first day, as YYYY, YYYY-MM or YYYY-MM-DD."""
    until: str | None = None
    """The last day, in the same forms."""
    publisher: str | None = None
    """Its name, whatever the case."""
    lang: str | None = None
    """Its code, such as "en"; "en-GB" is "en" too."""
    sources: Collection[str] | None = None
    """Their ids; kept as a tuple, each once."""

    def __post_init__(self) -> None:
        if self.sources is not None:
            named = [self.sources] if isinstance(self.sources, str) else self.sources
            object.__setattr__(self, "sources", tuple(dict.fromkeys(named)))
            if not self.sources:
                raise SettingsError("No source is named: name one, or leave `sources` out for all.")
        for name in ("since", "until"):
            given = getattr(self, name)
            if given is not None and not _is_date(given):
                raise SettingsError(
                    f"{_NAMES[name]} {given[:40]!r} is no date: give it as YYYY-MM-DD, YYYY-MM or "
                    "YYYY."
                )

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for."""
        return not self.given()

    def given(self) -> dict[str, str | tuple[str, ...]]:
        """What is asked for, by the names of the fields: a text, of `sources` all ids."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


EVERYTHING = Filter()
"""The filter that asks for nothing."""


def matching(connection: sqlite3.Connection, wanted: Filter) -> frozenset[str]:
    """The ids of the sources that meet all conditions.

    Raises SettingsError, with the condition that leaves none, where there is none, and SourceError
    where it names a source that isn't there.
    """
    check_named(connection, wanted)
    stated = conditions(wanted)
    if not stated and wanted.sources is not None:
        return frozenset(wanted.sources)
    if not stated:
        return frozenset(row[0] for row in connection.execute("SELECT id FROM sources"))
    asked, values = [], []
    for name, condition, value, column in stated:
        asked.append(condition)
        values.append(value)
        query = f"SELECT id FROM sources WHERE {' AND '.join(asked)}"
        found = frozenset(row[0] for row in connection.execute(query, values))
        if not found:
            raise SettingsError(_none_left(connection, name, getattr(wanted, name), column))
    if wanted.sources is not None:
        found = found.intersection(wanted.sources)
        if not found:
            raise SettingsError(NONE_LEFT)
    return found


def check_named(connection: sqlite3.Connection, wanted: Filter) -> None:
    """Raises SourceError where the filter names a source that isn't there."""
    named = wanted.sources or ()
    known = known_ids(connection, [each for each in named if each.isascii()])
    if unknown := [each for each in named if each not in known]:
        raise SourceError(
            f"The library has no source {unknown[0]!r}: `pincite sources` lists what it has."
        )


def conditions(wanted: Filter) -> list[tuple[str, str, str, str]]:
    """Name, SQL and value of each condition on what is stated, and the column it is about."""
    found = []
    if wanted.since is not None:
        found.append(("since", "published >= ?", wanted.since, "published"))
    if wanted.until is not None:
        # "2025-02" is the whole month: every day of it sorts before "2025-02~".
        found.append(("until", "published <= ?", f"{wanted.until}~", "published"))
    if wanted.publisher is not None:
        found.append(
            ("publisher", "publisher = ?", _storable(folded(wanted.publisher)), "publisher")
        )
    if wanted.lang is not None:
        found.append(("lang", "lang = ?", _storable(language_code(wanted.lang)), "lang"))
    return found


def _storable(text: str) -> str:
    """The text, or one that no source states where SQLite can't be given it."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _none_left(connection: sqlite3.Connection, name: str, value: str, column: str) -> str:
    (silent,) = connection.execute(
        f"SELECT count(*) FROM sources WHERE {column} IS NULL"
    ).fetchone()
    stated = {"published": "date", "publisher": "publisher", "lang": "language"}[column]
    states = "source states" if silent == 1 else "sources state"
    told = f" ({silent} {states} no {stated})" if silent else ""
    return f"With {_NAMES[name]} {value[:40]!r} no source is left{told}: leave it out or change it."


def _is_date(text: str) -> bool:
    if not text.isascii() or len(text) not in (4, 7, 10):
        return False
    try:
        date.fromisoformat(f"{text}-01-01"[:10] if len(text) < 10 else text)
    except ValueError:
        return False
    return True
