"""The list of sources, and the choice of those that are searched."""

from __future__ import annotations

import json
from html import escape

from assistant import Assistant, IndexedSource, SourceError, SourceSummary
from assistant.render import one_line
from page.templates import rendered

# --- which are searched --------------------------------------------------------------------------


def scope_ids(assistant: Assistant, kept: str) -> list[str] | None:
    """The sources to search, of those there are now; None for all.

    `kept` is how the tab keeps its choice: "" for all, or a JSON list of ids.

    Raises:
        SourceError: none of the chosen sources is there any more.
    """
    if not kept:
        return None
    try:
        wanted = set(json.loads(kept))
    except (ValueError, TypeError, RecursionError):
        raise SourceError("The choice of sources can't be read: reload the page.") from None
    found = [source_id for source_id in assistant.library.content() if source_id in wanted]
    if not found:
        raise SourceError("No source is chosen: tick at least one under Sources.")
    return found


def scope_line(assistant: Assistant, kept: str) -> str:
    """What is searched, in words; as HTML, for titles are other people's text."""
    count = assistant.library.source_count
    if not count:
        return "There are no sources yet: add texts under Sources."
    try:
        ids = scope_ids(assistant, kept)
    except SourceError as error:
        return escape(str(error))
    if ids is None or len(ids) == count:
        return f"Searching all {count} sources" if count > 1 else "Searching 1 source"
    sources, chosen = assistant.library.sources(), set(ids)
    titles = [f"<bdi>{escape(_title(each))}</bdi>" for each in sources if each.id in chosen]
    return f"Searching {len(ids)} of {count} sources: {'; '.join(titles[:3])}" + (
        " …" if len(titles) > 3 else ""
    )


# --- the list ------------------------------------------------------------------------------------


def list_html(assistant: Assistant, kept: str) -> str:
    """The table of the sources with what their texts state of themselves."""
    sources = assistant.library.sources()
    try:
        chosen = scope_ids(assistant, kept)
    except SourceError:
        chosen = []
    rows = [
        {
            "id": source.id,
            "title": _title(source),
            "publisher": one_line(source.publisher.value) if source.publisher else "–",
            "author": one_line(source.author.value) if source.author else "–",
            "published": source.published.value.partition("T")[0] if source.published else "–",
            "paragraphs": source.paragraphs,
            "twins": ", ".join(source.twins),
            "chosen": chosen is None or source.id in chosen,
        }
        for source in sources
    ]
    return rendered("sources.html", rows=rows, changeable=not assistant.is_sample)


def _title(source: SourceSummary) -> str:
    return one_line(source.title.value) if source.title else source.id


# --- one of them ---------------------------------------------------------------------------------


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
