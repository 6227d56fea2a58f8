"""JSON lines that must have a certain form; what is wrong is said with the file and the line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from assistant.render import one_line
from index import PinciteError


class Line(BaseModel):
    """Base of the forms of a line: types are strict, and fields that mean nothing to us pass."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


L = TypeVar("L", bound=Line)


@dataclass(frozen=True, slots=True)
class Where:
    """A line of a file, and what an error in it is raised as."""

    path: Path
    number: int
    """From 1; blank lines count."""
    error: type[PinciteError]

    def wrong(self, what: str) -> PinciteError:
        """The error that says in one sentence what is wrong there."""
        return self.error(one_line(f"Line {self.number} of {self.path.name!r} is wrong: {what}."))


def read_lines(path: Path, form: type[L], error: type[PinciteError]) -> Iterator[tuple[Where, L]]:
    """The lines of a file in UTF-8, in order; blank ones are passed over.

    Raises:
        PinciteError: as `error`, when the file can't be read or a line hasn't this form.
    """
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file, 1):
                where = Where(path, number, error)
                if text := _text(raw, where).strip():
                    yield where, _line(text, form, where)
    except FileNotFoundError:
        raise error(f"There is no file {str(path)!r}: name another folder, or write it.") from None
    except (OSError, ValueError) as fault:  # ValueError: a NUL in the path
        reason = fault.strerror if isinstance(fault, OSError) else fault
        raise error(f"{str(path)!r} can't be read: {reason}.") from None


def _text(raw: bytes, where: Where) -> str:
    try:
        return raw.decode("utf-8-sig" if where.number == 1 else "utf-8")
    except UnicodeDecodeError:
        raise where.wrong("it isn't UTF-8") from None


def _line(text: str, form: type[L], where: Where) -> L:
    try:
        return form.model_validate_json(text)
    except ValidationError as fault:
        raise where.wrong(fault_of(fault)) from None


def fault_of(error: ValidationError, within: str = "") -> str:
    """What is wrong first, in a few words; `within` is the field that was looked into."""
    first = error.errors(include_url=False, include_input=False)[0]
    name = ".".join(map(str, [*filter(None, [within]), *first["loc"]]))
    if first["type"] == "json_invalid":
        return "it isn't JSON"
    if not name:
        return "it isn't a JSON object"
    if first["type"] == "missing":
        return f'it has no "{name}"'
    message = first["msg"]
    return f'its "{name}" can\'t be read ({message[:1].lower()}{message[1:]})'
