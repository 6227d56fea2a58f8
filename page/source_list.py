"""The list of sources, a page at a time."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from pydantic import BaseModel, Field, ValidationError

from assistant import Assistant, IndexedSource, PinciteError, SourceError, SourceSummary
from assistant.render import one_line
from assistant.scope import told
from page.choice import Choice, read_choice
from page.failures import sentence
from page.templates import rendered

ON_A_PAGE = 50
MAX_WORDS_CHARACTERS = 200


class View(BaseModel):
    """Which part of the list a tab shows."""

    words: str = Field(default="", max_length=MAX_WORDS_CHARACTERS)
    """Each is in the id, title or publisher of the sources that are listed."""
    page: int = Field(default=1, ge=1, le=10**9)


@dataclass(frozen=True, slots=True)
class _Pages:
    """Where in the list a page stands."""

    number: int
    first: int
    last: int
    found: int

    @property
    def count(self) -> int:
        return max(1, -(-self.found // ON_A_PAGE))


def read_view(kept: str) -> View:
    """The view as the tab keeps it; the beginning of the whole list where that can't be read."""
    try:
        return View.model_validate_json(kept or "{}")
    except ValidationError:
        return View()


def list_html(assistant: Assistant, kept: str, view: str = "") -> str:
    """A page of the sources with what their texts state of themselves.

    `kept` is the choice and `view` the part, as the tab keeps them.
    """
    total = assistant.library.source_count
    choice, asked, refused = Choice(only=frozenset()), read_view(view), ""
    rows: list[dict[str, object]] = []
    pages = _Pages(1, 0, 0, 0)
    try:
        with suppress(SourceError):  # what can't be read ticks nothing
            choice = read_choice(kept)
        sources, pages = _page(assistant, choice, asked)
        rows = [_row(source, chosen=choice.ticks(source.id)) for source in sources]
    except PinciteError as error:
        refused = sentence(assistant, error)
    return rendered(
        "sources.html",
        rows=rows,
        pages=pages,
        total=total,
        many=total > ON_A_PAGE,
        is_whole=pages.found == total and pages.count == 1,
        filter=one_line(told(choice.filter)),
        words=one_line(asked.words),
        refused=refused if total else "",
        changeable=not assistant.is_sample,
    )


def _page(
    assistant: Assistant, choice: Choice, view: View
) -> tuple[tuple[SourceSummary, ...], _Pages]:
    """The sources on the page, or on the last one where there aren't as many pages."""
    number = view.page
    while True:
        skipped = (number - 1) * ON_A_PAGE
        listing = assistant.library.listing(
            choice.filter, words=view.words, limit=ON_A_PAGE, offset=skipped
        )
        shown = len(listing.sources)
        pages = _Pages(number, skipped + 1, skipped + shown, listing.found)
        if shown or number == 1:
            return listing.sources, pages
        number = pages.count


def _row(source: SourceSummary, *, chosen: bool) -> dict[str, object]:
    return {
        "id": source.id,
        "title": one_line(source.title.value) if source.title else source.id,
        "publisher": one_line(source.publisher.value) if source.publisher else "–",
        "author": one_line(source.author.value) if source.author else "–",
        "published": source.published.value.partition("T")[0] if source.published else "–",
        "paragraphs": source.paragraphs,
        "twins": ", ".join(source.twins),
        "chosen": chosen,
    }


def find_source(assistant: Assistant, source_id: str) -> IndexedSource:
    """The source with this id.

    Raises:
        SourceError: there is none, or not any more.
    """
    try:
        return assistant.library.indexed(source_id)
    except SourceError:
        raise SourceError(
            f"There is no source {source_id!r} in the library (any more): "
            "see under Sources which there are."
        ) from None
