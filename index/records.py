"""What was computed from sources, to and from the rows of the catalog."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np

from index import exact, grouping, lexical
from index.build import Split
from index.types import IndexedSource, Paragraph, Passage, Sentence, Source, Vectors

PART = 500
"""Rows whose vectors are in memory at a time."""

_PASSAGE_FIELDS = ("id", "source_id", "paragraph", "start", "end", "tokens")
_PASSAGE_COLUMNS = 'id, source_id, paragraph, start, "end", tokens'
_SPLIT_ROWS = (
    'SELECT number, start, "end", kind FROM paragraphs WHERE source_id = ? ORDER BY number',
    'SELECT paragraph, start, "end", utterance_start, utterance_end, vector FROM sentences '
    "WHERE source_id = ? ORDER BY position",
    f"SELECT {_PASSAGE_COLUMNS} FROM passages WHERE source_id = ? ORDER BY position",
)

VectorsOf = Callable[[Sequence[str]], Vectors]
"""The vectors of texts that are embedded already: row i is that of text i."""

_T = TypeVar("_T")


class Seal:
    """A hash over rows as SQLite gives them, in their order; a vector is the last of its row."""

    def __init__(self) -> None:
        """Over no rows yet."""
        self._told, self._vectors = hashlib.sha256(), hashlib.sha256()

    def take(self, rows: Sequence[Sequence[object]]) -> None:
        """Goes on with these rows; however many are taken at a time, the hash is the same."""
        vectors = [row[-1] for row in rows if isinstance(row[-1], bytes)]
        if len(vectors) == len(rows):
            told = [
                repr((*row[:-1], len(vector))) for row, vector in zip(rows, vectors, strict=True)
            ]
        else:
            vectors, told = [], [repr(tuple(row)) for row in rows]
        self._told.update("".join(told).encode())
        self._vectors.update(b"".join(vectors))

    def digest(self) -> str:
        """Hex digest of all that was taken."""
        return hashlib.sha256(self._told.digest() + self._vectors.digest()).hexdigest()


def insert_split(connection: sqlite3.Connection, split: Split, vectors: VectorsOf) -> None:
    """Stores what was computed from a source that is in the catalog, a part at a time."""
    source = split.source
    seal, vectors_seal = Seal(), Seal()
    paragraphs = [(p.source_id, p.number, p.start, p.end, p.kind) for p in split.paragraphs]
    connection.executemany("INSERT INTO paragraphs VALUES (?, ?, ?, ?, ?)", paragraphs)
    seal.take([row[1:] for row in paragraphs])
    for part in batched(split.sentences, PART):
        blobs = map(_blob, vectors([sentence.text for sentence in part]))
        rows = [
            (s.source_id, s.paragraph, s.start, s.end, s.utterance_start, s.utterance_end, blob)
            for s, blob in zip(part, blobs, strict=True)
        ]
        connection.executemany("INSERT INTO sentences VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)", rows)
        seal.take([row[1:] for row in rows])
    for passages, texts in zip(
        batched(split.passages, PART), batched(split.passage_texts, PART), strict=True
    ):
        for passage, vector in zip(passages, vectors(texts), strict=True):
            row = tuple(getattr(passage, name) for name in _PASSAGE_FIELDS)
            cursor = connection.execute(
                "INSERT INTO passages VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)", (*row, _blob(vector))
            )
            seal.take([row])
            vectors_seal.take([(_blob(vector),)])
            text = source.text[passage.start : passage.end]
            lexical.add(connection, cursor.lastrowid or 0, text)
    connection.execute(
        "INSERT INTO seals VALUES (?, ?, ?)", (source.id, seal.digest(), vectors_seal.digest())
    )


def delete(connection: sqlite3.Connection, source_id: str) -> list[str]:
    """Removes everything computed from a source; the ids of the passages it had.

    Whose twins others are is decided again.
    """
    gone = delete_computed(connection, source_id)
    grouping.leave(connection, source_id)
    return gone


def delete_computed(connection: sqlite3.Connection, source_id: str) -> list[str]:
    """Removes what was computed from a source, but for what its twins are found by."""
    gone = passage_ids(connection, source_id)
    lexical.remove(connection, source_id)
    for table in ("passages", "sentences", "paragraphs", "seals"):
        connection.execute(f"DELETE FROM {table} WHERE source_id = ?", (source_id,))
    return gone


def known_ids(connection: sqlite3.Connection, source_ids: Collection[str]) -> set[str]:
    """Those of these ids that a source has."""
    rows = connection.execute(
        "SELECT sources.id FROM json_each(?) JOIN sources ON sources.id = value",
        (json.dumps(list(source_ids)),),
    )
    return {row[0] for row in rows}


def indexed(connection: sqlite3.Connection, source: Source) -> IndexedSource:
    """A stored source with all that was computed from it.

    Raises sqlite3.DatabaseError where that isn't what was stored.
    """
    source_id, seal = source.id, Seal()
    paragraphs, sentences, passages = (
        connection.execute(query, (source_id,)).fetchall() for query in _SPLIT_ROWS
    )
    for rows in (paragraphs, sentences, passages):
        seal.take(rows)
    stored = connection.execute("SELECT split FROM seals WHERE source_id = ?", (source_id,))
    if stored.fetchone() != (seal.digest(),):
        raise sqlite3.DatabaseError(f"what was computed from {source_id!r} has changed")
    return IndexedSource(
        source=source,
        paragraphs=tuple(Paragraph(source_id, *row) for row in paragraphs),
        sentences=tuple(
            Sentence(source_id, paragraph, start, end, first, last, source.text[start:end])
            for paragraph, start, end, first, last, _ in sentences
        ),
        sentence_vectors=_vectors(row[5] for row in sentences),
        passages=tuple(Passage(*row) for row in passages),
    )


def find_passages(connection: sqlite3.Connection, ids: Collection[str]) -> dict[str, Passage]:
    """The passages with these ids; ids that the catalog doesn't have are left out."""
    rows = connection.execute(
        f"SELECT {_PASSAGE_COLUMNS} FROM passages WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(ids)),),
    )
    return {row[0]: Passage(*row) for row in rows}


def passage_ids(connection: sqlite3.Connection, source_id: str | None = None) -> list[str]:
    """The ids of a source's passages, or of all."""
    rows = connection.execute(
        "SELECT id FROM passages WHERE ?1 IS NULL OR source_id = ?1 ORDER BY position", (source_id,)
    )
    return [row[0] for row in rows]


def count_passages(
    connection: sqlite3.Connection, source_ids: Collection[str] | None = None
) -> int:
    """The number of passages of these sources, or of all."""
    if source_ids is None:
        return int(connection.execute("SELECT count(*) FROM passages").fetchone()[0])
    # Source by source, by the index: of an alternative with NULL all rows would be read.
    found = connection.execute(
        "SELECT count(*) FROM json_each(?) CROSS JOIN passages ON source_id = value",
        (json.dumps(sorted(set(source_ids))),),
    )
    return int(found.fetchone()[0])


def count_paragraphs(connection: sqlite3.Connection) -> int:
    """The number of paragraphs of all sources."""
    return int(connection.execute("SELECT count(*) FROM paragraphs").fetchone()[0])


def passage_vectors(
    connection: sqlite3.Connection, ids: Collection[str] | None = None
) -> tuple[list[str], list[str], Vectors]:
    """Ids, source ids and vectors of these passages, or of all, in the order of the catalog."""
    rows = connection.execute(
        "SELECT id, source_id, vector FROM passages "
        "WHERE ?1 IS NULL OR id IN (SELECT value FROM json_each(?1)) ORDER BY position",
        (None if ids is None else json.dumps(list(ids)),),
    ).fetchall()
    return [row[0] for row in rows], [row[1] for row in rows], _vectors(row[2] for row in rows)


def sealed_passage_vectors(connection: sqlite3.Connection, source_id: str) -> Vectors:
    """The vectors of a source's passages, in their order.

    Raises sqlite3.DatabaseError where they aren't what was stored.
    """
    seal = Seal()
    rows = connection.execute(
        "SELECT vector FROM passages WHERE source_id = ? ORDER BY position", (source_id,)
    ).fetchall()
    seal.take(rows)
    stored = connection.execute("SELECT vectors FROM seals WHERE source_id = ?", (source_id,))
    if stored.fetchone() != (seal.digest(),):
        raise sqlite3.DatabaseError(f"the vectors of {source_id!r} have changed")
    return _vectors(row[0] for row in rows)


def _blob(vector: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> bytes:
    return vector.astype("<f4").tobytes()


def _vectors(blobs: Iterable[bytes]) -> Vectors:
    rows = list(blobs)
    return exact.stacked(rows) if rows else np.zeros((0, 0), dtype=np.float32)


def batched(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    """The items in their order, `size` at a time."""
    for first in range(0, len(items), size):
        yield items[first : first + size]
