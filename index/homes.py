"""Where a library is kept: in a folder of its own, or on a server that several people share."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from index.catalog import Catalog
from index.embeddings import Embedder
from index.server_address import is_address, parse_address
from index.store import Store

if TYPE_CHECKING:
    from index.writer import Progress


class Ledger(Protocol):
    """Where a writer notes what it changes, for the next writer and for whoever shares the library.

    It is had under the library's lock.
    """

    def is_unfinished(self) -> bool:
        """Whether an earlier writer was killed over a change."""

    def begin(self) -> None:
        """Notes that catalog and Chroma may be out of step from now on."""

    def watch(self, connection: sqlite3.Connection) -> None:
        """Is told of a transaction before anything is changed in it."""

    def put(self, connection: sqlite3.Connection, source_id: str) -> None:
        """Publishes the newest version of a source, as the last thing in its transaction.

        Raises StorageError or LibraryLockedError when it can't be: the transaction is undone then.
        """

    def remove(self, connection: sqlite3.Connection, source_id: str) -> None:
        """Publishes that a source is gone, likewise."""

    def settle(self) -> None:
        """Clears up what nobody needs any more, once the transaction is kept."""

    def end(self) -> None:
        """Notes that nothing was left undone."""


class Home(Protocol):
    """Where a library is kept."""

    @property
    def address(self) -> str:
        """What it is opened by."""

    @property
    def folder(self) -> Path:
        """The folder of the catalog: the library's own, or that of a copy."""

    @property
    def catalog(self) -> Catalog:
        """The catalog as of the last `refresh`."""

    def exists(self) -> bool:
        """Whether there is a library; StorageError when that can't be found out."""

    def manifest(self) -> dict[str, str]:
        """What the library says about itself, without opening it.

        Raises LibraryNotFoundError when there is none, LibraryMismatchError when a later version of
        the program has made it.
        """

    def create(self, manifest: Mapping[str, str]) -> None:
        """Makes an empty library, or leaves nothing; StorageError when there is one already."""

    def rebuild(self, embedder: Embedder, manifest: Mapping[str, str], progress: Progress) -> None:
        """Computes everything again from the stored texts; until it is done the old state holds.

        `manifest` is what the library says about itself then.
        """

    def refresh(self) -> None:
        """Brings the catalog to the state that others may have written meanwhile."""

    def store(self, manifest: Mapping[str, str]) -> Store:
        """Where the passages are searched, of a library that says this about itself."""

    def tidy(self, name: str) -> None:
        """Deletes what finished or killed rebuilds left beside the collection of this name."""

    def writing(self) -> AbstractContextManager[Ledger]:
        """Keeps every other writer out; raises LibraryLockedError when there is one already."""

    def original(self, sha256: str) -> bytes | None:
        """The document with this hash, where the catalog has versions made from it but not it."""

    def close(self) -> None:
        """Lets go of it."""


def home_of(library: Path | str) -> Home:
    """The home of the library in a folder, or at an address such as "chroma://host:port/name".

    Raises SettingsError where the address is none.
    """
    if isinstance(library, str) and is_address(library):
        from index.shared import ServerHome

        return ServerHome(parse_address(library))
    from index.folder_home import FolderHome

    return FolderHome(Path(library).resolve())


def has_library(library: Path | str) -> bool:
    """Whether there is a library in the folder or at the address.

    Raises StorageError when that can't be found out, SettingsError where the address is none.
    """
    return home_of(library).exists()
