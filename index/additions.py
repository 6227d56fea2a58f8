"""Decides what becomes of each text that is added: stored, known already, an update, or refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from index import versions
from index.ahead import Foreseen, Workers, embedded_ahead
from index.build import split_source
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

_Given = tuple[str, Source | Document | Refused]
"""One of what an item stands for, under the name that it is told of."""


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
    workers: Workers | None = None,
) -> tuple[AddResult, ...]:
    """Adds sources, documents, and what is in files and folders, one after the other.

    With `workers` what follows is read and embedded ahead.
    """
    given: Iterator[_Given] = (each for item in items for each in _each(item))
    if workers is not None:
        given = embedded_ahead(
            given, lambda each: _foreseen(each, catalog), workers, writer.unfinished, tell
        )
    return tuple(_add(name, read, writer, catalog, tell) for name, read in given)


def _each(item: Item) -> Iterator[_Given]:
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
        source, original = _checked(item)
        outcome, source = _decide(source, catalog)
    except SourceError as error:
        return AddResult(name, "refused", None, str(error))
    if outcome != "unchanged":
        writer.add(source, original, is_known=outcome == "updated", progress=tell)
    return AddResult(name, outcome, source.id)


def _checked(item: Source | Document) -> tuple[Source, bytes | None]:
    """The source and its original; raises SourceError where they can't be stored."""
    source, original = (item, None) if isinstance(item, Source) else (item.source, item.original)
    check_source(source)
    if original is not None:
        check_original(source, original)
    return source, original


def _foreseen(given: _Given, catalog: Catalog) -> Foreseen | None:
    """What adding this will take, before its turn; None where it won't be stored."""
    _, item = given
    if isinstance(item, Refused):
        return None
    try:
        source, original = _checked(item)
    except SourceError:
        return None
    with catalog.reading() as connection:
        if versions.find_same_text(connection, source.sha256):
            return None
    texts = tuple(dict.fromkeys(split_source(source).texts()))
    return Foreseen(source.id, texts, size=len(source.text) + len(original or b""))


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
