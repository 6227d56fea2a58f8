"""Computes everything that is stored of a source: paragraphs, sentences, passages, vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from index.embeddings import Embedder
from index.language import language
from index.paragraphs import split_paragraphs
from index.passages import split_passages
from index.sentences import split_sentences
from index.types import IndexedSource, Paragraph, Passage, Source, Vectors

BATCH_TEXTS = 16
DEFAULT_LANG = "en"
CONTEXT_VERSION = 1
"""Raise it when a passage is embedded with other context: libraries must then be reindexed."""


@dataclass(frozen=True, slots=True)
class Built:
    """A source with what was computed from it; row i of `passage_vectors` is passage i's."""

    indexed: IndexedSource
    passage_vectors: Vectors


def build_source(
    source: Source, embedder: Embedder, on_progress: Callable[[int, int], None]
) -> Built:
    """Splits and embeds a source; `on_progress` is told how many texts of how many are embedded."""
    lang = source.lang.value if source.lang else language(source.text) or DEFAULT_LANG
    paragraphs = split_paragraphs(source.id, source.text)
    sentences = tuple(
        sentence
        for paragraph in paragraphs
        for sentence in split_sentences(source.id, paragraph, source.text, lang)
    )
    passages = split_passages(source, paragraphs, sentences)
    texts = with_context(source, paragraphs, passages)
    texts += [sentence.text for sentence in sentences]
    vectors = _embed(texts, embedder, on_progress)
    return Built(
        IndexedSource(source, paragraphs, sentences, vectors[len(passages) :], passages),
        passage_vectors=vectors[: len(passages)],
    )


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


def _embed(
    texts: Sequence[str], embedder: Embedder, on_progress: Callable[[int, int], None]
) -> Vectors:
    """One vector a text; a text that comes twice (a paragraph of one sentence) is embedded once."""
    rows = {text: row for row, text in enumerate(dict.fromkeys(texts))}
    different = list(rows)
    parts: list[Vectors] = []
    for first in range(0, len(different), BATCH_TEXTS):
        on_progress(first, len(different))
        parts.append(embedder.embed_passages(different[first : first + BATCH_TEXTS]))
    on_progress(len(different), len(different))
    vectors: Vectors = np.concatenate(parts)[[rows[text] for text in texts]]
    return vectors
