"""A comparison as one HTML document: differences on top, both texts side by side below.

It needs nothing else: it has no script and fetches nothing. The texts are the stored ones, and all
that is marked in them is quoted by a citation that holds. Every text is escaped by the templates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from assistant import comparison_text
from assistant.citations import holds
from assistant.comparison import Comparison
from assistant.hypertext import asset, digest, markup, templates
from assistant.types import Citation
from index import AnswerError, IndexedSource, Library, ParagraphKind


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a paragraph all of which is quoted by the same differences."""

    text: str
    is_marked: bool
    """Whether a difference quotes it."""
    decides: bool
    """Whether it is of the words that decide."""
    is_alone: bool
    """Whether only this source tells it."""
    begins: tuple[int, ...]
    """The numbers of the citations that begin with it."""
    ends: tuple[int, ...]
    """The numbers of the differences that are quoted up to its end."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A paragraph as it is shown."""

    number: int
    kind: ParagraphKind
    is_alone: bool
    """Whether it has no counterpart in the other source."""
    parts: tuple[Part, ...]


Cells = tuple[tuple[Shown, ...], tuple[Shown, ...]]
"""The paragraphs that stand beside each other."""


def comparison_document(comparison: Comparison, library: Library) -> str:
    """The document; every citation is checked against the stored text once more.

    Raises:
        SourceError: the library doesn't have one of the sources any more.
        AnswerError: a citation doesn't hold any more.
    """
    first, second = (library.indexed(source.id) for source in comparison.sources)
    indexed = {first.source.id: first, second.source.id: second}
    for source in comparison.sources:
        if indexed[source.id].source.sha256 != source.sha256:
            raise AnswerError(f"{source.id} has changed since it was compared: compare it again.")
    if not all(holds(each, indexed[each.source_id]) for each in comparison.citations):
        raise AnswerError("A citation of this comparison doesn't hold: compare the sources again.")
    style = asset("comparison.css")
    policy = f"default-src 'none'; style-src '{digest(style)}'; base-uri 'none'; form-action 'none'"
    return (
        templates()
        .get_template("comparison.html")
        .render(
            comparison=comparison,
            by_kind=comparison_text.by_kind(comparison),
            policy=policy,
            rows=list(_rows(comparison, first, second)),
            style=markup(style),
            told=comparison_text,
        )
    )


def _rows(comparison: Comparison, first: IndexedSource, second: IndexedSource) -> Iterator[Cells]:
    """Aligned paragraphs beside each other; between them those without a counterpart, in order."""
    marks = _Marks(comparison)
    for ours, theirs in layout(comparison):
        yield (
            tuple(marks.shown(first, number, is_alone=not theirs) for number in ours),
            tuple(marks.shown(second, number, is_alone=not ours) for number in theirs),
        )


def layout(comparison: Comparison) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """All paragraphs of both sources, by number, in rows in the order of the first source.

    One of the second without a counterpart stands behind the one that precedes it there.
    """
    placed: dict[tuple[int, int, int], tuple[tuple[int, ...], tuple[int, ...]]] = {}
    row_of = {}
    for row in comparison.aligned:
        placed[row.first[0], 0, 0] = row.first, row.second
        row_of.update(dict.fromkeys(row.second, row.first[0]))
    known = {number for row in comparison.aligned for number in row.first}
    for number in range(1, comparison.sources[0].paragraphs + 1):
        if number not in known:
            placed[number, 0, 0] = (number,), ()
    behind = 0
    for number in range(1, comparison.sources[1].paragraphs + 1):
        behind = row_of.get(number, behind)
        if number not in row_of:
            placed[behind, 1, number] = (), (number,)
    return [placed[place] for place in sorted(placed)]


class _Marks:
    """What is quoted of the sources, and by what."""

    def __init__(self, comparison: Comparison) -> None:
        self._differing: list[tuple[Citation, int]] = [
            (comparison.citation(cited), number)
            for number, difference in enumerate(comparison.differences, 1)
            for side in difference.sides
            for cited in side.citations
        ]
        self._alone = [
            comparison.citation(cited) for each in comparison.only_in for cited in each.citations
        ]

    def shown(self, indexed: IndexedSource, number: int, *, is_alone: bool) -> Shown:
        """The paragraph, cut where something quoted begins or ends."""
        paragraph = indexed.paragraph(number)
        text = indexed.source.text
        differing = [
            (c, n)
            for c, n in self._differing
            if c.source_id == paragraph.source_id and c.paragraph == number
        ]
        alone = [
            c for c in self._alone if c.source_id == paragraph.source_id and c.paragraph == number
        ]
        spans = [_span(c) for c, _ in differing] + [_span(c) for c in alone]
        deciding = [_deciding(c) for c, _ in differing]
        cuts = {paragraph.start, paragraph.end}
        cuts.update(edge for span in (*spans, *deciding) for edge in span)
        edges = sorted(cuts)
        parts = tuple(
            Part(
                text=text[start:end],
                is_marked=_covered(start, (_span(c) for c, _ in differing)),
                decides=_covered(start, deciding),
                is_alone=_covered(start, map(_span, alone)),
                begins=_numbers(
                    c.number for c in [*(c for c, _ in differing), *alone] if c.start == start
                ),
                ends=_numbers(n for c, n in differing if c.end == end),
            )
            for start, end in pairwise(edges)
        )
        return Shown(number, paragraph.kind, is_alone, parts)


def _span(citation: Citation) -> tuple[int, int]:
    return citation.start, citation.end


def _deciding(citation: Citation) -> tuple[int, int]:
    """Where the words stand that decide; of a quote without a highlight none do."""
    if citation.highlight is None:
        return citation.start, citation.start
    return citation.highlight.start, citation.highlight.end


def _covered(at: int, spans: Iterable[tuple[int, int]]) -> bool:
    return any(start <= at < end for start, end in spans)


def _numbers(numbers: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted(set(numbers)))
