"""What the tests of the assistant share: texts split as the index splits them, without vectors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from index import (
    IndexedSource,
    Library,
    Sentence,
    source_from_text,
    split_paragraphs,
    split_passages,
    split_sentences,
)

ARTICLES = Path(__file__).parents[2] / "articles"


def index_text(text: str, id: str = "text") -> IndexedSource:
    """A text split as the index splits it; nothing is embedded."""
    source = source_from_text(text, id=id)
    paragraphs = split_paragraphs(id, text)
    sentences = [s for p in paragraphs for s in split_sentences(id, p, text)]
    return IndexedSource(
        source=source,
        paragraphs=paragraphs,
        sentences=tuple(sentences),
        sentence_vectors=np.zeros((len(sentences), 1), dtype=np.float32),
        passages=split_passages(source, paragraphs, sentences),
    )


@pytest.fixture(scope="session")
def indexed() -> Callable[..., IndexedSource]:
    """Makes an indexed source of a text; nothing is embedded."""
    return index_text


@pytest.fixture(scope="session")
def articles() -> tuple[IndexedSource, ...]:
    """The sample articles, split but not embedded."""
    return tuple(
        index_text(path.read_text(encoding="utf-8"), path.stem)
        for path in sorted(ARTICLES.glob("*.txt"))
    )


@pytest.fixture(scope="session")
def statements(articles: tuple[IndexedSource, ...]) -> tuple[Sentence, ...]:
    """The sentences of the sample articles' bodies."""
    return tuple(
        sentence
        for article in articles
        for sentence in article.sentences
        if article.paragraph(sentence.paragraph).kind == "body"
    )


@pytest.fixture
def own_library(tmp_path: Path):
    """A function that makes a library of these texts (id to text), with the true embedding."""
    opened: list[Library] = []

    def make(texts: dict[str, str]) -> Library:
        library = Library.create(tmp_path / "library")
        opened.append(library)
        results = library.add(source_from_text(text, id=id) for id, text in texts.items())
        assert [result.outcome for result in results] == ["added"] * len(texts)
        return library

    yield make
    for library in opened:
        library.close()
