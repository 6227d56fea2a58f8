"""What became of a list of questions as an Excel workbook, which is written row by row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any

from assistant.list_cells import answer_cells, answer_header, harmless
from assistant.list_workbooks import plain_openpyxl
from assistant.question_lists import QuestionList, RowResult
from assistant.types import Answer

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell import Cell

MAX_CELL_UNITS = 32_767
"""Of a cell in Excel, in units of UTF-16."""
MAX_SHEET_ROWS = 1_048_576

_ANSWER_WIDTHS = (8, 14, 50, 12, 80, 80, 40)
_EXTRA_WIDTH = 24
_CITATIONS = {
    "row": 8,
    "citation": 8,
    "source": 24,
    "title": 40,
    "paragraph": 10,
    "start": 10,
    "end": 10,
    "quote": 80,
    "sha256": 20,
    "uri": 40,
}
"""The columns of the sheet of citations, each with its width in characters."""

# The format takes _x0041_ for an escaped "A"; U+FFFE and U+FFFF are no characters of XML.
_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_NO_XML = re.compile("[\ufffe\uffff]")


def write_workbook(file: IO[bytes], questions: QuestionList, results: Iterable[RowResult]) -> None:
    """Write the sheets "Answers" and "Citations", and "Notes" where something is to be told.

    All text cells are strings, whatever they begin with. What Excel can't hold is cut, with "…",
    and counted in a note.
    """
    header = answer_header(questions.columns)
    widths = [*_ANSWER_WIDTHS, *[_EXTRA_WIDTH] * len(questions.columns)]
    with _workbook() as workbook:
        answers = _Sheet(workbook, "Answers", dict(zip(header, widths, strict=True)))
        citations = _Sheet(workbook, "Citations", _CITATIONS)
        for result in results:
            answers.append(answer_cells(result, questions.columns))
            for cells in _citation_rows(result.row.number, result.answer):
                citations.append(cells)
        notes = [*questions.notes, *answers.finish(), *citations.finish()]
        if notes:
            told = _Sheet(workbook, "Notes", {"note": 100})
            for note in notes:
                told.append([note])
            told.finish()
        workbook.save(file)


class _Sheet:
    """A sheet that is being written; its first row is the header."""

    def __init__(self, workbook: Workbook, title: str, columns: dict[str, int]) -> None:
        """`columns` are the widths of the columns in characters, by name."""
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.styles import Alignment, Font
        from openpyxl.utils import get_column_letter

        self._sheet: Any = workbook.create_sheet(title)
        self._rows = self._shortened = self._dropped = 0
        self._sheet.freeze_panes = "A2"
        # One cell for each column is written over and over: a style costs most of the time. The
        # header has others, since openpyxl keeps a style by reference.
        header, self._cells = ([WriteOnlyCell(self._sheet) for _ in columns] for _ in "12")
        for index, (cell, width) in enumerate(zip(header, columns.values(), strict=True), 1):
            cell.font = Font(bold=True)
            self._sheet.column_dimensions[get_column_letter(index)].width = width
        for cell in self._cells:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
        self._append(header, list(columns))

    def append(self, values: Sequence[int | str]) -> None:
        """Write a row; where the sheet is full, only count it."""
        if self._rows == MAX_SHEET_ROWS:
            self._dropped += 1
            return
        self._append(self._cells, values)

    def _append(self, cells: Sequence[Cell], values: Sequence[int | str]) -> None:
        for cell, value in zip(cells, values, strict=True):
            if isinstance(value, str):
                text, shortened = _fitting(harmless(value))
                self._shortened += shortened
                cell.value = text or None
                if text:
                    cell.data_type = "s"  # openpyxl takes "=1" for a formula
            else:
                cell.value = value
        self._sheet.append(cells)
        self._rows += 1

    def finish(self) -> list[str]:
        """Set the filter; what had to be left out or shortened, each in one sentence."""
        self._sheet.auto_filter.ref = f"A1:{self._cells[-1].column_letter}{self._rows}"
        sheet = f'the sheet "{self._sheet.title}"'
        notes = []
        if self._shortened:
            notes.append(
                f'Cells cut (they end in "…") in {sheet}, since Excel allows {MAX_CELL_UNITS:,} '
                f"characters: {self._shortened:,}."
            )
        if self._dropped:
            notes.append(
                f"Rows left out of {sheet}, since Excel allows {MAX_SHEET_ROWS:,}: "
                f"{self._dropped:,}."
            )
        return notes


def _citation_rows(number: int, answer: Answer | None) -> Iterator[list[int | str]]:
    for cited in answer.citations if answer else ():
        yield [
            number,
            cited.number,
            cited.source_id,
            cited.source_title or "",
            cited.paragraph,
            cited.start,
            cited.end,
            cited.quote,
            cited.source_sha256,
            cited.source_uri or "",
        ]


def _fitting(text: str) -> tuple[str, bool]:
    """The text as a cell of Excel can hold it, and whether it had to be shortened."""
    text = _ESCAPE.sub("_x005F_", _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text))
    if len(text) <= MAX_CELL_UNITS // 2:  # in UTF-16 a character takes two units at most
        return text, False
    units = text.encode("utf-16-le")
    if len(units) <= 2 * MAX_CELL_UNITS:
        return text, False
    return f"{units[: 2 * MAX_CELL_UNITS - 2].decode('utf-16-le', errors='ignore')}…", True


@contextmanager
def _workbook() -> Iterator[Workbook]:
    """A workbook whose temporary files are gone afterwards, also when something went wrong."""
    plain_openpyxl()
    from openpyxl import Workbook

    workbook = Workbook(write_only=True)
    try:
        yield workbook
    except BaseException:
        for sheet in workbook.worksheets:
            # A sheet that is saved has removed its file; one that isn't leaves it to be removed.
            with suppress(Exception):
                sheet.close()
            with suppress(Exception):
                sheet._writer.cleanup()  # type: ignore[attr-defined]
        raise
