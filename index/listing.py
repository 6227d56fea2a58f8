"""Sources found by what is stated of them, a few at a time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from index.filters import Filter, check_named, conditions, matching
from index.version_rows import SourceSummary
from index.versions import folded, summaries

Column = Literal["published", "publisher", "lang"]


@dataclass(frozen=True, slots=True)
class Listing:
    """Some of the sources that were asked for, in the order in which they were added."""

    sources: tuple[SourceSummary, ...]
    found: int
    """How many there are in all, those that aren't in `sources` too."""


def listing(
    connection: sqlite3.Connection,
    wanted: Filter,
    *,
    words: str = "",
    ids: Collection[str] | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> Listing:
    """Up to `limit` sources after the first `offset` of those that meet all that is asked.

    Each of the words must be in the source's id, title or publisher, whatever the case. Raises
    SettingsError where the filter leaves no source at all, and SourceError where it names one that
    isn't there.
    """
    check_named(connection, wanted)
    found = _ids(connection, wanted, words, ids)
    if not found and not wanted.is_empty:
        matching(connection, wanted)  # raises, unless the words or ids leave none
    end = None if limit is None else offset + limit
    return Listing(summaries(connection, found[offset:end]), len(found))


def most_stated(
    connection: sqlite3.Connection, column: Column, most: int
) -> tuple[tuple[str, int], ...]:
    """The values that most sources state, up to `most`, and how many state each.

    A publisher's name is spelled as the first of its sources has it.
    """
    spelled = "json_extract(metadata, '$.publisher.value')" if column == "publisher" else "value"
    rows = connection.execute(
        f"""
        SELECT {spelled}, stating
        FROM (SELECT {column} AS value, count(*) AS stating, min(position) AS first
              FROM sources WHERE {column} IS NOT NULL
              GROUP BY {column} ORDER BY stating DESC, value LIMIT ?)
        JOIN sources ON position = first
        JOIN versions ON source_id = id AND number = version
        ORDER BY stating DESC, value
        """,
        (most,),
    )
    return tuple((str(value), int(count)) for value, count in rows)


def _ids(
    connection: sqlite3.Connection, wanted: Filter, words: str, ids: Collection[str] | None
) -> list[str]:
    asked = [(sql, value) for _, sql, value, _ in conditions(wanted)]
    for named in (wanted.sources, ids):
        if named is not None:
            # An id is ASCII; what isn't can't be one, nor always be given to SQLite.
            stored = [each for each in named if each.isascii()]
            asked.append(("id IN (SELECT value FROM json_each(?))", json.dumps(stored)))
    joined = ""
    where = [sql for sql, _ in asked]
    if sought := folded(words).split():

        def has_all(*texts: str | None) -> bool:
            text = folded(" ".join(each for each in texts if each))
            return all(word in text for word in sought)

        # In Python, as SQLite folds only ASCII, and takes no condition of a thousand words.
        connection.create_function("has_all", 3, has_all)
        joined = "JOIN versions ON source_id = id AND number = version"
        where.append("has_all(id, publisher, json_extract(metadata, '$.title.value'))")
    rows = connection.execute(
        f"SELECT id FROM sources {joined} WHERE {' AND '.join(where) or '1'} ORDER BY position",
        [value for _, value in asked],
    )
    return [row[0] for row in rows]
