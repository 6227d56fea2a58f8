"""The right to write to a shared library, for one process at a time.

A lease is a row whose number nobody else can take, as a change is, and its holder shows that it
lives by a beat now and then. A lease without beats, of a killed process, is taken over. Should its
holder be alive after all, it can't publish: the number of its next change is gone.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from index.errors import LibraryLockedError, StorageError
from index.shared.rows import Row, Rows
from index.shared.server import CollectionGoneError, Server

_LEASE = "lease"
BEAT_SECONDS = 2.0
LOST_SECONDS = 10.0
"""So long without a beat, and the holder is taken for dead."""


@contextmanager
def lease(server: Server, collection: str) -> Iterator[None]:
    """Holds the lease; raises LibraryLockedError while another process does.

    A lease that was left behind is watched for `LOST_SECONDS` before it is taken over, by this
    machine's clock alone.
    """
    holder = _Holder(server, collection)
    holder.take()
    beating = threading.Thread(target=holder.beat_until_ended, name="pincite-lease", daemon=True)
    beating.start()
    try:
        yield
    finally:
        holder.ended.set()
        beating.join()
        holder.give_back()


class _Holder:
    def __init__(self, server: Server, collection: str) -> None:
        self.ended = threading.Event()
        self._address = str(server.address)
        self._rows = Rows(server, collection)
        self._holder = secrets.token_hex(8)
        self._number = 0
        self._beats = 0

    def take(self) -> None:
        newest = self._newest()
        if newest and not newest["free"]:
            if abs(time.time() - float(newest["at"])) < LOST_SECONDS:
                raise self._held()
            # It may only be that the clocks of two machines differ.
            time.sleep(LOST_SECONDS)
            if self._newest() != newest:
                raise self._held()
        self._number = int(newest[_LEASE]) + 1 if newest else 1
        if not self._rows.claim(self._id, self._row(free=False)):
            raise self._held()
        self._rows.delete_where({_LEASE: {"$lt": self._number}})

    def beat_until_ended(self) -> None:
        while not self.ended.wait(BEAT_SECONDS):
            self._beats += 1
            with suppress(StorageError, CollectionGoneError):
                self._write(free=False)

    def give_back(self) -> None:
        with suppress(StorageError, CollectionGoneError):
            self._write(free=True)

    @property
    def _id(self) -> str:
        return f"{_LEASE}-{self._number:012d}"

    def _row(self, *, free: bool) -> Row:
        return {
            _LEASE: self._number,
            "holder": self._holder,
            "beats": self._beats,
            "at": time.time(),
            "free": free,
        }

    def _write(self, *, free: bool) -> None:
        # Not where it was taken over: a row that is gone isn't changed.
        self._rows.change(self._id, self._row(free=free))

    def _newest(self) -> Row:
        found = self._rows.where({_LEASE: {"$gt": 0}}).values()
        return max(found, key=lambda row: int(row[_LEASE]), default={})

    def _held(self) -> LibraryLockedError:
        return LibraryLockedError(
            f"Another process is writing to the library in {self._address!r}: "
            "try again when it is done."
        )
