"""What the rows of a report point at: the paragraphs of the sources, each once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assistant.citations import holds
from assistant.hypertext import Place
from index import IndexedSource, Library, SourceError

if TYPE_CHECKING:
    from assistant.types import Answer, Citation, Nearest


@dataclass(slots=True)
class Excerpt:
    """A paragraph of a source; or, where that is gone, the words around one quote."""

    id: str
    """Its id in the document."""
    number: int
    """Of the paragraph."""
    start: int
    """In code points of the source's text."""
    text: str
    is_whole: bool
    """Whether it is the paragraph, as the library has it."""
    cited: set[tuple[int, int]] = field(default_factory=set)
    """Start and end of each quote from it, in code points of the source's text."""

    def parts(self) -> Iterator[tuple[str, bool]]:
        """The text in pieces, each with whether it is quoted."""
        at = self.start
        for start, end in sorted(self.cited):
            begin, finish = max(start, at), max(end, at)
            yield self._part(at, begin), False
            yield self._part(begin, finish), True
            at = finish
        yield self._part(at, self.start + len(self.text)), False

    def _part(self, start: int, end: int) -> str:
        return self.text[start - self.start : end - self.start]


@dataclass(slots=True)
class CitedSource:
    """A text that the rows point at."""

    id: str
    sha256: str
    title: str
    uri: str | None
    pieces: dict[object, Excerpt] = field(default_factory=dict)

    def excerpts(self) -> list[Excerpt]:
        """In the order of the text."""
        return sorted(self.pieces.values(), key=lambda excerpt: (excerpt.start, excerpt.id))


class CitedSources:
    """Collects what the answers point at; the library may change meanwhile."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._sources: dict[tuple[str, str], CitedSource] = {}
        self._count = 0

    def sources(self) -> tuple[CitedSource, ...]:
        """What was collected, in order of appearance."""
        return tuple(self._sources.values())

    def links(self, answer: Answer, *, elsewhere: str) -> Callable[[Place], str]:
        """Takes up what the answer points at; the function gives the address of each place of it.

        `elsewhere` is the address for a passage whose paragraph the library doesn't have any more.
        """
        found = {
            Place(c.source_id, c.paragraph, c.start, c.quote): self._citation(c)
            for c in answer.citations
        }
        for near in answer.nearest:
            place = Place(near.source_id, near.paragraph)
            found[place] = self._passage(near) or elsewhere
        return found.__getitem__

    def _citation(self, citation: Citation) -> str:
        indexed = self._indexed(citation.source_id)
        if indexed and holds(citation, indexed):
            excerpt = self._paragraph(indexed, citation.paragraph)
        else:
            excerpt = self._remembered(citation)
        excerpt.cited.add((citation.start, citation.end))
        return f"#{excerpt.id}"

    def _passage(self, near: Nearest) -> str | None:
        indexed = self._indexed(near.source_id)
        if indexed is None or not 1 <= near.paragraph <= len(indexed.paragraphs):
            return None
        return f"#{self._paragraph(indexed, near.paragraph).id}"

    def _indexed(self, source_id: str) -> IndexedSource | None:
        try:
            return self._library.indexed(source_id)
        except SourceError:
            return None

    def _paragraph(self, indexed: IndexedSource, number: int) -> Excerpt:
        source = indexed.source
        title = source.title.value if source.title else source.id
        cited = self._source(CitedSource(source.id, source.sha256, title, source.uri))
        paragraph = indexed.paragraph(number)
        text = source.text[paragraph.start : paragraph.end]
        return self._excerpt(cited, number, paragraph.start, text, is_whole=True)

    def _remembered(self, citation: Citation) -> Excerpt:
        """What the citation itself knows of its text."""
        title = citation.source_title or citation.source_id
        source = CitedSource(citation.source_id, citation.source_sha256, title, citation.source_uri)
        text = f"{citation.prefix}{citation.quote}{citation.suffix}"
        start = citation.start - len(citation.prefix)
        return self._excerpt(self._source(source), citation.paragraph, start, text, is_whole=False)

    def _source(self, source: CitedSource) -> CitedSource:
        return self._sources.setdefault((source.id, source.sha256), source)

    def _excerpt(
        self, source: CitedSource, number: int, start: int, text: str, *, is_whole: bool
    ) -> Excerpt:
        key = number if is_whole else (number, start, text)
        if key not in source.pieces:
            self._count += 1
            id = f"paragraph-{self._count}"
            source.pieces[key] = Excerpt(id, number, start, text, is_whole)
        return source.pieces[key]
