"""What became of a list of questions, written to a file: JSON lines, a table or a document.

Rows are written as they come, so that a long list needs little memory. The file is replaced once
all is written, so that it is whole at any moment.
"""

from __future__ import annotations

import csv
import errno
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, Any

from assistant.list_cells import answer_cells, answer_header, harmless
from assistant.list_sheets import write_workbook
from assistant.question_lists import QuestionList, RowResult
from assistant.render import as_json, markdown, markdown_text, printable
from assistant.replacing import replacing
from index import Library, SettingsError, StorageError

ENDINGS = (".csv", ".html", ".jsonl", ".md", ".xlsx")

_PATH_FAULTS = (OSError, ValueError, RuntimeError)
"""What a path can raise: ValueError for a NUL in it, RuntimeError for links in a circle."""
_FULL = (errno.ENOSPC, errno.EDQUOT)


def check_output(path: Path, inputs: Path | None) -> None:
    """Finds out before any work is done whether results can be written to `path`.

    `inputs` is the list's file, if it comes from one.

    Raises:
        SettingsError: the ending is none that is known, or the file isn't one to be replaced.
        StorageError: its folder isn't there or can't be written.
    """
    if path.suffix.lower() not in ENDINGS:
        *most, last = ENDINGS
        raise SettingsError(
            f"{_named(path)} isn't a {', '.join(most)} or {last} file: name the output so."
        )
    try:
        if path.exists() and not path.is_file():
            raise SettingsError(f"{_named(path)} is no file: name another output.")
        if inputs is not None and _same(path, inputs):
            raise SettingsError(
                f"{_named(path)} is the list of questions itself: name another output."
            )
        tempfile.TemporaryFile(dir=path.resolve().parent).close()
    except _PATH_FAULTS as error:
        raise _unwritable(path, error) from None


def write_results(
    path: Path, questions: QuestionList, results: Iterable[RowResult], library: Library
) -> None:
    """Write a file in the form that its ending names: .jsonl, .csv, .xlsx, .md or .html.

    What was there is replaced all at once, or not at all. `results` are taken one by one; there
    may be fewer than questions.

    Raises:
        SettingsError: the ending is none of these.
        StorageError: the file can't be written.
    """
    check_output(path, None)
    ending = path.suffix.lower()
    with _replaced(path) as file:
        if ending == ".xlsx":
            write_workbook(file, questions, results)
            return
        for part in _parts(ending, questions, results, library):
            file.write(part.encode("utf-8"))


def rows_as_jsonl(results: Iterable[RowResult]) -> str:
    """One line for each row: the answer as `pincite.answer/1`, or the question and its error.

    The row's number is in "row", its own id, where it has one, in "row_id", and its extra columns
    in "extra".
    """
    return "".join(_jsonl_lines(results))


def rows_as_csv(results: Iterable[RowResult], columns: Sequence[str] = ()) -> str:
    """A table with the columns `ANSWER_COLUMNS` and `columns`; no cell of it acts as a formula."""
    return "".join(_csv_lines(results, columns))


# --- the forms -----------------------------------------------------------------------------------


def _parts(
    ending: str, questions: QuestionList, results: Iterable[RowResult], library: Library
) -> Iterable[str]:
    match ending:
        case ".jsonl":
            return _jsonl_lines(results)
        case ".csv":  # by the mark at its beginning spreadsheets know that it is UTF-8
            return chain(["\ufeff"], _csv_lines(results, questions.columns))
        case ".md":
            return _markdown_parts(questions, results)
    from assistant.report import report_chunks

    return report_chunks(questions, results, library)


def _jsonl_lines(results: Iterable[RowResult]) -> Iterator[str]:
    return (as_json(_row_dict(result), None) + "\n" for result in results)


def _row_dict(result: RowResult) -> dict[str, Any]:
    row = result.row
    own: dict[str, Any] = {"row": row.number}
    if row.id is not None:
        own["row_id"] = row.id
    if row.extra:
        own["extra"] = dict(row.extra)
    if result.answer is None:
        return {"question": row.question, "error": result.failure, **own}
    return {**result.answer.to_dict(), **own}


def _csv_lines(results: Iterable[RowResult], columns: Sequence[str]) -> Iterator[str]:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    rows: Iterator[list[int | str]] = (answer_cells(result, columns) for result in results)
    header: list[int | str] = [*answer_header(columns)]
    for cells in chain([header], rows):
        writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in cells])
        yield out.getvalue()
        out.seek(0)
        out.truncate()


def _markdown_parts(questions: QuestionList, results: Iterable[RowResult]) -> Iterator[str]:
    yield f"# Answers to {markdown_text(questions.name)}\n"
    yield from (f"\n{markdown_text(note)}\n" for note in questions.notes)
    for result in results:
        row = result.row
        yield f"\n## {row.number}{f' · {markdown_text(row.id)}' if row.id else ''}\n\n"
        for name, value in row.extra:
            yield f"- {markdown_text(name)}: {markdown_text(value)}\n"
        if row.extra:
            yield "\n"
        if result.answer:
            yield markdown(result.answer, prefix=f"{row.number}-")
        else:
            yield f"**{markdown_text(row.question)}**\n\n"
            yield f"No answer: {markdown_text(result.failure or '')}\n"


# --- the file ------------------------------------------------------------------------------------


@contextmanager
def _replaced(path: Path) -> Iterator[IO[bytes]]:
    """A new file that takes the place of `path`. Raises StorageError."""
    try:
        with replacing(path) as file:
            yield file
    except OSError as error:
        raise _unwritable(path, error) from None


def _same(path: Path, other: Path) -> bool:
    """Whether both name one file, be it through links."""
    if path.exists() and other.exists():
        return path.samefile(other)
    return path.resolve() == other.resolve()


def _unwritable(path: Path, error: Exception) -> StorageError:
    folder = path.absolute().parent if "\0" not in str(path) else path.parent
    if isinstance(error, FileNotFoundError | NotADirectoryError) and not folder.is_dir():
        return StorageError(f"There is no folder {_named(folder)}: make it, or name another.")
    if isinstance(error, OSError) and error.errno in _FULL:
        return StorageError(f"The disk is full, so {_named(path)} isn't written: free some space.")
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return StorageError(f"{_named(path)} can't be written ({reason}): name another output.")


def _named(path: Path) -> str:
    return printable(repr(str(path)))
