"""What stands in the text of a list: lines, the rows of a table, or JSON objects.

Nothing here knows which column holds the questions; that is what `suits` is asked.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from index import QuestionError

if TYPE_CHECKING:
    import _csv

MAX_LIST_BYTES = 20_000_000
"""Of a list's file."""
MAX_COLUMNS = 500

_USUAL_DELIMITERS = ",;\t|"
_MOST_TRIED = 20
"""So many unusual delimiters are tried."""
_COMPARED_ROWS = 50
"""So many rows must have as many cells as the header before an unusual delimiter is believed."""

Header = Sequence[str]
Suits = Callable[[Header], bool]
"""Whether a header has a column of questions."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it stands in a file."""

    header: tuple[str, ...]
    """Its first row that isn't blank, without white space around; empty for an empty table."""
    rows: tuple[tuple[str, ...], ...] = ()
    """Those below it that aren't blank; one may have fewer or more cells than the header."""
    blank_rows: int = 0
    """How many below the header were left out."""
    notes: tuple[str, ...] = ()
    """What was found out while reading."""
    faults: Mapping[tuple[int, int], str] = field(default_factory=dict)
    """By row and column, from 0, why a cell has no value of its own."""


def lines(text: str) -> Iterator[tuple[int, str]]:
    """All lines without white space around, each with its number, from 1."""
    split = re.split(r"\r\n|\r|\n", text)
    if not split[-1]:  # what follows the last line end isn't a line
        split.pop()
    for number, line in enumerate(split, 1):
        yield number, line.strip()


def json_objects(text: str, name: str) -> list[dict[str, Any]]:
    """The objects of JSON lines; blank lines are passed over.

    Raises:
        QuestionError: a line isn't a JSON object.
    """
    return [_json_object(line, number, name) for number, line in lines(text) if line]


def delimited_table(text: str, name: str, suits: Suits, first: str = ",") -> Table:
    """The table in a text whose cells are delimited by any character.

    Of the delimiters with which the header suits, the one that gives most columns is taken, and of
    equals the usual one, `first`.

    Raises:
        QuestionError: a row isn't one of a table.
    """
    stated, body = _stated_delimiter(text)
    delimiter = stated or _delimiter(body, suits, first)
    header: tuple[str, ...] = ()
    rows: list[tuple[str, ...]] = []
    blank = 0
    for cells in _strict_rows(body, delimiter, name, skipped=1 if stated else 0):
        if is_blank(cells):
            blank += bool(header)
        elif header:
            rows.append(cells)
        else:
            header = tuple(cell.strip() for cell in cells)
    notes = () if delimiter == first else (f"The cells are delimited by {delimiter!r}.",)
    return Table(header, tuple(rows), blank, notes)


def header_of(text: str, suits: Suits) -> Header:
    """The header of a text, were it a table."""
    stated, body = _stated_delimiter(text)
    return next(_filled_rows(body, stated or _delimiter(body, suits, ",")), ())


def is_blank(cells: Iterable[str]) -> bool:
    """Whether all cells are empty or white space."""
    return not any(cell.strip() for cell in cells)


def distinct(names: Iterable[str]) -> list[str]:
    """The names, those that were there before with a number: "note", "note (2)"."""
    taken: dict[str, None] = {}
    for name in names:
        free, count = name, 1
        while free in taken:
            count += 1
            free = f"{name} ({count})"
        taken[free] = None
    return list(taken)


def _json_object(line: str, number: int, name: str) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):  # no JSON, or nested too deeply
        raise QuestionError(f"Line {number} of {name} isn't JSON: correct it.") from None
    if not isinstance(data, dict):
        raise QuestionError(
            f'Line {number} of {name} isn\'t a JSON object: write it as {{"question": "…"}}.'
        )
    return data


def _stated_delimiter(text: str) -> tuple[str | None, str]:
    """The delimiter in a line "sep=;", which some spreadsheets write first, and what follows."""
    found = re.match(r"sep=([^\w\r\n\"])(?:\r\n|\r|\n)", text)
    return (found[1], text[found.end() :]) if found else (None, text)


def _delimiter(text: str, suits: Suits, first: str) -> str:
    usual: list[str] = [first, *_USUAL_DELIMITERS.replace(first, "")]
    headers = {each: next(_filled_rows(text, each), ()) for each in usual}
    best = max(usual, key=lambda each: (suits(headers[each]), len(headers[each])))
    if suits(headers[best]):
        return best
    line = next((line for _, line in lines(text) if line), "")
    marks = [each for each in dict.fromkeys(line) if not (each.isalnum() or each in " _-\"'()")]
    return next((each for each in marks[:_MOST_TRIED] if _consistent(text, each, suits)), best)


def _consistent(text: str, delimiter: str, suits: Suits) -> bool:
    header, *rows = islice(_filled_rows(text, delimiter), _COMPARED_ROWS)
    return len(header) > 1 and suits(header) and all(len(row) == len(header) for row in rows)


def _filled_rows(text: str, delimiter: str) -> Iterator[tuple[str, ...]]:
    """The rows that aren't blank; quotation marks in the wrong places don't matter."""
    for cells in _reader(text, delimiter):
        if not is_blank(cells):
            yield tuple(cell.strip() for cell in cells)


def _strict_rows(
    text: str, delimiter: str, name: str, *, skipped: int
) -> Iterator[tuple[str, ...]]:
    reader = _reader(text, delimiter, strict=True)
    try:
        yield from map(tuple, reader)
    except csv.Error as error:
        raise QuestionError(
            f"Line {reader.line_num + skipped} of {name} isn't a row of a table ({error}): "
            "correct its quotation marks."
        ) from None


def _reader(text: str, delimiter: str, *, strict: bool = False) -> _csv.Reader:
    # A long cell is the fault of its row, but the csv module would refuse the whole file.
    csv.field_size_limit(max(csv.field_size_limit(), MAX_LIST_BYTES))
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict)
