"""The Chroma collection that answers "which passages are nearest to this vector".

It can always be made again from the catalog, which is the truth; what a killed process left over
here is cleaned up by the next one that writes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from index.types import Passage, Vectors

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection as ChromaCollection
    from chromadb.api.types import QueryResult, Where

COLLECTION = "passages"
DATABASE_NAME = "chroma.sqlite3"
QUERIES_AT_ONCE = 200

_T = TypeVar("_T")
_addresses_in_use: set[str] = set()
_addresses_lock = threading.Lock()


class StoreUnavailableError(Exception):
    """Chroma can't open or read its folder; search the catalog's vectors instead."""


class Store:
    """One collection of passages; safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        """`folder` is Chroma's own; nothing is opened or written yet."""
        self.folder = folder
        self._lock = threading.RLock()
        self._client: Client | None = None
        self._address: str | None = None

    def add(self, passages: Sequence[Passage], vectors: Vectors) -> None:
        """Adds passages or replaces those with the same ids; row i is the vector of passage i."""

        def write(collection: ChromaCollection) -> None:
            size = self._opened(write=True).get_max_batch_size()
            for first in range(0, len(passages), size):
                batch = passages[first : first + size]
                collection.upsert(
                    ids=[passage.id for passage in batch],
                    embeddings=vectors[first : first + size],
                    metadatas=[{"source_id": passage.source_id} for passage in batch],
                )

        self._use(write, write=True)

    def remove(self, ids: Sequence[str]) -> None:
        """Removes the passages with these ids, as far as they are there."""

        def write(collection: ChromaCollection) -> None:
            size = self._opened(write=True).get_max_batch_size()
            for first in range(0, len(ids), size):
                collection.delete(ids=list(ids[first : first + size]))

        self._use(write, write=True)

    def nearest(
        self, vector: NDArray[np.float32], k: int, source_ids: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        """The ids of up to `k` passages nearest to `vector`, best first, and their cosines."""

        only = None if source_ids is None else {"source_id": {"$in": sorted(source_ids)}}
        found = self._use(
            lambda collection: collection.query(
                query_embeddings=vector[np.newaxis],
                n_results=k,
                where=cast("Where | None", only),
                include=["distances"],
            )
        )
        return list(zip(found["ids"][0], _cosines(found)[0], strict=True))

    def nearest_sources(self, vectors: Vectors, k: int) -> list[list[tuple[str, float]]]:
        """For each vector the source ids of the `k` nearest passages, best first, and cosines.

        Asked together, twenty vectors take as long as two asked one by one.
        """

        def look_up(collection: ChromaCollection) -> list[list[tuple[str, float]]]:
            results: list[list[tuple[str, float]]] = []
            for first in range(0, len(vectors), QUERIES_AT_ONCE):
                found = collection.query(
                    query_embeddings=vectors[first : first + QUERIES_AT_ONCE],
                    n_results=k,
                    include=["distances", "metadatas"],
                )
                for metadatas, cosines in zip(
                    found["metadatas"] or [], _cosines(found), strict=True
                ):
                    owners = [str(metadata["source_id"]) for metadata in metadatas]
                    results.append(list(zip(owners, cosines, strict=True)))
            return results

        return self._use(look_up)

    def count(self) -> int:
        """The number of passages, leftovers included."""
        return self._use(lambda collection: collection.count())

    def ids(self) -> set[str]:
        """The ids of all passages, leftovers included; makes the collection where there is none."""
        return self._use(lambda collection: set(collection.get(include=[])["ids"]), write=True)

    def vectors(self, ids: Sequence[str]) -> Vectors:
        """The vectors of these passages, in the order of the ids; all must be there."""
        found = self._use(lambda collection: collection.get(ids=list(ids), include=["embeddings"]))
        rows = dict(zip(found["ids"], np.asarray(found["embeddings"]), strict=True))
        return np.stack([rows[each] for each in ids]).astype(np.float32)

    def close(self) -> None:
        """Lets go of the files; the next use opens them again and sees what others have written."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None
            if self._address is not None:
                with _addresses_lock:
                    _addresses_in_use.discard(self._address)
                self._address = None

    def _use(self, action: Callable[[ChromaCollection], _T], *, write: bool = False) -> _T:
        with self._lock, _chroma_faults():
            client = self._opened(write=write)
            if write:
                collection = client.get_or_create_collection(
                    COLLECTION, embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
                )
            else:
                collection = client.get_collection(COLLECTION, embedding_function=None)
            return action(collection)

    def _opened(self, *, write: bool) -> Client:
        if self._client is None:
            if not write and not (self.folder / DATABASE_NAME).is_file():
                # Opening would make it, and reading must not write.
                raise StoreUnavailableError(f"{DATABASE_NAME} is missing")
            self._address = _own_address(self.folder)
            self._client = _open_client(self._address, write=write)
        return self._client


def _open_client(address: str, *, write: bool) -> Client:
    import chromadb
    from chromadb.config import Settings

    Path(address).mkdir(parents=True, exist_ok=True)
    settings = Settings(anonymized_telemetry=False, migrations="apply" if write else "validate")
    try:
        # The declared return type lacks `close`.
        return cast("Client", chromadb.PersistentClient(address, settings=settings))
    except AttributeError as error:
        # Chroma stumbles over what it hasn't opened; the reason is the error before.
        raise StoreUnavailableError(str(error.__context__ or error)) from error


def _own_address(folder: Path) -> str:
    """A spelling of the folder that no other store of this process uses.

    Chroma shares one index between all clients of the same spelling, and an index never notices
    what other processes write: only a client of one's own can be closed and opened afresh.
    """
    address = str(folder.resolve())
    with _addresses_lock:
        while address in _addresses_in_use:
            address += "/."
        _addresses_in_use.add(address)
    return address


def _cosines(found: QueryResult) -> list[list[float]]:
    """For each vector that was asked for, the cosines of what was found."""
    return [[1 - float(distance) for distance in row] for row in found["distances"] or []]


@contextmanager
def _chroma_faults() -> Iterator[None]:
    from chromadb.errors import ChromaError

    try:
        yield
    except (ChromaError, OSError, ValueError, RuntimeError) as error:
        raise StoreUnavailableError(str(error)) from error
    except BaseException as error:
        # What its Rust part panics with is no Exception, and can't be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise StoreUnavailableError(str(error)) from error
