"""Lists of questions: read from a file or from bytes, and answered in order.

Reading is strict about the file and lenient about its rows: a row that can't be asked is kept, and
is reported in its place when the list is answered.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from assistant.assistant import Assistant
from assistant.chat import Turn
from assistant.list_encodings import decoded
from assistant.list_readers import (
    MAX_COLUMNS,
    MAX_LIST_BYTES,
    Header,
    Table,
    delimited_table,
    distinct,
    header_of,
    is_blank,
    json_objects,
    lines,
)
from assistant.list_workbooks import OLE_START, ZIP_START, workbook_tables
from assistant.render import printable
from assistant.types import Answer
from index import PinciteError, QuestionError

MAX_ROWS = 100_000
MAX_NAMED = 10
"""Columns or ids in one sentence."""
MAX_NAME_CHARACTERS = 40

_QUESTION = "question"
_OTHER_NAMES = ("frage", "pregunta", "вопрос", "query", "prompt", "q")
"""What a column of questions may be called where none is called "question"."""
_OWN = ("id", "sources", "history")
"""The other columns and fields that mean something to us."""
_NO_QUESTION = "The row has no question: write one."


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
    extra: tuple[tuple[str, str], ...] = ()
    """The other columns or fields, each with its text; they are carried through to the output."""


@dataclass(frozen=True, slots=True)
class QuestionList:
    """The questions of one file."""

    name: str
    """The file's name, without its folder."""
    rows: tuple[ListedQuestion, ...]
    columns: tuple[str, ...] = ()
    """The names of the extra columns, in order."""
    notes: tuple[str, ...] = ()
    """What was found out while reading and should be told, each in one sentence."""


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


def read_questions(path: Path, *, question_column: str | None = None) -> QuestionList:
    """The questions in a `.txt` (one a line), `.csv`, `.tsv`, `.xlsx` or `.jsonl` file.

    A table has a column of questions and may have "id", "sources" and "history"; a JSON line has
    the field "question" and may have these too. Others are carried through. The questions are in
    the column or field `question_column`; where it isn't given, in "question", or else in the only
    one with such a name: "Frage", "prompt" and so on.

    Raises:
        QuestionError: the file can't be read as a list of questions; it says why.
    """
    read = _READERS.get(path.suffix.lower())
    if read is None:
        *most, last = sorted(_READERS)
        raise QuestionError(
            f"{_named(path.name)} isn't a {', '.join(most)} or {last} file: save the list as one."
        )
    return _checked(read(_data(path), _named(path.name), question_column), path.name)


def read_questions_from(
    data: bytes, name: str, *, question_column: str | None = None
) -> QuestionList:
    """The questions in `data`, as `read_questions` reads them; for what comes without a file.

    By the ending of `name` if it has one of those, or else by what it looks like: a workbook, JSON
    lines where the first is a JSON object, a table where its header has a column of questions, or
    else a question a line.

    Raises:
        QuestionError: it can't be read as a list of questions; it says why.
    """
    if len(data) > MAX_LIST_BYTES:
        raise _too_large(_named(name))
    read = _READERS.get(Path(name).suffix.lower(), _from_anything)
    return _checked(read(data, _named(name), question_column), name)


def answer_rows(assistant: Assistant, rows: Iterable[ListedQuestion]) -> Iterator[RowResult]:
    """Answer the questions one after the other, each as its result is asked for.

    A question that can't be answered because of a `PinciteError` has its sentence as failure.
    """
    return (_answer_row(assistant, row) for row in rows)


def _answer_row(assistant: Assistant, row: ListedQuestion) -> RowResult:
    if row.fault is not None:
        return RowResult(row, None, row.fault)
    try:
        answer = assistant.ask(row.question, history=row.history, sources=row.sources)
    except PinciteError as error:
        return RowResult(row, None, str(error))
    return RowResult(row, answer, None)


# --- the kinds of files --------------------------------------------------------------------------


def _data(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_LIST_BYTES + 1)
    except FileNotFoundError:
        raise QuestionError(f"There is no file {_named(path.name)}: check the name.") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) else error
        raise QuestionError(f"{_named(path.name)} can't be read: {reason}.") from None
    if len(data) > MAX_LIST_BYTES:
        raise _too_large(_named(path.name))
    return data


def _checked(listed: QuestionList, name: str) -> QuestionList:
    """The list under its name, with a note on ids that don't tell rows apart."""
    rows = listed.rows
    if not rows:
        raise QuestionError(f"{_named(name)} holds no question: write at least one into it.")
    if len(rows) > MAX_ROWS:
        raise QuestionError(
            f"{_named(name)} holds more than {MAX_ROWS:,} questions: split it into several lists."
        )
    counts = Counter(row.id for row in rows if row.id is not None)
    several = [id for id, count in counts.items() if count > 1]
    notes = listed.notes
    if several:
        what = "1 id stands" if len(several) == 1 else f"{len(several):,} ids stand"
        notes += (f"{what} in several rows ({_names(several)}): tell them apart by their number.",)
    return replace(listed, name=name, notes=notes)


def _from_anything(data: bytes, name: str, column: str | None) -> QuestionList:
    if data.startswith((ZIP_START, OLE_START)):
        return _from_workbook(data, name, column)
    text, _ = decoded(data, name)
    if text.lstrip().startswith("{"):
        return _from_jsonl(data, name, column)
    header = header_of(text, _suits(column))
    # A question may well begin with one of the words that name a column.
    if _suits(column)(header) and not any("?" in cell for cell in header):
        return _from_csv(data, name, column)
    return _from_text(data, name, column)


def _from_text(data: bytes, name: str, column: str | None) -> QuestionList:
    if column is not None:
        raise QuestionError(
            f"{name} has a question a line and no columns: leave out --question-column."
        )
    text, notes = decoded(data, name)
    every = [line for _, line in lines(text)]
    questions = filter(None, every)
    rows = tuple(ListedQuestion(number, line) for number, line in enumerate(questions, 1))
    return QuestionList(name, rows, notes=(*notes, *_blank_note(len(every) - len(rows), "line")))


def _from_csv(data: bytes, name: str, column: str | None, *, delimiter: str = ",") -> QuestionList:
    text, notes = decoded(data, name)
    table = delimited_table(text, name, _suits(column), first=delimiter)
    if not table.header:
        return QuestionList(name, ())
    listed = _from_table(table, name, column)
    return replace(listed, notes=(*notes, *listed.notes))


def _from_workbook(data: bytes, name: str, column: str | None) -> QuestionList:
    first: Table | None = None
    for table in workbook_tables(data, name, MAX_ROWS + 1):
        if _suits(column)(table.header):
            return _from_table(table, name, column)
        first = first or table
    return _from_table(first, name, column) if first else QuestionList(name, ())


def _from_jsonl(data: bytes, name: str, column: str | None) -> QuestionList:
    text, notes = decoded(data, name)
    objects = json_objects(text, name)
    fields = list(dict.fromkeys(key for each in objects for key in each))
    if not objects:
        return QuestionList(name, ())
    question = fields[_question_column(fields, name, "field", column)]
    extra = [field for field in fields if field != question and field not in _OWN]
    _check_width(extra, name, "fields")
    rows = (_json_row(number, each, question) for number, each in enumerate(objects, 1))
    notes += _column_note(question, "field")
    notes += _blank_note(sum(not line for _, line in lines(text)), "line")
    return QuestionList(name, tuple(rows), tuple(extra), notes)


_READERS: dict[str, Callable[[bytes, str, str | None], QuestionList]] = {
    ".csv": _from_csv,
    ".jsonl": _from_jsonl,
    ".tsv": partial(_from_csv, delimiter="\t"),
    ".txt": _from_text,
    ".xlsx": _from_workbook,
}

# --- the column of questions ---------------------------------------------------------------------


def _suits(column: str | None) -> Callable[[Header], bool]:
    return lambda header: bool(_question_columns(header, column))


def _question_columns(header: Header, column: str | None) -> list[int]:
    """Where questions may be: in the best of these ways to find one, all that it finds."""
    folded = [name.casefold() for name in header]
    wanted = _QUESTION if column is None else column.strip()
    ways = [
        [index for index, name in enumerate(header) if name == wanted],
        [index for index, name in enumerate(folded) if name == wanted.casefold()],
    ]
    if column is None:
        ways.append([index for index, name in enumerate(folded) if name in _OTHER_NAMES])
    return next(filter(None, ways), [])


def _question_column(header: Header, name: str, kind: str, column: str | None) -> int:
    found = _question_columns(header, column)
    if len(found) == 1:
        return found[0]
    if found:
        raise QuestionError(
            f"{name} has {len(found)} {kind}s that may hold the questions "
            f"({_names([header[index] for index in found])}): name one with --question-column, "
            'or call it "question".'
        )
    wanted = printable(f'"{_QUESTION if column is None else column[:MAX_NAME_CHARACTERS]}"')
    raise QuestionError(
        f"{name} has no {kind} {wanted}, but {_names([each for each in header if each])}: name the "
        f"one that holds the questions with --question-column, or rename it."
    )


def _column_note(question: str, kind: str) -> tuple[str, ...]:
    if question.casefold() == _QUESTION:
        return ()
    return (f"The questions are those in the {kind} {_names([question])}.",)


def _blank_note(count: int, kind: str) -> tuple[str, ...]:
    if not count:
        return ()
    return (f"{count:,} blank {kind}{'s were' if count > 1 else ' was'} left out.",)


def _check_width(names: Sequence[str], name: str, kind: str) -> None:
    if len(names) > MAX_COLUMNS:
        raise QuestionError(
            f"{name} has more than {MAX_COLUMNS} {kind}: leave out those that aren't needed."
        )


# --- the rows of a table -------------------------------------------------------------------------


def _from_table(table: Table, name: str, column: str | None) -> QuestionList:
    header = table.header
    _check_width(header, name, "columns")
    question = _question_column(header, name, "column", column)
    folded = [each.casefold() for each in header]
    own = {each: folded.index(each) for each in _OWN if each in folded}
    own[_QUESTION] = question
    others = [
        index
        for index, each in enumerate(header)
        if index not in own.values() and (each or _has_content(table, index))
    ]
    columns = distinct(header[index] or f"column {index + 1}" for index in others)
    extra = list(zip(columns, others, strict=True))
    rows = tuple(_table_row(table, at, own, extra) for at in range(len(table.rows)))
    notes = (
        *table.notes,
        *_column_note(header[question], "column"),
        *_blank_note(table.blank_rows, "row"),
    )
    return QuestionList(name, rows, tuple(columns), notes)


def _has_content(table: Table, column: int) -> bool:
    return any(len(row) > column and row[column].strip() for row in table.rows)


def _table_row(
    table: Table, at: int, own: dict[str, int], extra: list[tuple[str, int]]
) -> ListedQuestion:
    cells = table.rows[at]
    cell = dict(enumerate(cells))
    said = {name: cell.get(column, "").strip() for name, column in own.items()}
    row = ListedQuestion(
        at + 1,
        said[_QUESTION],
        id=said.get("id") or None,
        sources=_split_sources(said.get("sources", "")) or None,
        extra=tuple((name, cell.get(column, "")) for name, column in extra),
    )
    if not is_blank(cells[len(table.header) :]):
        return replace(
            row,
            fault="The row has more cells than the header: put a question that holds the "
            "delimiter between double quotes.",
        )
    for name, column in own.items():
        if fault := table.faults.get((at, column)):
            return replace(row, fault=f"The row's {name} {fault}")
    if not row.question:
        return replace(row, fault=_NO_QUESTION)
    try:
        return replace(row, history=_history_in_cell(said.get("history", "")))
    except ValueError as error:
        return replace(row, fault=str(error))


def _split_sources(text: str) -> tuple[str, ...]:
    return tuple(filter(None, re.split(r"[,;\s]+", text)))


def _history_in_cell(text: str) -> tuple[Turn, ...]:
    try:
        data = json.loads(text) if text else None
    except (ValueError, RecursionError):  # no JSON, or nested too deeply
        data = text
    return _json_history(data)


# --- the rows of JSON lines ----------------------------------------------------------------------


def _json_row(number: int, data: dict[str, Any], question: str) -> ListedQuestion:
    asked = data.get(question)
    row = ListedQuestion(
        number,
        asked if isinstance(asked, str) else "",
        extra=tuple(
            (name, _json_text(value))
            for name, value in data.items()
            if name != question and name not in _OWN
        ),
    )
    try:
        return replace(
            row,
            id=_json_id(data.get("id")),
            sources=_json_sources(data.get("sources")),
            history=_json_history(data.get("history")),
            fault=None if row.question.strip() else _NO_QUESTION,
        )
    except ValueError as error:
        return replace(row, fault=str(error))


def _json_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


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


def _json_history(data: Any) -> tuple[Turn, ...]:
    if data is None:
        return ()
    if not isinstance(data, list):
        raise ValueError('The row\'s "history" isn\'t a list: write [["user", "…"], …].')
    return tuple(map(_json_turn, data))


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


# --- messages ------------------------------------------------------------------------------------


def _names(names: Sequence[str]) -> str:
    """Up to `MAX_NAMED` names, each shortened and between quotation marks."""
    named = [printable(repr(each[:MAX_NAME_CHARACTERS])) for each in names[:MAX_NAMED]]
    return ", ".join([*named, "…"] if len(names) > MAX_NAMED else named) or "none"


def _named(name: str) -> str:
    return printable(repr(name))


def _too_large(name: str) -> QuestionError:
    return QuestionError(
        f"{name} is larger than {MAX_LIST_BYTES // 1_000_000} MB: split it into several lists."
    )
