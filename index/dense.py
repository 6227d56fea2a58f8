"""The dense half of retrieval: Chroma, checked against the catalog."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from index import exact, records
from index.catalog import Catalog
from index.store import Store, StoreUnavailableError
from index.types import Passage

EXACT_PASSAGES = 2_000
"""In sources with no more passages than that, all vectors are compared: it takes 10 ms."""
WIDTH = 400
"""Chroma's graph is searched as widely as passages are asked for, at least 100. At that least, of
the 36 nearest among 100,000 passages it found .79 in a benchmark (the nearest itself .87 of the
time), with 400 .93 (.93), for 4 ms more; see docs/scaling.md."""
SPARE = 2
"""How many times as many passages are asked for as should be enough to fill a larger scope."""

_log = logging.getLogger(__name__)


class DenseSearch:
    """Finds the nearest passages as of one generation of the catalog.

    Where Chroma can't be read or lacks passages (a read-only disk, a copied catalog without its
    folder), the catalog's own vectors are searched, all of them.
    """

    def __init__(self, catalog: Catalog, store: Store) -> None:
        """Nothing is opened yet."""
        self._catalog = catalog
        self._store = store
        self._lock = threading.Lock()
        self._is_complete: bool | None = None

    def nearest(
        self, vector: NDArray[np.float32], k: int, source_ids: Collection[str] | None = None
    ) -> list[tuple[Passage, float]]:
        """Up to `k` passages, best first, with their cosines; limited to these sources if given."""
        if k < 1 or (source_ids is not None and not source_ids):
            return []
        if source_ids is not None:
            return self._within(vector, k, frozenset(source_ids))
        if self._store_is_complete():
            try:
                return self._from_store(vector, k)
            except StoreUnavailableError as error:
                _log.info("Chroma can't be searched, so all vectors are: %s", error)
        return self._from_catalog(vector, k)

    def _within(
        self, vector: NDArray[np.float32], k: int, source_ids: frozenset[str]
    ) -> list[tuple[Passage, float]]:
        """The nearest in these sources: Chroma's own filter takes long for many of them.

        In few passages the nearest are found by comparing all; many passages are enough of the
        library for theirs to be among its nearest.
        """
        with self._catalog.reading() as connection:
            inside = records.count_passages(connection, source_ids)
            there_are = records.count_passages(connection)
        if inside > max(k, EXACT_PASSAGES):
            nearest = self.nearest(vector, k * SPARE * -(-there_are // inside))
            found = [pair for pair in nearest if pair[0].source_id in source_ids][:k]
            if len(found) == k:
                return found
        return self._from_catalog(vector, k, source_ids)

    def _store_is_complete(self) -> bool:
        with self._lock:
            if self._is_complete is None:
                stored: int | None = -1
                try:
                    stored = self._store.count()
                except StoreUnavailableError as error:
                    _log.info("Chroma can't be opened, so all vectors are searched: %s", error)
                with self._catalog.reading() as connection:
                    there_are = records.count_passages(connection)
                self._is_complete = stored is None or stored >= there_are
            return self._is_complete

    def _from_store(self, vector: NDArray[np.float32], k: int) -> list[tuple[Passage, float]]:
        nearest = self._store.nearest(vector, max(k, WIDTH))
        with self._catalog.reading() as connection:
            passages = records.find_passages(connection, [each for each, _ in nearest[:k]])
            if len(passages) < k:
                # Another writer has added some that aren't in this catalog yet, or a killed one
                # left some, which the next writer deletes: those after them are looked at too.
                passages = records.find_passages(connection, [each for each, _ in nearest])
            found = [(passages[each], cosine) for each, cosine in nearest if each in passages][:k]
            there_are = k if len(found) == k else records.count_passages(connection)
        if len(found) < min(k, there_are):
            raise StoreUnavailableError("it gives fewer passages than there are")
        return _ranked(found)

    def _from_catalog(
        self, vector: NDArray[np.float32], k: int, source_ids: Collection[str] | None = None
    ) -> list[tuple[Passage, float]]:
        with self._catalog.reading() as connection:
            scores = dict(exact.nearest(connection, vector, k, source_ids))
            passages = records.find_passages(connection, list(scores))
        return _ranked([(passages[each], scores[each]) for each in scores])


def _ranked(found: list[tuple[Passage, float]]) -> list[tuple[Passage, float]]:
    return sorted(found, key=lambda pair: (-pair[1], pair[0].id))
