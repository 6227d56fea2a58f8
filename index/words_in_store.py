"""The lexical half of retrieval where the vector store has an index of words of its own.

The store says which passages may be among the best; their BM25 is computed as the catalog's search
does, from the counts that the catalog has. So both give the same scores.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from index import lexical
from index.catalog import Catalog
from index.census import Census
from index.store import Store, StoreUnavailableError

PROPOSED = 500
"""Passages that the store is asked for."""

_log = logging.getLogger(__name__)


def search(
    catalog: Catalog, store: Store, census: Census, wanted: Sequence[str], k: int
) -> list[tuple[str, float]] | None:
    """The ids of up to `k` passages with any of these words, best first, and their BM25 (> 0).

    None where the store has no index of words, or can't be asked.
    """
    frequencies = census.document_frequency(dict.fromkeys(wanted))
    try:
        proposed = store.with_words(_telling(frequencies), PROPOSED)
    except StoreUnavailableError as error:
        _log.info("The store can't be asked for words, so the catalog is: %s", error)
        return None
    if proposed is None:
        return None
    mean_length = census.mean_length
    with catalog.reading() as connection:
        return lexical.ranked(connection, wanted, proposed, mean_length, k)


def _telling(frequencies: Mapping[str, int]) -> list[str]:
    """The rarest of the words, as many as the passages with them can be looked at.

    A store doesn't weigh words by how rare they are; so asked for a common word and a rare one it
    could leave out passages with the rare one.
    """
    chosen: list[str] = []
    passages = 0
    for word, found in sorted(frequencies.items(), key=lambda pair: (pair[1], pair[0])):
        passages += found
        if chosen and passages > PROPOSED:
            break
        if found:
            chosen.append(word)
    return chosen
