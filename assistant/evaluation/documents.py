"""The texts that a set is about: made into sources, or found in a library."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from assistant.evaluation.lines import Line, read_lines
from index import (
    Library,
    Paragraph,
    Source,
    SourceError,
    Stated,
    slug,
    source_from_text,
    split_paragraphs,
)
from index.dates import find_date


@dataclass(frozen=True, slots=True)
class Document:
    """A text that gold may point into."""

    source_id: str
    text: str
    paragraphs: tuple[Paragraph, ...]
    """As the library counts them, from 1."""
    pieces: tuple[tuple[int, int], ...]
    """The spans of `text.split("\n\n")`, as the common format counts paragraphs, from 0."""

    @classmethod
    def of(cls, source_id: str, text: str, paragraphs: tuple[Paragraph, ...]) -> Document:
        """The document of this text, with its pieces."""
        spans, start = [], 0
        for piece in text.split("\n\n"):
            spans.append((start, start + len(piece)))
            start += len(piece) + 2
        return cls(source_id, text, paragraphs, tuple(spans))

    def number_at(self, offset: int) -> int | None:
        """The number of the paragraph that is there, or begins next; None behind the last."""
        at = bisect_right(self.paragraphs, offset, key=lambda paragraph: paragraph.start)
        if at and offset < self.paragraphs[at - 1].end:
            return at
        return at + 1 if at < len(self.paragraphs) else None


@dataclass(frozen=True, slots=True)
class Documents:
    """The texts of a set, by the ids that it gives them."""

    find: Callable[[str], Document | None]
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Why those can't be stored that can't, in one sentence."""


class _CorpusMeta(Line):
    """The only fields of a text's `meta` that are looked at; the others are labels."""

    source: str | None = None
    published_at: str | None = None
    url: str | None = None
    author: str | None = None


class _CorpusLine(Line):
    doc_id: str
    text: str
    title: str | None = None
    meta: _CorpusMeta = _CorpusMeta()


def corpus_of(path: Path) -> tuple[tuple[Source, ...], Documents]:
    """The texts in a `corpus.jsonl` as sources, each text once.

    Documents with the same text are one source, since a library has a text only once. A text that
    a library refuses, such as binary data, is left out.

    Raises:
        SourceError: the file isn't there, or a line of it can't be read; it says which and why.
    """
    lines = list(read_lines(path, _CorpusLine, SourceError))
    addresses = Counter(line.meta.url for _, line in lines if line.meta.url)
    sources: dict[str, Source] = {}
    ids: dict[str, str] = {}
    by_text: dict[str, str] = {}
    left_out: dict[str, str] = {}
    for where, line in lines:
        if line.doc_id in ids or line.doc_id in left_out:
            raise where.wrong(f"an earlier line has the doc_id {line.doc_id!r} too")
        if line.text not in by_text:
            # A library takes a second text with one address for the new version of the first.
            url = line.meta.url
            uri = url if url and addresses[url] == 1 else None
            try:
                source = _source(line, _free_id(line.doc_id, sources), uri)
            except SourceError as error:
                left_out[line.doc_id] = str(error)
                continue
            sources[source.id] = source
            by_text[line.text] = source.id
        ids[line.doc_id] = by_text[line.text]
    if not sources:
        reason = next(iter(left_out.values()), "Write at least one into it.")
        raise SourceError(f"{str(path)!r} holds no text that can be stored: {reason}")

    @cache
    def document(source_id: str) -> Document:
        text = sources[source_id].text
        return Document.of(source_id, text, split_paragraphs(source_id, text))

    def find(doc_id: str) -> Document | None:
        return document(ids[doc_id]) if doc_id in ids else None

    return tuple(sources.values()), Documents(find, left_out)


def documents_of(library: Library) -> Documents:
    """The sources of a library, by their ids."""

    @cache
    def find(source_id: str) -> Document | None:
        try:
            indexed = library.indexed(source_id)
        except SourceError:
            return None
        return Document.of(source_id, indexed.source.text, indexed.paragraphs)

    return Documents(find)


def _source(line: _CorpusLine, id: str, uri: str | None) -> Source:
    meta = line.meta
    date = find_date(meta.published_at) if meta.published_at else None
    return source_from_text(
        line.text,
        id=id,
        uri=uri,
        title=_stated(line.title),
        publisher=_stated(meta.source),
        author=_stated(meta.author),
        published=_stated(date.value) if date else None,
    )


def _stated(value: str | None) -> Stated | None:
    return Stated(value.strip(), "corpus.jsonl") if value and value.strip() else None


def _free_id(doc_id: str, taken: dict[str, Source]) -> str:
    """The id as a library can have it; one that another has already gets a number."""
    wanted = free = slug(doc_id)
    number = 1
    while free in taken:
        number += 1
        free = slug(f"{wanted[:70]}-{number}")
    return free
