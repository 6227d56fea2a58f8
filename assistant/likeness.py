"""Words of a question that a passage has in some spelling: names, numbers, what is borrowed.

A question in another language or script shares few words with the passages, but its names come back
transcribed ("Лаудон", "Loudoun") and many of its nouns have a relative ("revolución"). The share
of its words that have their like tells passages apart where vectors put them close together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import JaroWinkler
from rapidfuzz.process import cdist

from assistant.names import spelling_key
from index.words import stop_words

ALIKE = 0.88
"""Jaro-Winkler similarity of two evened-out words from which one counts as the other's like."""
MIN_LETTERS = 4
"""Words that are shorter, and those with digits, must be equal."""
MAX_CHARACTERS = 4000
"""So much of a sentence is compared."""
MAX_QUESTION_WORDS = 64

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Likeness:
    """The shares of the question's words that a passage and its sentences have the like of."""

    passage: float
    sentences: tuple[float, ...]


def likeness(question: str, passages: Sequence[Sequence[str]]) -> list[Likeness]:
    """The shares for each of the passages, given as their sentences; all from 0 to 1.

    Words are weighted by how few of these passages have them (BM25's inverse document frequency),
    and function words don't count. All shares are 0 for a question without other words.
    """
    asked = _keys(question)[:MAX_QUESTION_WORDS]
    told = [[_keys(sentence[:MAX_CHARACTERS]) for sentence in passage] for passage in passages]
    known = dict.fromkeys(key for passage in told for keys in passage for key in keys)
    if not asked or not known:
        return [Likeness(0.0, (0.0,) * len(passage)) for passage in passages]
    alike, column = _alike(asked, list(known)), {key: at for at, key in enumerate(known)}
    # For each passage, which of the words (columns) each of its sentences (rows) has the like of.
    found = [
        np.array(
            [alike[:, [column[key] for key in keys]].max(axis=1, initial=0) for keys in each]
        ).reshape(len(each), len(asked))
        for each in told
    ]
    whole = np.array([rows.max(axis=0, initial=0) for rows in found])
    weights = _rarity(whole) / _rarity(whole).sum()
    return [
        Likeness(float((words * weights).sum()), tuple((rows * weights).sum(axis=1).tolist()))
        for words, rows in zip(whole, found, strict=True)
    ]


def _alike(asked: Sequence[str], known: Sequence[str]) -> NDArray[np.float32]:
    """How alike each word asked for (row) is to each of the known (column), 0 where too little."""
    alike: NDArray[np.float32] = cdist(
        asked, known, scorer=JaroWinkler.similarity, score_cutoff=ALIKE, dtype=np.float32
    )
    for row, key in enumerate(asked):
        if len(key) < MIN_LETTERS or not key.isalpha():
            alike[row] = [key == other for other in known]
    return alike


def _rarity(found: NDArray[np.float32]) -> NDArray[np.float32]:
    """The weight of each word (column), by how many of the passages (rows) have it."""
    frequency = found.sum(axis=0)
    weights: NDArray[np.float32] = np.log(1 + (len(found) - frequency + 0.5) / (frequency + 0.5))
    return weights


@lru_cache(maxsize=4096)
def _keys(text: str) -> tuple[str, ...]:
    """The words of a text that aren't function words, evened out, each once."""
    function_words = _function_words()
    found = (_key(word) for word in _WORD.findall(text) if word.casefold() not in function_words)
    return tuple(dict.fromkeys(filter(None, found)))


@lru_cache(maxsize=50_000)
def _key(word: str) -> str:
    return "".join(spelling_key(word))


@cache
def _function_words() -> frozenset[str]:
    return frozenset().union(*stop_words().values())
