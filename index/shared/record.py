"""The record of a shared library: its changes, one after the other, in a collection of the server.

A change is one row whose id is its number, so that no two writers can make the same. What it is
about stands in other rows, in parts, and is there before the change is.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from index.errors import LibraryLockedError
from index.shared.rows import Condition, Row, Rows, parts_of
from index.shared.server import Server, damaged_record
from index.shared.twin_notes import TwinNotes

MAX_PARTS = 10_000
"""Of what one change is about: 5 GB."""
_CHANGING = "changing"
_IS_PART = "is_part"

Kind = Literal["put", "old", "remove"]


class BlobGoneError(Exception):
    """What a change was about is superseded and gone: ask for the changes again."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change to a shared library."""

    number: int
    """From 1; each change has the next."""
    kind: Kind
    """A version of a source was put; or that is superseded by now; or the source was removed."""
    source: str
    version: int
    """The version's number; 0 for a removed source."""
    text: str
    """The key of the version's row and text; empty for a removed source."""
    vectors: str
    """The key of what was computed of it; empty unless it is the newest."""
    original: str
    """The hash of the document that the version was read from, or empty."""

    @property
    def row_id(self) -> str:
        """The id of its row."""
        return f"change-{self.number:012d}"


class Record:
    """The changes of one library; safe to use from several threads."""

    def __init__(self, server: Server, collection: str) -> None:
        """Nothing is opened yet."""
        self._server = server
        self._rows = Rows(server, collection)
        self.twins = TwinNotes(server, collection)

    # -- changes

    def since(self, number: int) -> list[Change]:
        """The changes after this one, in their order; raises CollectionGoneError."""
        return self._changes({"number": {"$gt": number}})

    def of_source(self, source_id: str) -> list[Change]:
        """The changes of one source, in their order."""
        return self._changes({"source": source_id})

    def commit(self, change: Change) -> None:
        """Makes the change, if its number is free; LibraryLockedError when it isn't any more."""
        if not self._rows.claim(change.row_id, asdict(change)):
            raise LibraryLockedError(
                f"Another writer has changed the library in {str(self._server.address)!r} "
                "meanwhile: do it again."
            )

    def supersede(self, changes: Iterable[Change]) -> None:
        """Notes that these versions aren't the newest any more; what was computed of them goes."""
        for change in changes:
            self._rows.change(change.row_id, {"kind": "old", "vectors": ""})
            self._rows.delete(_part_ids(change.vectors))

    def delete(self, changes: Iterable[Change]) -> None:
        """Deletes these changes and what they are about."""
        for change in changes:
            self._rows.delete([change.row_id, *_part_ids(change.text), *_part_ids(change.vectors)])

    def _changes(self, condition: Condition) -> list[Change]:
        rows = self._rows.where(condition).values()
        return sorted((self._change(row) for row in rows), key=lambda change: change.number)

    def _change(self, row: Row) -> Change:
        try:
            return Change(
                number=int(row["number"]),
                kind=_kind(row["kind"]),
                source=str(row["source"]),
                version=int(row["version"]),
                text=str(row["text"]),
                vectors=str(row["vectors"]),
                original=str(row["original"]),
            )
        except (KeyError, ValueError) as error:
            raise damaged_record(self._server, f"a change can't be read: {error}") from error

    # -- what changes are about

    def add_blob(self, data: bytes) -> str:
        """Stores bytes and returns their key."""
        key = f"{secrets.token_hex(12)}.{parts_of(data)}"
        self._rows.write_bytes(_part_ids(key), data, {_IS_PART: True})
        return key

    def blobs(self, keys: Sequence[str]) -> list[bytes]:
        """The bytes with these keys, in their order; raises BlobGoneError."""
        wanted = [part for key in keys for part in _part_ids(key)]
        parts = self._rows.read_bytes(wanted)
        if len(parts) < len(wanted):
            raise BlobGoneError
        return [b"".join(parts[each] for each in _part_ids(key)) for key in keys]

    # -- writers

    def is_changing(self) -> bool:
        """Whether a writer is at work, or was killed at it."""
        return bool(self._rows.find([_CHANGING]))

    def set_changing(self, changing: bool) -> None:
        """Notes that a writer is at work, or that it is done."""
        if changing:
            self._rows.write({_CHANGING: {"changing": True}})
        else:
            self._rows.delete([_CHANGING])

    def clear_up(self) -> set[str]:
        """Deletes what a killed writer left; the hashes of the documents that are still wanted."""
        changes = self.since(0)
        last = {change.source: change for change in changes}
        for change in changes:
            newest = last[change.source]
            if newest.kind == "remove" and change is not newest:
                self.delete([change])
            elif change.kind == "put" and change is not newest:
                self.supersede([change])
        kept = self.since(0)
        keys = [key for change in kept for key in (change.text, change.vectors)]
        wanted = {part for key in keys for part in _part_ids(key)}
        self._rows.delete(sorted(set(self._rows.ids({_IS_PART: True})) - wanted))
        there_are = {change.source for change in kept if change.kind == "put"}
        self.twins.clear_up(kept[-1].number if kept else 0, there_are)
        return {change.original for change in kept if change.original}


def _kind(value: object) -> Kind:
    if value == "put":
        return "put"
    if value == "old":
        return "old"
    if value == "remove":
        return "remove"
    raise ValueError(f"{value!r} is no kind")


def _part_ids(key: str) -> list[str]:
    if not key:
        return []
    name, _, count = key.partition(".")
    return [f"{name}.{each}" for each in range(min(int(count), MAX_PARTS))]
