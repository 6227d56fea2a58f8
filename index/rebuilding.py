"""Computes the index of a library in a folder again, from the texts that are stored."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress

from index import records
from index.build import with_context
from index.catalog import recreate_derived_tables, write_meta
from index.embeddings import Embedder
from index.faults import storage_faults
from index.homes import Home, Ledger
from index.manifest import new_chroma_name
from index.migration import update_stored_tables
from index.types import Source
from index.unfinished import Unfinished
from index.vector_stores import forget, named_store
from index.writer import Progress, compute_all, reconcile, store_faults


def rebuild(
    home: Home,
    ledger: Ledger,
    embedder: Embedder,
    manifest: Mapping[str, str],
    progress: Progress,
    known: sqlite3.Connection | None = None,
) -> None:
    """Computes everything again from the stored texts; until it is done the old state holds.

    The caller holds the library's lock. `manifest` are the entries of the meta table that change
    with it. What is embedded is kept when it is killed, and not embedded again; nor is what `known`
    has, a catalog that was made with the same embedding.
    """
    name = new_chroma_name()
    before = home.catalog.meta()
    made = {**before, **manifest, "chroma": name}
    store = home.store(made)
    unfinished = Unfinished(home.folder, embedder)

    def take_over(source: Source) -> None:
        if known is not None:
            keep_vectors(known, source, unfinished)

    try:
        ledger.begin()
        with store_faults(home.address), home.catalog.writing() as connection:
            update_stored_tables(connection)
            recreate_derived_tables(connection)
            compute_all(connection, store, unfinished, ledger, progress, take_over)
            write_meta(connection, made)
        unfinished.discard()
        forget(named_store(before))
        ledger.end()
    finally:
        unfinished.close()
        store.close()
        home.tidy(home.catalog.meta()["chroma"])


def keep_vectors(known: sqlite3.Connection, source: Source, unfinished: Unfinished) -> None:
    """Takes over the vectors that a catalog has of a source, if they are what was stored."""
    with suppress(sqlite3.Error):
        indexed = records.indexed(known, source)
        unfinished.keep([each.text for each in indexed.sentences], indexed.sentence_vectors)
        texts = with_context(source, indexed.paragraphs, indexed.passages)
        unfinished.keep(texts, records.sealed_passage_vectors(known, source.id))


def store_again(home: Home, ledger: Ledger) -> None:
    """Makes Chroma's files anew, of what the catalog has; the caller holds the library's lock."""
    manifest = home.catalog.meta()
    with (
        store_faults(home.address),
        storage_faults(home.folder),
        closing(home.store(manifest)) as store,
    ):
        ledger.begin()
        shutil.rmtree(home.folder / manifest["chroma"], ignore_errors=True)
        reconcile(home, store)
        store.close()
        ledger.end()
