"""Turns documents into sources: each parsed in the sandbox, checked here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from urllib.parse import quote, urlsplit

from index.encodings import decode
from index.errors import SourceError
from index.readers.article import Article, Entry, Job, Problem
from index.readers.formats import (
    MEDIA_TYPES,
    PLAIN_FORMATS,
    charset_of,
    file_name,
    format_of,
    why_unknown,
)
from index.readers.sandbox import Sandbox
from index.sources import MAX_SLUG_CHARS, slug, source_from_text
from index.types import Document, Origin, Place, Stated

MAX_DOCUMENT_BYTES = 100_000_000
MAX_DEPTH = 3
"""Of documents in documents: an archive in an archive in a mail is opened, no deeper one."""
MAX_UNPACKED_BYTES = 1_000_000_000
"""Of all that is packed in one document, at any depth."""

_sandbox = Sandbox()


@dataclass(frozen=True, slots=True)
class Refused:
    """A document, or an item of it, that can't be a source."""

    name: str
    """Such as "news.zip/a.pdf" or "feed.xml, item 3"."""
    reason: str
    """One sentence: what is wrong, and what to do."""


def read_documents(
    data: bytes,
    name: str,
    *,
    uri: str | None = None,
    media_type: str | None = None,
    fetched: str | None = None,
    columns: Mapping[str, str] | None = None,
    sandbox: Sandbox | None = None,
) -> Iterator[Document | Refused]:
    """The sources in a document, one after the other; what can't be one is refused with a reason.

    `name` is a file's name or an address; it decides the format together with `media_type`, what a
    server said, and the first bytes. `fetched` is when, in ISO 8601. `columns` maps fields of a
    source to columns of a table ("text", "title", "author", "published", "publisher", "lang",
    "uri", "id"). Never raises because of what is in `data`.
    """
    given = _Given(name, uri, media_type, fetched, dict(columns or {}), sandbox or _sandbox)
    yield from _read(data, given, 0, _Left(MAX_UNPACKED_BYTES))


def read_path(
    path: Path, *, columns: Mapping[str, str] | None = None
) -> Iterator[Document | Refused]:
    """The sources in a file, see `read_documents`; their uri is its own unless they state one."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_DOCUMENT_BYTES + 1)
    except FileNotFoundError:
        yield Refused(str(path), f"There is no file {str(path)!r}: check the name.")
    except IsADirectoryError:
        yield Refused(str(path), f"{str(path)!r} is a folder: name the files in it.")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its name isn't one"
        yield Refused(str(path), f"{str(path)!r} can't be read: {reason}.")
    else:
        yield from read_documents(data, str(path), uri=path.resolve().as_uri(), columns=columns)


@dataclass(frozen=True, slots=True)
class _Given:
    name: str
    uri: str | None
    media_type: str | None
    fetched: str | None
    columns: dict[str, str]
    sandbox: Sandbox

    def inside(self, entry: str) -> _Given:
        """The same for a document in this one."""
        uri = None
        if self.uri is not None:
            uri = f"{self.uri}{'/' if '#' in self.uri else '#'}{quote(entry, errors='replace')}"
        return replace(self, name=f"{self.name}/{entry}", uri=uri, media_type=None)


class _Left:
    """How much may still be unpacked."""

    def __init__(self, size: int) -> None:
        self.size = size


def _read(data: bytes, given: _Given, depth: int, left: _Left) -> Iterator[Document | Refused]:
    if not data:
        yield Refused(given.name, "It is empty: leave it out.")
        return
    if len(data) > MAX_DOCUMENT_BYTES:
        limit = MAX_DOCUMENT_BYTES // 1_000_000
        yield Refused(given.name, f"It is larger than {limit} MB: split it into several files.")
        return
    format = format_of(data, given.name, given.media_type)
    if format is None:
        yield Refused(given.name, why_unknown(data, given.name, given.media_type))
    elif format in PLAIN_FORMATS:
        yield _plain(data, given, format)
    else:
        yield from _parsed(data, given, format, depth, left)


def _plain(data: bytes, given: _Given, format: str) -> Document | Refused:
    try:
        decoded = decode(data, "It", charset_of(given.media_type))
        article = Article(decoded.text, encoding=decoded.encoding)
        return _Making(data, given, format).document(article)
    except SourceError as error:
        return Refused(given.name, str(error))


def _parsed(
    data: bytes, given: _Given, format: str, depth: int, left: _Left
) -> Iterator[Document | Refused]:
    job = Job(format, given.name, charset_of(given.media_type), given.columns)
    making = _Making(data, given, format)
    nothing = True
    for outcome in given.sandbox.read(job, data):
        nothing = False
        if isinstance(outcome, Entry):
            yield from _entry(outcome, given, depth, left)
        elif isinstance(outcome, Problem):
            yield Refused(_called(given.name, outcome.item, format), outcome.reason)
        else:
            yield making.made(outcome)
    if nothing:
        yield Refused(given.name, "It holds nothing that can be read: leave it out.")


def _entry(entry: Entry, given: _Given, depth: int, left: _Left) -> Iterator[Document | Refused]:
    inside = given.inside(entry.name)
    left.size -= len(entry.data)
    if left.size < 0:
        limit = MAX_UNPACKED_BYTES // 1_000_000
        yield Refused(inside.name, f"With it more than {limit} MB are unpacked: split the archive.")
    elif depth >= MAX_DEPTH:
        yield Refused(inside.name, "It is packed too deeply: unpack what it is in yourself.")
    else:
        yield from _read(entry.data, inside, depth + 1, left)


def _called(name: str, item: str | None, format: str) -> str:
    if item is None:
        return name
    return f"{name}/{item}" if format == "zip" else f"{name}, {item}"


class _Making:
    """Makes sources of the articles of one document; their ids and addresses differ."""

    def __init__(self, data: bytes, given: _Given, format: str) -> None:
        self._data = data
        self._given = given
        said = (given.media_type or "").partition(";")[0].strip().lower()
        self._media_type = said if "/" in said else MEDIA_TYPES[format]
        self._sha256 = hashlib.sha256(data).hexdigest()
        self._stem = PurePosixPath(file_name(given.name)).stem
        self._ids: set[str] = set()
        self._uris: set[str] = set()

    def made(self, article: Article) -> Document | Refused:
        """The document, or why its text can't be stored."""
        try:
            return self.document(article)
        except SourceError as error:
            return Refused(_called(self._given.name, article.item, ""), str(error))

    def document(self, article: Article) -> Document:
        """Raises SourceError for a text that can't be stored."""
        stated = {name: Stated(*claim) for name, claim in article.claims.items() if name != "id"}
        source = source_from_text(
            article.text, id=self._id(article), uri=self._uri(article), **stated
        )
        origin = Origin(self._sha256, self._media_type, article.encoding, self._given.fetched)
        places = tuple(Place(*place) for place in article.places)
        name = _called(self._given.name, article.item, "")
        return Document(replace(source, origin=origin, places=places), self._data, name)

    def _id(self, article: Article) -> str:
        wanted = slug(self._stem)
        if article.item is not None:
            own = article.claims.get("id") or article.claims.get("title")
            wanted = slug(own[0] if own else f"{self._stem[:60]} {article.item}")
        free, number = wanted, 1
        while free in self._ids:
            number += 1
            free = f"{wanted[: MAX_SLUG_CHARS - 8].rstrip('-')}-{number}"
        self._ids.add(free)
        return free

    def _uri(self, article: Article) -> str | None:
        """The article's own address if it states one; else the document's, and which item it is."""
        given = self._given
        own = article.address
        if own and article.item is None and given.fetched and not _same_host(own, given.uri):
            own = None  # a page that was fetched can't pass itself off as another site's
        if own is None or own in self._uris:
            own = given.uri
            if own and article.item is not None:
                own += f"{'/' if '#' in own else '#'}{quote(article.item.replace(' ', '-'))}"
        if own is not None:
            self._uris.add(own)
        return own


def _same_host(one: str, other: str | None) -> bool:
    hosts = {(urlsplit(each).hostname or "").removeprefix("www.") for each in (one, other or "")}
    return len(hosts) == 1
