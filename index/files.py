"""Finds the documents that are named on this machine, and reads those that are one source."""

from __future__ import annotations

from collections.abc import Iterable
from glob import has_magic
from pathlib import Path

from index.errors import SourceError
from index.readers import SUPPORTED_SUFFIXES, Refused, read_path
from index.types import Source


def read_source(path: Path) -> Source:
    """The file at `path` as a source whose id is the file's name and whose uri is its address.

    Raises SourceError when there is no such file, it can't be read as a source, or holds several:
    `index.readers.read_path` reads those.
    """
    if path.is_dir():
        raise SourceError(f"{str(path)!r} is a folder: name the files in it.")
    found = list(read_path(path))
    for outcome in found:
        if isinstance(outcome, Refused):
            raise SourceError(f"{outcome.name}: {outcome.reason}")
    if len(found) != 1:
        raise SourceError(f"{str(path)!r} holds {len(found)} texts: add it with `pincite add`.")
    return found[0].source  # type: ignore[union-attr]


def find_texts(paths: Iterable[Path | str]) -> list[Path]:
    """The files among `paths`, the supported ones in its folders, and those its patterns match.

    Each is there once; the files of a folder or pattern ("news/*.pdf") are sorted. Raises
    SourceError for a folder that holds no supported file, or a pattern that matches nothing.
    """
    found: dict[Path, None] = {}
    for path in map(Path, paths):
        if not path.exists() and has_magic(str(path)):
            found.update(dict.fromkeys(_matching(path)))
        else:
            found.update(dict.fromkeys(_texts_in(path) if path.is_dir() else [path]))
    return list(found)


def _matching(pattern: Path) -> list[Path]:
    """The files that a pattern names, and the supported ones in the folders that it names."""
    root = Path(pattern.anchor)
    try:
        named = sorted(root.glob(str(pattern.relative_to(root))))
    except (OSError, ValueError, NotImplementedError) as error:
        raise SourceError(f"The pattern {str(pattern)!r} can't be used: correct it.") from error
    files = [
        file
        for path in named
        for file in (_supported_in(path) if path.is_dir() else [path])
        if file.suffix.lower() in SUPPORTED_SUFFIXES
    ]
    if not files:
        raise SourceError(f"No file matches {str(pattern)!r} that can be read: check the pattern.")
    return files


def _texts_in(folder: Path) -> list[Path]:
    texts = _supported_in(folder)
    if not texts:
        kinds = " ".join(sorted(SUPPORTED_SUFFIXES))
        raise SourceError(
            f"The folder {str(folder)!r} holds no file that can be read ({kinds}): name another."
        )
    return texts


def _supported_in(folder: Path) -> list[Path]:
    try:
        return sorted(
            file
            for file in folder.rglob("*")
            if file.suffix.lower() in SUPPORTED_SUFFIXES and file.is_file()
        )
    except OSError as error:
        raise SourceError(f"{str(folder)!r} can't be listed: {error.strerror}.") from error
