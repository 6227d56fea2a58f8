"""Keeps the vectors of texts whose source isn't stored yet, so that no text is embedded twice.

A file beside the catalog: each batch is in it before the next is embedded, so whoever is killed
repeats one batch at most. It holds nothing that can't be computed again: damaged, it is made anew.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import numpy as np

from index.embeddings import Embedder
from index.faults import storage_faults
from index.records import PART, batched
from index.types import Vectors

FILE_NAME = "unfinished.db"
BATCH_TEXTS = 16
KEPT_DAYS = 30
"""After that a source that was never finished won't be."""

_TABLE = """
CREATE TABLE IF NOT EXISTS vectors (
    key TEXT NOT NULL UNIQUE, made TEXT NOT NULL DEFAULT (date()),
    crc INTEGER NOT NULL, vector BLOB NOT NULL
)
"""
_FIND = """
SELECT crc, vector
FROM json_each(?) AS wanted LEFT JOIN vectors ON vectors.key = wanted.value
ORDER BY wanted.key
"""
_DAMAGE = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

_T = TypeVar("_T")


class Unfinished:
    """The vectors of one embedding in one library's folder; for one writer at a time."""

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        """Nothing is opened or written yet."""
        self._path = folder / FILE_NAME
        self._embedder = embedder
        self._connection: sqlite3.Connection | None = None
        self._held: Counter[str] = Counter()

    def embed(self, texts: Iterable[str], on_progress: Callable[[int, int], None]) -> None:
        """Embeds those of the texts whose vectors aren't here yet.

        `on_progress` is told how many different texts of how many are embedded. Raises
        StorageError when the disk is full.
        """
        different = list(dict.fromkeys(texts))
        missing = self.missing(different)
        done = len(different) - len(missing)
        for batch in batched(missing, BATCH_TEXTS):
            on_progress(done, len(different))
            self.keep(batch, self._embedder.embed_passages(batch))
            done += len(batch)
        on_progress(done, len(different))

    def missing(self, texts: Sequence[str]) -> list[str]:
        """Those of the texts whose vectors aren't here yet."""
        return [
            text
            for part in batched(texts, PART)
            for text, vector in zip(part, self._stored(part), strict=True)
            if vector is None
        ]

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """The vectors of texts that are embedded: row i is that of text i."""
        found = self._stored(texts)
        if lost := [text for text, vector in zip(texts, found, strict=True) if vector is None]:
            # Another program has changed the file meanwhile.
            self.embed(lost, lambda done, texts: None)
            found = self._stored(texts)
        return np.stack([np.frombuffer(vector or b"", dtype="<f4") for vector in found])

    def hold(self, texts: Iterable[str]) -> None:
        """Keeps the vectors of these texts from being forgotten until they are released."""
        self._held.update(texts)

    def release(self, texts: Iterable[str]) -> None:
        """Takes back one `hold` of each of these texts."""
        for text in texts:
            self._held[text] -= 1
            if not self._held[text]:
                del self._held[text]

    def forget(self, texts: Iterable[str]) -> None:
        """Removes the vectors of texts whose source is stored now, but for those that are held."""
        keys = ((self._key(text),) for text in texts if text not in self._held)
        self._use(lambda c: c.executemany("DELETE FROM vectors WHERE key = ?", keys))

    def close(self) -> None:
        """Lets go of the file, and removes it when nothing is left in it."""
        if self._connection is None and not self._path.exists():
            return
        left = self._use(lambda c: c.execute("SELECT 1 FROM vectors LIMIT 1").fetchone())
        self._disconnect()
        if not left:
            self.discard()

    def discard(self) -> None:
        """Removes the file with all that is in it."""
        self._disconnect()
        for ending in ("", "-wal", "-shm", "-journal"):
            with suppress(FileNotFoundError):
                self._path.with_name(self._path.name + ending).unlink()

    def keep(self, texts: Sequence[str], vectors: Vectors) -> None:
        """Keeps the vectors of texts: row i is that of text i."""
        rows = []
        for text, vector in zip(texts, vectors, strict=True):
            blob = vector.astype("<f4").tobytes()
            rows.append((self._key(text), zlib.crc32(blob), blob))
        self._use(
            lambda c: c.executemany(
                "INSERT OR REPLACE INTO vectors (key, crc, vector) VALUES (?, ?, ?)", rows
            )
        )

    def _stored(self, texts: Sequence[str]) -> list[bytes | None]:
        """The vector of each text, as bytes; None for one that isn't there, or is damaged."""
        keys = json.dumps([self._key(text) for text in texts])
        rows = self._use(lambda c: c.execute(_FIND, (keys,)).fetchall())
        size = 4 * self._embedder.dimensions
        return [
            vector
            if isinstance(vector, bytes) and len(vector) == size and zlib.crc32(vector) == crc
            else None
            for crc, vector in rows
        ]

    def _key(self, text: str) -> str:
        """What the vector is kept under: another for each embedding."""
        named = f"{self._embedder.identity}\0{text}".encode(errors="surrogatepass")
        return hashlib.sha256(named).hexdigest()[:32]

    def _use(self, action: Callable[[sqlite3.Connection], _T]) -> _T:
        """Does this in one transaction; where the file is damaged, once more in a new one."""
        with storage_faults(self._path.parent):
            try:
                return self._in_transaction(action)
            except sqlite3.Error as error:
                if error.sqlite_errorcode & 0xFF not in _DAMAGE:
                    raise
                self.discard()
                return self._in_transaction(action)

    def _in_transaction(self, action: Callable[[sqlite3.Connection], _T]) -> _T:
        if self._connection is None:
            self._connection = _connect(self._path)
        with self._connection as connection:
            connection.execute("BEGIN")
            return action(connection)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        # A killed process loses nothing by this; a power cut may take the last batches.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(_TABLE)
        connection.execute(
            "DELETE FROM vectors WHERE made < date('now', ?)", (f"-{KEPT_DAYS} days",)
        )
    except sqlite3.Error:
        connection.close()
        raise
    return connection
