"""Sources and what was computed from them, to and from the rows of the catalog."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass

import numpy as np

from index import exact, lexical
from index.types import IndexedSource, Paragraph, Passage, Sentence, Source, Stated, Vectors

_STATED = ("title", "publisher", "author", "published", "lang")
_PASSAGE_COLUMNS = 'id, source_id, paragraph, start, "end", tokens'


@dataclass(frozen=True, slots=True)
class SourceSummary:
    """A stored source without its text."""

    id: str
    sha256: str
    title: Stated | None
    author: Stated | None
    published: Stated | None
    publisher: Stated | None
    lang: Stated | None
    uri: str | None
    paragraphs: int
    twins: tuple[str, ...]
    """The ids of the sources that render the same original."""


def insert_source(connection: sqlite3.Connection, source: Source) -> None:
    """Stores a source, so far without what is computed from it."""
    connection.execute(
        "INSERT INTO sources (id, sha256, uri, metadata, text) VALUES (?, ?, ?, ?, ?)",
        (source.id, source.sha256, source.uri, _metadata(source), source.text),
    )


def insert_derived(
    connection: sqlite3.Connection, indexed: IndexedSource, passage_vectors: Vectors
) -> None:
    """Stores what was computed from a source that is in the catalog; row i is passage i's."""
    connection.executemany(
        "INSERT INTO paragraphs VALUES (?, ?, ?, ?, ?)",
        [(p.source_id, p.number, p.start, p.end, p.kind) for p in indexed.paragraphs],
    )
    connection.executemany(
        "INSERT INTO sentences VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)",
        [
            (s.source_id, s.paragraph, s.start, s.end, s.utterance_start, s.utterance_end, _blob(v))
            for s, v in zip(indexed.sentences, indexed.sentence_vectors, strict=True)
        ],
    )
    for passage, vector in zip(indexed.passages, passage_vectors, strict=True):
        cursor = connection.execute(
            "INSERT INTO passages VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)",
            (
                passage.id,
                passage.source_id,
                passage.paragraph,
                passage.start,
                passage.end,
                passage.tokens,
                _blob(vector),
            ),
        )
        text = indexed.source.text[passage.start : passage.end]
        lexical.add(connection, cursor.lastrowid or 0, text)


def delete(connection: sqlite3.Connection, source_id: str) -> list[str]:
    """Removes a source and everything computed from it; the ids of the passages it had."""
    gone = passage_ids(connection, source_id)
    lexical.remove(connection, source_id)
    for table in ("passages", "sentences", "paragraphs"):
        connection.execute(f"DELETE FROM {table} WHERE source_id = ?", (source_id,))
    connection.execute("DELETE FROM twins WHERE ? IN (source_id, twin_id)", (source_id,))
    connection.execute("DELETE FROM sources WHERE id = ?", (source_id,))
    return gone


def add_twins(connection: sqlite3.Connection, source_id: str, twins: Iterable[str]) -> None:
    """Records that these sources render the same original, both ways."""
    pairs = [pair for twin in twins for pair in ((source_id, twin), (twin, source_id))]
    connection.executemany("INSERT OR IGNORE INTO twins VALUES (?, ?)", pairs)


def summaries(connection: sqlite3.Connection) -> tuple[SourceSummary, ...]:
    """All sources, in the order in which they were added."""
    rows = connection.execute(
        """
        SELECT id, sha256, uri, metadata,
          (SELECT count(*) FROM paragraphs WHERE source_id = sources.id),
          (SELECT json_group_array(twin_id) FROM twins WHERE source_id = sources.id)
        FROM sources ORDER BY position
        """
    )
    return tuple(
        SourceSummary(
            id=source_id,
            sha256=sha256,
            uri=uri,
            paragraphs=paragraphs,
            twins=tuple(sorted(json.loads(twins))),
            **_stated(metadata),
        )
        for source_id, sha256, uri, metadata, paragraphs, twins in rows
    )


def each_source(connection: sqlite3.Connection) -> Iterator[Source]:
    """All sources, one after the other, in the order in which they were added."""
    ids = [row[0] for row in connection.execute("SELECT id FROM sources ORDER BY position")]
    for source_id in ids:
        if source := find_source(connection, source_id):
            yield source


def find_sha256(connection: sqlite3.Connection, source_id: str) -> str | None:
    """The hash of the source with this id."""
    row = connection.execute("SELECT sha256 FROM sources WHERE id = ?", (source_id,)).fetchone()
    return None if row is None else str(row[0])


def known_ids(connection: sqlite3.Connection, source_ids: Collection[str]) -> set[str]:
    """Those of these ids that a source has."""
    rows = connection.execute(
        "SELECT sources.id FROM json_each(?) JOIN sources ON sources.id = value",
        (json.dumps(list(source_ids)),),
    )
    return {row[0] for row in rows}


def identities(connection: sqlite3.Connection) -> list[tuple[str, str, str | None]]:
    """Id, sha256 and uri of all sources."""
    return list(connection.execute("SELECT id, sha256, uri FROM sources ORDER BY position"))


def find_source(connection: sqlite3.Connection, source_id: str) -> Source | None:
    """The source with this id."""
    row = connection.execute(
        "SELECT id, text, sha256, uri, metadata FROM sources WHERE id = ?", (source_id,)
    ).fetchone()
    if row is None:
        return None
    return Source(id=row[0], text=row[1], sha256=row[2], uri=row[3], **_stated(row[4]))


def indexed(connection: sqlite3.Connection, source: Source) -> IndexedSource:
    """A stored source with all that was computed from it."""
    source_id = source.id
    paragraphs = connection.execute(
        'SELECT source_id, number, start, "end", kind FROM paragraphs '
        "WHERE source_id = ? ORDER BY number",
        (source_id,),
    )
    sentences = connection.execute(
        'SELECT paragraph, start, "end", utterance_start, utterance_end, vector FROM sentences '
        "WHERE source_id = ? ORDER BY position",
        (source_id,),
    ).fetchall()
    passages = connection.execute(
        f"SELECT {_PASSAGE_COLUMNS} FROM passages WHERE source_id = ? ORDER BY position",
        (source_id,),
    )
    return IndexedSource(
        source=source,
        paragraphs=tuple(Paragraph(*row) for row in paragraphs),
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


def twins(connection: sqlite3.Connection, source_id: str) -> frozenset[str]:
    """The ids of the sources that render the same original as this one."""
    rows = connection.execute("SELECT twin_id FROM twins WHERE source_id = ?", (source_id,))
    return frozenset(row[0] for row in rows)


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


def body_vectors(connection: sqlite3.Connection, source_id: str) -> Vectors:
    """The vectors of the passages of a source's body paragraphs, in the order of the text."""
    rows = connection.execute(
        """
        SELECT vector FROM passages JOIN paragraphs
          ON paragraphs.source_id = passages.source_id AND number = paragraph
        WHERE passages.source_id = ? AND kind = 'body' ORDER BY position
        """,
        (source_id,),
    )
    return _vectors(row[0] for row in rows)


def _metadata(source: Source) -> str:
    stated = {name: getattr(source, name) for name in _STATED}
    return json.dumps({name: asdict(value) for name, value in stated.items() if value})


def _stated(metadata: str) -> dict[str, Stated | None]:
    stored = json.loads(metadata)
    return {name: Stated(**stored[name]) if name in stored else None for name in _STATED}


def _blob(vector: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> bytes:
    return vector.astype("<f4").tobytes()


def _vectors(blobs: Iterable[bytes]) -> Vectors:
    rows = list(blobs)
    return exact.stacked(rows) if rows else np.zeros((0, 0), dtype=np.float32)
