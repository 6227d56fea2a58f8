"""Changes a library: takes the lock, keeps catalog and Chroma in step, whatever happens between.

Passages are added to Chroma before the catalog knows them and removed after it has forgotten them,
so a process killed at any point leaves at worst rows in Chroma that the catalog doesn't know.
Searches disregard these, and the next writer deletes them.
"""

from __future__ import annotations

import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from index import records
from index.build import Built, build_source
from index.catalog import Catalog, create_tables, recreate_derived_tables, write_meta
from index.embeddings import Embedder
from index.errors import LibraryLockedError, StorageError
from index.faults import storage_faults
from index.store import Store, StoreUnavailableError
from index.twins import find_twins
from index.types import Source

LOCK_NAME = "writer.lock"
_CHROMA_PREFIX = "chroma-"

Progress = Callable[[str, int, int], None]
"""Called with the source's id, the texts embedded so far, and how many there are."""


@contextmanager
def writer_lock(folder: Path) -> Iterator[None]:
    """Keeps every other writer out; raises LibraryLockedError when there is one already."""
    lock = FileLock(folder / LOCK_NAME)
    with storage_faults(folder):
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise LibraryLockedError(
                f"Another process is writing to the library in {str(folder)!r}: "
                "try again when it is done."
            ) from error
    try:
        yield
    finally:
        lock.release()


def create_catalog(catalog: Catalog, manifest: Mapping[str, str]) -> None:
    """Makes an empty library with these entries in its meta table, or leaves nothing."""
    with catalog.writing() as connection:
        create_tables(connection, {**manifest, "chroma": _new_chroma_name()})


class Writer:
    """Adds to and removes from one library; use it under `writer_lock`."""

    def __init__(self, catalog: Catalog, store: Store, embedder: Embedder) -> None:
        """Repairs what an earlier writer left undone."""
        self._catalog = catalog
        self._store = store
        self._embedder = embedder
        with _store_faults(catalog.folder):
            _reconcile(catalog, store)

    def add(self, source: Source, replaces: str | None, progress: Progress) -> None:
        """Stores a source; the one that it replaces goes in the same step."""
        built = _build(source, self._embedder, progress)
        with _store_faults(self._catalog.folder):
            self._store.add(built.indexed.passages, built.passage_vectors)
            with self._catalog.writing() as connection:
                gone = records.delete(connection, replaces) if replaces else []
                records.insert_source(connection, source)
                _insert_built(connection, self._store, built)
            self._store.remove(gone)

    def remove(self, source_id: str) -> None:
        """Removes a source and everything computed from it."""
        with _store_faults(self._catalog.folder):
            with self._catalog.writing() as connection:
                gone = records.delete(connection, source_id)
            self._store.remove(gone)


def rebuild(
    catalog: Catalog, embedder: Embedder, manifest: Mapping[str, str], progress: Progress
) -> None:
    """Computes everything again from the stored texts; until it is done the old state holds.

    `manifest` are the entries of the meta table that change with it.
    """
    name = _new_chroma_name()
    store = Store(catalog.folder / name)
    try:
        with _store_faults(catalog.folder), catalog.writing() as connection:
            recreate_derived_tables(connection)
            for source in records.each_source(connection):
                built = _build(source, embedder, progress)
                store.add(built.indexed.passages, built.passage_vectors)
                _insert_built(connection, store, built)
            write_meta(connection, {**manifest, "chroma": name})
    finally:
        store.close()
        _remove_other_chroma_folders(catalog)


def _build(source: Source, embedder: Embedder, progress: Progress) -> Built:
    return build_source(source, embedder, lambda done, texts: progress(source.id, done, texts))


def _insert_built(connection: sqlite3.Connection, store: Store, built: Built) -> None:
    """Enters what was computed from a source whose passages are in the store already."""
    source_id = built.indexed.source.id
    records.insert_derived(connection, built.indexed, built.passage_vectors)
    twins = find_twins(
        records.body_vectors(connection, source_id),
        store.nearest_sources,
        lambda other: records.body_vectors(connection, other),
        source_id,
    )
    records.add_twins(connection, source_id, twins)


def _reconcile(catalog: Catalog, store: Store) -> None:
    """Makes Chroma hold the passages of the catalog, no more and no less."""
    _remove_other_chroma_folders(catalog)
    with catalog.reading() as connection:
        wanted = set(records.passage_ids(connection))
        stored = store.ids()
        if missing := wanted - stored:
            ids, _, vectors = records.passage_vectors(connection, missing)
            passages = records.find_passages(connection, ids)
            store.add([passages[each] for each in ids], vectors)
    if leftovers := stored - wanted:
        store.remove(sorted(leftovers))


def _remove_other_chroma_folders(catalog: Catalog) -> None:
    """Deletes what finished or killed rebuilds left behind."""
    current = catalog.meta().get("chroma")
    for folder in catalog.folder.glob(f"{_CHROMA_PREFIX}*"):
        if folder.name != current:
            shutil.rmtree(folder, ignore_errors=True)


def _new_chroma_name() -> str:
    return _CHROMA_PREFIX + secrets.token_hex(4)


@contextmanager
def _store_faults(folder: Path) -> Iterator[None]:
    try:
        yield
    except StoreUnavailableError as error:
        raise StorageError(
            f"The vectors of the library in {str(folder)!r} can't be written ({error}): check the "
            f"disk and the rights, then run `pincite reindex --library {folder}`."
        ) from error
