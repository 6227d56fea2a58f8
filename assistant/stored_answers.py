"""Reads stored answers back: from an answer's JSON, a batch's rows, a conversation or a report.

Nothing is believed by reading it: `assistant.verifying` checks what was read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from assistant import conversation
from assistant.conversation import Conversation
from assistant.render import one_line, printable
from assistant.types import Answer
from index import AnswerError

MAX_FILE_BYTES = 500_000_000
MAX_REASON_CHARACTERS = 300

NOT_ANSWERED = "the question wasn't answered"
LEFT_OUT = "the answer was left out when the conversation was saved"
CUT_OFF = "the line is cut off: whatever wrote it was stopped"

_FORMS = "an answer's JSON, the JSONL or HTML output of a batch, or a saved conversation"
_PATH_FAULTS = (OSError, ValueError, RuntimeError)
"""What a path can raise: ValueError for a NUL in it, RuntimeError for a home that isn't there."""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer and where in its file it stands."""

    place: str
    """Such as "line 3", "row 7" or "turn 2"."""
    answer: Answer


@dataclass(frozen=True, slots=True)
class Skipped:
    """A place in a file that has no answer, and why: NOT_ANSWERED, LEFT_OUT or CUT_OFF."""

    place: str
    reason: str


def read_answers(path: Path) -> Iterator[StoredAnswer | Skipped]:
    """The answers in a file, in order; JSON lines are read one by one.

    What the file is, is told by what it holds, not by its name.

    Raises:
        AnswerError: the file can't be read, is larger than `MAX_FILE_BYTES`, or something in it
            isn't an answer.
    """
    name = printable(repr(str(path)))
    try:
        path = path.expanduser()
        if not path.is_file():
            raise AnswerError(f"There is no file {name}: check the name.")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise AnswerError(
                f"{name} is larger than {MAX_FILE_BYTES // 1_000_000} MB: split it into several."
            )
        with path.open("rb") as file:
            yield from _answers_in(file, name)
    except UnicodeDecodeError:
        raise AnswerError(f"{name} isn't UTF-8 text: name {_FORMS}.") from None
    except _PATH_FAULTS as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise AnswerError(f"{name} can't be read: {printable(str(reason))}.") from None


def _answers_in(file: BinaryIO, name: str) -> Iterator[StoredAnswer | Skipped]:
    lines = _lines(file)
    number, first = next(lines, (0, b""))
    if not first:
        raise AnswerError(f"{name} is empty: name {_FORMS}.")
    if first.startswith(b"<"):
        yield from _from_report((first + file.read()).decode("utf-8"), name)
        return
    row = _parsed(first)
    if isinstance(row, dict) and row.get("schema") != conversation.SCHEMA:
        yield _row(row, f"line {number}", name)
        yield from _from_lines(lines, name)
        return
    data = _parsed(first + file.read())
    if data is None:
        raise AnswerError(f"{name} can't be read as answers: name {_FORMS}.")
    yield from _from_json(data, name)


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The lines that aren't blank, each with its number; a byte order mark isn't part of one."""
    for number, line in enumerate(file, 1):
        line = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        if line.strip():
            yield number, line.lstrip()


def _parsed(data: bytes) -> Any:
    """What the JSON text says; None where it isn't JSON."""
    try:
        return json.loads(data.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError):  # no UTF-8, no JSON, or nested too deeply
        return None


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _from_lines(lines: Iterable[tuple[int, bytes]], name: str) -> Iterator[StoredAnswer | Skipped]:
    for number, line in lines:
        data, place = _parsed(line), f"line {number}"
        if data is None and not line.endswith(b"\n"):
            yield Skipped(place, CUT_OFF)
        else:
            yield _row(data, place, name)


def _from_json(data: Any, name: str) -> Iterator[StoredAnswer | Skipped]:
    if isinstance(data, list):
        yield from _from_rows(data, name)
    elif isinstance(data, dict) and data.get("schema") == conversation.SCHEMA:
        yield from _from_conversation(data)
    else:
        yield _row(data, "row 1", name)


def _from_report(html: str, name: str) -> Iterator[StoredAnswer | Skipped]:
    from assistant.report import answers_in_report  # it brings its templates along

    yield from _from_rows(answers_in_report(html), name)


def _from_rows(rows: list[Any], name: str) -> Iterator[StoredAnswer | Skipped]:
    for position, data in enumerate(rows, 1):
        number = data.get("row") if isinstance(data, dict) else None
        known = isinstance(number, int) and 0 < number <= MAX_FILE_BYTES
        yield _row(data, f"row {number if known else position}", name)


def _from_conversation(data: Any) -> Iterator[StoredAnswer | Skipped]:
    for number, turn in enumerate(Conversation.from_dict(data).turns, 1):
        place = f"turn {number}"
        if turn.answer is None:
            yield Skipped(place, LEFT_OUT)
        else:
            yield StoredAnswer(place, turn.answer)


def _row(data: Any, place: str, name: str) -> StoredAnswer | Skipped:
    if isinstance(data, dict) and "schema" not in data and isinstance(data.get("error"), str):
        return Skipped(place, NOT_ANSWERED)
    try:
        return StoredAnswer(place, Answer.from_dict(data))
    except AnswerError as error:
        reason = one_line(str(error))
        if len(reason) > MAX_REASON_CHARACTERS:
            reason = f"{reason[:MAX_REASON_CHARACTERS]}…"
        raise AnswerError(f"{place.capitalize()} of {name} can't be checked: {reason}") from None
