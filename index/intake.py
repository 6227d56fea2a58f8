"""What is to be added by its name: files, folders, patterns, web addresses, standard input."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from index.errors import SourceError
from index.files import find_texts
from index.readers import MAX_DOCUMENT_BYTES, Refused, read_documents, read_path
from index.types import Document
from index.web import DEFAULT_LIMITS, FetchLimits, fetch, is_address

STDIN = "-"
STDIN_NAME = "stdin.txt"


def documents(
    names: Iterable[str],
    *,
    columns: Mapping[str, str] | None = None,
    limits: FetchLimits = DEFAULT_LIMITS,
    stdin_name: str = STDIN_NAME,
) -> Iterator[Document | Refused]:
    """The documents that the names stand for, read one after the other as they are asked for.

    A name is a file's, a folder's, a pattern's ("news/*.pdf"), an http or https address, or "-" for
    standard input, which is read as a file of the name `stdin_name`. `columns` maps fields of a
    source to columns, see `read_documents`. What can't be had or read is refused with a reason.
    """
    for name in names:
        if name == STDIN:
            data = sys.stdin.buffer.read(MAX_DOCUMENT_BYTES + 1)
            yield from read_documents(data, stdin_name, columns=columns)
        elif is_address(name):
            yield from _at_address(name, limits, columns)
        elif "://" in name:
            yield Refused(name, "Only http and https addresses are fetched: save it as a file.")
        else:
            yield from _on_disk(name, columns)


def _on_disk(name: str, columns: Mapping[str, str] | None) -> Iterator[Document | Refused]:
    try:
        paths = find_texts([name])
    except SourceError as error:
        yield Refused(name, str(error))
        return
    for path in paths:
        yield from read_path(Path(path), columns=columns)


def _at_address(
    name: str, limits: FetchLimits, columns: Mapping[str, str] | None
) -> Iterator[Document | Refused]:
    try:
        found = fetch(name, limits)
    except SourceError as error:
        yield Refused(name, str(error))
        return
    charset = f"; charset={found.charset}" if found.charset else ""
    yield from read_documents(
        found.data,
        found.address,
        uri=found.address,
        media_type=found.media_type + charset,
        fetched=found.fetched,
        columns=columns,
    )
