"""Where the vectors of passages are searched: what any engine for it does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.types import Passage, Vectors


class StoreUnavailableError(Exception):
    """The engine can't be reached, opened or read; search the catalog instead."""


class ServerUnavailableError(StoreUnavailableError):
    """Its server can't be used: what to do is to be done there."""


class Store(Protocol):
    """Passages with their vectors; safe to use from several threads.

    It can always be made again from the catalog, which is the truth; what a killed process left
    over here is cleaned up by the next one that writes. All raise StoreUnavailableError.
    """

    def add(self, passages: Sequence[Passage], vectors: Vectors, words: Sequence[str]) -> None:
        """Adds passages or replaces those with the same ids.

        Row i is the vector of passage i, and `words[i]` are its words, with spaces between, for an
        engine that has an index of words.
        """

    def remove(self, ids: Sequence[str]) -> None:
        """Removes the passages with these ids, as far as they are there."""

    def nearest(self, vector: NDArray[np.float32], k: int) -> list[tuple[str, float]]:
        """The ids of up to `k` passages nearest to `vector`, best first, and their cosines."""

    def nearest_sources(self, vectors: Vectors, k: int) -> list[list[tuple[str, float]]]:
        """For each vector the source ids of the `k` nearest passages, best first, and cosines."""

    def with_words(self, words: Sequence[str], k: int) -> list[str] | None:
        """The ids of up to `k` passages with any of these words, likely ones first.

        None from an engine that has no index of words: the catalog's is searched then.
        """

    def exists(self) -> bool:
        """Whether it was ever written to."""

    def count(self) -> int | None:
        """The number of passages, leftovers included; None where that can't be told quickly."""

    def ids(self) -> set[str]:
        """The ids of all passages, leftovers included; made ready to be written to."""

    def vectors(self, ids: Sequence[str]) -> Vectors:
        """The vectors of these passages, in the order of the ids; all must be there."""

    def clear(self) -> None:
        """Removes all passages."""

    def close(self) -> None:
        """Lets go of it; the next use opens it again and sees what others have written."""
