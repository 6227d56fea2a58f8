"""The lexical half of retrieval: which passages may be among the best, and their BM25.

In a small library, and in some sources only, all passages with any of the words are ranked by the
catalog. In a large one, and where the vector store has an index of words of its own, only those
with the rarest words are looked at: what has none of these is hardly among the best, and a common
word is in a tenth of all passages, however many these are. The scores are the same.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence

from index import lexical
from index.catalog import Catalog
from index.census import Census
from index.store import Store, StoreUnavailableError

PROPOSED = 200
"""Passages with rare words that are looked at."""
MANY_MATCHES = 10_000
"""Up to so many passages with any of the words, all are ranked: it takes a few milliseconds."""

_log = logging.getLogger(__name__)


def search(
    catalog: Catalog,
    store: Store,
    census: Census,
    question_words: Sequence[str],
    k: int,
    source_ids: Collection[str] | None = None,
) -> list[tuple[str, float]]:
    """The ids of up to `k` passages with any of these words, best first, and their BM25 (> 0).

    `source_ids` limits the search to these sources.
    """
    wanted = list(dict.fromkeys(question_words))[: lexical.MAX_QUESTION_WORDS]
    proposed = None if source_ids is not None else _proposed(catalog, store, census, wanted)
    if proposed is None:
        with catalog.reading() as connection:
            return lexical.search(connection, wanted, k, source_ids)
    frequencies, mean_length = census.document_frequency(wanted), census.mean_length
    weights = lexical.weights(frequencies, census.passages)
    with catalog.reading() as connection:
        return lexical.ranked(connection, proposed, weights, mean_length, k)


def _proposed(
    catalog: Catalog, store: Store, census: Census, wanted: Sequence[str]
) -> list[str] | None:
    """The ids of passages that may be among the best; None where all should be ranked."""
    frequencies = census.document_frequency(wanted)
    telling = _telling(frequencies)
    try:
        proposed = store.with_words(telling, PROPOSED)
    except StoreUnavailableError as error:
        _log.info("The store can't be asked for words, so the catalog is: %s", error)
        proposed = None
    if proposed is None and sum(frequencies.values()) > MANY_MATCHES:
        with catalog.reading() as connection:
            proposed = [each for each, _ in lexical.search(connection, telling, PROPOSED)]
    return proposed


def _telling(frequencies: Mapping[str, int]) -> list[str]:
    """The rarest of the words, as many as the passages with them can be looked at."""
    chosen: list[str] = []
    passages = 0
    for word, found in sorted(frequencies.items(), key=lambda pair: (pair[1], pair[0])):
        passages += found
        if chosen and passages > PROPOSED:
            break
        if found:
            chosen.append(word)
    return chosen
