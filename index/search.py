"""Hybrid search: dense and lexical candidates, ranked by one score, without crowding.

The score adds up evidence in comparable units: the cosine of question and passage, the cosine of
its best sentence, and the share of the best possible BM25 that it reaches. A question in another
language shares no words with the passages, so its lexical share is zero and changes nothing.
Near-duplicates (the same passage in another source) don't crowd other passages out.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index import lexical as lexical_index
from index.errors import SourceError
from index.glimpses import Glimpse
from index.library import Library
from index.types import Hit, IndexedSource, ParagraphKind, Passage
from index.words import content_words

SENTENCE_WEIGHT = 0.7
LEXICAL_WEIGHT = 0.11
NEAR_DUPLICATE = 0.93
"""Cosine of two passages' best sentences from which the passages count as one."""
MAX_DUPLICATES = 12
"""So many near-duplicates come on top of a search's passages: a text that fifty sources have copied
has witnesses enough, and sentences are compared with one another."""


@dataclass(frozen=True, slots=True)
class _Scored:
    passage: Passage
    dense: float
    lexical: float
    score: float
    best_sentence: NDArray[np.float32]


def search(
    library: Library,
    question: str,
    vector: NDArray[np.float32],
    *,
    sources: Collection[str] | None = None,
    kinds: Collection[ParagraphKind] | None = None,
    k: int = 12,
) -> tuple[Hit, ...]:
    """The passages nearest to `question`, best first; ties are broken by passage id.

    Args:
        library: where to search.
        question: its text, for the lexical half.
        vector: its embedding, of unit length: shape (dimensions,).
        sources: ids of the sources to search; all by default.
        kinds: kinds of paragraphs to search among the nearest; all by default.
        k: how many different passages to return; near-duplicates of them come on top, the best
            twelve.
    """
    dense = dict(library.nearest_dense(vector, 3 * k, sources))
    lexical = dict(library.nearest_lexical(question, 2 * k, sources))
    best_possible = _best_possible_bm25(library, question)
    # Of most candidates a glimpse is enough; only the sources of those that are kept are loaded.
    glimpsed = library.glimpses(dict.fromkeys([*dense, *lexical]))
    scored = [
        _score(
            passage,
            glimpse,
            vector,
            dense.get(passage),
            lexical.get(passage, 0.0) / best_possible if best_possible else 0.0,
            lexical.get(passage, 0.0),
        )
        for passage, glimpse in glimpsed.items()
        if kinds is None or glimpse.kind in kinds
    ]
    scored.sort(key=lambda each: (-each.score, each.passage.id))
    return tuple(_hits(library, _without_crowding(scored, k)))


def _hits(library: Library, kept: list[_Scored]) -> Iterator[Hit]:
    """What is kept, with the sources; what another process has just removed is left out."""
    indexed: dict[str, IndexedSource] = {}
    for source_id in sorted({each.passage.source_id for each in kept}):
        with suppress(SourceError):
            indexed[source_id] = library.indexed(source_id)
    for each in kept:
        source = indexed.get(each.passage.source_id)
        if source is not None and each.passage in source.passages:
            yield Hit(each.passage, source, each.dense, each.lexical, each.score)


def _score(
    passage: Passage,
    glimpse: Glimpse,
    vector: NDArray[np.float32],
    dense: float | None,
    lexical_share: float,
    lexical: float,
) -> _Scored:
    cosines = glimpse.sentence_vectors @ vector
    best = int(np.argmax(cosines))
    # A passage that only the lexical half found is at most as similar as its best sentence.
    similarity = float(cosines[best]) if dense is None else dense
    score = similarity + SENTENCE_WEIGHT * float(cosines[best]) + LEXICAL_WEIGHT * lexical_share
    return _Scored(passage, similarity, lexical, score, glimpse.sentence_vectors[best])


def _best_possible_bm25(library: Library, question: str) -> float:
    """What a short passage with all the question's known content words would score."""
    frequencies = library.document_frequency(content_words(question))
    total = library.passage_count
    return (lexical_index.K1 + 1) * sum(
        math.log(1 + (total - found + 0.5) / (found + 0.5))
        for found in frequencies.values()
        if found
    )


def _without_crowding(scored: list[_Scored], k: int) -> list[_Scored]:
    """The first `k` different passages and the near-duplicates met on the way to them."""
    kept: list[_Scored] = []
    different: list[_Scored] = []
    for each in scored:
        if any(_near_duplicates(each, other) for other in different):
            if len(kept) - len(different) == MAX_DUPLICATES:
                continue
        elif len(different) == k:
            break
        else:
            different.append(each)
        kept.append(each)
    return kept


def _near_duplicates(first: _Scored, second: _Scored) -> bool:
    if first.passage.source_id == second.passage.source_id:
        return False
    return float(first.best_sentence @ second.best_sentence) >= NEAR_DUPLICATE
