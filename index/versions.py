"""Sources in all their versions, and the originals they were read from, as rows of the catalog."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence

from index.types import Source
from index.version_rows import (
    COLUMNS,
    SourceSummary,
    SourceVersion,
    row_of,
    seal_of,
    source_of,
    summary_of,
    unsealed,
    version_of,
)


def insert(
    connection: sqlite3.Connection, source: Source, original: bytes | None, added: str | None
) -> None:
    """Stores a source: as its first version, or as the newest of the source with its id."""
    row = connection.execute("SELECT version FROM sources WHERE id = ?", (source.id,)).fetchone()
    number = row[0] + 1 if row else 1
    set_newest(connection, source, number)
    insert_version(connection, source, number, added)
    if source.origin and original is not None:
        insert_original(connection, source.origin.sha256, original)


def set_newest(connection: sqlite3.Connection, source: Source, number: int) -> None:
    """Makes this version of the source the one that is searched."""
    connection.execute(
        """
        INSERT INTO sources (id, version, sha256, uri, published, publisher, lang)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET
          (version, sha256, uri, published, publisher, lang) =
          (excluded.version, excluded.sha256, excluded.uri,
           excluded.published, excluded.publisher, excluded.lang)
        """,
        newest_row(source, number),
    )


def newest_row(source: Source, number: int) -> tuple[str | int | None, ...]:
    """What the table of sources says of this version, when it is the newest."""
    return (
        source.id,
        number,
        source.sha256,
        source.uri,
        source.published.value.partition("T")[0] if source.published else None,
        folded(source.publisher.value) if source.publisher else None,
        language_code(source.lang.value) if source.lang else None,
    )


def folded(name: str) -> str:
    """A name as names are compared: without regard to case and to runs of white space."""
    return " ".join(name.casefold().split())


def language_code(lang: str) -> str:
    """The language of a tag such as "en-GB", without the country."""
    return folded(lang).replace("_", "-").partition("-")[0]


def insert_version(
    connection: sqlite3.Connection, source: Source, number: int, added: str | None
) -> None:
    """Stores a version of a source."""
    row = row_of(source, number, added)
    connection.execute(
        f"INSERT INTO versions ({COLUMNS}, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*row, seal_of(row), source.text),
    )


def insert_original(connection: sqlite3.Connection, sha256: str, original: bytes) -> None:
    """Stores a document unless it is there already; a large one isn't copied in vain."""
    known = connection.execute("SELECT 1 FROM originals WHERE sha256 = ?", (sha256,)).fetchone()
    if not known:
        connection.execute("INSERT INTO originals VALUES (?, ?)", (sha256, original))


def remove(connection: sqlite3.Connection, source_id: str) -> None:
    """Removes all versions of a source, and the originals that no other version came from."""
    rows = connection.execute(
        "SELECT DISTINCT original FROM versions WHERE source_id = ? AND original IS NOT NULL",
        (source_id,),
    ).fetchall()
    connection.execute("DELETE FROM versions WHERE source_id = ?", (source_id,))
    connection.execute("DELETE FROM sources WHERE id = ?", (source_id,))
    connection.executemany(
        "DELETE FROM originals WHERE sha256 = ?1 "
        "AND NOT EXISTS (SELECT 1 FROM versions WHERE original = ?1)",
        rows,
    )


# --- finding -------------------------------------------------------------------------------------


def find(
    connection: sqlite3.Connection, source_id: str, number: int | None = None
) -> Source | None:
    """A source in its newest version, or in the one with this number.

    Raises sqlite3.DatabaseError where what is stored isn't what was.
    """
    row = connection.execute(
        f"SELECT {COLUMNS}, text FROM versions WHERE source_id = ?1 AND number = "
        "coalesce(?2, (SELECT version FROM sources WHERE id = ?1))",
        (source_id, number),
    ).fetchone()
    return None if row is None else source_of(unsealed(row[:-1]), row[-1])


def find_cited(connection: sqlite3.Connection, source_id: str, sha256: str) -> Source | None:
    """The version with this hash: of the source with this id rather than of another."""
    row = connection.execute(
        f"SELECT {COLUMNS}, text FROM versions WHERE sha256 = ? ORDER BY source_id = ? DESC, "
        "number = (SELECT version FROM sources WHERE id = source_id) DESC, number DESC LIMIT 1",
        (sha256, source_id),
    ).fetchone()
    return None if row is None else source_of(unsealed(row[:-1]), row[-1])


def history(connection: sqlite3.Connection, source_id: str) -> tuple[SourceVersion, ...]:
    """The versions of a source, oldest first."""
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM versions WHERE source_id = ? ORDER BY number", (source_id,)
    )
    return tuple(version_of(unsealed(row)) for row in rows)


def find_original(
    connection: sqlite3.Connection, source_id: str, number: int | None = None
) -> tuple[str, bytes] | None:
    """The hash and the bytes of the document that a version, or the newest, was read from."""
    row = connection.execute(
        "SELECT sha256, bytes FROM originals WHERE sha256 = (SELECT original FROM versions "
        "WHERE source_id = ?1 AND number = "
        "coalesce(?2, (SELECT version FROM sources WHERE id = ?1)))",
        (source_id, number),
    ).fetchone()
    return None if row is None else (str(row[0]), bytes(row[1]))


def find_origin(
    connection: sqlite3.Connection, source_id: str, number: int | None = None
) -> str | None:
    """The hash of the document that a version, or the newest, was read from, if any."""
    row = connection.execute(
        "SELECT original FROM versions WHERE source_id = ?1 AND number = "
        "coalesce(?2, (SELECT version FROM sources WHERE id = ?1))",
        (source_id, number),
    ).fetchone()
    return None if row is None else row[0]


def is_origin(connection: sqlite3.Connection, sha256: str) -> bool:
    """Whether any version was read from the document with this hash."""
    row = connection.execute("SELECT 1 FROM versions WHERE original = ? LIMIT 1", (sha256,))
    return row.fetchone() is not None


def is_original(sha256: str, original: bytes) -> bool:
    """Whether the bytes are those that were stored under this hash."""
    return hashlib.sha256(original).hexdigest() == sha256


def find_sha256(connection: sqlite3.Connection, source_id: str) -> str | None:
    """The hash of the newest version of the source with this id."""
    row = connection.execute("SELECT sha256 FROM sources WHERE id = ?", (source_id,)).fetchone()
    return None if row is None else str(row[0])


def newest_number(connection: sqlite3.Connection, source_id: str) -> int:
    """The number of the newest version of a source that is there."""
    row = connection.execute("SELECT version FROM sources WHERE id = ?", (source_id,)).fetchone()
    return int(row[0])


def find_same_text(connection: sqlite3.Connection, sha256: str) -> tuple[str, str | None] | None:
    """Id and uri of the source whose newest version has this hash."""
    row = connection.execute("SELECT id, uri FROM sources WHERE sha256 = ?", (sha256,)).fetchone()
    return None if row is None else (row[0], row[1])


def find_by_address(connection: sqlite3.Connection, uri: str | None, source_id: str) -> str | None:
    """The id of the source with this uri; without one, this id where its source has none either."""
    row = connection.execute(
        "SELECT id FROM sources WHERE uri = ?1 "
        "UNION ALL SELECT id FROM sources WHERE ?1 IS NULL AND uri IS NULL AND id = ?2 LIMIT 1",
        (uri, source_id),
    ).fetchone()
    return None if row is None else str(row[0])


def contents(connection: sqlite3.Connection) -> dict[str, str]:
    """The hash of the newest version of each source, by id, in the order of adding."""
    return dict(connection.execute("SELECT id, sha256 FROM sources ORDER BY position"))


def superseded(connection: sqlite3.Connection) -> list[tuple[str, int]]:
    """Id and number of each version that isn't the newest of its source, oldest first."""
    return connection.execute(
        "SELECT source_id, number FROM versions JOIN sources ON id = source_id "
        "WHERE number < version ORDER BY position, number"
    ).fetchall()


def each_newest(connection: sqlite3.Connection) -> Iterator[Source]:
    """The newest version of each source, one after the other, in the order of adding."""
    for source_id in contents(connection):
        if source := find(connection, source_id):
            yield source


def summaries(
    connection: sqlite3.Connection, ids: Sequence[str] | None = None
) -> tuple[SourceSummary, ...]:
    """These sources, or all, in their newest versions, in the order in which they were added."""
    columns = ", ".join(f"versions.{name.strip()}" for name in COLUMNS.split(","))
    chosen = "" if ids is None else "WHERE sources.id IN (SELECT value FROM json_each(?))"
    rows = connection.execute(
        f"""
        SELECT {columns},
          (SELECT count(*) FROM paragraphs WHERE source_id = sources.id),
          (SELECT json_group_array(DISTINCT other.source_id) FROM twins AS own
           JOIN twins AS other USING (first_id)
           WHERE own.source_id = sources.id AND other.source_id <> sources.id),
          (SELECT count(*) FROM versions WHERE source_id = sources.id)
        FROM sources JOIN versions ON source_id = id AND number = version
        {chosen} ORDER BY sources.position
        """,
        () if ids is None else (json.dumps(ids),),
    )
    return tuple(summary_of(unsealed(row[:-3]), *row[-3:]) for row in rows)
