"""Turns the failures of disk and database into one sentence that says what to do."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from index.errors import LibraryLockedError, StorageError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_NEARLY_FULL_BYTES = 16_000_000
"""With less room than that, a failure that doesn't tell its reason is put down to it."""
_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)


@contextmanager
def storage_faults(address: Path | str) -> Iterator[None]:
    """Raises StorageError or LibraryLockedError for what SQLite and the disk report.

    `address` is the library's, named in the messages.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise _for_sqlite(address, error) from error
    except UnicodeDecodeError as error:
        raise damaged(address, "a text in it can't be read") from error
    except OSError as error:
        raise _for_disk(address, error) from error


class DamagedError(StorageError):
    """The files of a library can't be understood."""


def damaged(address: Path | str, detail: object) -> DamagedError:
    """The error for a library whose files can't be understood."""
    return DamagedError(
        f"The library in {str(address)!r} is damaged ({detail}): "
        f"run `pincite doctor --mend --library {address}`."
    )


def read_only(address: Path | str) -> StorageError:
    """The error for writing to a library that can only be read."""
    return StorageError(
        f"The library in {str(address)!r} can't be written: check the rights on the folder."
    )


def is_full(address: Path | str) -> bool:
    """Whether the disk of a library's folder has next to no room left."""
    try:
        return shutil.disk_usage(address).free < _NEARLY_FULL_BYTES
    except OSError:
        return False


def disk_full(address: Path | str) -> StorageError:
    """The error for a disk without room."""
    return StorageError(f"The disk of the library in {str(address)!r} is full: free some space.")


def _for_sqlite(address: Path | str, error: sqlite3.Error) -> StorageError | LibraryLockedError:
    said = str(error).lower()
    if "locked" in said:
        return LibraryLockedError(
            f"Another process is writing to the library in {str(address)!r}: "
            "try again when it is done."
        )
    if "full" in said or ("disk i/o error" in said and is_full(address)):
        return disk_full(address)
    if "readonly" in said or "unable to open" in said:
        return read_only(address)
    return damaged(address, error)


def _for_disk(address: Path | str, error: OSError) -> StorageError:
    if error.errno in _FULL:
        return disk_full(address)
    if error.errno in _READ_ONLY:
        return read_only(address)
    return StorageError(
        f"The library in {str(address)!r} can't be used: {error.strerror or error}."
    )
