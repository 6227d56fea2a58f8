"""The system of record of a library: one SQLite file, its schema, connections and transactions."""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from index.faults import damaged, storage_faults

SCHEMA_VERSION = 1
FILE_NAME = "catalog.db"
_BUSY_TIMEOUT_S = 10.0

SOURCES_TABLE = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sources (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    sha256 TEXT NOT NULL UNIQUE,
    uri TEXT,
    metadata TEXT NOT NULL,
    text TEXT NOT NULL
);
"""
DERIVED_TABLES = """
CREATE TABLE paragraphs (
    source_id TEXT NOT NULL, number INTEGER NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, kind TEXT NOT NULL,
    PRIMARY KEY (source_id, number)
) WITHOUT ROWID;
CREATE TABLE sentences (
    position INTEGER PRIMARY KEY,
    source_id TEXT NOT NULL, paragraph INTEGER NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL,
    utterance_start INTEGER NOT NULL, utterance_end INTEGER NOT NULL,
    vector BLOB NOT NULL
);
CREATE INDEX sentences_of_source ON sentences (source_id, paragraph);
CREATE TABLE passages (
    position INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    source_id TEXT NOT NULL, paragraph INTEGER NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, tokens INTEGER NOT NULL,
    vector BLOB NOT NULL
);
CREATE INDEX passages_of_source ON passages (source_id);
CREATE TABLE twins (
    source_id TEXT NOT NULL, twin_id TEXT NOT NULL, PRIMARY KEY (source_id, twin_id)
) WITHOUT ROWID;
-- The words are made by words.py: every character but the space is part of a word.
CREATE VIRTUAL TABLE lexical USING fts5 (
    words, tokenize = "ascii tokenchars '.,_'''"
);
CREATE VIRTUAL TABLE lexical_words USING fts5vocab (lexical, row);
"""
_DERIVED_NAMES = ("lexical_words", "lexical", "twins", "passages", "sentences", "paragraphs")


class _Connection(sqlite3.Connection):
    """Can be referred to weakly, so that those of ended threads are closed."""


class Catalog:
    """The connections to one `catalog.db`: one a thread, so any thread may use it."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the library's; nothing is opened or written yet."""
        self.folder = folder
        self.path = folder / FILE_NAME
        self._local = threading.local()
        self._open: weakref.WeakSet[_Connection] = weakref.WeakSet()

    def connection(self) -> sqlite3.Connection:
        """This thread's connection, for reading only."""
        connection: _Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            with storage_faults(self.folder):
                connection = self._reader()
            self._local.connection = connection
            self._open.add(connection)
        return connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """This thread's connection, in one transaction: all reads see the same state."""
        connection = self.connection()
        with storage_faults(self.folder):
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.rollback()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is kept as a whole, with a new generation, or not at all.

        The caller holds the library's writer lock. Raises StorageError when the disk is full or
        read-only, or the file damaged.
        """
        with storage_faults(self.folder):
            connection = _connect(f"{self.path.as_uri()}?mode=rwc")
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute(
                    "UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'generation'"
                )
                connection.commit()
                # So that the file alone is whole, for a copy or a read-only disk.
                connection.execute("PRAGMA busy_timeout = 100")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                # Also rolls back what an exception left open.
                connection.close()

    def meta(self) -> dict[str, str]:
        """What the library says about itself; empty when there is no library in the file."""
        with storage_faults(self.folder):
            connection = self.connection()
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
                return {}
            return dict(connection.execute("SELECT key, value FROM meta"))

    def close(self) -> None:
        """Closes the connections of all threads; the next use opens a new one."""
        for connection in list(self._open):
            connection.close()
        self._local = threading.local()

    def _reader(self) -> _Connection:
        if not self.path.is_file():
            raise damaged(self.folder, f"{FILE_NAME} is missing")
        address = self.path.as_uri()
        try:
            return _probed(f"{address}?mode=ro")
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise
            # A log can't be made beside the file on a read-only disk; there nobody writes either.
            return _probed(f"{address}?mode=ro&immutable=1")


def create_tables(connection: sqlite3.Connection, meta: Mapping[str, str]) -> None:
    """Makes the tables of an empty library."""
    _execute_all(connection, SOURCES_TABLE)
    _execute_all(connection, DERIVED_TABLES)
    write_meta(connection, {"schema": str(SCHEMA_VERSION), "generation": "0", **meta})


def recreate_derived_tables(connection: sqlite3.Connection) -> None:
    """Empties everything that is computed from the sources, as this version lays it out."""
    for name in _DERIVED_NAMES:
        connection.execute(f"DROP TABLE IF EXISTS {name}")
    _execute_all(connection, DERIVED_TABLES)


def write_meta(connection: sqlite3.Connection, meta: Mapping[str, str]) -> None:
    """Sets these entries of the meta table."""
    connection.executemany("REPLACE INTO meta VALUES (?, ?)", list(meta.items()))


def _execute_all(connection: sqlite3.Connection, script: str) -> None:
    # Not executescript, which would end the transaction.
    for statement in script.split(";\n"):
        if statement.strip():
            connection.execute(statement)


def _probed(uri: str) -> _Connection:
    connection = _connect(uri)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _connect(uri: str) -> _Connection:
    return sqlite3.connect(
        uri,
        uri=True,
        timeout=_BUSY_TIMEOUT_S,
        isolation_level=None,
        # Used by one thread, but closed by whichever closes the library.
        check_same_thread=False,
        factory=_Connection,
    )
