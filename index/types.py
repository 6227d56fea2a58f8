"""What the index hands out: sources, paragraphs, sentences, passages and hits.

Every `start` and `end` is a Unicode code-point offset into `Source.text`, so
`source.text[x.start:x.end]` is always the thing itself, character by character.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""Unit-length embedding vectors, one a row: shape (n, dimensions)."""

ParagraphKind = Literal["title", "heading", "byline", "caption", "boilerplate", "body"]


@dataclass(frozen=True, slots=True)
class Stated:
    """A piece of metadata and where it was read from; metadata are never guessed."""

    value: str
    read_from: str
    """Such as "paragraph 4", "front matter" or "file name"."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the original document a stretch of a source's text stands."""

    start: int
    end: int
    page: int | None = None
    """Of a document with pages, from 1."""
    element: str | None = None
    """What finds it in a document without, such as "row 12", "chapter-3.xhtml" or "item 4"."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The document that a source was read from, as it was then; its bytes are kept beside it."""

    sha256: str
    """Hex digest of the document's bytes."""
    media_type: str
    """Such as "application/pdf"."""
    encoding: str | None = None
    """How its text was decoded, such as "windows-1251 (found out)"; None where it says so."""
    fetched: str | None = None
    """When it was fetched from `Source.uri`, ISO 8601 in UTC; None for a file."""


@dataclass(frozen=True, slots=True)
class Source:
    """One text, stored verbatim as decoded; only a leading BOM is removed."""

    id: str
    """A slug, unique in its library."""
    text: str
    sha256: str
    """Hex digest of `text` in UTF-8."""
    title: Stated | None = None
    uri: str | None = None
    publisher: Stated | None = None
    author: Stated | None = None
    published: Stated | None = None
    """The date as ISO 8601 (`2025-02-25` or `2025-02-25T17:06`)."""
    lang: Stated | None = None
    origin: Origin | None = None
    """None for a text that was given as such."""
    places: tuple[Place, ...] = ()
    """In the order of the text, none overlapping another; empty for plain text."""

    def place_at(self, offset: int) -> Place | None:
        """The place in the original of the character at this offset; None where none is known."""
        before = bisect_right(self.places, offset, key=lambda place: place.start)
        place = self.places[before - 1] if before else None
        return place if place is not None and offset < place.end else None


@dataclass(frozen=True, slots=True)
class Document:
    """A source and the bytes of the document that it was read from, to be stored beside it."""

    source: Source
    """`source.origin` is about `original`."""
    original: bytes = field(repr=False)
    name: str | None = None
    """What it is called where it came from, such as "news.zip/a.pdf"; None to go by its id."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A block of a source between blank lines, numbered from 1 over all blocks."""

    source_id: str
    number: int
    start: int
    end: int
    kind: ParagraphKind


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a paragraph; the unit that the extractive engine quotes."""

    source_id: str
    paragraph: int
    start: int
    end: int
    utterance_start: int
    utterance_end: int
    """The span of the whole quotation and its attribution that the sentence is part of.

    For a sentence outside a quotation of several sentences it is the sentence itself.
    """
    text: str
    """`source.text[start:end]`."""


@dataclass(frozen=True, slots=True)
class Passage:
    """What is embedded and retrieved: a paragraph, or whole sentences of a long one."""

    id: str
    source_id: str
    paragraph: int
    start: int
    end: int
    tokens: int
    """Counted with tiktoken's cl100k_base."""


@dataclass(frozen=True, slots=True)
class IndexedSource:
    """A source with all that was computed from it when it was added."""

    source: Source
    paragraphs: tuple[Paragraph, ...]
    sentences: tuple[Sentence, ...]
    sentence_vectors: Vectors = field(repr=False, compare=False)
    """Row i is the embedding of `sentences[i]` as a passage."""
    passages: tuple[Passage, ...]

    def paragraph(self, number: int) -> Paragraph:
        """The paragraph with this number (from 1); IndexError when there is none."""
        if number < 1:
            raise IndexError(number)
        return self.paragraphs[number - 1]

    def rows_of(self, passage: Passage) -> range:
        """The positions in `sentences` (and `sentence_vectors`) of a passage's sentences."""
        first = bisect_left(self.sentences, passage.start, key=lambda s: s.start)
        return range(first, bisect_left(self.sentences, passage.end, key=lambda s: s.start))


@dataclass(frozen=True, slots=True)
class Hit:
    """A retrieved passage with the evidence for it."""

    passage: Passage
    source: IndexedSource = field(repr=False, compare=False)
    """The source that the passage is of, as it was when it was found."""
    dense: float
    """Cosine similarity of question and passage, in [-1, 1]."""
    lexical: float
    """BM25 score, 0.0 where no word of the question occurs in the passage."""
    score: float
    """The fused score that hits are ranked by; comparable within one search only."""
