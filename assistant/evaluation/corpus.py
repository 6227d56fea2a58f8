"""The library of a set's texts: built once, and brought up to date when the texts change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from index import AddEvent, Library, LibraryMismatchError, Source, SourceError, SourceSummary

Progress = Callable[[AddEvent], None]


def library_of(
    sources: Sequence[Source],
    folder: Path,
    progress: Progress | None = None,
    *,
    embedding: str | None = None,
) -> Library:
    """The library in `folder` with exactly these sources.

    What is there already isn't indexed again; what changed or is gone from the sources is taken
    out. A library that was built in another way is built again, as it holds nothing of its own.

    Raises:
        SourceError: a source can't be stored.
        LibraryLockedError, StorageError: the folder can't be written.
    """
    library = _opened(folder, progress, embedding)
    wanted = {source.id: source for source in sources}
    for known in library.sources():
        if known.id not in wanted or not _is_of(known, wanted[known.id]):
            library.remove(known.id)
    there = library.content()
    missing = [source for source in sources if source.id not in there]
    refused = [
        result
        for result in (library.add(missing, progress) if missing else ())
        if result.outcome == "refused"
    ]
    if refused:
        raise SourceError(f"The text {refused[0].name!r} can't be used: {refused[0].reason}")
    return library


def _opened(folder: Path, progress: Progress | None, embedding: str | None) -> Library:
    try:
        return Library.open_or_create(folder, embedding=embedding)
    except LibraryMismatchError:
        return Library.reindex(folder, embedding=embedding, progress=progress)


def _is_of(known: SourceSummary, source: Source) -> bool:
    """Whether this is what the library has of the source, its metadata included."""
    fields = ("sha256", "uri", "title", "author", "published", "publisher", "lang")
    return all(getattr(known, name) == getattr(source, name) for name in fields)
