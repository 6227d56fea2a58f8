"""Signatures of texts that are the more alike, the more words in sequence the texts share.

MinHash: A. Z. Broder, "On the resemblance and containment of documents", SEQUENCES 1997. Of a
text's shingles (words that follow one another) each of many hash functions keeps the least value;
two texts have a value in common as often as a shingle of either is one of both. For looking up,
values are taken together in bands (P. Indyk and R. Motwani, "Approximate nearest neighbors",
STOC 1998): of two texts with the resemblance r some band is the same with the probability
1 - (1 - r^3)^48, which is .997 for r = .5, .78 for r = .3, and .0002 for two texts about different
things (r = .002 at most). The hashes are the same on every machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

SIGNATURES_VERSION = 1
"""Raise it when the same words give another signature: libraries must then be reindexed."""

BANDS = 48
BAND_VALUES = 3
SHINGLE_WORDS = 3

SIGNATURE_BYTES = 4 * BANDS * BAND_VALUES

Signature = NDArray[np.uint32]
"""The least values: shape (BANDS * BAND_VALUES,)."""

_Hashes = NDArray[np.uint64]


def signature(words: Sequence[str]) -> Signature | None:
    """The signature of a text's words; None where they are too few for a shingle."""
    if len(words) < SHINGLE_WORDS:
        return None
    hashes = np.array([_hash_of(word) for word in words], dtype=np.uint64)
    count = len(words) - SHINGLE_WORDS + 1
    shingles = np.zeros(count, dtype=np.uint64)
    for shift in range(SHINGLE_WORDS):
        shingles = _mixed(shingles ^ hashes[shift : shift + count])
    shingles = np.unique(shingles)
    # One function after the other: all at once a book's would take a gigabyte.
    least = [int(_mixed(shingles ^ seed).min()) >> 32 for seed in _SEEDS]
    return np.array(least, dtype=np.uint32)


def buckets(values: Signature) -> list[int]:
    """A number for each band, in [-2^63, 2^63): where texts that may be alike are found."""
    bands = values.astype(np.uint64).reshape(BANDS, BAND_VALUES)
    mixed = np.arange(BANDS, dtype=np.uint64)
    for column in range(BAND_VALUES):
        mixed = _mixed(mixed ^ bands[:, column])
    return [int(bucket) for bucket in mixed.view(np.int64)]


def resemblance(one: Signature, other: Signature) -> float:
    """About which share of the shingles of either text are in both; off by .04 as a rule."""
    return float(np.mean(one == other))


def to_bytes(values: Signature) -> bytes:
    """The signature as it is stored: little-endian."""
    return values.astype("<u4").tobytes()


def from_bytes(data: bytes) -> Signature:
    """The signature that was stored."""
    return np.frombuffer(data, dtype="<u4").astype(np.uint32)


@lru_cache(maxsize=50_000)
def _hash_of(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")


def _mixed(values: _Hashes) -> _Hashes:
    """Splitmix64's step: each bit of a value changes about half of the result's."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


_SEEDS = _mixed(np.arange(BANDS * BAND_VALUES, dtype=np.uint64))
