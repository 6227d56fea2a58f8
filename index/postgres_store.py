"""Passages in Postgres: vectors by pgvector, words by its full-text search, through LlamaIndex."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from index.store import ServerUnavailableError, StoreUnavailableError
from index.types import Passage, Vectors

if TYPE_CHECKING:
    from llama_index.core.schema import BaseNode
    from llama_index.core.vector_stores.types import MetadataFilters
    from llama_index.vector_stores.postgres import PGVectorStore

HNSW = {"hnsw_m": 16, "hnsw_ef_construction": 128, "hnsw_ef_search": 400}
CONNECT_SECONDS = 10
"""Without a limit a host that says nothing would be waited for for minutes, at each question."""
IDS_AT_ONCE = 1000
_PASSAGE, _SOURCE, _LIBRARY = "passage", "source_id", "library"

_T = TypeVar("_T")


class PostgresStore:
    """One table of passages; safe to use from several threads."""

    def __init__(self, address: str, table: str, dimensions: int) -> None:
        """`address` is that of the database; nothing is opened or written yet."""
        self._address = address
        self._table = table
        self._dimensions = dimensions
        self._lock = threading.RLock()
        self._opened: dict[bool, PGVectorStore] = {}

    def add(self, passages: Sequence[Passage], vectors: Vectors, words: Sequence[str]) -> None:
        """Adds passages or replaces those with the same ids; `words[i]` are those of passage i."""
        from llama_index.core.schema import TextNode

        nodes: list[BaseNode] = [
            TextNode(
                id_=_node_id(passage.id),
                text=text,
                embedding=vector.tolist(),
                metadata={
                    _PASSAGE: passage.id,
                    _SOURCE: passage.source_id,
                    _LIBRARY: self._table,
                },
            )
            for passage, vector, text in zip(passages, vectors, words, strict=True)
        ]
        # It would add a second row with the same id.
        self.remove([passage.id for passage in passages])
        self._use(lambda store: store.add(nodes), write=True)

    def remove(self, ids: Sequence[str]) -> None:
        """Removes the passages with these ids, as far as they are there."""
        for first in range(0, len(ids), IDS_AT_ONCE):
            part = [_node_id(each) for each in ids[first : first + IDS_AT_ONCE]]
            self._use(partial(_delete, part), write=True)

    def nearest(self, vector: NDArray[np.float32], k: int) -> list[tuple[str, float]]:
        """The ids of up to `k` passages nearest to `vector`, best first, and their cosines."""
        return [(metadata[_PASSAGE], cosine) for metadata, cosine in self._query(vector, k)]

    def nearest_sources(self, vectors: Vectors, k: int) -> list[list[tuple[str, float]]]:
        """For each vector the source ids of the `k` nearest passages, best first, and cosines."""
        return [
            [(metadata[_SOURCE], cosine) for metadata, cosine in self._query(vector, k)]
            for vector in vectors
        ]

    def with_words(self, words: Sequence[str], k: int) -> list[str]:
        """The ids of up to `k` passages with any of these words, by Postgres's own ranking."""
        from llama_index.core.vector_stores.types import VectorStoreQuery, VectorStoreQueryMode

        query = VectorStoreQuery(
            query_str=" ".join(words), similarity_top_k=k, mode=VectorStoreQueryMode.TEXT_SEARCH
        )
        found = self._use(lambda store: store.query(query))
        return [str(node.metadata[_PASSAGE]) for node in found.nodes or []]

    def exists(self) -> bool:
        """Whether the table is there."""
        try:
            self.with_words(["a"], 1)
        except StoreUnavailableError:
            return False
        return True

    def count(self) -> None:
        """It isn't told without reading all: whether a writer was killed is noted elsewhere."""

    def ids(self) -> set[str]:
        """The ids of all passages, leftovers included; makes the table where there is none."""
        found = self._use(
            lambda store: store.get_nodes(filters=_is(_LIBRARY, self._table)), write=True
        )
        return {str(node.metadata[_PASSAGE]) for node in found}

    def vectors(self, ids: Sequence[str]) -> Vectors:
        """The vectors of these passages, in the order of the ids; all must be there."""
        found = self._use(lambda store: store.get_nodes([_node_id(each) for each in ids]))
        rows = {str(node.metadata[_PASSAGE]): node.embedding for node in found}
        return np.stack([np.asarray(rows[each], dtype=np.float32) for each in ids])

    def clear(self) -> None:
        """Removes all passages."""
        self._use(lambda store: store.clear(), write=True)

    def close(self) -> None:
        """Lets go of the connections."""
        with self._lock:
            for store in self._opened.values():
                if store.client is not None:
                    store.client.dispose()
            self._opened.clear()

    def _query(self, vector: NDArray[np.float32], k: int) -> list[tuple[dict[str, Any], float]]:
        from llama_index.core.vector_stores.types import VectorStoreQuery

        query = VectorStoreQuery(query_embedding=vector.tolist(), similarity_top_k=k)
        found = self._use(lambda store: store.query(query))
        return [
            (node.metadata, float(cosine))
            for node, cosine in zip(found.nodes or [], found.similarities or [], strict=True)
        ]

    def _use(self, action: Callable[[PGVectorStore], _T], *, write: bool = False) -> _T:
        with _faults():
            return action(self._store(write=write))

    def _store(self, *, write: bool) -> PGVectorStore:
        with self._lock:
            if write not in self._opened:
                self._opened[write] = self._open(write=write)
            return self._opened[write]

    def _open(self, *, write: bool) -> PGVectorStore:
        """Only for writing is a table made that isn't there."""
        from llama_index.vector_stores.postgres import PGVectorStore

        # What it warns of is raised too.
        logging.getLogger("llama_index.vector_stores.postgres").setLevel(logging.ERROR)
        rest = self._address.partition("://")[2]
        store = PGVectorStore.from_params(
            connection_string=f"postgresql+psycopg2://{rest}",
            async_connection_string=f"postgresql+asyncpg://{rest}",  # never connected to
            table_name=self._table,
            embed_dim=self._dimensions,
            hybrid_search=True,
            text_search_config="simple",  # the words are stems already
            hnsw_kwargs=dict(HNSW),
            perform_setup=write,
            create_engine_kwargs={
                "pool_pre_ping": True,
                "connect_args": {"connect_timeout": CONNECT_SECONDS},
            },
        )
        store.initialization_fail_on_error = True
        return store


def _delete(ids: list[str], store: PGVectorStore) -> None:
    store.delete_nodes(ids)


def _node_id(passage_id: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, passage_id))


def _is(key: str, value: str) -> MetadataFilters:
    from llama_index.core.vector_stores.types import MetadataFilter, MetadataFilters

    return MetadataFilters(filters=[MetadataFilter(key=key, value=value)])


@contextmanager
def _faults() -> Iterator[None]:
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, OSError, ValueError) as error:
        reason = " ".join(str(getattr(error, "orig", None) or error).split())
        raise ServerUnavailableError(reason[:200]) from error
