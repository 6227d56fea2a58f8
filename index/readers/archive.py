"""Opens zip files, and what is packed as one, within limits on what they unpack to."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from lzma import LZMAError

from index.readers.article import Entry, Job, Problem, ReadError

MAX_ENTRIES = 10_000
MAX_UNPACKED_BYTES = 500_000_000
MAX_RATIO = 200
"""Times its own size that an archive may unpack to; repetitive text reaches a hundred."""
_SMALL_BYTES = 10_000_000
"""Up to this size it may unpack whatever its ratio."""
MAX_ENTRY_BYTES = 100_000_000
_ENCRYPTED = 0x1


def read(data: bytes, job: Job) -> Iterator[Entry | Problem]:
    """The files in an archive, without what systems leave there for themselves."""
    with opened(data) as archive:
        entries = [info for info in archive.infolist() if not _is_junk(info)]
        if not entries:
            raise ReadError("The archive holds no files: leave it out.")
        for info in entries:
            try:
                if _escapes(info.filename):
                    raise ReadError("Its name leads out of the archive: rename it.")
                yield Entry(info.filename, content(archive, info))
            except ReadError as error:
                yield Problem(str(error), info.filename)


def opened(data: bytes) -> zipfile.ZipFile:
    """The archive, once it is known to unpack to a bearable size. Raises ReadError."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise ReadError("It can't be unpacked: it is damaged, or no zip archive.") from error
    unpacked = sum(info.file_size for info in entries)
    if len(entries) > MAX_ENTRIES:
        raise ReadError(f"It holds more than {MAX_ENTRIES:,} files: split it.")
    if unpacked > MAX_UNPACKED_BYTES:
        raise ReadError(f"It unpacks to more than {MAX_UNPACKED_BYTES // 1_000_000} MB: split it.")
    if unpacked > max(_SMALL_BYTES, MAX_RATIO * len(data)):
        raise ReadError(f"It unpacks to more than {MAX_RATIO} times its size: unpack it yourself.")
    return archive


def content(archive: zipfile.ZipFile, info: zipfile.ZipInfo | str) -> bytes:
    """The bytes of one file in an archive; never more than it says. Raises ReadError."""
    try:
        info = archive.getinfo(info) if isinstance(info, str) else info
    except KeyError as error:
        raise ReadError(f"It lacks its part {info!r}: it is damaged.") from error
    if info.flag_bits & _ENCRYPTED:
        raise ReadError("It is encrypted: unpack it with its password, then add what is in it.")
    if info.file_size > MAX_ENTRY_BYTES:
        raise ReadError(f"It is larger than {MAX_ENTRY_BYTES // 1_000_000} MB: split it.")
    try:
        # `read` stops at the size that the archive states, which is what was checked.
        return archive.read(info)
    except (zipfile.BadZipFile, zlib.error, LZMAError, OSError, EOFError, ValueError) as error:
        raise ReadError("It can't be unpacked: the archive is damaged.") from error
    except NotImplementedError as error:
        raise ReadError("It is packed in a way that can't be unpacked: pack it anew.") from error


def _is_junk(info: zipfile.ZipInfo) -> bool:
    parts = info.filename.replace("\\", "/").split("/")
    hidden = any(part.startswith(".") and part not in ("", ".", "..") for part in parts)
    return info.is_dir() or parts[0] == "__MACOSX" or hidden


def _escapes(name: str) -> bool:
    plain = name.replace("\\", "/")
    return plain.startswith("/") or ".." in plain.split("/") or plain[1:2] == ":"
