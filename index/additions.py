"""Decides what becomes of each text that is added: stored, known already, an update, or refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from index import versions
from index.catalog import Catalog
from index.errors import SourceError
from index.files import find_texts
from index.readers import Refused, read_path
from index.sources import MAX_SLUG_CHARS, check_original, check_source
from index.types import Document, Source
from index.writer import Progress, Writer

Item = Source | Document | Refused | Path
"""What can be added; of a path all that it names."""

Outcome = Literal["added", "unchanged", "updated", "refused"]


@dataclass(frozen=True, slots=True)
class AddEvent:
    """How far the adding of one source has come."""

    source_id: str
    done: int
    """How many of its texts (passages and sentences) are embedded."""
    texts: int
    """How many there are."""


@dataclass(frozen=True, slots=True)
class AddResult:
    """What became of one text that was to be added."""

    name: str
    """The path, or the id of a source that was given as such."""
    outcome: Outcome
    source_id: str | None
    """Its id in the library; None when it was refused."""
    reason: str | None = None
    """Why it was refused, in one sentence."""


def teller(progress: Callable[[AddEvent], None] | None) -> Progress:
    """What the writer tells its progress to, in its terms."""

    def tell(source_id: str, done: int, texts: int) -> None:
        if progress is not None:
            progress(AddEvent(source_id, done, texts))

    return tell


def add_all(
    items: Iterable[Item],
    writer: Writer,
    catalog: Catalog,
    tell: Progress,
) -> tuple[AddResult, ...]:
    """Adds sources, documents, and what is in files and folders, one after the other."""
    return tuple(
        _add(name, read, writer, catalog, tell) for item in items for name, read in _each(item)
    )


def _each(item: Item) -> Iterator[tuple[str, Source | Document | Refused]]:
    """What an item stands for, each under the name that it is told of."""
    if isinstance(item, Source):
        yield item.id, item
    elif isinstance(item, Document):
        yield item.name or item.source.id, item
    elif isinstance(item, Refused):
        yield item.name, item
    else:
        try:
            paths = find_texts([item])
        except SourceError as error:
            yield str(item), Refused(str(item), str(error))
            return
        for path in paths:
            for read in read_path(path):
                yield read.name or str(path), read


def _add(
    name: str,
    item: Source | Document | Refused,
    writer: Writer,
    catalog: Catalog,
    tell: Progress,
) -> AddResult:
    if isinstance(item, Refused):
        return AddResult(name, "refused", None, item.reason)
    try:
        source, original = (
            (item, None) if isinstance(item, Source) else (item.source, item.original)
        )
        check_source(source)
        if original is not None:
            check_original(source, original)
        outcome, source = _decide(source, catalog)
    except SourceError as error:
        return AddResult(name, "refused", None, str(error))
    if outcome != "unchanged":
        writer.add(source, original, is_known=outcome == "updated", progress=tell)
    return AddResult(name, outcome, source.id)


def _decide(source: Source, catalog: Catalog) -> tuple[Outcome, Source]:
    """The outcome, and the source under the id that it gets.

    Raises SourceError when the library has the same text under another name.
    """
    with catalog.reading() as connection:
        if same := versions.find_same_text(connection, source.sha256):
            source_id, uri = same
            if source_id == source.id or (uri is not None and uri == source.uri):
                return "unchanged", replace(source, id=source_id)
            raise SourceError(f"It has the same content as {source_id!r}: leave it out.")
        if known := versions.find_by_address(connection, source.uri, source.id):
            return "updated", replace(source, id=known)
        free = _free_id(source.id, lambda wanted: versions.find_sha256(connection, wanted) is None)
        return "added", replace(source, id=free)


def _free_id(wanted: str, is_free: Callable[[str], bool]) -> str:
    """The id, with a number where it is taken; of many numbers taken only a few are tried."""
    if is_free(wanted):
        return wanted

    def numbered(number: int) -> str:
        ending = f"-{number}"
        return wanted[: MAX_SLUG_CHARS - len(ending)].rstrip("-") + ending

    taken, free = 1, 2
    while not is_free(numbered(free)):
        taken, free = free, 2 * free
    while free - taken > 1:
        middle = (taken + free) // 2
        taken, free = (taken, middle) if is_free(numbered(middle)) else (middle, free)
    return numbered(free)
