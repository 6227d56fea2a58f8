"""What a shared library's record says of twins: of each source the firsts that it is noted with.

A change to one source can bear on what is noted of others. So each copy takes over what the writer
has noted, and decides nothing by itself. A note has the number of the change that it belongs to,
and counts once that is made; the one before it is deleted only then.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping

from index import twin_rows
from index.shared.rows import IDS_AT_ONCE, Row, Rows
from index.shared.server import Server, damaged_record

Firsts = Mapping[str, Collection[str]]
"""By the id of a source those of the firsts that it is noted with."""

_SOURCE, _FIRSTS, _NOTED = "twin", "firsts", "noted"
_WATCH = (
    "CREATE TEMP TABLE IF NOT EXISTS touched (source_id TEXT PRIMARY KEY)",
    "CREATE TEMP TRIGGER IF NOT EXISTS twin_noted AFTER INSERT ON twins "
    "BEGIN INSERT OR IGNORE INTO touched VALUES (new.source_id); END",
    "CREATE TEMP TRIGGER IF NOT EXISTS twin_forgotten AFTER DELETE ON twins "
    "BEGIN INSERT OR IGNORE INTO touched VALUES (old.source_id); END",
)


def watch(connection: sqlite3.Connection) -> None:
    """Keeps account of whose notes a transaction changes."""
    for statement in _WATCH:
        connection.execute(statement)


def changed(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """What is noted of the sources whose notes have changed since this was asked last."""
    touched = [row[0] for row in connection.execute("SELECT source_id FROM touched")]
    connection.execute("DELETE FROM touched")
    firsts = twin_rows.firsts(connection, touched)
    return {each: sorted(firsts.get(each, ())) for each in sorted(touched)}


def take_over(connection: sqlite3.Connection, notes: Firsts) -> None:
    """Makes these the notes of a copy, as far as it has the sources."""
    for source_id, firsts in notes.items():
        connection.execute("DELETE FROM twins WHERE source_id = ?", (source_id,))
        if twin_rows.is_there(connection, source_id):
            for first in firsts:
                twin_rows.note(connection, source_id, first)


class TwinNotes:
    """The notes in one record."""

    def __init__(self, server: Server, collection: str) -> None:
        """Nothing is opened yet."""
        self._server = server
        self._rows = Rows(server, collection)

    def write(self, number: int, notes: Firsts) -> None:
        """Writes notes for the change of this number, which isn't made yet."""
        rows: dict[str, Row] = {
            f"twin-{number:012d}-{source_id}": {
                _SOURCE: source_id,
                _FIRSTS: json.dumps(list(firsts)),
                _NOTED: number,
            }
            for source_id, firsts in notes.items()
        }
        ids = list(rows)
        for first in range(0, len(ids), IDS_AT_ONCE):
            self._rows.write({each: rows[each] for each in ids[first : first + IDS_AT_ONCE]})

    def between(self, after: int, last: int) -> dict[str, list[str]]:
        """The newest notes that belong to changes after one, up to another."""
        found = self._rows.where(
            {"$and": [{_NOTED: {"$gt": after}}, {_NOTED: {"$lte": last}}]}
        ).values()
        newest: dict[str, list[str]] = {}
        try:
            for row in sorted(found, key=lambda row: int(row[_NOTED])):
                newest[str(row[_SOURCE])] = [str(each) for each in json.loads(str(row[_FIRSTS]))]
        except (KeyError, ValueError, TypeError) as error:
            raise damaged_record(self._server, f"a note can't be read: {error}") from error
        return newest

    def settle(self, number: int, source_ids: Collection[str], gone: Collection[str] = ()) -> None:
        """Deletes what the notes of this change replace, and all notes of those that are gone."""
        for source_id in source_ids:
            before = {"$and": [{_SOURCE: source_id}, {_NOTED: {"$lt": number}}]}
            self._rows.delete_where(before)
        for source_id in gone:
            self._rows.delete_where({_SOURCE: source_id})

    def clear_up(self, last: int, there_are: Collection[str]) -> None:
        """Deletes what a killed writer left: all but the newest note of each of these sources.

        `last` is the number of the last change.
        """
        self._rows.delete_where({_NOTED: {"$gt": last}})
        kept: dict[str, tuple[int, str]] = {}
        rows = self._rows.where({_NOTED: {"$gt": 0}})
        for row_id, row in rows.items():
            if str(row[_SOURCE]) in there_are:
                this = (int(row[_NOTED]), row_id)
                kept[str(row[_SOURCE])] = max(this, kept.get(str(row[_SOURCE]), this))
        self._rows.delete(sorted(set(rows) - {row_id for _, row_id in kept.values()}))
