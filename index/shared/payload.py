"""What a change is about, as bytes: a version of a source, and what was computed of the newest."""

from __future__ import annotations

import json
import sqlite3
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from index.types import Source, Vectors
from index.version_rows import COLUMNS, VersionRow, source_of, unsealed

MAX_TEXT_BYTES = 200_000_000
"""Of a version's row with its text, unpacked: several times what a source may have."""


@dataclass(frozen=True, slots=True)
class Computed:
    """What was computed of a source, beside what follows from its text."""

    sentence_vectors: Vectors
    passage_vectors: Vectors
    seals: tuple[str, str]
    """Of what was split, and of the passages' vectors."""


def packed_version(connection: sqlite3.Connection, source_id: str, number: int) -> bytes:
    """A version's row with its text, from a catalog."""
    row = connection.execute(
        f"SELECT {COLUMNS}, text FROM versions WHERE source_id = ? AND number = ?",
        (source_id, number),
    ).fetchone()
    return zlib.compress(json.dumps(row).encode())


def unpacked_version(data: bytes) -> tuple[VersionRow, Source]:
    """The version's row, and the source; ValueError where it isn't what was stored."""
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(data, MAX_TEXT_BYTES)
        *row, text = json.loads(text)
        stored = unsealed(tuple(row))
        return stored, source_of(stored, text)
    except (zlib.error, sqlite3.Error, TypeError) as error:
        raise ValueError(str(error)) from error


def packed_computed(connection: sqlite3.Connection, source_id: str) -> bytes:
    """What was computed of a source, from a catalog."""
    blobs: dict[str, list[bytes]] = {
        table: [
            row[0]
            for row in connection.execute(
                f"SELECT vector FROM {table} WHERE source_id = ? ORDER BY position", (source_id,)
            )
        ]
        for table in ("sentences", "passages")
    }
    seals = connection.execute(
        "SELECT split, vectors FROM seals WHERE source_id = ?", (source_id,)
    ).fetchone()
    head = {
        "sentences": len(blobs["sentences"]),
        "passages": len(blobs["passages"]),
        "seals": seals,
    }
    return json.dumps(head).encode() + b"\n" + b"".join(blobs["sentences"] + blobs["passages"])


def unpacked_computed(data: bytes) -> Computed:
    """What was computed of a source; ValueError where it can't be read."""
    line, _, raw = data.partition(b"\n")
    try:
        head: dict[str, Any] = json.loads(line)
        sentences, passages = int(head["sentences"]), int(head["passages"])
        vectors = np.frombuffer(raw, dtype="<f4").reshape(sentences + passages, -1)
        split, of_vectors = map(str, head["seals"])
    except (KeyError, TypeError) as error:
        raise ValueError(str(error)) from error
    return Computed(
        vectors[:sentences].astype(np.float32),
        vectors[sentences:].astype(np.float32),
        (split, of_vectors),
    )
