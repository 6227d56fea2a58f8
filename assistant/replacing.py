"""Files that are replaced all at once or not at all, and are on disk then."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_IMODE
from typing import IO

PUBLIC = 0o666
PRIVATE = 0o600
"""Rights of a new file, of which the process's umask takes away."""


@contextmanager
def replacing(path: Path, rights: int = PUBLIC) -> Iterator[IO[bytes]]:
    """A new file that takes the place of `path` when the block is left without an error.

    A link stays one: what it points to is replaced. A file that was there passes its rights on; one
    that wasn't gets `rights`. Raises OSError, and ValueError for a path that none can have.
    """
    target = path.resolve()
    temporary = target.with_name(f".pincite-{uuid.uuid4().hex}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        with open(os.open(temporary, flags, rights), "wb") as file:  # noqa: PTH123 -- a handle
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            temporary.chmod(S_IMODE(target.stat().st_mode))
        temporary.replace(target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
