"""Unpacks answers piece by piece, so that what they unpack to is counted before it is in memory.

Only gzip is asked for and taken. Brotli and zstd make gigabytes of a few hundred bytes, and not
every version of their libraries can be told to stop.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from index.errors import SourceError

_PIECE_BYTES = 65_536
_GZIP = 16 + zlib.MAX_WBITS


def unpacked(pieces: Iterator[bytes], encoding: str, subject: str) -> Iterator[bytes]:
    """The pieces of an answer without its Content-Encoding, none above 64 KB if it was packed.

    SourceError, with `subject` for what it is about, when that isn't gzip or doesn't hold.
    """
    if encoding in ("", "identity"):
        return pieces
    if encoding not in ("gzip", "x-gzip"):
        raise SourceError(
            f"{subject} comes packed as {encoding[:40]!r}, which wasn't asked for: "
            "save the page and add the file."
        )
    return _gunzipped(pieces, subject)


def _gunzipped(pieces: Iterator[bytes], subject: str) -> Iterator[bytes]:
    member = None
    try:
        for piece in pieces:
            while piece:
                if member is None or member.eof:  # several may follow one another
                    member = zlib.decompressobj(_GZIP)
                yield from _inflated(member, piece)
                piece = member.unused_data if member.eof else b""
    except zlib.error as error:
        raise _broken(subject) from error
    if member is not None and not member.eof:
        raise _broken(subject)


def _inflated(member: zlib._Decompress, piece: bytes) -> Iterator[bytes]:
    while True:
        unpacked = member.decompress(piece, _PIECE_BYTES)
        yield unpacked
        piece = member.unconsumed_tail
        if member.eof or (not piece and len(unpacked) < _PIECE_BYTES):
            return


def _broken(subject: str) -> SourceError:
    return SourceError(f"{subject} came in broken packing: try again later.")
