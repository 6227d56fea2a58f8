"""A corpus of any size for `scale.py`, and an embedding that takes no time.

The corpus is the texts of the question sets in one folder, then the same texts again with words
swapped for words of other articles, as often as it takes: so no two texts are the same, and the
right answer of each question is there once, with near misses beside it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import count, islice
from pathlib import Path
from zlib import crc32

import numpy as np
from corpora import questions, sources
from numpy.typing import NDArray

from index import Source, Stated, Vectors, source_from_text
from index.words import words

PARAGRAPHS_OF_ARTICLE = 20
SETS = ("multihop_rag_facts", "xquad_en", "squad2_dev_half", "rgb_fact", "shifts_wiki", "wice_dev")
"""Whose texts are used, as far as they are there; the first have the questions that are asked."""
ASKED_SETS = SETS[:3]
SWAPPED = 0.15
"""The share of a paragraph's longer words that are swapped in its copies."""

_LONG_WORD = re.compile(r"\b[^\W\d_]{5,}\b")


def articles(data: Path, paragraphs: int) -> Iterator[Source]:
    """Articles of twenty paragraphs, `paragraphs` in all; the same for the same folder."""
    texts = _paragraphs(data)
    pool = sorted({word for text in texts for word in _LONG_WORD.findall(text) if word.islower()})
    stream = islice(
        (_copy(text, copy, pool) for copy in count() for text in texts),
        paragraphs,
    )
    for number in count(1):
        body = list(islice(stream, PARAGRAPHS_OF_ARTICLE))
        if not body:
            return
        title = " ".join(body[0].split()[:8])
        yield source_from_text(
            "\n\n".join(body), id=f"article-{number:06}", title=Stated(title, "made up")
        )


def asked(data: Path, number: int) -> list[str]:
    """Questions that the first copy of the texts answers, spread evenly over the sets."""
    found = [
        each.text
        for name in ASKED_SETS
        if (data / name).is_dir()
        for each in questions(data / name)
        if each.answerable
    ]
    step = max(1, len(found) // number)
    return found[::step][:number]


def _paragraphs(data: Path) -> list[str]:
    found: dict[str, None] = {}
    for name in SETS:
        if (data / name).is_dir():
            for source in sources(data / name):
                parts = (" ".join(part.split()) for part in source.text.split("\n\n"))
                found.update(dict.fromkeys(part for part in parts if 80 <= len(part) <= 1500))
    texts = list(found)
    random.Random(0).shuffle(texts)  # so that small libraries are of the same kind as large ones
    return texts


def _copy(text: str, copy: int, pool: Sequence[str]) -> str:
    if copy == 0:
        return text
    chance = random.Random(f"{copy} {crc32(text.encode())}")

    def swapped(match: re.Match[str]) -> str:
        return chance.choice(pool) if chance.random() < SWAPPED else match[0]

    return _LONG_WORD.sub(swapped, text)


class StandIn:
    """Near are texts that share words, as with the true embedding, at no cost to speak of.

    A text is the sum of its words' random directions, weighted by their length for want of their
    rarity, and of one direction that all texts share: so cosines lie from 0.7 to 1, as e5's do.
    """

    name = "stand-in"
    identity = "stand-in 1"
    dimensions = 384
    _COMMON = 0.75

    def embed_question(self, text: str) -> NDArray[np.float32]:
        return self._vector(text)

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self._vector(text) for text in texts])

    embed_passages = embed_questions

    def _vector(self, text: str) -> NDArray[np.float32]:
        own = sum((min(len(word), 8) * _direction(word) for word in words(text)), _direction(""))
        own /= np.linalg.norm(own)
        vector = np.sqrt(self._COMMON) * _direction("all") + np.sqrt(1 - self._COMMON) * own
        return (vector / np.linalg.norm(vector)).astype(np.float32)


@lru_cache(maxsize=200_000)
def _direction(word: str) -> NDArray[np.float32]:
    drawn = np.random.default_rng(crc32(word.encode())).standard_normal(StandIn.dimensions)
    return (drawn / np.linalg.norm(drawn)).astype(np.float32)
