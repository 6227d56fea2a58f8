"""Lists of questions: read from a file, answered in order, written as JSON lines or as a table.

Reading is strict about the file and lenient about its rows: a row that can't be asked is kept, and
is reported in its place when the list is answered.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from assistant.assistant import Assistant
from assistant.chat import Turn
from assistant.render import as_json, place, printable
from assistant.types import Answer
from index import PinciteError, QuestionError

MAX_LIST_BYTES = 20_000_000
MAX_ROWS = 50_000
MAX_NAMED_COLUMNS = 10
MAX_NAME_CHARACTERS = 40

CSV_COLUMNS = ("number", "id", "question", "status", "answer", "citations", "error")

_DELIMITERS = ",;\t|"
_UTF16_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What makes a spreadsheet take a cell for a formula."""


@dataclass(frozen=True, slots=True)
class ListedQuestion:
    """One question of a list."""

    number: int
    """From 1, in the list's order; blank lines don't count."""
    question: str
    id: str | None = None
    sources: tuple[str, ...] | None = None
    """Ids of the sources to search; None for all."""
    history: tuple[Turn, ...] = ()
    fault: str | None = None
    """Why it can't be asked, in one sentence; None where nothing is known against it."""


@dataclass(frozen=True, slots=True)
class QuestionList:
    """The questions of one file."""

    name: str
    """The file's name, without its folder."""
    rows: tuple[ListedQuestion, ...]


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one question: an answer, or else why there is none."""

    row: ListedQuestion
    answer: Answer | None
    failure: str | None

    @property
    def status(self) -> str:
        """The answer's status, or "failed"."""
        return self.answer.status if self.answer else "failed"


def read_questions(path: Path) -> QuestionList:
    """The questions in a `.txt` (one a line), `.csv` or `.jsonl` file, in UTF-8 or UTF-16.

    A table has a column "question" and may have "id" and "sources"; a JSON line has the field
    "question" and may have "id", "sources" and "history".

    Raises:
        QuestionError: the file can't be read as a list of questions; it says why.
    """
    read = _READERS.get(path.suffix.lower())
    if read is None:
        *most, last = sorted(_READERS)
        raise QuestionError(
            f"{_named(path)} isn't a {', '.join(most)} or {last} file: save the list as one."
        )
    rows = tuple(islice(read(_text(path), _named(path)), MAX_ROWS + 1))
    if not rows:
        raise QuestionError(f"{_named(path)} holds no question: write at least one into it.")
    if len(rows) > MAX_ROWS:
        raise QuestionError(
            f"{_named(path)} holds more than {MAX_ROWS:,} questions: split it into several lists."
        )
    return QuestionList(path.name, rows)


def answer_rows(assistant: Assistant, rows: Iterable[ListedQuestion]) -> Iterator[RowResult]:
    """Answer the questions one after the other, each as its result is asked for.

    A question that can't be answered because of a `PinciteError` has its sentence as failure.
    """
    return (_answer_row(assistant, row) for row in rows)


def rows_as_jsonl(results: Iterable[RowResult]) -> str:
    """One line for each: the answer as `pincite.answer/1`, or the question and its error.

    The row's own id, where it has one, is in "row_id".
    """
    return "".join(as_json(_row_dict(result), None) + "\n" for result in results)


def rows_as_csv(results: Iterable[RowResult]) -> str:
    """A table with the columns `CSV_COLUMNS`; no cell of it acts as a formula."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(CSV_COLUMNS)
    for result in results:
        answer = result.answer
        cited = [f"{place(c)} “{c.quote}”" for c in answer.citations] if answer else []
        cells = (
            result.row.id or "",
            answer.question if answer else result.row.question,
            result.status,
            answer.text if answer else "",
            "\n".join(cited),
            result.failure or "",
        )
        writer.writerow([result.row.number, *map(_harmless, cells)])
    return out.getvalue()


def _answer_row(assistant: Assistant, row: ListedQuestion) -> RowResult:
    if row.fault is not None:
        return RowResult(row, None, row.fault)
    try:
        answer = assistant.ask(row.question, history=row.history, sources=row.sources)
    except PinciteError as error:
        return RowResult(row, None, str(error))
    return RowResult(row, answer, None)


def _row_dict(result: RowResult) -> dict[str, Any]:
    row_id = {} if result.row.id is None else {"row_id": result.row.id}
    if result.answer is None:
        return {"question": result.row.question, "error": result.failure, **row_id}
    return {**result.answer.to_dict(), **row_id}


def _harmless(cell: str) -> str:
    shown = printable(cell)
    return f"'{shown}" if cell.startswith(_FORMULA_STARTS) else shown


# --- reading -------------------------------------------------------------------------------------


def _text(path: Path) -> str:
    name = _named(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_LIST_BYTES + 1)
    except FileNotFoundError:
        raise QuestionError(f"There is no file {name}: check the name.") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) else error
        raise QuestionError(f"{name} can't be read: {reason}.") from None
    if len(data) > MAX_LIST_BYTES:
        raise QuestionError(
            f"{name} is larger than {MAX_LIST_BYTES // 1_000_000} MB: split it into several lists."
        )
    try:
        text = data.decode("utf-16" if data.startswith(_UTF16_BOMS) else "utf-8-sig")
    except UnicodeDecodeError:
        raise QuestionError(f"{name} isn't UTF-8 text: save it as UTF-8.") from None
    if "\0" in text:
        raise QuestionError(f"{name} holds binary data, not text: save it as plain UTF-8 text.")
    return text


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines that aren't blank, each with its number in the file."""
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        if line.strip():
            yield number, line.strip()


def _from_text(text: str, name: str) -> Iterator[ListedQuestion]:
    for number, (_, line) in enumerate(_lines(text), 1):
        yield ListedQuestion(number, line)


def _from_csv(text: str, name: str) -> Iterator[ListedQuestion]:
    # A long question is the fault of its row, but the csv module would refuse the whole file.
    csv.field_size_limit(max(csv.field_size_limit(), MAX_LIST_BYTES))
    delimiter = max(_DELIMITERS, key=lambda each: _likelihood(_header(text, each)))
    header = _header(text, delimiter)
    if not header:
        return
    if "question" not in header:
        raise _no_question(name, "column", header)
    for number, cells in enumerate(islice(_cells(text, delimiter, name), 1, None), 1):
        yield _csv_row(number, header, cells)


def _header(text: str, delimiter: str) -> list[str]:
    for cells in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
        if any(cell.strip() for cell in cells):
            return [cell.strip().casefold() for cell in cells]
    return []


def _likelihood(header: list[str]) -> tuple[bool, int]:
    return "question" in header, len(header)


def _cells(text: str, delimiter: str, name: str) -> Iterator[list[str]]:
    """The rows that aren't blank, the header first."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield cells
    except csv.Error as error:
        raise QuestionError(
            f"Line {reader.line_num} of {name} isn't a row of a table ({error}): "
            "correct its quotation marks."
        ) from None


def _csv_row(number: int, header: list[str], cells: list[str]) -> ListedQuestion:
    named: dict[str, str] = {}
    for column, cell in zip(header, cells, strict=False):
        named.setdefault(column, cell.strip())
    row = ListedQuestion(
        number,
        named.get("question", ""),
        id=named.get("id") or None,
        sources=_split_sources(named.get("sources", "")) or None,
    )
    if any(cell.strip() for cell in cells[len(header) :]):
        return replace(
            row,
            fault="The row has more cells than the header: put a question that holds the "
            "delimiter between double quotes.",
        )
    return row


def _split_sources(text: str) -> tuple[str, ...]:
    return tuple(filter(None, re.split(r"[,;\s]+", text)))


def _from_jsonl(text: str, name: str) -> Iterator[ListedQuestion]:
    objects = [_json_object(line, number, name) for number, line in _lines(text)]
    if objects and not any("question" in each for each in objects):
        raise _no_question(name, "field", list(dict.fromkeys(key for o in objects for key in o)))
    for number, data in enumerate(objects, 1):
        yield _json_row(number, data)


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


def _json_row(number: int, data: dict[str, Any]) -> ListedQuestion:
    question = data.get("question")
    row = ListedQuestion(number, question if isinstance(question, str) else "")
    try:
        return replace(
            row,
            id=_json_id(data.get("id")),
            sources=_json_sources(data.get("sources")),
            history=tuple(_json_turn(turn) for turn in _json_list(data.get("history"))),
            fault=None if isinstance(question, str) else "The row has no question: write one.",
        )
    except ValueError as error:
        return replace(row, fault=str(error))


def _json_id(data: Any) -> str | None:
    if data is None or data == "":
        return None
    if isinstance(data, str | int | float) and not isinstance(data, bool):
        return str(data)
    raise ValueError('The row\'s "id" is neither text nor a number: correct it.')


def _json_sources(data: Any) -> tuple[str, ...] | None:
    if data is None:
        return None
    if isinstance(data, str):
        return _split_sources(data) or None
    if isinstance(data, list) and all(isinstance(each, str) for each in data):
        return tuple(data)
    raise ValueError("The row's \"sources\" isn't a list of ids: correct it.")


def _json_list(data: Any) -> list[Any]:
    if data is None:
        return []
    if isinstance(data, list):
        return data
    raise ValueError('The row\'s "history" isn\'t a list: write [["user", "…"], …].')


def _json_turn(data: Any) -> Turn:
    pair = [data.get("role"), data.get("content")] if isinstance(data, dict) else data
    match pair:
        case ["user", str(said)]:
            return "user", said
        case ["assistant", str(said)]:
            return "assistant", said
    raise ValueError(
        'A turn in the row\'s "history" isn\'t a "user" or "assistant" with a text: correct it.'
    )


def _no_question(name: str, kind: str, found: list[str]) -> QuestionError:
    named = ", ".join(
        printable(repr(each[:MAX_NAME_CHARACTERS])) for each in found[:MAX_NAMED_COLUMNS]
    )
    more = ", …" if len(found) > MAX_NAMED_COLUMNS else ""
    return QuestionError(
        f'{name} has no {kind} "question", but {named or "none"}{more}: rename the one that holds '
        "the questions."
    )


def _named(path: Path) -> str:
    return printable(repr(path.name))


_READERS: dict[str, Callable[[str, str], Iterator[ListedQuestion]]] = {
    ".csv": _from_csv,
    ".jsonl": _from_jsonl,
    ".txt": _from_text,
}
