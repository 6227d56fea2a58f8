"""What a reader makes of a document, before it is checked and becomes a source.

Used inside the sandbox: nothing here imports more than it must.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from index.dates import find_date

Span = tuple[int, int, int | None, str | None]
"""A place: start, end, page, element."""
Claims = dict[str, tuple[str, str]]
"""By field of a source ("title", "author", ...), the value and where it was read from."""

MAX_CLAIM_CHARS = 500
_UNWANTED = re.compile("[\0-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


class ReadError(Exception):
    """A document, or an item of it, can't be read; the message is one sentence for the user."""


@dataclass(frozen=True, slots=True)
class Article:
    """One text of a document."""

    text: str
    claims: Claims = field(default_factory=dict)
    places: tuple[Span, ...] = ()
    address: str | None = None
    """Its own address on the web, where the document states one."""
    item: str | None = None
    """Which of several in the document, such as "item 3"; None for the only one."""
    encoding: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A document inside another, still to be read."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a document, an item or an entry of it gives no text."""

    reason: str
    item: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be read."""

    format: str
    name: str
    charset: str | None = None
    """As a server said."""
    columns: Mapping[str, str] = field(default_factory=dict)


Outcome = Article | Entry | Problem


def clean(text: str) -> str:
    """Extracted text as it is stored: line ends as "\\n", no control characters or half characters.

    Nothing else is changed: what is cleaned away can't be seen in any document.
    """
    return _UNWANTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n"))


def claim(value: object, read_from: str) -> tuple[str, str] | None:
    """A piece of metadata, or None where it says nothing: white space evened out, kept short."""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return None
    text = " ".join(clean(str(value)).split())
    return (text[:MAX_CLAIM_CHARS].strip(), read_from) if text else None


def date_claim(value: object, read_from: str) -> tuple[str, str] | None:
    """A date as ISO 8601, or None where it isn't a full date."""
    found = find_date(value[:MAX_CLAIM_CHARS]) if isinstance(value, str) else None
    return (found.value, read_from) if found else None


def first_claims(found: Iterable[tuple[str, tuple[str, str] | None]]) -> Claims:
    """For each field the first claim that says something."""
    claims: Claims = {}
    for name, stated in found:
        if stated:
            claims.setdefault(name, stated)
    return claims


def web_address(value: object, base: str | None = None) -> str | None:
    """An absolute http or https address, without a fragment; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        address = urljoin(base, value.strip()) if base else value.strip()
        parts = urlsplit(address)
        fit = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username
    except ValueError:
        return None
    whole = address.partition("#")[0]
    return whole if fit and whole.isprintable() and " " not in whole and len(whole) < 2000 else None


class Pieces:
    """Puts a text together of paragraphs, and keeps where in the document each stands."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self.places: list[Span] = []

    def add(
        self,
        text: str,
        page: int | None = None,
        element: str | None = None,
        joint: str = "\n\n",
    ) -> None:
        """Appends a cleaned piece, unless it is empty, after a blank line or another `joint`."""
        text = clean(text).strip()
        if not text:
            return
        if self._parts:
            self._parts.append(joint)
            self._length += len(joint)
        start, self._length = self._length, self._length + len(text)
        self._parts.append(text)
        last = self.places[-1] if self.places else None
        if last and last[2:] == (page, element):
            self.places[-1] = (last[0], self._length, page, element)
        elif page is not None or element is not None:
            self.places.append((start, self._length, page, element))

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._parts)
