"""A library: a folder of stored sources, or one on a server, that can be searched and changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from index import versions
from index.additions import AddEvent, AddResult, Item, add_all, teller
from index.cluster.embedding import embedding_workers
from index.embeddings import DEFAULT_EMBEDDING, Embedder, load_embedder
from index.errors import StorageError
from index.homes import home_of
from index.manifest import check_manifest, manifest_for
from index.opened import OpenedLibrary, can_be_stored
from index.vector_stores import CHROMA, KEY, stated
from index.writer import Writer

if TYPE_CHECKING:
    from llama_index.core.base.embeddings.base import BaseEmbedding

    Embedding = str | Embedder | BaseEmbedding


class Library(OpenedLibrary):
    """A library that can be changed too."""

    @classmethod
    def open(cls, library: Path | str, *, embedding: Embedding | None = None) -> Library:
        """Opens the library in the folder, or at the address, without changing it.

        `embedding` need only be given when it is an object and not a name. Raises
        LibraryNotFoundError, LibraryMismatchError when it was built in another way, StorageError,
        SettingsError where the address is none.
        """
        home = home_of(library)
        manifest = home.manifest()
        embedder = load_embedder(embedding or manifest["embedding"])
        check_manifest(home.address, manifest, embedder)
        return cls(home, embedder)

    @classmethod
    def create(
        cls,
        library: Path | str,
        *,
        embedding: Embedding = DEFAULT_EMBEDDING,
        vector_store: str = CHROMA,
    ) -> Library:
        """Makes an empty library in the folder, which needn't be there, or at the address.

        `vector_store` is where its vectors are searched: "chroma", or
        "postgres:postgresql://user@host:port/database". Raises StorageError when there is a library
        already or it can't be written, SettingsError for a name that is none.
        """
        home = home_of(library)
        embedder = load_embedder(embedding)
        home.create({**manifest_for(embedder), **stated(vector_store, embedder)})
        return cls(home, embedder)

    @classmethod
    def open_or_create(
        cls,
        library: Path | str,
        *,
        embedding: Embedding | None = None,
        vector_store: str | None = None,
    ) -> Library:
        """Opens the library, or makes an empty one where there is none."""
        home = home_of(library)
        if not home.exists():
            try:
                return cls.create(
                    library,
                    embedding=embedding or DEFAULT_EMBEDDING,
                    vector_store=vector_store or CHROMA,
                )
            except StorageError:
                if not home.exists():  # else another process was faster
                    raise
        return cls.open(library, embedding=embedding)

    @classmethod
    def reindex(
        cls,
        library: Path | str,
        *,
        embedding: Embedding | None = None,
        vector_store: str | None = None,
        progress: Callable[[AddEvent], None] | None = None,
    ) -> Library:
        """Builds the index again from the stored texts.

        With the same embedding and vector store, or others, named as for `create`. Mends what
        LibraryMismatchError reports. Until it is done the old index stays in use.
        """
        home = home_of(library)
        manifest = home.manifest()
        embedder = load_embedder(embedding or manifest["embedding"])
        where = vector_store or manifest.get(KEY) or CHROMA
        made = {**manifest_for(embedder), **stated(where, embedder)}
        home.rebuild(embedder, made, teller(progress))
        return cls(home, embedder)

    # -- writing

    def add(
        self,
        items: Iterable[Item],
        progress: Callable[[AddEvent], None] | None = None,
        *,
        ray: str | None = None,
    ) -> tuple[AddResult, ...]:
        """Stores and indexes sources and documents; the results are in their order.

        A source that is there with another text gets a new version: the text that it had stays
        stored, but isn't searched any more. With a `Document` its bytes are stored too; what was
        `Refused` stays so; a path stands for all that can be read in the file or folder.

        Each is kept as soon as it is done. One that can't be stored is refused with a reason and
        doesn't affect the others. Raises LibraryLockedError, StorageError, or SettingsError when
        the embedding fails.

        With `ray`, the address of a Ray cluster, its machines embed, for which texts are read
        ahead; the results are the same. Raises ClusterError when it can't be used.
        """
        with embedding_workers(ray, self._embedder) as workers, self._writer() as writer:
            return add_all(items, writer, self._catalog, teller(progress), workers)

    def remove(self, source_id: str) -> None:
        """Removes a source, all its versions and what was computed; SourceError if there is none.

        Its original goes too, unless another source came from the same document.
        """
        if not can_be_stored(source_id):
            raise self._no_source(source_id)
        with self._writer() as writer:
            with self._catalog.reading() as connection:
                if versions.find_sha256(connection, source_id) is None:
                    raise self._no_source(source_id)
            writer.remove(source_id)

    @contextmanager
    def _writer(self) -> Iterator[Writer]:
        with (
            self._home.writing() as ledger,
            Writer(self._home, self._current().store, self._embedder, ledger) as writer,
        ):
            yield writer
