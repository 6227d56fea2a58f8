"""The Chroma collection that answers "which passages are nearest to this vector".

In a folder here, or on a server. It can always be made again from the catalog, which is the truth;
what a killed process left over here is cleaned up by the next one that writes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from index.store import StoreUnavailableError
from index.types import Passage, Vectors

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection as ChromaCollection
    from chromadb.api.types import QueryResult

QUERIES_AT_ONCE = 200

_T = TypeVar("_T")


class Chroma(Protocol):
    """Where Chroma keeps a collection of passages."""

    def collection(self, *, write: bool) -> ChromaCollection:
        """Opens it; only for writing is one made that isn't there."""

    def max_batch(self) -> int:
        """How many passages it takes at once."""

    def close(self) -> None:
        """Lets go of it; the next use opens it again and sees what others have written."""


class ChromaStore:
    """One collection of passages; safe to use from several threads."""

    def __init__(self, chroma: Chroma) -> None:
        """Nothing is opened or written yet."""
        self._chroma = chroma
        self._lock = threading.RLock()

    def add(self, passages: Sequence[Passage], vectors: Vectors, words: Sequence[str]) -> None:
        """Adds passages or replaces those with the same ids; their words aren't stored here."""

        def write(collection: ChromaCollection) -> None:
            size = self._chroma.max_batch()
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
            size = self._chroma.max_batch()
            for first in range(0, len(ids), size):
                collection.delete(ids=list(ids[first : first + size]))

        self._use(write, write=True)

    def nearest(self, vector: NDArray[np.float32], k: int) -> list[tuple[str, float]]:
        """The ids of up to `k` passages nearest to `vector`, best first, and their cosines."""
        found = self._use(
            lambda collection: collection.query(
                query_embeddings=vector[np.newaxis], n_results=k, include=["distances"]
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

    def with_words(self, words: Sequence[str], k: int) -> None:
        """Chroma has no index of words in a folder, nor on a server of one's own."""

    def exists(self) -> bool:
        """Whether the collection is there."""
        try:
            self.count()
        except StoreUnavailableError:
            return False
        return True

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

    def clear(self) -> None:
        """Removes all passages."""
        self.remove(sorted(self.ids()))

    def close(self) -> None:
        """Lets go of the files; the next use opens them again and sees what others have written."""
        with self._lock:
            self._chroma.close()

    def _use(self, action: Callable[[ChromaCollection], _T], *, write: bool = False) -> _T:
        with self._lock, _chroma_faults():
            return action(self._chroma.collection(write=write))


def opened(client: ClientAPI, name: str, *, write: bool) -> ChromaCollection:
    """The collection of passages of this name; only for writing is one made that isn't there."""
    if write:
        return client.get_or_create_collection(
            name, embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
        )
    return client.get_collection(name, embedding_function=None)


def _cosines(found: QueryResult) -> list[list[float]]:
    """For each vector that was asked for, the cosines of what was found."""
    return [[1 - float(distance) for distance in row] for row in found["distances"] or []]


@contextmanager
def _chroma_faults() -> Iterator[None]:
    from chromadb.errors import ChromaError
    from httpx import HTTPError

    try:
        yield
    except (ChromaError, OSError, ValueError, RuntimeError, HTTPError) as error:
        raise StoreUnavailableError(str(error)) from error
    except BaseException as error:
        # A server's refusal is a plain Exception; what Chroma's Rust part panics with is none, and
        # can't be imported.
        if type(error) is not Exception and type(error).__name__ != "PanicException":
            raise
        raise StoreUnavailableError(str(error)) from error
