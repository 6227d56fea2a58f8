"""What ranks a passage, read from the catalog without the rest of its source."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import cast

from index.exact import stacked
from index.types import ParagraphKind, Passage, Vectors


@dataclass(frozen=True, slots=True)
class Glimpse:
    """The kind of a passage's paragraph, and the vectors of its sentences in their order."""

    kind: ParagraphKind
    sentence_vectors: Vectors = field(repr=False, compare=False)


def glimpses(connection: sqlite3.Connection, passages: Iterable[Passage]) -> dict[Passage, Glimpse]:
    """A glimpse of each of these passages; one that isn't there any more is left out."""
    found = {}
    for passage in passages:
        kind = connection.execute(
            "SELECT kind FROM paragraphs WHERE source_id = ? AND number = ?",
            (passage.source_id, passage.paragraph),
        ).fetchone()
        blobs = connection.execute(
            "SELECT vector FROM sentences "
            "WHERE source_id = ? AND paragraph = ? AND start >= ? AND start < ? ORDER BY position",
            (passage.source_id, passage.paragraph, passage.start, passage.end),
        ).fetchall()
        if kind and blobs:
            found[passage] = Glimpse(
                cast("ParagraphKind", kind[0]), stacked([blob for (blob,) in blobs])
            )
    return found
