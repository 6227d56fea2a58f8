"""A library: a folder of stored sources that can be searched."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index import lexical, records, twin_rows, versions
from index.additions import AddEvent, AddResult, Item, add_all, teller
from index.build import without_vectors
from index.catalog import Catalog
from index.census import Census
from index.dense import DenseSearch
from index.embeddings import DEFAULT_EMBEDDING, Embedder, load_embedder
from index.errors import SourceError, StorageError
from index.faults import damaged, storage_faults
from index.filters import Filter, matching
from index.glimpses import Glimpse, glimpses
from index.manifest import check_manifest, has_library, manifest_for, read_manifest
from index.store import Store
from index.types import IndexedSource, Passage
from index.version_rows import SourceSummary, SourceVersion
from index.words import content_words
from index.writer import Writer, create_catalog, rebuild, writer_lock

if TYPE_CHECKING:
    from llama_index.core.base.embeddings.base import BaseEmbedding

    Embedding = str | Embedder | BaseEmbedding

_CACHED_SOURCES = 64


@dataclass(frozen=True, slots=True)
class _State:
    """What belongs to one generation of the catalog."""

    generation: str
    store: Store
    dense: DenseSearch
    census: Census


class Library:
    """An opened library; safe to use from several threads, beside one writing process."""

    def __init__(self, path: Path, embedder: Embedder) -> None:
        """Use `open`, `create` or `open_or_create`; they check what is in the folder."""
        self.path = path
        self.fingerprint = manifest_for(embedder)["fingerprint"]
        self._embedder = embedder
        self._catalog = Catalog(path)
        self._lock = threading.RLock()
        self._state: _State | None = None
        self._indexed: OrderedDict[tuple[str, str | None], IndexedSource] = OrderedDict()

    @classmethod
    def open(cls, path: Path | str, *, embedding: Embedding | None = None) -> Library:
        """Opens the library in the folder `path` without writing anything.

        `embedding` need only be given when it is an object and not a name. Raises
        LibraryNotFoundError, LibraryMismatchError when it was built in another way, StorageError.
        """
        path = Path(path).resolve()
        manifest = read_manifest(path)
        embedder = load_embedder(embedding or manifest["embedding"])
        check_manifest(path, manifest, embedder)
        return cls(path, embedder)

    @classmethod
    def create(cls, path: Path | str, *, embedding: Embedding = DEFAULT_EMBEDDING) -> Library:
        """Makes an empty library in the folder `path`, which needn't be there.

        Raises StorageError when there is one already or the folder can't be written.
        """
        path = Path(path).resolve()
        library = cls(path, load_embedder(embedding))
        with storage_faults(path):
            path.mkdir(parents=True, exist_ok=True)
        with writer_lock(path):
            if has_library(path):
                raise StorageError(f"There is a library in {str(path)!r} already: open that one.")
            create_catalog(library._catalog, manifest_for(library._embedder))
        return library

    @classmethod
    def open_or_create(cls, path: Path | str, *, embedding: Embedding | None = None) -> Library:
        """Opens the library in the folder `path`, or makes an empty one where there is none."""
        if not has_library(Path(path).resolve()):
            try:
                return cls.create(path, embedding=embedding or DEFAULT_EMBEDDING)
            except StorageError:
                if not has_library(Path(path).resolve()):  # else another process was faster
                    raise
        return cls.open(path, embedding=embedding)

    @classmethod
    def reindex(
        cls,
        path: Path | str,
        *,
        embedding: Embedding | None = None,
        progress: Callable[[AddEvent], None] | None = None,
    ) -> Library:
        """Builds the index again from the stored texts, with the same embedding or another.

        Mends what LibraryMismatchError reports. Until it is done the old index stays in use.
        """
        path = Path(path).resolve()
        stored = read_manifest(path)["embedding"]
        embedder = load_embedder(embedding or stored)
        library = cls(path, embedder)
        with writer_lock(path):
            rebuild(library._catalog, embedder, manifest_for(embedder), teller(progress))
        return library

    def close(self) -> None:
        """Lets go of all files."""
        with self._lock:
            if self._state is not None:
                self._state.store.close()
                self._state = None
            self._catalog.close()

    def __enter__(self) -> Library:
        """The library itself, to be closed at the end of a `with` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the library."""
        self.close()

    @property
    def address(self) -> str:
        """What `open` finds it by, from another process too."""
        return str(self.path)

    # -- writing

    def add(
        self,
        items: Iterable[Item],
        progress: Callable[[AddEvent], None] | None = None,
    ) -> tuple[AddResult, ...]:
        """Stores and indexes sources and documents; the results are in their order.

        A source that is there with another text gets a new version: the text that it had stays
        stored, but isn't searched any more. With a `Document` its bytes are stored too; what was
        `Refused` stays so; a path stands for all that can be read in the file or folder.

        Each is kept as soon as it is done. One that can't be stored is refused with a reason and
        doesn't affect the others. Raises LibraryLockedError, StorageError, or SettingsError when
        the embedding fails.
        """
        with self._writer() as writer:
            return add_all(items, writer, self._catalog, teller(progress))

    def remove(self, source_id: str) -> None:
        """Removes a source, all its versions and what was computed; SourceError if there is none.

        Its original goes too, unless another source came from the same document.
        """
        if not _can_be_stored(source_id):
            raise self._no_source(source_id)
        with self._writer() as writer:
            with self._catalog.reading() as connection:
                if versions.find_sha256(connection, source_id) is None:
                    raise self._no_source(source_id)
            writer.remove(source_id)

    @contextmanager
    def _writer(self) -> Iterator[Writer]:
        with (
            writer_lock(self.path),
            Writer(self._catalog, self._current().store, self._embedder) as writer,
        ):
            yield writer

    # -- reading

    def sources(self) -> tuple[SourceSummary, ...]:
        """All sources without their texts, in the order in which they were added."""
        self._current()
        with self._catalog.reading() as connection:
            return versions.summaries(connection)

    def matching(self, wanted: Filter) -> frozenset[str]:
        """The ids of the sources that meet the conditions of the filter.

        Raises SettingsError, with the condition that leaves none, where there is none.
        """
        self._current()
        with self._catalog.reading() as connection:
            return matching(connection, wanted)

    def indexed(self, source_id: str) -> IndexedSource:
        """A source with all that was computed from it; SourceError when there is none."""
        if not _can_be_stored(source_id):
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
        if _can_be_stored(source_id):
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
        if not (_can_be_stored(source_id) and _can_be_stored(sha256)):
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
        if not _can_be_stored(source_id):
            raise self._no_source(source_id)
        with self._catalog.reading() as connection:
            if versions.find_sha256(connection, source_id) is None:
                raise self._no_source(source_id)
            found = versions.find_original(connection, source_id, number)
        if found is None:
            return None
        sha256, original = found
        if not versions.is_original(sha256, original):
            raise damaged(self.path, f"the stored original of {source_id!r} has changed")
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
        asked = [each for each in source_ids if _can_be_stored(each)]
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
        self._current()
        with self._catalog.reading() as connection:
            found = lexical.search(connection, content_words(question), k, sources)
            passages = records.find_passages(connection, [each for each, _ in found])
        return [(passages[each], score) for each, score in found]

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
            manifest = self._catalog.meta()
            if self._state is None or self._state.generation != manifest.get("generation"):
                check_manifest(self.path, manifest, self._embedder)
                if self._state is not None:
                    self._state.store.close()
                store = Store(self.path / manifest["chroma"])
                dense = DenseSearch(self._catalog, store)
                self._state = _State(manifest["generation"], store, dense, Census(self._catalog))
                self._indexed.clear()
            return self._state

    def _no_source(self, source_id: str) -> SourceError:
        return SourceError(
            f"There is no source {source_id!r} in the library: "
            f"run `pincite sources --library {self.path}` to see those there are."
        )


def _can_be_stored(source_id: str) -> bool:
    """Whether it is a text that the catalog can be asked for: a lone surrogate isn't."""
    return source_id.isascii()
