"""The files in which Chroma keeps its graph of a thousand passages and more, and what they were.

Chroma reads them without a check of its own: a changed byte may end the process, or hide the
nearest passages. So a checksum of each is noted beside them whenever they were written, and they
are read only while they are as noted: not after a kill amid writing them either.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path

NOTE_NAME = "graph.json"
_KEY = "*/index_metadata.pickle"
"""Without this one Chroma disregards those beside it, and makes them anew, even when it reads."""
_PART_BYTES = 1 << 20

Stamps = dict[str, tuple[int, int]]
"""Of each file its size in bytes and when it was changed, in nanoseconds."""


def stamps(folder: Path) -> Stamps:
    """What tells without reading them that files have changed; `folder` is Chroma's."""
    found: Stamps = {}
    for path in _files(folder):
        stat = path.stat()
        found[path.relative_to(folder).as_posix()] = (stat.st_size, stat.st_mtime_ns)
    return found


def note(folder: Path) -> None:
    """Notes the files as they are now. Raises OSError."""
    path = folder / NOTE_NAME
    new = path.with_name(f"{NOTE_NAME}.new")
    new.write_text(json.dumps(_sums(folder)))
    new.replace(path)


def are_as_noted(folder: Path) -> bool:
    """Whether all files are what was noted; it reads them, some 4 GB a second from memory."""
    try:
        noted = json.loads((folder / NOTE_NAME).read_bytes())
    except FileNotFoundError:
        noted = {}
    except (OSError, ValueError):
        return False
    try:
        return bool(noted == _sums(folder))
    except OSError:
        return False


def _files(folder: Path) -> list[Path]:
    return sorted(path for key in folder.glob(_KEY) for path in key.parent.iterdir())


def _sums(folder: Path) -> dict[str, int]:
    return {path.relative_to(folder).as_posix(): _sum(path) for path in _files(folder)}


def _sum(path: Path) -> int:
    found = 0
    with path.open("rb") as file:
        while part := file.read(_PART_BYTES):
            found = zlib.crc32(part, found)
    return found
