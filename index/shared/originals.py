"""The documents that the sources of a shared library were read from, each once, on the server."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from index.shared.rows import Rows, parts_of
from index.shared.server import Server, damaged_record

_ABOUT = "original"
_IS_PART = "is_part"


class Originals:
    """The documents of one library, in parts, by their hashes."""

    def __init__(self, server: Server, collection: str) -> None:
        """Nothing is opened yet."""
        self._server = server
        self._rows = Rows(server, collection)

    def add(self, sha256: str, original: bytes) -> None:
        """Stores a document unless it is there."""
        ids = _ids(sha256, parts_of(original))
        if set(ids) - set(self._rows.ids({_ABOUT: sha256})):
            self._rows.write_bytes(ids, original, {_ABOUT: sha256, _IS_PART: True})

    def get(self, sha256: str) -> bytes | None:
        """A document, or None; StorageError where it isn't what was stored."""
        ids = _ids(sha256, len(self._rows.ids({_ABOUT: sha256})))
        parts = self._rows.read_bytes(ids)
        original = b"".join(parts.get(each, b"") for each in ids)
        if ids and hashlib.sha256(original).hexdigest() != sha256:
            raise damaged_record(self._server, "an original has changed")
        return original if ids else None

    def delete(self, hashes: Collection[str]) -> None:
        """Deletes the documents with these hashes."""
        for sha256 in sorted(hashes):
            self._rows.delete_where({_ABOUT: sha256})

    def keep_only(self, hashes: Collection[str]) -> None:
        """Deletes all but the documents with these hashes."""
        kept = set(hashes)
        self.delete({_sha256(each) for each in self._rows.ids({_IS_PART: True})} - kept)


def _ids(sha256: str, parts: int) -> list[str]:
    return [f"{_ABOUT}-{sha256}.{each}" for each in range(parts)]


def _sha256(part_id: str) -> str:
    return part_id.removeprefix(f"{_ABOUT}-").partition(".")[0]
