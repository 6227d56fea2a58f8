"""What the tests of comparisons share: a shelf of texts, with vectors that need no model."""

from __future__ import annotations

import zlib
from dataclasses import replace

import numpy as np

from assistant.comparing import compare
from assistant.comparison import Comparison
from index import IndexedSource, SourceError, content_words
from tests.assistant.conftest import index_text

DIMENSIONS = 256


def vector(text: str) -> np.ndarray:
    """The words of a text, each at its place: alike where words are shared.

    As with a true embedding, what is unlike isn't far apart.
    """
    found = np.zeros(DIMENSIONS, dtype=np.float32)
    found[0] = 5
    for word in [*content_words(text), text[:1]]:
        found[zlib.crc32(word.encode()) % DIMENSIONS] += 1
    return found / max(float(np.linalg.norm(found)), 1e-6)


class Shelf:
    """What a comparison asks of a library; the texts are twins of one another, or none is."""

    def __init__(self, texts: dict[str, str], *, twins: bool) -> None:
        self._sources = {id: self._index(text, id) for id, text in texts.items()}
        self._twins = twins

    @staticmethod
    def _index(text: str, id: str) -> IndexedSource:
        source = index_text(text, id)
        vectors = [vector(sentence.text) for sentence in source.sentences]
        stacked = np.stack(vectors) if vectors else np.zeros((0, DIMENSIONS), dtype=np.float32)
        return replace(source, sentence_vectors=stacked.astype(np.float32))

    def indexed(self, source_id: str) -> IndexedSource:
        if source_id not in self._sources:
            raise SourceError(f"There is no source {source_id!r}.")
        return self._sources[source_id]

    def twins(self, source_id: str) -> frozenset[str]:
        return frozenset(self._sources) - {source_id} if self._twins else frozenset()


def compared(first: str, second: str, *, twins: bool = True) -> Comparison:
    """Two texts, compared under the ids "first" and "second"."""
    return compare(Shelf({"first": first, "second": second}, twins=twins), "first", "second")


def told(comparison: Comparison) -> list[tuple[str, str]]:
    """Kind and subject of each difference."""
    return [(each.kind, each.about) for each in comparison.differences]
