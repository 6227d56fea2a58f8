"""This machine's copy of a shared library's catalog, and how changes are brought into it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from index import grouping, records, twin_rows, versions
from index.build import split_source
from index.catalog import Catalog, create_tables, write_meta
from index.errors import SourceError
from index.shared import twin_notes
from index.shared.payload import Computed, unpacked_computed, unpacked_version
from index.shared.record import Change, Record
from index.sources import check_source
from index.types import Source, Vectors

OLD_SECONDS = 86_400
"""So old is a copy that nobody can still be using, or making."""
_APPLIED = "applied"


def ensure(catalog: Catalog, manifest: Mapping[str, str]) -> None:
    """Makes an empty copy where there is none."""
    if catalog.path.is_file() and catalog.meta():
        return
    catalog.path.parent.mkdir(parents=True, exist_ok=True)
    with catalog.writing() as connection:
        # Another process may have been faster.
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
            create_tables(connection, {**manifest, _APPLIED: "0"})


def discard(catalog: Catalog) -> None:
    """Deletes the copy; all that is in it is on the server."""
    catalog.close()
    for ending in ("", "-wal", "-shm", "-journal"):
        with suppress(FileNotFoundError):
            catalog.path.with_name(catalog.path.name + ending).unlink()


def discard_old(folder: Path, kept: Catalog) -> None:
    """Deletes the copies of records that don't hold any more, once they are a day old."""
    for path in folder.glob("catalog-*.db"):
        with suppress(FileNotFoundError):
            if path != kept.path and time.time() - path.stat().st_mtime > OLD_SECONDS:
                discard(Catalog(folder, path.name))


def applied(catalog: Catalog) -> int:
    """The number of the last change that is in the copy."""
    return int(catalog.meta()[_APPLIED])


def applied_in(connection: sqlite3.Connection) -> int:
    """The number of the last change, in a transaction."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (_APPLIED,)).fetchone()
    return int(row[0])


def set_applied(connection: sqlite3.Connection, number: int) -> None:
    """Notes that the copy has all changes up to this one."""
    write_meta(connection, {_APPLIED: str(number)})


def apply(connection: sqlite3.Connection, changes: Sequence[Change], record: Record) -> None:
    """Brings these changes, the next ones, into the copy.

    Raises BlobGoneError where one is superseded meanwhile, and ValueError where what the server has
    isn't what was written.
    """
    keys = [key for change in changes for key in (change.text, change.vectors) if key]
    blobs = dict(zip(keys, record.blobs(keys), strict=True))
    for change in changes:
        if change.kind == "remove":
            records.delete_computed(connection, change.source)
            twin_rows.forget(connection, change.source)
            if twin_rows.is_there(connection, change.source):
                twin_rows.remove_signature(connection, change.source)
            versions.remove(connection, change.source)
        else:
            _put(connection, change, blobs)
    last = changes[-1].number
    twin_notes.take_over(connection, record.twins.between(applied_in(connection), last))
    set_applied(connection, last)


def _put(connection: sqlite3.Connection, change: Change, blobs: Mapping[str, bytes]) -> None:
    row, source = unpacked_version(blobs[change.text])
    try:
        check_source(source)
    except SourceError as error:
        raise ValueError(str(error)) from error
    if (source.id, row.number) != (change.source, change.version):
        raise ValueError(f"a change of {change.source!r} is about {source.id!r}")
    records.delete_computed(connection, source.id)
    versions.set_newest(connection, source, row.number)
    versions.insert_version(connection, source, row.number, row.added)
    if change.kind == "put":
        insert_computed(connection, source, unpacked_computed(blobs[change.vectors]))


def insert_computed(connection: sqlite3.Connection, source: Source, computed: Computed) -> None:
    """Enters what was computed of a source elsewhere; ValueError unless it is of this source."""
    split = split_source(source)
    texts = [*(each.text for each in split.sentences), *split.passage_texts]
    rows = [*computed.sentence_vectors, *computed.passage_vectors]
    if len(texts) != len(rows):
        raise ValueError(f"what was computed of {source.id!r} isn't of its text")
    known = dict(zip(texts, rows, strict=True))

    def vectors(wanted: Sequence[str]) -> Vectors:
        return np.stack([known[text] for text in wanted])

    records.insert_split(connection, split, vectors)
    grouping.sign(connection, split)
    seals = connection.execute(
        "SELECT split, vectors FROM seals WHERE source_id = ?", (source.id,)
    ).fetchone()
    if seals != computed.seals:
        raise ValueError(f"what was computed of {source.id!r} has changed")
