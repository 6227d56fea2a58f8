"""Versions of sources as rows of the catalog, each sealed by a hash over all that it says."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from index.types import Origin, Place, Source, Stated

STATED = ("title", "publisher", "author", "published", "lang")
COLUMNS = "source_id, number, sha256, added, uri, metadata, original, origin, places, seal"


class VersionRow(NamedTuple):
    """A row of the table of versions, but for its seal and its text."""

    source_id: str
    number: int
    sha256: str
    added: str | None
    uri: str | None
    metadata: str
    original: str | None
    origin: str | None
    places: str


@dataclass(frozen=True, slots=True)
class SourceVersion:
    """One version of a source, without its text; the newest is the one that is searched."""

    number: int
    """From 1, in the order in which they were added."""
    sha256: str
    """Of its text in UTF-8, as hex digits."""
    added: str | None
    """When it was added, ISO 8601 in UTC; None where that wasn't recorded."""
    origin: Origin | None
    """The document that it was read from, if any."""


@dataclass(frozen=True, slots=True)
class SourceSummary:
    """The newest version of a stored source, without its text."""

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
    versions: int = 1
    """How many versions of it are stored, this one included."""
    added: str | None = None
    """When this version was added, ISO 8601 in UTC; None where that wasn't recorded."""


def row_of(source: Source, number: int, added: str | None) -> VersionRow:
    """A version as its row says it."""
    stated = {name: getattr(source, name) for name in STATED}
    return VersionRow(
        source_id=source.id,
        number=number,
        sha256=source.sha256,
        added=added,
        uri=source.uri,
        metadata=json.dumps({name: asdict(value) for name, value in stated.items() if value}),
        original=source.origin.sha256 if source.origin else None,
        origin=json.dumps(asdict(source.origin)) if source.origin else None,
        places=json.dumps([[p.start, p.end, p.page, p.element] for p in source.places]),
    )


def seal_of(row: VersionRow) -> str:
    """The hash that the row is stored with."""
    return hashlib.sha256(json.dumps(row).encode()).hexdigest()


def unsealed(stored: tuple[Any, ...]) -> VersionRow:
    """A row from the columns `COLUMNS`; sqlite3.DatabaseError where it isn't what was stored."""
    *values, seal = stored
    row = VersionRow(*values)
    try:
        is_whole = seal_of(row) == seal
    except TypeError:  # bytes in place of a text
        is_whole = False
    if not is_whole:
        raise sqlite3.DatabaseError(f"what is stored about {row.source_id!r} has changed")
    return row


def source_of(row: VersionRow, text: str) -> Source:
    """The source; sqlite3.DatabaseError where its text isn't what was stored."""
    if not isinstance(text, str) or hashlib.sha256(text.encode()).hexdigest() != row.sha256:
        raise sqlite3.DatabaseError(f"the stored text of {row.source_id!r} has changed")
    return Source(
        id=row.source_id,
        text=text,
        sha256=row.sha256,
        uri=row.uri,
        origin=_origin(row),
        places=tuple(Place(*each) for each in json.loads(row.places)),
        **_stated(row.metadata),
    )


def version_of(row: VersionRow) -> SourceVersion:
    """The version without its text."""
    return SourceVersion(row.number, row.sha256, row.added, _origin(row))


def summary_of(row: VersionRow, paragraphs: int, twins: str, versions: int) -> SourceSummary:
    """The newest version with what else is known of the source; `twins` is a JSON array of ids."""
    return SourceSummary(
        id=row.source_id,
        sha256=row.sha256,
        uri=row.uri,
        paragraphs=paragraphs,
        twins=tuple(sorted(json.loads(twins))),
        versions=versions,
        added=row.added,
        **_stated(row.metadata),
    )


def _origin(row: VersionRow) -> Origin | None:
    return None if row.origin is None else Origin(**json.loads(row.origin))


def _stated(metadata: str) -> dict[str, Stated | None]:
    stored = json.loads(metadata)
    return {name: Stated(**stored[name]) if name in stored else None for name in STATED}
