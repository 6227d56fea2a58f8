"""A library on a Chroma server, with a copy of its catalog on this machine."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import platformdirs

from index.catalog import Catalog
from index.chroma import ChromaStore
from index.embeddings import Embedder
from index.errors import LibraryMismatchError, StorageError
from index.faults import DamagedError
from index.homes import Ledger
from index.manifest import check_known, new_chroma_name
from index.records import batched
from index.server_address import ServerAddress
from index.shared import replica
from index.shared.epochs import Epoch, Epochs, passages_name
from index.shared.lease import lease
from index.shared.ledger import ServerLedger
from index.shared.originals import Originals
from index.shared.record import BlobGoneError, Record
from index.shared.reindexing import reindex
from index.shared.server import CollectionGoneError, Server, ServerChroma, damaged_record
from index.store import Store
from index.vector_stores import forget, named_store
from index.writer import Progress

FRESH_SECONDS = 0.25
"""For so long a copy counts as being what the server has."""
CHANGES_AT_ONCE = 16
_TRIES = 20


class ServerHome:
    """Where a shared library is kept; safe to use from several threads."""

    def __init__(self, address: ServerAddress) -> None:
        """Nothing is opened yet."""
        self.address = str(address)
        named = hashlib.sha256(self.address.encode()).hexdigest()[:16]
        self.folder = platformdirs.user_cache_path("pincite") / "shared" / named
        self._name = address.name
        self._server = Server(address)
        self._epochs = Epochs(self._server)
        self._originals = Originals(self._server, address.name)
        self._lock = threading.RLock()
        self._epoch: Epoch | None = None
        self._catalog: Catalog | None = None
        self._refreshed = -FRESH_SECONDS

    def exists(self) -> bool:
        """Whether there is a library; StorageError when the server can't be asked."""
        return self._epochs.current() is not None

    def manifest(self) -> dict[str, str]:
        """What the library says about itself; LibraryNotFoundError when there is none."""
        return dict(self._newest().manifest)

    def create(self, manifest: Mapping[str, str]) -> None:
        """Makes an empty library, or leaves nothing; StorageError when there is one already."""
        if self.exists():
            raise StorageError(f"There is a library in {self.address!r} already: open that one.")
        stated = {**manifest, "chroma": new_chroma_name(), "generation": "0"}
        self._epochs.begin(Epoch(1, self._epochs.new_record(), stated))

    @property
    def catalog(self) -> Catalog:
        """The copy as of the last `refresh`."""
        if self._catalog is None:
            self.refresh()
        assert self._catalog is not None
        return self._catalog

    def refresh(self, *, at_once: bool = False) -> None:
        """Brings the copy to the newest change, unless that was done a moment ago.

        Raises StorageError where the server can't be used, LibraryMismatchError where the library
        was indexed in another way meanwhile.
        """
        with self._lock:
            is_fresh = time.monotonic() - self._refreshed < FRESH_SECONDS
            if is_fresh and self._catalog is not None and not at_once:
                return
            try:
                self._catch_up()
            except DamagedError:
                self._discard_copy()
                self._catch_up()
            self._refreshed = time.monotonic()

    def fetch_anew(self) -> None:
        """Makes the copy anew of what the server has."""
        with self._lock:
            self._discard_copy()
            self.refresh(at_once=True)

    def rebuild(self, embedder: Embedder, manifest: Mapping[str, str], progress: Progress) -> None:
        """Computes everything again from the stored texts; until it is done the old state holds."""
        epoch = self._newest()
        with lease(self._server, self._name):
            old = Record(self._server, epoch.record)
            ServerLedger(old, self._originals).begin()  # whoever comes next clears up
            new = reindex(self, self._server, epoch, embedder, manifest, progress)
            self._epochs.begin(new)
            self._epochs.tidy(new)
            forget(named_store(epoch.manifest))

    def store(self, manifest: Mapping[str, str]) -> Store:
        """Where the passages are searched: on the server, if not elsewhere."""
        name = passages_name(self._name, manifest["chroma"])
        return named_store(manifest) or ChromaStore(ServerChroma(self._server, name))

    def tidy(self, name: str) -> None:
        """Deletes what finished or killed rebuilds left behind."""
        self._epochs.tidy(self._newest())

    @contextmanager
    def writing(self) -> Iterator[Ledger]:
        """Keeps every other writer out; raises LibraryLockedError when there is one already."""
        with lease(self._server, self._name):
            self.refresh(at_once=True)
            assert self._epoch is not None
            yield ServerLedger(Record(self._server, self._epoch.record), self._originals)

    def original(self, sha256: str) -> bytes | None:
        """The document with this hash, from the server."""
        return self._originals.get(sha256)

    def close(self) -> None:
        """Lets go of the copy; Chroma keeps one connection to a server for all that use it."""
        with self._lock:
            if self._catalog is not None:
                self._catalog.close()

    def _newest(self) -> Epoch:
        epoch = self._epochs.current()
        check_known(self.address, epoch.manifest if epoch else {})
        assert epoch is not None
        return epoch

    def _discard_copy(self) -> None:
        if self._catalog is not None:
            replica.discard(self._catalog)
            self._catalog = None

    def _catch_up(self) -> None:
        misses = 0
        while misses < _TRIES:
            try:
                if self._epoch is None or self._catalog is None:
                    self._enter(self._newest())
                elif not self._take_changes(Record(self._server, self._epoch.record)):
                    return
            except CollectionGoneError:  # indexed anew meanwhile
                misses += 1
                self._enter(self._newest())
            except BlobGoneError:  # superseded while it was being read: there is a newer one
                misses += 1
            except ValueError as error:
                raise damaged_record(self._server, str(error)) from error
        raise damaged_record(self._server, "what its newest changes are about is missing")

    def _take_changes(self, record: Record) -> bool:
        """Brings the next changes into the copy; whether there were any."""
        catalog = self.catalog
        applied = replica.applied(catalog)
        changes = record.since(applied)
        for part in batched(changes, CHANGES_AT_ONCE):
            with catalog.writing() as connection:
                if replica.applied_in(connection) != applied:
                    break  # another process is doing the same: ask again what is left
                replica.apply(connection, part, record)
            applied = part[-1].number
        return bool(changes)

    def _enter(self, epoch: Epoch) -> None:
        """Goes on with the copy of this epoch, which is made where there is none."""
        before = self._epoch
        if before and before.manifest["fingerprint"] != epoch.manifest["fingerprint"]:
            raise LibraryMismatchError(
                f"The library in {self.address!r} was indexed anew with other settings: "
                "open it again."
            )
        self._epoch, self._catalog = epoch, self.copy_of(epoch)
        replica.ensure(self._catalog, epoch.manifest)
        replica.discard_old(self.folder, self._catalog)

    def copy_of(self, epoch: Epoch) -> Catalog:
        """The copy of the catalog in an epoch, which needn't be there."""
        ending = epoch.record.rpartition("-")[2]
        return Catalog(self.folder, f"catalog-{ending}.db", self.address)
