"""Changes a library: keeps catalog and Chroma in step, whatever happens between.

Passages are added to Chroma before the catalog knows them and removed after it has forgotten them,
so a process killed at any point leaves at worst rows in Chroma that the catalog doesn't know.
Searches disregard these, and the next writer deletes them.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Self

from index import grouping, lexical, records, versions
from index.build import Split, split_source
from index.catalog import Catalog
from index.embeddings import Embedder
from index.errors import StorageError
from index.faults import disk_full, is_full
from index.homes import Home, Ledger
from index.store import ServerUnavailableError, Store, StoreUnavailableError
from index.types import Passage, Source
from index.unfinished import Unfinished
from index.words import words

Progress = Callable[[str, int, int], None]
"""Called with the source's id, the texts embedded so far, and how many there are."""

_log = logging.getLogger(__name__)


class Writer:
    """Adds to and removes from one library, as a context manager while the ledger is had."""

    def __init__(self, home: Home, store: Store, embedder: Embedder, ledger: Ledger) -> None:
        """Nothing is opened or written yet."""
        self._home = home
        self._catalog = home.catalog
        self._store = store
        self._ledger = ledger
        self._unfinished = Unfinished(home.folder, embedder)
        self._has_left_over = False

    def __enter__(self) -> Self:
        """Repairs what an earlier writer left undone."""
        with store_faults(self._home.address):
            if self._ledger.is_unfinished() or not _is_in_step(self._catalog, self._store):
                self._ledger.begin()
                reconcile(self._home, self._store)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Notes that nothing was left undone, unless something was."""
        self._store.close()
        self._unfinished.close()
        if kind is None and not self._has_left_over:
            self._ledger.end()

    @property
    def unfinished(self) -> Unfinished:
        """What is embedded of sources that aren't stored yet."""
        return self._unfinished

    def add(
        self, source: Source, original: bytes | None, *, is_known: bool, progress: Progress
    ) -> None:
        """Stores a source, or a new version of one that is known by its id."""
        split = split_source(source)
        with store_faults(self._home.address):
            _embed(split, self._unfinished, progress)
            self._ledger.begin()
            _store_passages(split, self._store, self._unfinished)
            with self._catalog.writing() as connection:
                self._ledger.watch(connection)
                gone = records.delete(connection, source.id) if is_known else []
                versions.insert(connection, source, original, _now())
                _insert_split(connection, self._store, split, self._unfinished)
                self._ledger.put(connection, source.id)
            self._forget(gone)
            self._ledger.settle()
            self._unfinished.forget(split.texts())

    def remove(self, source_id: str) -> None:
        """Removes a source with all its versions and everything computed from it."""
        with store_faults(self._home.address):
            self._ledger.begin()
            with self._catalog.writing() as connection:
                self._ledger.watch(connection)
                gone = records.delete(connection, source_id)
                versions.remove(connection, source_id)
                self._ledger.remove(connection, source_id)
            self._forget(gone)
            self._ledger.settle()

    def _forget(self, gone: list[str]) -> None:
        """Removes what the catalog has forgotten; what can't be is left to the next writer."""
        try:
            self._store.remove(gone)
        except StoreUnavailableError as error:  # the disk is full, say: the change itself is done
            _log.info("Chroma still has passages that are gone: %s", error)
            self._has_left_over = True


def compute_all(
    connection: sqlite3.Connection,
    store: Store,
    unfinished: Unfinished,
    ledger: Ledger,
    progress: Progress,
    before: Callable[[Source], None] = lambda source: None,
) -> None:
    """Computes everything of every source, in a transaction on a catalog that has only the texts.

    `before` is told of each source before it is embedded.
    """
    ledger.watch(connection)
    for source in versions.each_newest(connection):
        before(source)
        split = split_source(source)
        _embed(split, unfinished, progress)
        _store_passages(split, store, unfinished)
        _insert_split(connection, store, split, unfinished)
        ledger.put(connection, source.id)


def words_of(source: Source, passage: Passage) -> str:
    """The words of a passage, with spaces between."""
    return " ".join(words(source.text[passage.start : passage.end]))


def _embed(split: Split, unfinished: Unfinished, progress: Progress) -> None:
    source_id = split.source.id
    unfinished.embed(split.texts(), lambda done, texts: progress(source_id, done, texts))


def _store_passages(split: Split, store: Store, unfinished: Unfinished) -> None:
    for passages, texts in zip(
        records.batched(split.passages, records.PART),
        records.batched(split.passage_texts, records.PART),
        strict=True,
    ):
        found = [words_of(split.source, passage) for passage in passages]
        store.add(passages, unfinished.vectors(texts), found)


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
        return store.count() in (wanted, None)
    except StoreUnavailableError:
        return False


def reconcile(home: Home, store: Store) -> None:
    """Makes Chroma hold the passages of the catalog, no more and no less."""
    home.tidy(home.catalog.meta()["chroma"])
    with home.catalog.reading() as connection:
        wanted = set(records.passage_ids(connection))
        stored = store.ids()
        for part in records.batched(sorted(wanted - stored), records.PART):
            ids, _, vectors = records.passage_vectors(connection, part)
            passages = records.find_passages(connection, ids)
            found = lexical.words_of(connection, part)
            store.add([passages[each] for each in ids], vectors, [found[each] for each in ids])
    if leftovers := stored - wanted:
        store.remove(sorted(leftovers))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@contextmanager
def store_faults(address: str) -> Iterator[None]:
    """Raises StorageError where Chroma can't be written."""
    try:
        yield
    except ServerUnavailableError as error:
        raise StorageError(
            f"The vectors of the library in {address!r} can't be written ({error}): check that "
            "their server runs and can be reached, then do the same again."
        ) from error
    except StoreUnavailableError as error:
        if "disk is full" in str(error) or is_full(address):
            raise disk_full(address) from error
        raise StorageError(
            f"The vectors of the library in {address!r} can't be written ({error}): check the "
            f"disk and the rights, then run `pincite doctor --mend --library {address}`."
        ) from error
