"""Which record of a shared library holds: each time it is indexed anew there is another.

A record is made beside the one that holds, and takes its place by one row, which only one can add.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from index.errors import StorageError
from index.shared.rows import Row, Rows
from index.shared.server import CollectionGoneError, Server, damaged_record

_EPOCH = "epoch"


@dataclass(frozen=True, slots=True)
class Epoch:
    """From one indexing of a library to the next."""

    number: int
    record: str
    """The collection of its changes."""
    manifest: Mapping[str, str]
    """What the library says about itself."""


class Epochs:
    """The epochs of one library, in the collection that has its name."""

    def __init__(self, server: Server) -> None:
        """Nothing is opened yet."""
        self._server = server
        self._name = server.address.name
        self._rows = Rows(server, self._name)

    def current(self) -> Epoch | None:
        """The newest; None where there is no library."""
        try:
            found = self._rows.where({_EPOCH: {"$gt": 0}}).values()
        except CollectionGoneError:
            return None
        if not found:
            return None
        newest = max(found, key=lambda row: int(row[_EPOCH]))
        try:
            manifest = json.loads(str(newest["manifest"]))
            return Epoch(int(newest[_EPOCH]), str(newest["record"]), manifest)
        except (KeyError, ValueError) as error:
            raise damaged_record(self._server, "an epoch of it can't be read") from error

    def new_record(self) -> str:
        """Makes the collection of a record that doesn't hold yet."""
        name = f"{self._name}.record-{secrets.token_hex(4)}"
        self._server.made(name)
        return name

    def begin(self, epoch: Epoch) -> None:
        """Makes this the newest; StorageError when its number is taken."""
        self._server.made(self._name)
        row: Row = {
            _EPOCH: epoch.number,
            "record": epoch.record,
            "manifest": json.dumps(dict(epoch.manifest)),
        }
        if not self._rows.claim(f"{_EPOCH}-{epoch.number:012d}", row):
            self._server.drop(epoch.record)
            raise StorageError(
                f"There is a library in {str(self._server.address)!r} already: open that one."
            )

    def tidy(self, epoch: Epoch) -> None:
        """Deletes what belongs to another epoch than this, which is the newest."""
        name = self._name
        kept = {epoch.record, passages_name(name, epoch.manifest["chroma"])}
        for prefix in (f"{name}.record-", passages_name(name, "chroma-")):
            for each in self._server.names(prefix):
                if each not in kept:
                    self._server.drop(each)
        self._rows.delete_where({_EPOCH: {"$lt": epoch.number}})


def passages_name(library: str, name: str) -> str:
    """What the server calls a collection of a library's passages."""
    return f"{library}.{name}"
