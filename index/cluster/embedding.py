"""Embeds passages on the machines of a Ray cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from functools import cache

from index.cluster.connection import QUEUED, Cluster, connected
from index.cluster.tasks import node_name
from index.embeddings import Embedder, load_embedder
from index.errors import ClusterError, SettingsError
from index.types import Vectors

_FUNCTION = "index.cluster.embedding:embed"


@contextmanager
def embedding_workers(address: str | None, embedder: Embedder) -> Iterator[EmbeddingWorkers | None]:
    """The workers of the cluster at `address`, which embed as `embedder` does; None without one.

    Raises SettingsError where the embedding has no name that workers know it by, or the address
    makes no sense, and ClusterError where the cluster can't be used.
    """
    if address is None:
        yield None
        return
    if not _is_named(embedder):
        raise SettingsError(
            "The embedding was given as an object, which other machines can't load: give its name, "
            "such as 'openai:text-embedding-3-small', or add without Ray."
        )
    with connected(address) as cluster:
        yield EmbeddingWorkers(cluster, embedder)


class EmbeddingWorkers:
    """Takes batches of passages, and gives back each with its vectors; for one thread."""

    def __init__(self, cluster: Cluster, embedder: Embedder) -> None:
        """The cluster's workers load the embedding of the same name, and check that it is it."""
        self._cluster = cluster
        self._embedder = embedder
        self._running: dict[Future[Vectors], Sequence[str]] = {}

    @property
    def has_room(self) -> bool:
        """Whether one more batch can be submitted."""
        return len(self._running) < self._cluster.processors * QUEUED

    def submit(self, texts: Sequence[str]) -> None:
        """Have these embedded as soon as possible."""
        embedder = self._embedder
        call = self._cluster.call(_FUNCTION, embedder.name, embedder.identity, list(texts))
        self._running[call] = texts

    def finished(self, *, waiting: bool) -> Iterator[tuple[Sequence[str], Vectors]]:
        """The batches that are done, with their vectors; with `waiting` it waits for one.

        Raises what the embedding raises, ClusterError where the cluster can't go on.
        """
        done, _ = wait(self._running, None if waiting else 0, FIRST_COMPLETED)
        for call in sorted(done, key=lambda call: call.exception() is not None):
            yield self._running.pop(call), call.result()


def embed(name: str, identity: str, texts: Sequence[str]) -> Vectors:
    """In a worker: the vectors of passages, shape (len(texts), dimensions)."""
    embedder = _loaded(name)
    if embedder.identity != identity:
        raise ClusterError(
            f"The Ray node {node_name()} has the embedding {embedder.identity!r} and not "
            f"{identity!r}: install the same version on every node."
        )
    return embedder.embed_passages(texts)


@cache
def _loaded(name: str) -> Embedder:
    return load_embedder(name)


def _is_named(embedder: Embedder) -> bool:
    """Whether its name is enough to load the same embedding somewhere else."""
    try:
        return load_embedder(embedder.name).identity == embedder.identity
    except SettingsError:
        return False
