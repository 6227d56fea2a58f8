"""Computes what is stored of a source: paragraphs, sentences, passages; and what is embedded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from index.language import language
from index.paragraphs import split_paragraphs
from index.passages import split_passages
from index.sentences import split_sentences
from index.types import IndexedSource, Paragraph, Passage, Sentence, Source

DEFAULT_LANG = "en"
CONTEXT_VERSION = 1
"""Raise it when a passage is embedded with other context: libraries must then be reindexed."""


@dataclass(frozen=True, slots=True)
class Split:
    """A source with what was computed from it, but for the vectors."""

    source: Source
    paragraphs: tuple[Paragraph, ...]
    sentences: tuple[Sentence, ...]
    passages: tuple[Passage, ...]
    passage_texts: tuple[str, ...]
    """What is embedded for each passage: its text with its context."""

    def texts(self) -> Iterator[str]:
        """All that is to be embedded; many a text comes twice (a paragraph of one sentence)."""
        yield from self.passage_texts
        for sentence in self.sentences:
            yield sentence.text


def split_source(source: Source) -> Split:
    """Splits a source into paragraphs, sentences and passages."""
    lang = language_of(source)
    paragraphs = split_paragraphs(source.id, source.text)
    sentences = tuple(
        sentence
        for paragraph in paragraphs
        for sentence in split_sentences(source.id, paragraph, source.text, lang)
    )
    passages = split_passages(source, paragraphs, sentences)
    texts = with_context(source, paragraphs, passages)
    return Split(source, paragraphs, sentences, passages, tuple(texts))


def language_of(source: Source) -> str:
    """The language by whose rules a source is split into sentences."""
    return source.lang.value if source.lang else language(source.text) or DEFAULT_LANG


def without_vectors(source: Source) -> IndexedSource:
    """A source as it can be cited from, though not searched: its sentences have no vectors."""
    split = split_source(source)
    none = np.zeros((len(split.sentences), 0), dtype=np.float32)
    return IndexedSource(source, split.paragraphs, split.sentences, none, split.passages)


def with_context(
    source: Source, paragraphs: Sequence[Paragraph], passages: Sequence[Passage]
) -> list[str]:
    """What is embedded for each passage: its title, its heading, then its own text.

    The context tells what a passage is about; it is never part of a citation.
    """
    title = source.title.value if source.title else None
    texts, heading = [], None
    kinds = {paragraph.number: paragraph.kind for paragraph in paragraphs}
    for passage in passages:
        own = source.text[passage.start : passage.end]
        if kinds[passage.paragraph] == "heading":
            heading = own
        context = [title, heading] if kinds[passage.paragraph] == "body" else [title]
        texts.append("\n".join([*filter(None, context), own]))
    return texts
