"""Reads title, author, date, publisher and language where a text states them; never guesses."""

from __future__ import annotations

import re
from dataclasses import dataclass

from index.bylines import author_of, dateline
from index.dates import find_date
from index.kinds import front_matter_end
from index.paragraphs import split_paragraphs
from index.types import Stated

_FIELD = re.compile(r"(?P<key>[A-Za-z][\w-]*)[ \t]*:[ \t]*(?P<value>\S.*)")
_KEYS = {
    "title": "title",
    "author": "author",
    "date": "published",
    "published": "published",
    "publisher": "publisher",
    "lang": "lang",
    "language": "lang",
}


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a text says about itself; None where it says nothing."""

    title: Stated | None = None
    author: Stated | None = None
    published: Stated | None = None
    publisher: Stated | None = None
    lang: Stated | None = None


def read_metadata(text: str) -> Metadata:
    """The metadata of a text from its front matter, else from its title and byline paragraphs."""
    found: dict[str, Stated] = {}
    for paragraph in split_paragraphs("", text):
        block = text[paragraph.start : paragraph.end]
        where = f"paragraph {paragraph.number}"
        if paragraph.kind == "title":
            found.setdefault("title", Stated(block.lstrip("#").strip(), where))
        elif paragraph.kind == "byline":
            for name, value in _byline_fields(block):
                found.setdefault(name, Stated(value, where))
    return Metadata(**(found | _front_matter(text)))


def _byline_fields(block: str) -> list[tuple[str, str]]:
    fields = []
    for line in block.split("\n"):
        if author := author_of(line.strip()):
            fields.append(("author", author))
        date = dateline(line.strip()) or (find_date(line) if author else None)
        if date:
            fields.append(("published", date.value))
    return fields


def _front_matter(text: str) -> dict[str, Stated]:
    """The plain `key: value` lines; lists and nested values are left alone."""
    found: dict[str, Stated] = {}
    for line in text[: front_matter_end(text)].split("\n"):
        match = _FIELD.fullmatch(line.strip())
        if not match or (name := _KEYS.get(match["key"].lower())) is None:
            continue
        value = match["value"].strip()
        if value[0] in "[{|>&*!":
            continue
        if name == "published":
            date = find_date(value)
            value = date.value if date else ""
        if value := value.strip("\"'").strip():
            found.setdefault(name, Stated(value, "front matter"))
    return found
