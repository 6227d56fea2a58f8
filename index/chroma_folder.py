"""Chroma in a folder of its own, in this process."""

from __future__ import annotations

import shutil
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

from index import graph_files
from index.chroma import ChromaStore, opened
from index.store import StoreUnavailableError

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection

COLLECTION = "passages"
DATABASE_NAME = "chroma.sqlite3"

_addresses_in_use: set[str] = set()
_addresses_lock = threading.Lock()


def folder_store(folder: Path) -> ChromaStore:
    """The passages that Chroma keeps in a folder."""
    return ChromaStore(ChromaFolder(folder))


class ChromaFolder:
    """Chroma in a folder of its own, in this process."""

    def __init__(self, folder: Path) -> None:
        """Nothing is opened or written yet."""
        self._folder = folder
        self._client: Client | None = None
        self._address: str | None = None
        self._noted: graph_files.Stamps | None = None
        """The files of the graph when they were last as noted; None until something is written."""

    def collection(self, *, write: bool) -> Collection:
        """Opens the folder; only for writing is one made that isn't there."""
        return opened(self._client_for(write=write), COLLECTION, write=write)

    def max_batch(self) -> int:
        """How many passages it takes at once."""
        return self._client_for(write=True).get_max_batch_size()

    def _client_for(self, *, write: bool) -> Client:
        """Opens the folder; of a damaged graph nothing is read: whoever writes begins anew."""
        if self._client is None:
            if not write and not (self._folder / DATABASE_NAME).is_file():
                # Opening would make it, and reading must not write.
                raise StoreUnavailableError(f"{DATABASE_NAME} is missing")
            if not graph_files.are_as_noted(self._folder):
                if not write:
                    raise StoreUnavailableError("its graph isn't what was written")
                shutil.rmtree(self._folder)
            # Chroma remembers the address of a client that it failed to open: it isn't used again.
            address = _own_address(self._folder)
            self._client = _open_client(address, write=write)
            self._address = address
        if write and self._noted is None:
            self._noted = graph_files.stamps(self._folder)
        self._note_graph()
        return self._client

    def close(self) -> None:
        """Lets go of the files."""
        if self._client is not None:
            self._client.close()
            self._client = None
            with suppress(OSError):  # on a full disk: then the graph is made anew
                self._note_graph()
            self._noted = None
        if self._address is not None:
            with _addresses_lock:
                _addresses_in_use.discard(self._address)
            self._address = None

    def _note_graph(self) -> None:
        """Notes what this process has written since; others don't write meanwhile."""
        if self._noted is not None and (now := graph_files.stamps(self._folder)) != self._noted:
            graph_files.note(self._folder)
            self._noted = now


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
