"""Reads tables of articles (CSV) and JSON: each row or object is an article.

Which column is which is told by its name or by the caller; each claim says from which it was read.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from index.encodings import decode
from index.errors import SourceError
from index.readers.article import (
    Article,
    Job,
    Problem,
    ReadError,
    claim,
    clean,
    date_claim,
    first_claims,
    web_address,
)

MAX_ROWS = 200_000
_USUAL = {
    "text": ("text", "body", "content", "article", "content_text", "article_text", "full_text"),
    "title": ("title", "headline"),
    "author": ("author", "authors", "byline"),
    "published": (
        "published",
        "date",
        "date_published",
        "publication_date",
        "published_at",
        "pub_date",
        "pubdate",
    ),
    "publisher": ("publisher", "site_name", "outlet"),
    "lang": ("lang", "language"),
    "uri": ("url", "link", "uri"),
    "id": ("id",),
}
"""By field, the names of columns that are taken for it, in this order."""
_WRAPPERS = ("articles", "items", "documents", "data", "results")
_DELIMITERS = ",;\t|"

Row = tuple[str, Mapping[str, Any]]
"""How it is called ("row 12"), and its values by column."""


def read(data: bytes, job: Job) -> Iterator[Article | Problem]:
    """The articles of a table or a JSON file."""
    if wrong := sorted(set(job.columns) - set(_USUAL)):
        raise ReadError(f"{wrong[0]!r} is no field of a source: use one of {', '.join(_USUAL)}.")
    try:
        decoded = decode(data, "It", job.charset)
    except SourceError as error:
        raise ReadError(str(error)) from error
    for number, (item, row) in enumerate(_READERS[job.format](decoded.text, job)):
        if number >= MAX_ROWS:
            raise ReadError(f"It holds more than {MAX_ROWS:,} rows: split it.")
        try:
            yield _article(item, row, job.columns, decoded.encoding)
        except ReadError as error:
            yield Problem(str(error), item)


def _article(
    item: str, row: Mapping[str, Any], columns: Mapping[str, str], encoding: str
) -> Article:
    names = _columns(row, columns)
    if "text" not in names:
        raise ReadError(_no_text(row))
    text = row[names["text"]]
    if not isinstance(text, str) or not clean(text).strip():
        raise ReadError(f"Its {names['text']!r} holds no text: fill it in or leave it out.")
    kept = clean(text)
    claims = first_claims(
        (
            field,
            (date_claim if field == "published" else claim)(_value(row[name]), f"column {name!r}"),
        )
        for field, name in names.items()
        if field not in ("text", "uri")
    )
    return Article(
        kept,
        claims,
        ((0, len(kept), None, item),),
        web_address(row[names["uri"]]) if "uri" in names else None,
        item,
        encoding,
    )


def _columns(row: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """By field the column that has it: the given one, else one of a usual name."""
    by_name: dict[str, str] = {}
    for name in row:
        by_name.setdefault(name.strip().lower().replace(" ", "_").replace("-", "_"), name)
    found: dict[str, str] = {}
    column: str | None
    for field, usual in _USUAL.items():
        if field in given:
            if given[field] in row:
                found[field] = given[field]
            elif field == "text":
                raise ReadError(f"It has no column {given[field]!r}: it has {_listed(row)}.")
            continue
        if column := next((by_name[each] for each in usual if each in by_name), None):
            found[field] = column
    return found


def _value(value: Any) -> Any:
    """A plain value, or the names in a list or object of JSON."""
    values = value if isinstance(value, list) else [value]
    plain = [each.get("name") if isinstance(each, dict) else each for each in values]
    if len(plain) == 1:
        return plain[0]
    return ", ".join(each for each in plain if isinstance(each, str))


def _no_text(row: Iterable[str]) -> str:
    return (
        f"No column is known to hold the text; it has {_listed(row)}: "
        "say which with --column text=NAME."
    )


def _listed(row: Iterable[str]) -> str:
    names = [clean(name)[:40] for name in row]
    return ", ".join(map(repr, names[:20])) + (", ..." if len(names) > 20 else "") or "none"


# --- the forms -----------------------------------------------------------------------------------


def _json(text: str, job: Job) -> Iterator[Row]:
    value = _parsed(text, "It")
    if isinstance(value, dict):
        for name in _WRAPPERS:
            if isinstance(value.get(name), list) and "text" not in _columns(value, job.columns):
                value = value[name]
                break
    if isinstance(value, dict):
        yield "object 1", value
        return
    if not isinstance(value, list) or not value:
        raise ReadError("The JSON holds no articles: it must be an object, or a list of them.")
    for number, each in enumerate(value, start=1):
        yield _object(each, f"object {number}")


def _json_lines(text: str, job: Job) -> Iterator[Row]:
    none = True
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            none = False
            try:
                yield _object(_parsed(line, "The line"), f"line {number}")
            except ReadError as error:
                yield f"line {number}", _Broken(str(error))
    if none:
        raise ReadError("It holds no lines: leave it out.")


def _csv(text: str, job: Job) -> Iterator[Row]:
    csv.field_size_limit(len(text) + 1)
    header_line = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(_DELIMITERS, key=header_line.count)
    rows = csv.reader(io.StringIO(text.lstrip("\r\n"), newline=""), delimiter=delimiter)
    try:
        header = [name.strip() for name in next(rows, [])]
        if not any(header):
            raise ReadError("The table is empty: leave it out.")
        if "text" not in _columns(dict.fromkeys(header), job.columns):
            raise ReadError(_no_text(header))
        none = True
        for number, row in enumerate(rows, start=2):
            if any(cell.strip() for cell in row):
                none = False
                yield f"row {number}", _cells(header, row)
    except csv.Error as error:
        raise ReadError(
            f"The table breaks off at line {rows.line_num}: mend its quotes."
        ) from error
    if none:
        raise ReadError("The table has a header, but no rows: leave it out.")


def _cells(header: list[str], row: list[str]) -> Mapping[str, Any]:
    if len(row) > len(header) and any(cell.strip() for cell in row[len(header) :]):
        return _Broken(f"It has {len(row)} cells, the header {len(header)}: mend its quotes.")
    return dict(reversed(list(zip(header, row, strict=False))))


class _Broken(Mapping[str, Any]):
    """A row that can't be read, in the place of its values."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def __getitem__(self, key: str) -> Any:
        raise ReadError(self._reason)

    def __iter__(self) -> Iterator[str]:
        raise ReadError(self._reason)

    def __len__(self) -> int:
        return 0


def _object(value: Any, item: str) -> Row:
    if isinstance(value, dict):
        return item, value
    return item, _Broken("It is no JSON object with columns: mend it or leave it out.")


def _parsed(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ReadError(f"{what} is nested too deeply to be read: leave it out.") from error
    except ValueError as error:
        where = f" at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else ""
        raise ReadError(f"{what} isn't valid JSON{where}: mend it or leave it out.") from error


_READERS = {"json": _json, "jsonl": _json_lines, "csv": _csv}
