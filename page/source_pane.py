"""What the source pane shows: a source with its paragraphs, and where a quote stands in it.

Every quote that is opened, by a click or through an address, is looked up in the stored text
again; what isn't there isn't marked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assistant import Assistant, IndexedSource, Paragraph, PinciteError, SourceError
from assistant.render import one_line, printable
from page.addresses import page_address
from page.failures import sentence
from page.source_list import find_source
from page.templates import rendered

WINDOW_CHARACTERS = 300_000
"""Text that is shown at once; of a longer source what is around the opened paragraph."""

NOT_THERE = "These words aren't in this paragraph now: the source was changed, or the address was."

_WEB = ("http://", "https://")


class Place(BaseModel):
    """What the page asks for: a source, and maybe a paragraph and the words to mark in it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    source: str = Field(max_length=200)
    paragraph: int | None = None
    quote: str | None = None
    start: int | None = None
    """Where in the source the quote is said to start; another place is taken if it isn't there."""
    have: str | None = None
    """The `key` of what the pane shows already."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The pane's new content; `start` and `end` are code points within the paragraph's text."""

    key: str
    html: str | None
    """None where the pane has it already."""
    paragraph: int | None
    start: int | None
    end: int | None
    note: str | None
    """What to tell the reader, such as that the quote isn't there any more."""


def open_place(assistant: Assistant, asked: object) -> Opened:
    """Find the place that the page asks for.

    Raises:
        SourceError: there is no such source or paragraph, or `asked` isn't a place.
    """
    try:
        place = Place.model_validate(asked)
    except ValidationError:
        raise SourceError("This isn't the address of a place in a source: open a source.") from None
    indexed = find_source(assistant, place.source)
    paragraph = _paragraph(indexed, place.paragraph)
    span = _span(assistant, place, indexed)
    first, last = _window(indexed, paragraph)
    key = f"{indexed.source.sha256}:{first}-{last}:{indexed.source.id}"
    return Opened(
        key=key,
        html=None if key == place.have else _html(assistant, indexed, first, last),
        paragraph=place.paragraph,
        start=span[0] - paragraph.start if span else None,
        end=span[1] - paragraph.start if span else None,
        note=NOT_THERE if place.quote and not span else None,
    )


def place_opener(assistant: Assistant) -> Callable[[object], dict[str, object]]:
    """`open_place` as a function that the page's script can call."""

    def open_source(asked: object) -> dict[str, object]:
        try:
            opened = open_place(assistant, asked)
        except PinciteError as error:
            return {"error": sentence(assistant, error)}
        return {name: getattr(opened, name) for name in Opened.__slots__}

    return open_source


def _paragraph(indexed: IndexedSource, number: int | None) -> Paragraph:
    try:
        return indexed.paragraph(1 if number is None else number)
    except IndexError:
        raise SourceError(
            f"{indexed.source.id} has no paragraph {number}: it has {len(indexed.paragraphs)}."
        ) from None


def _span(assistant: Assistant, place: Place, indexed: IndexedSource) -> tuple[int, int] | None:
    if not place.quote or place.paragraph is None:
        return None
    words = place.quote
    if place.start is not None and place.start >= 0:
        # The page has "�" for what could act on a reader; the source has it as it is.
        there = indexed.source.text[place.start : place.start + len(words)]
        words = there if printable(there) == words else words
    citation = assistant.cite(place.source, place.paragraph, words, start=place.start)
    return (citation.start, citation.end) if citation else None


def _window(indexed: IndexedSource, around: Paragraph) -> tuple[int, int]:
    """The numbers of the first and last paragraph to show: all, or those near one of them."""
    paragraphs = indexed.paragraphs
    if paragraphs[-1].end - paragraphs[0].start <= WINDOW_CHARACTERS:
        return 1, len(paragraphs)
    near = [
        paragraph.number
        for paragraph in paragraphs
        if abs(paragraph.start - around.start) <= WINDOW_CHARACTERS / 2
        and abs(paragraph.end - around.start) <= WINDOW_CHARACTERS / 2
    ]
    return min([*near, around.number]), max([*near, around.number])


def _html(assistant: Assistant, indexed: IndexedSource, first: int, last: int) -> str:
    source = indexed.source
    stated = (source.publisher, source.author, source.published, source.lang)
    publisher, author, published, lang = (each.value if each else None for each in stated)
    # The address of a file on the server is nothing for visitors.
    web_address = source.uri if source.uri and source.uri.startswith(_WEB) else None
    shown = [
        {
            "number": paragraph.number,
            "kind": paragraph.kind,
            "text": printable(source.text[paragraph.start : paragraph.end]),
            "address": page_address(source.id, paragraph.number),
        }
        for paragraph in indexed.paragraphs[first - 1 : last]
    ]
    return rendered(
        "source.html",
        id=source.id,
        title=one_line(source.title.value) if source.title else source.id,
        details=[
            (name, one_line(value))
            for name, value in (
                ("publisher", publisher),
                ("author", author),
                ("date", published),
                ("language", lang),
                ("address", web_address),
                ("id", source.id),
                ("another rendering of", ", ".join(sorted(assistant.library.twins(source.id)))),
            )
            if value
        ],
        web_address=web_address,
        paragraphs=shown,
        total=len(indexed.paragraphs),
        first=first,
        last=last,
    )
