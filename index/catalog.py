"""The system of record of a library: one SQLite file, its schema, connections and transactions."""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from index.faults import damaged, storage_faults

SCHEMA_VERSION = 3
FILE_NAME = "catalog.db"
_BUSY_TIMEOUT_S = 10.0

META_TABLE = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
STORED_TABLES = """
-- Of each source its newest version, which alone is searched. The last three columns are those
-- that a filter asks for: the date alone, the names folded.
CREATE TABLE sources (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    sha256 TEXT NOT NULL UNIQUE,
    uri TEXT,
    published TEXT, publisher TEXT, lang TEXT
);
CREATE INDEX sources_by_uri ON sources (uri) WHERE uri IS NOT NULL;
CREATE INDEX sources_by_published ON sources (published);
CREATE INDEX sources_by_publisher ON sources (publisher);
CREATE INDEX sources_by_lang ON sources (lang);
-- Every version that was ever stored of a source, until the source is removed. The seal is a hash
-- over all that stands in the row.
CREATE TABLE versions (
    source_id TEXT NOT NULL, number INTEGER NOT NULL,
    sha256 TEXT NOT NULL, added TEXT, uri TEXT,
    metadata TEXT NOT NULL, original TEXT, origin TEXT, places TEXT NOT NULL,
    seal TEXT NOT NULL,
    text TEXT NOT NULL,
    UNIQUE (source_id, number)
);
CREATE INDEX versions_by_sha256 ON versions (sha256);
CREATE INDEX versions_by_original ON versions (original) WHERE original IS NOT NULL;
-- The documents that versions were read from, each once, as long as a version came from it.
CREATE TABLE originals (sha256 TEXT NOT NULL UNIQUE, bytes BLOB NOT NULL);
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
-- Twins of n sources take n rows: each source is noted with the first one that it is a twin of, or
-- with several; a first one with itself.
CREATE TABLE twins (
    source_id TEXT NOT NULL, first_id TEXT NOT NULL, PRIMARY KEY (source_id, first_id)
) WITHOUT ROWID;
CREATE INDEX twins_by_first ON twins (first_id);
-- What copies are found by: the MinHash of a source's body, and the buckets that its bands are in
-- (by the source's position).
CREATE TABLE signatures (source_id TEXT PRIMARY KEY, signature BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE buckets (
    bucket INTEGER NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (bucket, position)
) WITHOUT ROWID;
-- A hash over the rows of each source in the tables above, in their order: over its paragraphs,
-- sentences and passages, and over the vectors of the passages.
CREATE TABLE seals (
    source_id TEXT PRIMARY KEY, split TEXT NOT NULL, vectors TEXT NOT NULL
) WITHOUT ROWID;
-- The words are made by words.py: every character but the space is part of a word.
CREATE VIRTUAL TABLE lexical USING fts5 (
    words, tokenize = "ascii tokenchars '.,_'''"
);
CREATE VIRTUAL TABLE lexical_words USING fts5vocab (lexical, row);
"""
_DERIVED_NAMES = (
    "lexical_words", "lexical", "seals", "buckets", "signatures", "twins",
    "passages", "sentences", "paragraphs",
)  # fmt: skip


class _Connection(sqlite3.Connection):
    """Can be referred to weakly, so that those of ended threads are closed."""


class Catalog:
    """The connections to one `catalog.db`: one a thread, so any thread may use it."""

    def __init__(
        self, folder: Path, file_name: str = FILE_NAME, address: str | None = None
    ) -> None:
        """Nothing is opened or written yet; `address` is the library's, if not the folder."""
        self._address = address or folder
        self.path = folder.absolute() / file_name  # SQLite is given an address
        self._local = threading.local()
        self._open: weakref.WeakSet[_Connection] = weakref.WeakSet()

    def connection(self) -> sqlite3.Connection:
        """This thread's connection, for reading only."""
        connection: _Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            with storage_faults(self._address):
                connection = self._reader()
            self._local.connection = connection
            self._open.add(connection)
        return connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """This thread's connection, in one transaction: all reads see the same state."""
        connection = self.connection()
        with storage_faults(self._address):
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
        with storage_faults(self._address):
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
        with storage_faults(self._address):
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
            raise damaged(self._address, f"{FILE_NAME} is missing")
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
    for script in (META_TABLE, STORED_TABLES, DERIVED_TABLES):
        execute_all(connection, script)
    write_meta(connection, {"schema": str(SCHEMA_VERSION), "generation": "0", **meta})


def recreate_derived_tables(connection: sqlite3.Connection) -> None:
    """Empties everything that is computed from the sources, as this version lays it out."""
    for name in _DERIVED_NAMES:
        connection.execute(f"DROP TABLE IF EXISTS {name}")
    execute_all(connection, DERIVED_TABLES)


def write_meta(connection: sqlite3.Connection, meta: Mapping[str, str]) -> None:
    """Sets these entries of the meta table."""
    connection.executemany("REPLACE INTO meta VALUES (?, ?)", list(meta.items()))


def execute_all(connection: sqlite3.Connection, script: str) -> None:
    """Executes the statements of a script in the transaction that is open."""
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
