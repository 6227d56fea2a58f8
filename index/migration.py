"""Brings the stored texts of a library of an earlier version into today's tables."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from typing import Any

from index import versions
from index.catalog import STORED_TABLES, execute_all
from index.types import Source, Stated


def update_stored_tables(connection: sqlite3.Connection) -> None:
    """Makes the tables of schema 1, if the catalog has these, those of this version.

    Schema 1 kept one text of each source, in the table of sources, and no time.
    """
    columns = {row[1] for row in connection.execute("PRAGMA table_info (sources)")}
    if "text" not in columns:
        return
    connection.execute("ALTER TABLE sources RENAME TO old_sources")
    execute_all(connection, STORED_TABLES)
    ids = connection.execute("SELECT id FROM old_sources ORDER BY position").fetchall()
    for (source_id,) in ids:
        row = connection.execute(
            "SELECT id, text, sha256, uri, metadata FROM old_sources WHERE id = ?", (source_id,)
        ).fetchone()
        source = Source(id=row[0], text=row[1], sha256=row[2], uri=row[3])
        stated: dict[str, Any] = {
            name: Stated(**value) for name, value in json.loads(row[4]).items()
        }
        source = replace(source, **stated)
        versions.insert(connection, source, None, added=None)
    connection.execute("DROP TABLE old_sources")
