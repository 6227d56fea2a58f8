"""Publishes what a writer changes in its copy of a shared library."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from index import versions
from index.shared import twin_notes
from index.shared.originals import Originals
from index.shared.payload import packed_computed, packed_version
from index.shared.record import Change, Kind, Record
from index.shared.replica import applied_in, set_applied


class ServerLedger:
    """The ledger of one writer, which holds the lease."""

    def __init__(self, record: Record, originals: Originals) -> None:
        """Nothing is asked or written yet."""
        self._record = record
        self._originals = originals
        self._has_begun = False
        self._to_settle: list[Callable[[], None]] = []

    def is_unfinished(self) -> bool:
        """Whether an earlier writer was killed over a change; what it left is cleared up."""
        if not self._record.is_changing():
            return False
        self._originals.keep_only(self._record.clear_up())
        return True

    def begin(self) -> None:
        """Notes on the server that copies and passages may be out of step from now on."""
        if not self._has_begun:
            self._record.set_changing(True)
            self._has_begun = True

    def watch(self, connection: sqlite3.Connection) -> None:
        """Keeps account of whose twins a transaction notes anew."""
        twin_notes.watch(connection)

    def put(self, connection: sqlite3.Connection, source_id: str) -> None:
        """Publishes the newest version of a source, as the last thing in its transaction."""
        before = self._record.of_source(source_id)
        vectors = self._record.add_blob(packed_computed(connection, source_id))
        number = versions.newest_number(connection, source_id)
        self._put(connection, "put", source_id, number, vectors)
        newest = [each for each in before if each.kind == "put"]
        self._to_settle.append(lambda: self._record.supersede(newest))

    def put_old(self, connection: sqlite3.Connection, source_id: str, number: int) -> None:
        """Publishes a version of a source that isn't the newest."""
        self._put(connection, "old", source_id, number, "")

    def remove(self, connection: sqlite3.Connection, source_id: str) -> None:
        """Publishes that a source is gone, as the last thing in its transaction."""
        before = self._record.of_source(source_id)
        number = applied_in(connection) + 1
        self._commit(connection, Change(number, "remove", source_id, 0, "", "", ""))
        gone = {each.original for each in before if each.original}
        left = {each for each in gone if not versions.is_origin(connection, each)}
        self._to_settle.append(lambda: self._record.delete(before))
        self._to_settle.append(lambda: self._originals.delete(left))

    def settle(self) -> None:
        """Clears up what no copy needs any more."""
        for each in self._to_settle:
            each()
        self._to_settle.clear()

    def end(self) -> None:
        """Notes that nothing was left undone."""
        if self._has_begun or self._record.is_changing():
            self._record.set_changing(False)

    def _put(
        self, connection: sqlite3.Connection, kind: Kind, source_id: str, number: int, vectors: str
    ) -> None:
        change = Change(
            number=applied_in(connection) + 1,
            kind=kind,
            source=source_id,
            version=number,
            text=self._record.add_blob(packed_version(connection, source_id, number)),
            vectors=vectors,
            original=self._keep_original(connection, source_id, number),
        )
        self._commit(connection, change)

    def _commit(self, connection: sqlite3.Connection, change: Change) -> None:
        self.begin()
        notes = twin_notes.changed(connection)
        self._record.twins.write(change.number, notes)
        self._record.commit(change)
        set_applied(connection, change.number)
        gone = [change.source] if change.kind == "remove" else []
        self._to_settle.append(lambda: self._record.twins.settle(change.number, notes, gone))

    def _keep_original(self, connection: sqlite3.Connection, source_id: str, number: int) -> str:
        """The hash of the document that a version was read from, once the server has it."""
        found = versions.find_original(connection, source_id, number)
        if found is not None:
            self._originals.add(*found)
            return found[0]
        return versions.find_origin(connection, source_id, number) or ""
