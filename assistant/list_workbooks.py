"""The tables in the sheets of an Excel workbook (`.xlsx`)."""

from __future__ import annotations

import io
import os
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import date, datetime, time
from itertools import islice
from typing import Any

from assistant.list_readers import MAX_COLUMNS, Table, is_blank
from assistant.render import printable
from index import QuestionError

ZIP_START = b"PK\x03\x04"
OLE_START = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How an encrypted workbook begins, and the older form of all."""

_MAX_UNPACKED_BYTES = 100_000_000
_MAX_TAGS = 3_000_000
"""In all parts together: each takes about 300 bytes of memory while it is read."""
_MAX_SHEET_ROWS = 1_048_576
_HEADER_ROWS = 100
"""The header is looked for in so many."""
_UNNAMED_COLUMNS = 20
_CHUNK = 1 << 20

Cells = tuple[Any, ...]
"""openpyxl has no common type for the cells that it reads."""


def workbook_tables(data: bytes, name: str, most: int) -> Iterator[Table]:
    """The table of each sheet that isn't empty, as far as it is asked for; at most `most` rows.

    Dates and numbers are given as text. `name` is how messages call the file.

    Raises:
        QuestionError: it isn't a workbook, can't be read, or is too large.
    """
    if data.startswith(OLE_START):
        raise QuestionError(
            f"{name} is encrypted or of the old form .xls: save it as .xlsx without a password."
        )
    try:
        has_formulas = _check_parts(data, name)
        yield from _tables(data, has_formulas, most)
    except QuestionError:
        raise
    except Exception:  # openpyxl raises whatever it happens to stumble over
        raise QuestionError(
            f"{name} isn't a workbook that can be read: open it in a spreadsheet program and "
            "save it as .xlsx again, or as .csv."
        ) from None


def _check_parts(data: bytes, name: str) -> bool:
    """Refuses what would take too much memory; says whether there may be formulas."""
    has_formulas, tags = False, 0
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
        if any(part.flag_bits & 1 for part in parts):
            raise QuestionError(f"{name} is encrypted: save it without a password.")
        if sum(part.file_size for part in parts) > _MAX_UNPACKED_BYTES:
            raise _too_large(name)
        for part in parts:
            last = b""
            with archive.open(part) as file:
                while chunk := file.read(_CHUNK):
                    tags += chunk.count(b"<")
                    has_formulas = has_formulas or b"<f" in last + chunk
                    last = chunk[-1:]
                    if tags > _MAX_TAGS:
                        raise _too_large(name)
    return has_formulas


def _tables(data: bytes, has_formulas: bool, most: int) -> Iterator[Table]:
    # It warns of what it doesn't understand, such as charts, which is no concern of ours.
    warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")
    with ExitStack() as stack:
        values = stack.enter_context(_opened(data, data_only=True)).worksheets
        formulas = (
            stack.enter_context(_opened(data, data_only=False)).worksheets
            if has_formulas
            else values
        )
        for sheet, beside in zip(values, formulas, strict=True):
            table = _table(sheet, beside, most)
            if table.header and len(values) > 1:
                table = replace(table, notes=(_sheet_note(sheet.title, len(values)),))
            if table.header:
                yield table


def plain_openpyxl() -> None:
    """Have openpyxl do without lxml, which hides why a file can't grow; before it is imported."""
    os.environ.setdefault("OPENPYXL_LXML", "False")


def _opened(data: bytes, *, data_only: bool) -> closing[Any]:
    plain_openpyxl()
    from openpyxl import load_workbook

    return closing(load_workbook(io.BytesIO(data), read_only=True, data_only=data_only))


def _table(sheet: Any, beside: Any, most: int) -> Table:
    """The table in a sheet; `beside` is the same one with formulas, or the sheet itself."""
    start, header = _header(sheet)
    if not header:
        return Table(())
    # Notes stand beside a table without a name for their column.
    header += ("",) * min(_UNNAMED_COLUMNS, MAX_COLUMNS - len(header))
    rows: list[tuple[str, ...]] = []
    faults: dict[tuple[int, int], str] = {}
    blank = passed = 0
    for cells, theirs in _pairs(sheet, beside, min_row=start + 1, max_col=len(header)):
        # Most blank rows have no cells at all; there may be a million of them.
        if not any(cell.value is not None for cell in theirs):
            passed += 1
            continue
        row = tuple(map(_text, cells, theirs))
        if is_blank(row):
            passed += 1
            continue
        blank, passed = blank + passed, 0
        for column, (cell, text) in enumerate(zip(cells, row, strict=True)):
            if text and (cell.value is None or cell.data_type == "e"):
                faults[len(rows), column] = _fault(text, cell.data_type)
        rows.append(row)
        if len(rows) >= most:
            break
    return Table(header, tuple(rows), blank, faults=faults)


def _header(sheet: Any) -> tuple[int, tuple[str, ...]]:
    """The number of the first row that isn't blank, and its cells up to the last that isn't.

    0 and no cells where the sheet doesn't begin with one.
    """
    rows = islice(_rows(sheet, max_col=MAX_COLUMNS + 1), _HEADER_ROWS)
    for number, cells in enumerate(rows, 1):
        row = [_text(cell, cell).strip() for cell in cells]
        while row and not row[-1]:
            row.pop()
        if row:
            return number, tuple(row)
    return 0, ()


def _pairs(sheet: Any, beside: Any, **within: int) -> Iterator[tuple[Cells, Cells]]:
    if beside is sheet:
        return ((cells, cells) for cells in _rows(sheet, **within))
    return zip(_rows(sheet, **within), _rows(beside, **within), strict=True)


def _rows(sheet: Any, **within: int) -> Iterator[Cells]:
    sheet.reset_dimensions()  # what a file says of its size may be wrong
    for number, cells in enumerate(sheet.iter_rows(**within)):
        if number > _MAX_SHEET_ROWS:
            raise ValueError("there is no such row")
        yield cells


def _text(cell: Any, formula: Any) -> str:
    """What the cell says; where a formula has no result, the formula."""
    value = cell.value
    if value is None and formula.data_type == "f":
        return str(getattr(formula.value, "text", formula.value))
    match value:
        case None:
            return ""
        case bool():
            return str(value).upper()
        case float():
            return f"{value:.15g}"  # as many digits as spreadsheets show
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime():
            return value.isoformat(" ", "seconds")
        case date() | time():
            return value.isoformat()
    from openpyxl.utils.escape import unescape

    return str(unescape(str(value)))


def _fault(text: str, data_type: str) -> str:
    if data_type == "e":
        return f"is the error {text}: correct it."
    return (
        "is a formula, and the file doesn't have its result: open it in a spreadsheet program and "
        "save it again."
    )


def _sheet_note(title: str, count: int) -> str:
    return f"Of {count} sheets, {printable(repr(title))} was read."


def _too_large(name: str) -> QuestionError:
    return QuestionError(
        f"{name} is too large a workbook once it is unpacked: save the sheet with the questions "
        "as .csv, or split it."
    )
