"""Exact search: every vector in the catalog compared, a part of them in memory at a time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from index.types import Vectors

PART = 10_000
"""Vectors in memory at a time."""


def nearest(
    connection: sqlite3.Connection,
    vector: NDArray[np.float32],
    k: int,
    source_ids: Collection[str] | None = None,
) -> list[tuple[str, float]]:
    """The ids of the `k` passages nearest to `vector`, best first, and their cosines.

    Of these sources, or of all; of passages as near as one another, those added first.
    """
    if source_ids is None:
        rows = connection.execute("SELECT id, vector FROM passages ORDER BY position")
    else:
        # Source by source: the passages of one stand together.
        rows = connection.execute(
            "SELECT passages.id, vector FROM json_each(?) CROSS JOIN passages ON source_id = value "
            "ORDER BY position",
            (json.dumps(sorted(set(source_ids))),),
        )
    best: list[tuple[str, float]] = []
    while part := rows.fetchmany(PART):
        cosines = stacked([row[1] for row in part]) @ vector
        found = best + [(row[0], float(cosine)) for row, cosine in zip(part, cosines, strict=True)]
        order = np.argsort([-cosine for _, cosine in found], kind="stable")[:k]
        best = [found[each] for each in order]
    return best


def stacked(blobs: Sequence[bytes]) -> Vectors:
    """The vectors as one array; raises sqlite3.DatabaseError where they aren't of one length."""
    try:
        if len({len(blob) for blob in blobs}) > 1:
            raise ValueError("vectors of different lengths")
        whole = np.frombuffer(b"".join(blobs), dtype="<f4")
        return whole.reshape(len(blobs), -1).astype(np.float32)
    except (TypeError, ValueError) as error:
        raise sqlite3.DatabaseError("a vector in it can't be read") from error
