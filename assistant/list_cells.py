"""The columns of a table of answers, whatever the file it is written to."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.list_readers import distinct
from assistant.question_lists import RowResult
from assistant.render import place, printable

ANSWER_COLUMNS = ("number", "id", "question", "status", "answer", "citations", "error")
"""The list's extra columns follow them."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What makes a spreadsheet take a cell for a formula."""


def answer_header(columns: Sequence[str]) -> list[str]:
    """The names of all columns; an extra one that is called like ours gets a number."""
    return distinct((*ANSWER_COLUMNS, *columns))


def answer_cells(result: RowResult, columns: Sequence[str]) -> list[int | str]:
    """The cells of one row: its number, then texts that are not made harmless yet.

    `columns` are the list's extra ones; a row may lack some.
    """
    row, answer = result.row, result.answer
    cited = [f"{place(c)} “{c.quote}”" for c in answer.citations] if answer else []
    extra = dict(row.extra)
    return [
        row.number,
        row.id or "",
        answer.question if answer else row.question,
        result.status,
        answer.text if answer else "",
        "\n".join(cited),
        result.failure or "",
        *(extra.get(column, "") for column in columns),
    ]


def harmless(cell: str) -> str:
    """The text for a cell: it can't be a formula, nor act on a terminal."""
    shown = printable(cell)
    return f"'{shown}" if cell.startswith(_FORMULA_STARTS) else shown
