"""Decides what becomes of each text that is added: stored, known already, an update, or refused."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from index import records
from index.catalog import Catalog
from index.errors import SourceError
from index.files import find_texts
from index.readers import Refused, read_path
from index.sources import MAX_SLUG_CHARS, check_source
from index.types import Source
from index.writer import Progress, Writer

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
    items: Iterable[Source | Path],
    writer: Writer,
    catalog: Catalog,
    tell: Progress,
) -> tuple[AddResult, ...]:
    """Adds sources, files and the files of folders, one after the other."""
    results: list[AddResult] = []
    for item in items:
        if isinstance(item, Source):
            results.append(_add(item.id, partial(_itself, item), writer, catalog, tell))
            continue
        try:
            paths = find_texts([item])
        except SourceError as error:
            results.append(AddResult(str(item), "refused", None, str(error)))
            continue
        for path in paths:
            for read in read_path(path):
                if isinstance(read, Refused):
                    results.append(AddResult(read.name, "refused", None, read.reason))
                else:
                    results.append(
                        _add(str(path), partial(_itself, read.source), writer, catalog, tell)
                    )
    return tuple(results)


def _add(
    name: str, read: Callable[[], Source], writer: Writer, catalog: Catalog, tell: Progress
) -> AddResult:
    try:
        source = read()
        check_source(source)
        outcome, source, replaces = _decide(source, catalog)
    except SourceError as error:
        return AddResult(name, "refused", None, str(error))
    if outcome != "unchanged":
        writer.add(source, replaces, tell)
    return AddResult(name, outcome, source.id)


def _itself(source: Source) -> Source:
    return source


def _decide(source: Source, catalog: Catalog) -> tuple[Outcome, Source, str | None]:
    """The outcome, the source under the id it gets, and the id of the source it replaces.

    Raises SourceError when the library has the same text under another name.
    """
    with catalog.reading() as connection:
        known = records.identities(connection)
    ids = {source_id: uri for source_id, _, uri in known}
    for source_id, sha256, uri in known:
        if sha256 == source.sha256:
            if source_id == source.id or (uri is not None and uri == source.uri):
                return "unchanged", replace(source, id=source_id), None
            raise SourceError(f"It has the same content as {source_id!r}: leave it out.")
    for source_id, uri in ids.items():
        if uri == source.uri and (uri is not None or source_id == source.id):
            return "updated", replace(source, id=source_id), source_id
    return "added", replace(source, id=_free_id(source.id, ids)), None


def _free_id(wanted: str, taken: Collection[str]) -> str:
    free, number = wanted, 1
    while free in taken:
        number += 1
        ending = f"-{number}"
        free = wanted[: MAX_SLUG_CHARS - len(ending)].rstrip("-") + ending
    return free
