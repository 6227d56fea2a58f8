"""Rows of a collection on a server that are found by their ids and by what they say.

Chroma keeps a row that is there when another with its id is added, and says nothing. So whoever
adds a row and reads its own back has the id, and nobody else.
"""

from __future__ import annotations

import base64
import math
import secrets
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from index.shared.server import Server, damaged_record, server_faults

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection
    from chromadb.api.types import Where

Row = Mapping[str, str | int | float | bool]
"""What a row says."""
Condition = Mapping[str, Any]
"""What rows must say: a value, or {"$gt": number} and the like, or several with "$and"."""

PART_BYTES = 500_000
"""Bytes of a part of something large; a server takes requests of some 40 MB."""
AT_ONCE = 16
"""Parts in one request."""
IDS_AT_ONCE = 1000

_TOKEN = "token"
_DATA = "data"


class Rows:
    """The rows of one collection; safe to use from several threads.

    All raise StorageError where the server can't be used, CollectionGoneError where the collection
    isn't there.
    """

    def __init__(self, server: Server, collection: str) -> None:
        """Nothing is opened yet."""
        self.server = server
        self.name = collection

    @property
    def _collection(self) -> Collection:
        return self.server.collection(self.name)

    def claim(self, row_id: str, row: Row) -> bool:
        """Adds a row; whether nobody else had its id."""
        token = secrets.token_hex(8)
        collection = self._collection
        with server_faults(self.server.address):
            collection.add(
                ids=[row_id], embeddings=[_point(row_id)], metadatas=[{**row, _TOKEN: token}]
            )
        return self.find([row_id]).get(row_id, {}).get(_TOKEN) == token

    def write(self, rows: Mapping[str, Row]) -> None:
        """Adds rows, by their ids, or replaces them."""
        collection = self._collection
        with server_faults(self.server.address):
            collection.upsert(
                ids=list(rows),
                embeddings=[_point(each) for each in rows],
                metadatas=[dict(row) for row in rows.values()],
            )

    def change(self, row_id: str, row: Row) -> None:
        """Changes some of what a row says."""
        collection = self._collection
        with server_faults(self.server.address):
            collection.update(ids=[row_id], metadatas=[dict(row)])

    def find(self, ids: Sequence[str]) -> dict[str, Row]:
        """The rows with these ids, as far as they are there."""
        collection = self._collection
        with server_faults(self.server.address):
            found = collection.get(ids=list(ids), include=["metadatas"])
        return dict(zip(found["ids"], found["metadatas"] or [], strict=True))  # type: ignore[arg-type]

    def where(self, condition: Condition) -> dict[str, Row]:
        """The rows that say so, by their ids."""
        collection = self._collection
        with server_faults(self.server.address):
            found = collection.get(where=cast("Where", condition), include=["metadatas"])
        return dict(zip(found["ids"], found["metadatas"] or [], strict=True))  # type: ignore[arg-type]

    def ids(self, condition: Condition) -> list[str]:
        """The ids of the rows that say so."""
        collection = self._collection
        with server_faults(self.server.address):
            return list(collection.get(where=cast("Where", condition), include=[])["ids"])

    def delete(self, ids: Sequence[str]) -> None:
        """Deletes the rows with these ids, as far as they are there."""
        collection = self._collection
        with server_faults(self.server.address):
            for first in range(0, len(ids), IDS_AT_ONCE):
                collection.delete(ids=list(ids[first : first + IDS_AT_ONCE]))

    def delete_where(self, condition: Condition) -> None:
        """Deletes the rows that say so."""
        collection = self._collection
        with server_faults(self.server.address):
            collection.delete(where=cast("Where", condition))

    # -- bytes, in parts

    def write_bytes(self, ids: Sequence[str], data: bytes, about: Row) -> None:
        """Stores bytes in as many parts as there are ids; `about` is what each row says besides."""
        for first in range(0, len(ids), AT_ONCE):
            rows: dict[str, Row] = {}
            for number, each in enumerate(ids[first : first + AT_ONCE], first):
                part = data[number * PART_BYTES : (number + 1) * PART_BYTES]
                rows[each] = {**about, _DATA: base64.b64encode(part).decode("ascii")}
            self.write(rows)

    def read_bytes(self, ids: Iterable[str]) -> dict[str, bytes]:
        """The parts with these ids, as far as they are there."""
        wanted, found = list(ids), dict[str, bytes]()
        for first in range(0, len(wanted), AT_ONCE):
            for each, row in self.find(wanted[first : first + AT_ONCE]).items():
                try:
                    found[each] = base64.b64decode(str(row[_DATA]), validate=True)
                except (KeyError, ValueError) as error:
                    raise damaged_record(self.server, "a part of it can't be read") from error
        return found


def parts_of(data: bytes) -> int:
    """In how many parts bytes are stored."""
    return max(1, -(-len(data) // PART_BYTES))


def _point(row_id: str) -> Sequence[float]:
    """A vector for a row that is never searched by it: Chroma wants one."""
    angle = zlib.crc32(row_id.encode())
    return [math.cos(angle), math.sin(angle)]
