"""Gets what is whole out of a damaged catalog, into a new one beside it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from index import versions
from index.catalog import FILE_NAME, STORED_TABLES, Catalog, create_tables
from index.faults import storage_faults
from index.types import Source
from index.version_rows import COLUMNS, VersionRow, source_of, unsealed

_ENDINGS = ("", "-wal", "-shm")
_NEW = "catalog.db.recovering"

_PAGE_BYTES = 4096
# What every catalog begins with, by the offset: SQLite's name, the size of a page and that there is
# a write-ahead log; no unused pages; the format of the schema; no vacuum; UTF-8.
_HEADER = {
    0: b"SQLite format 3\0\x10\x00\x02\x02\x00\x40\x20\x20",
    32: bytes(8),
    44: b"\0\0\0\4",
    52: b"\0\0\0\0\0\0\0\1",
    64: bytes(4),
}
_MAX_WRONG = 8
"""Characters of a statement that may be damaged for it to be known again."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """What was got out of a damaged catalog."""

    kept_as: Path
    """Where the damaged file is now."""
    lost: tuple[str, ...]
    """What couldn't be had from it, a sentence each."""


def recover(folder: Path, meta: dict[str, str]) -> Recovered:
    """Puts a catalog with the versions and originals that are whole in the damaged one's place.

    Nothing is computed of them yet. `meta` are the entries of the new one's meta table. To be
    called under the writer lock. Raises StorageError when the disk is full or can't be written.
    """
    with storage_faults(folder):
        for ending in _ENDINGS:
            folder.joinpath(_NEW + ending).unlink(missing_ok=True)
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        kept = folder / f"{FILE_NAME}.damaged-{stamp}"
        connection = _opened(folder)
        try:
            lost = _copy(connection, folder, meta)
        finally:
            connection.close()
        for ending in reversed(_ENDINGS):
            with suppress(FileNotFoundError):
                folder.joinpath(FILE_NAME + ending).rename(kept.with_name(kept.name + ending))
        folder.joinpath(_NEW).rename(folder / FILE_NAME)
    return Recovered(kept, tuple(lost))


def damaged_copies(folder: Path) -> list[Path]:
    """The damaged catalogs that were kept, the latest first."""
    found = folder.glob(f"{FILE_NAME}.damaged-*Z")
    return sorted(found, reverse=True)


def _opened(folder: Path) -> sqlite3.Connection:
    """A connection to the damaged catalog; what is the same in every catalog is put right first."""
    path = folder / FILE_NAME
    pages = path.stat().st_size // _PAGE_BYTES
    with path.open("r+b") as file:
        for offset, data in {**_HEADER, 28: pages.to_bytes(4, "big")}.items():
            if pages:
                file.seek(offset)
                file.write(data)
    with suppress(sqlite3.Error), closing(_connected(path)) as connection:
        _mend_schema(connection)
    return _connected(path)


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, isolation_level=None)
    connection.text_factory = _text
    # So that tables can be read though the statement that made another one is damaged.
    connection.execute("PRAGMA writable_schema = ON")
    return connection


def _mend_schema(connection: sqlite3.Connection) -> None:
    """Puts the statement that made a table in the place of one that is nearly the same."""
    rows = connection.execute("SELECT rowid, sql FROM sqlite_master").fetchall()
    for statement in map(str.strip, STORED_TABLES.split(";\n")):
        sql = statement[max(statement.find("CREATE"), 0) :]
        name = sql.split()[2] if sql.startswith("CREATE TABLE") else None
        for rowid, stored in rows:
            if name and isinstance(stored, str) and len(stored) == len(sql):
                wrong = sum(one != other for one, other in zip(sql, stored, strict=True))
                if 0 < wrong <= _MAX_WRONG:
                    connection.execute(
                        "UPDATE sqlite_master SET type = 'table', name = ?1, tbl_name = ?1, "
                        "sql = ?2 WHERE rowid = ?3",
                        (name, sql, rowid),
                    )


def _text(data: bytes) -> str:
    """Text as it is; what isn't UTF-8 fits no hash, so it needn't be told apart."""
    return data.decode("utf-8", errors="replace")


def _copy(damaged: sqlite3.Connection, folder: Path, meta: dict[str, str]) -> list[str]:
    """Copies what is whole; what isn't, a sentence each."""
    target = Catalog(folder, _NEW)
    lost: list[str] = []
    originals: set[str] = set()
    with target.writing() as connection:
        create_tables(connection, meta)
        newest: dict[str, tuple[int, Source]] = {}
        if not _rowids(damaged, "versions"):
            lost.append("No text can be read from the old catalog: restore it from a copy.")
        for row, text in _versions(damaged, lost):
            try:
                source = source_of(row, text)
            except sqlite3.Error as error:
                lost.append(f"Version {row.number} of {row.source_id!r} is lost: {error}.")
                continue
            versions.insert_version(connection, source, row.number, row.added)
            if source.origin:
                originals.add(source.origin.sha256)
            if row.number >= newest.get(row.source_id, (0, source))[0]:
                newest[row.source_id] = (row.number, source)
        taken: set[str] = set()
        for number, source in newest.values():
            if source.sha256 in taken:
                # What is left of it is an older version, which has the text of another source.
                versions.remove(connection, source.id)
                continue
            versions.set_newest(connection, source, number)
            taken.add(source.sha256)
        _copy_originals(damaged, connection, originals, lost)
    target.close()
    return lost


def _versions(damaged: sqlite3.Connection, lost: list[str]) -> Iterator[tuple[VersionRow, str]]:
    """The versions whose rows fit their seals, with their texts as they are."""
    for rowid in _rowids(damaged, "versions"):
        try:
            stored: tuple[Any, ...] = damaged.execute(
                f"SELECT {COLUMNS}, text FROM versions WHERE rowid = ?", (rowid,)
            ).fetchone()
            if stored:
                yield unsealed(stored[:-1]), stored[-1]
        except sqlite3.Error as error:
            lost.append(f"A version of a source is lost: {error}.")


def _copy_originals(
    damaged: sqlite3.Connection, connection: sqlite3.Connection, wanted: set[str], lost: list[str]
) -> None:
    for rowid in _rowids(damaged, "originals"):
        try:
            sha256, original = damaged.execute(
                "SELECT sha256, bytes FROM originals WHERE rowid = ?", (rowid,)
            ).fetchone()
            is_whole = versions.is_original(sha256, original)
        except (sqlite3.Error, TypeError):
            is_whole = False
        if not is_whole:
            lost.append("The original of a source is lost, as its bytes aren't what was stored.")
        elif sha256 in wanted:
            versions.insert_original(connection, sha256, original)


def _rowids(damaged: sqlite3.Connection, table: str) -> list[int]:
    """Those that can be found from the beginning and from the end, and between by trying."""
    found: set[int] = set()
    for order in ("ASC", "DESC"):
        with suppress(sqlite3.Error):
            for (rowid,) in damaged.execute(f"SELECT rowid FROM {table} ORDER BY rowid {order}"):
                found.add(rowid)
    return list(range(min(found), max(found) + 1)) if found else []
