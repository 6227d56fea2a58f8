"""An opened library: what it can be asked, in the state that it is in at the time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from index import records, twin_rows, versions, word_search
from index.build import without_vectors
from index.catalog import Catalog
from index.census import Census
from index.dense import DenseSearch
from index.embeddings import Embedder
from index.errors import SourceError
from index.faults import damaged
from index.filters import EVERYTHING, Filter, matching
from index.glimpses import Glimpse, glimpses
from index.homes import Home
from index.listing import Column, Listing, listing, most_stated
from index.manifest import check_manifest, manifest_for
from index.store import Store
from index.types import IndexedSource, Passage
from index.version_rows import SourceSummary, SourceVersion
from index.words import content_words

_CACHED_SOURCES = 64


@dataclass(frozen=True, slots=True)
class _State:
    """What belongs to one generation of the catalog."""

    generation: str
    store: Store
    dense: DenseSearch
    census: Census


class OpenedLibrary:
    """Reads a library; safe to use from several threads, beside one writing process."""

    def __init__(self, home: Home, embedder: Embedder) -> None:
        """Use `open`, `create` or `open_or_create`; they check what is there."""
        self.fingerprint = manifest_for(embedder)["fingerprint"]
        self._home = home
        self._embedder = embedder
        self._lock = threading.RLock()
        self._state: _State | None = None
        self._indexed: OrderedDict[tuple[str, str | None], IndexedSource] = OrderedDict()

    def close(self) -> None:
        """Lets go of all files."""
        with self._lock:
            if self._state is not None:
                self._state.store.close()
                self._state = None
            self._home.close()

    def __enter__(self) -> Self:
        """The library itself, to be closed at the end of a `with` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the library."""
        self.close()

    @property
    def address(self) -> str:
        """What `open` finds it by, from another process too."""
        return self._home.address

    @property
    def path(self) -> Path:
        """Its folder; for a library on a server that of this machine's copy."""
        return self._home.folder

    @property
    def _catalog(self) -> Catalog:
        return self._home.catalog

    # -- reading

    def sources(self) -> tuple[SourceSummary, ...]:
        """All sources without their texts, in the order in which they were added."""
        self._current()
        with self._catalog.reading() as connection:
            return versions.summaries(connection)

    def listing(
        self,
        wanted: Filter = EVERYTHING,
        *,
        words: str = "",
        ids: Collection[str] | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> Listing:
        """Sources as `sources` has them, but only those that meet all that is asked, in part.

        Args:
            wanted: the filter. Raises SettingsError where it leaves none, and SourceError where it
                names one that isn't there.
            words: each must be in the source's id, title or publisher, whatever the case.
            ids: only these; those that no source has are left out.
            limit: how many are returned, of those after the first `offset`; all by default.
            offset: how many are skipped.
        """
        self._current()
        with self._catalog.reading() as connection:
            return listing(connection, wanted, words=words, ids=ids, limit=limit, offset=offset)

    def most_stated(self, column: Column, most: int) -> tuple[tuple[str, int], ...]:
        """The dates, publishers or languages that most sources state, and how many state each."""
        self._current()
        with self._catalog.reading() as connection:
            return most_stated(connection, column, most)

    def matching(self, wanted: Filter) -> frozenset[str]:
        """The ids of the sources that meet the conditions of the filter.

        Raises SettingsError, with the condition that leaves none, where there is none, and
        SourceError where it names one that isn't there.
        """
        self._current()
        with self._catalog.reading() as connection:
            return matching(connection, wanted)

    def indexed(self, source_id: str) -> IndexedSource:
        """A source with all that was computed from it; SourceError when there is none."""
        if not can_be_stored(source_id):
            raise self._no_source(source_id)
        self._current()
        with self._catalog.reading() as connection:
            key = (source_id, versions.find_sha256(connection, source_id))
            with self._lock:
                if known := self._indexed.get(key):
                    self._indexed.move_to_end(key)
                    return known
            source = versions.find(connection, source_id)
            if source is None:
                raise self._no_source(source_id)
            indexed = records.indexed(connection, source)
        with self._lock:
            self._indexed[key] = indexed
            if len(self._indexed) > _CACHED_SOURCES:
                self._indexed.popitem(last=False)
        return indexed

    # -- versions

    def versions(self, source_id: str) -> tuple[SourceVersion, ...]:
        """The versions of a source, oldest first; SourceError when there is no such source."""
        self._current()
        found: tuple[SourceVersion, ...] = ()
        if can_be_stored(source_id):
            with self._catalog.reading() as connection:
                found = versions.history(connection, source_id)
        if not found:
            raise self._no_source(source_id)
        return found

    def version(self, source_id: str, number: int) -> IndexedSource:
        """A version of a source, from 1, as it can be cited from: its sentences have no vectors.

        Raises SourceError when there is no such source, or no such version of it.
        """
        numbers = [each.number for each in self.versions(source_id)]
        if number not in numbers:
            raise SourceError(
                f"{source_id} has no version {number}: it has {len(numbers)}, from {numbers[0]}."
            )
        with self._catalog.reading() as connection:
            source = versions.find(connection, source_id, number)
        if source is None:
            raise self._no_source(source_id)
        return without_vectors(source)

    def cited(self, source_id: str, sha256: str) -> IndexedSource | None:
        """The version of the source that has this hash; or else of another source; or None.

        Without vectors, unless it is the newest.
        """
        if not (can_be_stored(source_id) and can_be_stored(sha256)):
            return None
        self._current()
        with self._catalog.reading() as connection:
            source = versions.find_cited(connection, source_id, sha256)
            is_newest = source and versions.find_sha256(connection, source.id) == sha256
        if source is None:
            return None
        return self.indexed(source.id) if is_newest else without_vectors(source)

    def original(self, source_id: str, number: int | None = None) -> bytes | None:
        """The bytes of the document that a source was read from, or a version of it.

        None where it was given as a text. Raises SourceError when there is no such source, and
        StorageError when the bytes aren't what was stored.
        """
        self._current()
        if not can_be_stored(source_id):
            raise self._no_source(source_id)
        with self._catalog.reading() as connection:
            if versions.find_sha256(connection, source_id) is None:
                raise self._no_source(source_id)
            sha256 = versions.find_origin(connection, source_id, number)
            found = versions.find_original(connection, source_id, number)
        if sha256 is None:
            return None
        original = found[1] if found else self._home.original(sha256)
        if original is None or not versions.is_original(sha256, original):
            raise damaged(self.address, f"the stored original of {source_id!r} has changed")
        return original

    # -- what is there

    @property
    def passage_count(self) -> int:
        """The number of passages of all sources."""
        return self._current().census.passages

    @property
    def paragraph_count(self) -> int:
        """The number of paragraphs of all sources."""
        return self._current().census.paragraphs

    @property
    def source_count(self) -> int:
        """The number of sources."""
        return self._current().census.sources

    @property
    def content_digest(self) -> str:
        """A hash of what the library holds: it changes with the id or text of any source."""
        return self._current().census.content_digest

    def unknown(self, source_ids: Collection[str]) -> list[str]:
        """Those of these ids that no source has, sorted."""
        self._current()
        asked = [each for each in source_ids if can_be_stored(each)]
        with self._catalog.reading() as connection:
            known = records.known_ids(connection, asked)
        return sorted(set(source_ids) - known)

    def twins(self, source_id: str) -> frozenset[str]:
        """The ids of the sources that render the same original as this one."""
        self._current()
        with self._catalog.reading() as connection:
            return twin_rows.twins(connection, source_id)

    def content(self) -> dict[str, str]:
        """What the library holds: the hash of each source's text, by id."""
        return dict(self._current().census.content)

    def nearest_dense(
        self, vector: NDArray[np.float32], k: int, sources: Collection[str] | None = None
    ) -> list[tuple[Passage, float]]:
        """Up to `k` passages nearest to a unit vector, best first, and their cosines.

        `sources` limits the search to the sources with these ids.
        """
        return self._current().dense.nearest(vector, k, sources)

    def nearest_lexical(
        self, question: str, k: int, sources: Collection[str] | None = None
    ) -> list[tuple[Passage, float]]:
        """Up to `k` passages that share words with the question, best first, and their BM25 (> 0).

        `sources` limits the search to the sources with these ids.
        """
        state = self._current()
        found = word_search.search(
            self._catalog, state.store, state.census, content_words(question), k, sources
        )
        with self._catalog.reading() as connection:
            passages = records.find_passages(connection, [each for each, _ in found])
        return [(passages[each], score) for each, score in found if each in passages]

    def document_frequency(self, wanted: Iterable[str]) -> dict[str, int]:
        """In how many passages each of these words, as `words()` makes them, occurs."""
        return self._current().census.document_frequency(wanted)

    def glimpses(self, passages: Iterable[Passage]) -> dict[Passage, Glimpse]:
        """What ranks each of these passages; one that isn't there any more is left out."""
        self._current()
        with self._catalog.reading() as connection:
            return glimpses(connection, passages)

    def embed_question(self, text: str) -> NDArray[np.float32]:
        """The unit vector of one question: shape (dimensions,)."""
        return self._embedder.embed_question(text)

    # -- what others write

    def _current(self) -> _State:
        """The state that belongs to what is in the catalog now, whoever wrote it."""
        with self._lock:
            self._home.refresh()
            manifest = self._catalog.meta()
            generation = f"{manifest.get('chroma')} {manifest.get('generation')}"
            if self._state is None or self._state.generation != generation:
                check_manifest(self.address, manifest, self._embedder)
                if self._state is not None:
                    self._state.store.close()
                store = self._home.store(manifest)
                dense = DenseSearch(self._catalog, store)
                self._state = _State(generation, store, dense, Census(self._catalog))
                self._indexed.clear()
            return self._state

    def _no_source(self, source_id: str) -> SourceError:
        return SourceError(
            f"There is no source {source_id!r} in the library: "
            f"run `pincite sources --library {self.address}` to see those there are."
        )


def can_be_stored(source_id: str) -> bool:
    """Whether it is a text that the catalog can be asked for: a lone surrogate isn't."""
    return source_id.isascii()
