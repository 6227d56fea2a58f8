"""A library in a folder of its own, on this machine."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from index.catalog import Catalog, create_tables
from index.chroma_folder import folder_store
from index.embeddings import Embedder
from index.errors import LibraryLockedError, StorageError
from index.faults import storage_faults
from index.homes import Ledger
from index.manifest import has_catalog, new_chroma_name, read_manifest
from index.rebuilding import rebuild
from index.store import Store
from index.vector_stores import named_store
from index.writer import Progress

LOCK_NAME = "writer.lock"
CHANGING_NAME = "changing"
"""A file that is there while catalog and Chroma may be out of step: during a change, and after one
that was killed."""


class FolderHome:
    """Where a library in a folder is kept."""

    def __init__(self, folder: Path) -> None:
        """Nothing is opened or written yet."""
        self.folder = folder
        self.address = str(folder)
        self.catalog = Catalog(folder)

    def exists(self) -> bool:
        """Whether there is a library; StorageError when its catalog is damaged."""
        return has_catalog(self.folder)

    def manifest(self) -> dict[str, str]:
        """What the library says about itself; LibraryNotFoundError when there is none."""
        return read_manifest(self.folder)

    def create(self, manifest: Mapping[str, str]) -> None:
        """Makes an empty library, or leaves nothing; StorageError when there is one already."""
        with storage_faults(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        with writer_lock(self.folder):
            if self.exists():
                raise StorageError(
                    f"There is a library in {self.address!r} already: open that one."
                )
            with self.catalog.writing() as connection:
                create_tables(connection, {**manifest, "chroma": new_chroma_name()})

    def refresh(self) -> None:
        """The catalog is what others write into: there is nothing to do."""

    def rebuild(self, embedder: Embedder, manifest: Mapping[str, str], progress: Progress) -> None:
        """Computes everything again from the stored texts; until it is done the old state holds."""
        with self.writing() as ledger:
            rebuild(self, ledger, embedder, manifest, progress)

    def store(self, manifest: Mapping[str, str]) -> Store:
        """Where the passages are searched: in a folder of Chroma's, if not elsewhere."""
        return named_store(manifest) or folder_store(self.folder / manifest["chroma"])

    def tidy(self, name: str) -> None:
        """Deletes what finished or killed rebuilds left beside the folder of this name."""
        for folder in self.folder.glob("chroma-*"):
            if folder.name != name:
                shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def writing(self) -> Iterator[Ledger]:
        """Keeps every other writer out; raises LibraryLockedError when there is one already."""
        with writer_lock(self.folder):
            yield FolderLedger(self.folder)

    def original(self, sha256: str) -> bytes | None:
        """The catalog has all there are."""
        return None

    def close(self) -> None:
        """Lets go of the catalog."""
        self.catalog.close()


class FolderLedger:
    """Notes with a file that a change goes on; the catalog itself is what others read."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the library's."""
        self._folder = folder
        self._changing = folder / CHANGING_NAME

    def is_unfinished(self) -> bool:
        """Whether an earlier writer was killed over a change."""
        return self._changing.exists()

    def begin(self) -> None:
        """Notes on the disk that catalog and Chroma may be out of step from now on."""
        with storage_faults(self._folder):
            self._changing.touch()

    def watch(self, connection: sqlite3.Connection) -> None:
        """Nobody else need know what is changed."""

    def put(self, connection: sqlite3.Connection, source_id: str) -> None:
        """The transaction itself publishes it."""

    def remove(self, connection: sqlite3.Connection, source_id: str) -> None:
        """The transaction itself publishes it."""

    def settle(self) -> None:
        """Nothing is left over."""

    def end(self) -> None:
        """Notes that nothing was left undone."""
        with storage_faults(self._folder):
            self._changing.unlink(missing_ok=True)


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
