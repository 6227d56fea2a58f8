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
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from index import grouping, records, versions
from index.build import Split, split_source, with_context
from index.catalog import Catalog, create_tables, recreate_derived_tables, write_meta
from index.embeddings import Embedder
from index.errors import LibraryLockedError, StorageError
from index.faults import storage_faults
from index.migration import update_stored_tables
from index.store import Store, StoreUnavailableError
from index.types import Source
from index.unfinished import Unfinished

LOCK_NAME = "writer.lock"
CHANGING_NAME = "changing"
"""A file that is there while catalog and Chroma may be out of step: during a change, and after one
that was killed."""
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
        create_tables(connection, {**manifest, "chroma": new_chroma_name()})


class Writer:
    """Adds to and removes from one library, as a context manager under `writer_lock`."""

    def __init__(self, catalog: Catalog, store: Store, embedder: Embedder) -> None:
        """Nothing is opened or written yet."""
        self._catalog = catalog
        self._store = store
        self._unfinished = Unfinished(catalog.folder, embedder)
        self._changing = catalog.folder / CHANGING_NAME

    def __enter__(self) -> Self:
        """Repairs what an earlier writer left undone."""
        with _store_faults(self._catalog.folder):
            if self._changing.exists() or not _is_in_step(self._catalog, self._store):
                self._change()
                _reconcile(self._catalog, self._store)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Notes that nothing was left undone, unless something was."""
        self._unfinished.close()
        if kind is None:
            with storage_faults(self._catalog.folder):
                self._changing.unlink(missing_ok=True)

    def add(
        self, source: Source, original: bytes | None, *, is_known: bool, progress: Progress
    ) -> None:
        """Stores a source, or a new version of one that is known by its id."""
        split = split_source(source)
        with _store_faults(self._catalog.folder):
            _embed(split, self._unfinished, progress)
            self._change()
            self._store_passages(split)
            with self._catalog.writing() as connection:
                gone = records.delete(connection, source.id) if is_known else []
                versions.insert(connection, source, original, _now())
                _insert_split(connection, self._store, split, self._unfinished)
            self._store.remove(gone)
            self._unfinished.forget(split.texts())

    def remove(self, source_id: str) -> None:
        """Removes a source with all its versions and everything computed from it."""
        with _store_faults(self._catalog.folder):
            self._change()
            with self._catalog.writing() as connection:
                gone = records.delete(connection, source_id)
                versions.remove(connection, source_id)
            self._store.remove(gone)

    def _store_passages(self, split: Split) -> None:
        _store_passages(split, self._store, self._unfinished)

    def _change(self) -> None:
        """Notes on the disk that catalog and Chroma may be out of step from now on."""
        with storage_faults(self._catalog.folder):
            self._changing.touch()


def rebuild(
    catalog: Catalog,
    embedder: Embedder,
    manifest: Mapping[str, str],
    progress: Progress,
    known: sqlite3.Connection | None = None,
) -> None:
    """Computes everything again from the stored texts; until it is done the old state holds.

    `manifest` are the entries of the meta table that change with it. What is embedded is kept
    when it is killed, and not embedded again; nor is what `known` has, a catalog that was made
    with the same embedding.
    """
    name = new_chroma_name()
    store = Store(catalog.folder / name)
    unfinished = Unfinished(catalog.folder, embedder)
    changing = catalog.folder / CHANGING_NAME
    try:
        with storage_faults(catalog.folder):
            changing.touch()
        with _store_faults(catalog.folder), catalog.writing() as connection:
            update_stored_tables(connection)
            recreate_derived_tables(connection)
            for source in versions.each_newest(connection):
                if known is not None:
                    keep_vectors(known, source, unfinished)
                split = split_source(source)
                _embed(split, unfinished, progress)
                _store_passages(split, store, unfinished)
                _insert_split(connection, store, split, unfinished)
            write_meta(connection, {**manifest, "chroma": name})
        unfinished.discard()
        changing.unlink()
    finally:
        unfinished.close()
        store.close()
        _remove_other_chroma_folders(catalog)


def keep_vectors(known: sqlite3.Connection, source: Source, unfinished: Unfinished) -> None:
    """Takes over the vectors that a catalog has of a source, if they are what was stored."""
    with suppress(sqlite3.Error):
        indexed = records.indexed(known, source)
        unfinished.keep([each.text for each in indexed.sentences], indexed.sentence_vectors)
        texts = with_context(source, indexed.paragraphs, indexed.passages)
        unfinished.keep(texts, records.sealed_passage_vectors(known, source.id))


def _embed(split: Split, unfinished: Unfinished, progress: Progress) -> None:
    source_id = split.source.id
    unfinished.embed(split.texts(), lambda done, texts: progress(source_id, done, texts))


def _store_passages(split: Split, store: Store, unfinished: Unfinished) -> None:
    for passages, texts in zip(
        records.batched(split.passages, records.PART),
        records.batched(split.passage_texts, records.PART),
        strict=True,
    ):
        store.add(passages, unfinished.vectors(texts))


def _insert_split(
    connection: sqlite3.Connection, store: Store, split: Split, unfinished: Unfinished
) -> None:
    """Enters what was computed from a source whose passages are in the store already."""
    records.insert_split(connection, split, unfinished.vectors)
    grouping.enter(connection, split, store.nearest_sources)


def _is_in_step(catalog: Catalog, store: Store) -> bool:
    """Whether Chroma has as many passages as the catalog; a lost folder is noticed by that."""
    with catalog.reading() as connection:
        wanted = records.count_passages(connection)
    try:
        return store.count() == wanted
    except StoreUnavailableError:
        return False


def _reconcile(catalog: Catalog, store: Store) -> None:
    """Makes Chroma hold the passages of the catalog, no more and no less."""
    _remove_other_chroma_folders(catalog)
    with catalog.reading() as connection:
        wanted = set(records.passage_ids(connection))
        stored = store.ids()
        for part in records.batched(sorted(wanted - stored), records.PART):
            ids, _, vectors = records.passage_vectors(connection, part)
            passages = records.find_passages(connection, ids)
            store.add([passages[each] for each in ids], vectors)
    if leftovers := stored - wanted:
        store.remove(sorted(leftovers))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def store_again(catalog: Catalog, store: Store) -> None:
    """Makes Chroma's files anew, of what the catalog has."""
    store.close()
    with _store_faults(catalog.folder), storage_faults(catalog.folder):
        catalog.folder.joinpath(CHANGING_NAME).touch()
        shutil.rmtree(store.folder, ignore_errors=True)
        _reconcile(catalog, store)
        catalog.folder.joinpath(CHANGING_NAME).unlink()


def _remove_other_chroma_folders(catalog: Catalog) -> None:
    """Deletes what finished or killed rebuilds left behind."""
    current = catalog.meta().get("chroma")
    for folder in catalog.folder.glob(f"{_CHROMA_PREFIX}*"):
        if folder.name != current:
            shutil.rmtree(folder, ignore_errors=True)


def new_chroma_name() -> str:
    """A name for a folder of Chroma's that isn't there yet."""
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
