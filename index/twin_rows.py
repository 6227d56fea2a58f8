"""Which sources are twins, and the signatures that their copies are found by, as rows.

Twins of n sources take n rows, not n²: each source is noted as a twin of the first source that it
copies or renders, the first as one of itself. A source may be one of several firsts: an agency's
report that two papers have continued, each in its own words, is a twin of both, but these are none
of each other. Each is compared with the first itself, so a live report that changes from version to
version doesn't become one chain of twins.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterator

from index.minhash import (
    SIGNATURE_BYTES,
    Signature,
    buckets,
    from_bytes,
    resemblance,
    to_bytes,
)

_OF_BUCKET = 20
"""Sources of one bucket that are looked at: the earliest, so the first of many copies is there."""
_MIN_RESEMBLANCE = 0.1
"""Estimated; less alike are no copies that would be found reliably."""
_MAX_CANDIDATES = 40


# --- twins ---------------------------------------------------------------------------------------


def twins(connection: sqlite3.Connection, source_id: str) -> frozenset[str]:
    """The ids of the sources that render the same original as this one."""
    rows = connection.execute(
        "SELECT other.source_id FROM twins AS own JOIN twins AS other USING (first_id) "
        "WHERE own.source_id = ?1 AND other.source_id <> ?1",
        (source_id,),
    )
    return frozenset(row[0] for row in rows)


def note(connection: sqlite3.Connection, source_id: str, first_id: str) -> None:
    """Notes a source as a twin of a first one, if both are there; a first one of itself."""
    connection.execute(
        "INSERT OR IGNORE INTO twins SELECT own.id, first.id FROM sources AS own, sources AS first "
        "WHERE own.id = ? AND first.id = ?",
        (source_id, first_id),
    )


def forget(connection: sqlite3.Connection, source_id: str) -> None:
    """Removes all that is noted of a source, as a twin and as the first of others."""
    connection.execute("DELETE FROM twins WHERE source_id = ?", (source_id,))
    disband(connection, source_id)


def disband(connection: sqlite3.Connection, first_id: str) -> None:
    """Makes a source the first of none any more."""
    connection.execute("DELETE FROM twins WHERE first_id = ?", (first_id,))


def members(connection: sqlite3.Connection, first_id: str) -> set[str]:
    """The sources that are noted as twins of this one, without itself."""
    rows = connection.execute("SELECT source_id FROM twins WHERE first_id = ?", (first_id,))
    return {row[0] for row in rows} - {first_id}


def firsts(
    connection: sqlite3.Connection, source_ids: Collection[str]
) -> dict[str, frozenset[str]]:
    """The firsts that each of these sources is noted with; unknown sources are left out."""
    rows = connection.execute(
        "SELECT source_id, first_id FROM json_each(?) JOIN twins ON source_id = value",
        (json.dumps(list(source_ids)),),
    )
    found: defaultdict[str, set[str]] = defaultdict(set)
    for source_id, first_id in rows:
        found[source_id].add(first_id)
    return {source_id: frozenset(noted) for source_id, noted in found.items()}


def those_first(connection: sqlite3.Connection, source_ids: Collection[str]) -> list[str]:
    """Those of these sources that are first ones, sorted."""
    rows = connection.execute(
        "SELECT source_id FROM json_each(?) JOIN twins ON (source_id, first_id) = (value, value)",
        (json.dumps(list(source_ids)),),
    )
    return sorted(row[0] for row in rows)


def has_earlier_first(connection: sqlite3.Connection, source_id: str) -> bool:
    """Whether a source is noted as a twin of one that was added before it."""
    row = connection.execute(
        "SELECT 1 FROM twins JOIN sources ON id = first_id WHERE source_id = ?1 "
        "AND position < (SELECT position FROM sources WHERE id = ?1) LIMIT 1",
        (source_id,),
    ).fetchone()
    return row is not None


def later_members(connection: sqlite3.Connection, first_id: str) -> set[str]:
    """The sources noted as twins of this one that were added after it."""
    rows = connection.execute(
        "SELECT source_id FROM twins JOIN sources ON id = source_id WHERE first_id = ?1 "
        "AND position > (SELECT position FROM sources WHERE id = ?1)",
        (first_id,),
    )
    return {row[0] for row in rows}


def is_there(connection: sqlite3.Connection, source_id: str) -> bool:
    """Whether the library has the source."""
    found = connection.execute("SELECT 1 FROM sources WHERE id = ?", (source_id,)).fetchone()
    return found is not None


def position(connection: sqlite3.Connection, source_id: str) -> int:
    """The place of a source in the order of adding."""
    row = connection.execute("SELECT position FROM sources WHERE id = ?", (source_id,)).fetchone()
    return int(row[0])


# --- signatures ----------------------------------------------------------------------------------


def insert_signature(
    connection: sqlite3.Connection, source_id: str, signature: Signature | None
) -> None:
    """Stores the signature of a source, and where it is found by; None is that of a short text."""
    if signature is None:
        return
    connection.execute("INSERT INTO signatures VALUES (?, ?)", (source_id, to_bytes(signature)))
    at = position(connection, source_id)
    rows = [(bucket, at) for bucket in buckets(signature)]
    connection.executemany("INSERT OR IGNORE INTO buckets VALUES (?, ?)", rows)


def remove_signature(connection: sqlite3.Connection, source_id: str) -> None:
    """Removes the signature of a source that is still in the list of sources."""
    if (signature := stored_signature(connection, source_id)) is not None:
        at = position(connection, source_id)
        rows = [(bucket, at) for bucket in buckets(signature)]
        connection.executemany("DELETE FROM buckets WHERE (bucket, position) = (?, ?)", rows)
        connection.execute("DELETE FROM signatures WHERE source_id = ?", (source_id,))


def stored_signature(connection: sqlite3.Connection, source_id: str) -> Signature | None:
    """The signature of a source; None where it has none.

    Raises sqlite3.DatabaseError where what is stored is none.
    """
    row = connection.execute(
        "SELECT signature FROM signatures WHERE source_id = ?", (source_id,)
    ).fetchone()
    if row is not None and len(row[0]) != SIGNATURE_BYTES:
        raise sqlite3.DatabaseError(f"the signature of {source_id!r} has changed")
    return None if row is None else from_bytes(row[0])


def alike(connection: sqlite3.Connection, source_id: str) -> list[str]:
    """The ids of sources that may share most of their words with this one, the most alike first.

    It takes as long with many sources as with few, and finds only some of very many copies: these
    are twins of one first source, which is among them.
    """
    own = stored_signature(connection, source_id)
    if own is None:
        return []
    positions = {
        at
        for bucket in buckets(own)
        for (at,) in connection.execute(
            "SELECT position FROM buckets WHERE bucket = ? ORDER BY position LIMIT ?",
            (bucket, _OF_BUCKET),
        )
    }
    rows = connection.execute(
        "SELECT source_id, signature FROM json_each(?) CROSS JOIN sources ON position = value "
        "JOIN signatures ON source_id = sources.id WHERE source_id <> ?",
        (json.dumps(sorted(positions)), source_id),
    )
    found = [(-resemblance(own, from_bytes(row[1])), row[0]) for row in rows]
    likeliest = sorted(pair for pair in found if -pair[0] >= _MIN_RESEMBLANCE)
    return [other for _, other in likeliest[:_MAX_CANDIDATES]]


# --- what is wrong -------------------------------------------------------------------------------


def faults(connection: sqlite3.Connection) -> Iterator[str]:
    """What doesn't fit together in these tables, a sentence each."""
    orphans = (
        "SELECT 1 FROM twins WHERE source_id NOT IN (SELECT id FROM sources) "
        "OR first_id NOT IN (SELECT id FROM sources)"
    )
    if _any(connection, orphans):
        yield "Twins are noted of sources that aren't there."
    incomplete = (
        "SELECT 1 FROM sources AS own WHERE NOT EXISTS (SELECT 1 FROM twins JOIN sources AS other "
        "ON other.id = first_id WHERE source_id = own.id AND other.position <= own.position)"
    )
    of_none = (
        "SELECT 1 FROM twins AS own WHERE NOT EXISTS "
        "(SELECT 1 FROM twins WHERE source_id = own.first_id AND first_id = own.first_id)"
    )
    if _any(connection, incomplete) or _any(connection, of_none):
        yield "What is noted of twins is incomplete."
    expected = {
        (bucket, at)
        for at, signature in connection.execute(
            "SELECT position, signature FROM signatures JOIN sources ON source_id = id "
            "WHERE length(signature) = ?",
            (SIGNATURE_BYTES,),
        )
        for bucket in buckets(from_bytes(signature))
    }
    if expected != set(connection.execute("SELECT bucket, position FROM buckets")):
        yield "The index of copies is damaged."


def _any(connection: sqlite3.Connection, query: str) -> bool:
    return connection.execute(f"{query} LIMIT 1").fetchone() is not None
