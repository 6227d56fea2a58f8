"""The journal of a list of questions: what became of each, on disk before it counts as finished.

A file of JSON lines: first what the answers were made with, then a line for each finished
question. Whoever is killed at any moment finds in it what was finished; a line that was only begun
is cut off.
The answers stay on disk: in memory there is only where they stand.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, Literal, Self
from urllib.parse import urlsplit

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field

from assistant import extractive
from assistant.assistant import Assistant
from assistant.batch_requests import row_key
from assistant.question_lists import ListedQuestion, RowResult
from assistant.render import as_json, printable
from assistant.replacing import PRIVATE, replacing
from assistant.types import Answer, Usage
from index import AnswerError, PinciteError, SettingsError, StorageError
from prompts import load_prompt

_Setting = str | bool | int | float | None
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Identity(BaseModel):
    """What all answers in one journal are made with."""

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)

    schema_: Literal["pincite.journal/1"] = Field(default="pincite.journal/1", alias="schema")
    pincite: str
    """The version of Pincite."""
    library: str
    """Changes with every text of the library and with the way in which it is indexed."""
    settings: Mapping[str, _Setting]
    """The model, where it is served, its limits for one question, when one is refused, and what
    sources must state to be searched."""
    prompts: str | None
    """Changes with every prompt; None where no model is used."""


def identity_of(assistant: Assistant) -> Identity:
    """What the answers of this assistant are made with now; it tells nothing about keys."""
    library, use = assistant.library, assistant.model_use
    settings: dict[str, _Setting] = {
        "model": assistant.model or extractive.NAME,
        "strictness": assistant.strictness,
    }
    if use is not None:
        settings["base_url"] = _without_user(getattr(use.model, "base_url", None))
        settings["max_tokens"] = use.limits.max_tokens
        settings["max_cost"] = use.limits.max_cost
        settings["context_tokens"] = use.limits.context_tokens
        settings["judge"] = use.judges
    for name, value in assistant.only.given().items():
        settings[name] = value if isinstance(value, str) else ",".join(sorted(value))
    return Identity(
        pincite=version("pincite"),
        library=_digest([library.fingerprint, sorted(library.content().items())]),
        settings=settings,
        prompts=_prompts() if use else None,
    )


def _without_user(url: str | None) -> str | None:
    """The address without the user's name and password, which don't belong into a file."""
    if url is None:
        return None
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _prompts() -> str:
    files = resources.files("prompts").iterdir()
    names = sorted(each.name.removesuffix(".md") for each in files if each.name.endswith(".md"))
    return _digest([load_prompt(name).version for name in names])


def _digest(parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts).encode("ascii")).hexdigest()


def journal_path(output: Path) -> Path:
    """Where the journal of this output file is: beside it."""
    return output.with_name(f"{output.name}.journal")


class _Line(BaseModel):
    """What stands in one line behind the first."""

    key: str
    row: int
    """The number of the row that was asked."""
    answer: dict[str, Any] | None
    failure: str | None


@dataclass(frozen=True, slots=True)
class _Place:
    offset: int
    failed: bool


class Journal:
    """The finished questions of one list, for one run at a time and one thread.

    Made by `Journal.open`; use it as a context manager, or `close` it.
    """

    def __init__(self, path: Path, file: IO[bytes], lock: FileLock) -> None:
        self.path = path
        self._file = file
        self._lock = lock
        self._places: dict[str, _Place] = {}
        self._end = 0
        self.spent = Usage()
        """What all answers in it took of a model, those that were replaced too."""
        self.damaged = 0
        """How many of its lines can't be read; their questions count as unanswered."""

    @classmethod
    def open(
        cls,
        path: Path,
        identity: Identity,
        *,
        restart: bool = False,
        check: Callable[[], None] | None = None,
    ) -> Self:
        """Open the journal in the file `path`; make it where there is none.

        With `restart` a new one is begun, and the old one is kept as `path` with ".old" behind it.
        `check` is called before any file is touched, once no other run can use them; what it
        raises is raised.

        Raises:
            SettingsError: it is no journal, of another version, or its answers were made with
                something else than `identity`; or another run is using it.
            StorageError: it can't be read or written.
        """
        with _storing(path):
            lock = _locked(path)
            try:
                if check is not None:
                    check()
                if restart and path.exists():
                    path.replace(path.with_name(f"{path.name}.old"))
                if not path.exists():
                    _create(path, identity)
                file = path.open("r+b", buffering=0)
                try:
                    journal = cls(path, file, lock)
                    journal._scan(identity)
                except BaseException:
                    file.close()
                    raise
            except BaseException:
                lock.release()
                raise
        return journal

    def close(self) -> None:
        """Let go of the file, so that another run may use it."""
        self._file.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # writing

    def append(self, results: Sequence[RowResult]) -> None:
        """Write down what became of these questions; once this returns, it is on disk.

        Raises StorageError where that fails, and leaves the journal as it was.
        """
        lines = [(row_key(each.row), _written(each)) for each in results]
        end = self._end
        places: dict[str, _Place] = {}
        with _storing(self.path):
            try:
                for (key, line), result in zip(lines, results, strict=True):
                    places[key] = _Place(end, result.answer is None)
                    self._write(end, line)
                    end += len(line)
                os.fsync(self._file.fileno())
            except BaseException:
                with suppress(OSError):
                    self._file.truncate(self._end)
                raise
        self._end = end
        self._places |= places
        for result in results:
            if result.answer is not None:
                self.spent = _sum(self.spent, result.answer.usage)

    def _write(self, offset: int, line: bytes) -> None:
        self._file.seek(offset)
        while line:  # a disk that is nearly full takes a part
            line = line[self._file.write(line) :]

    # reading

    def has(self, row: ListedQuestion) -> bool:
        """Whether its question is finished, be it with an answer or a failure."""
        return row_key(row) in self._places

    def has_failed(self, row: ListedQuestion) -> bool:
        """Whether its question is finished with a failure."""
        place = self._places.get(row_key(row))
        return place is not None and place.failed

    def find(self, row: ListedQuestion) -> RowResult | None:
        """What became of the row's question; None where it isn't finished or can't be read.

        Nothing in an answer is checked by this. Raises StorageError.
        """
        if row.fault is not None:
            return RowResult(row, None, row.fault)
        place = self._places.get(row_key(row))
        if place is None:
            return None
        with _storing(self.path):
            self._file.seek(place.offset)
            line = _line_at(self._file)
        try:
            said = _Line.model_validate_json(line)
            answer = None if said.answer is None else Answer.from_dict(said.answer)
        except (ValueError, AnswerError):
            return None
        return RowResult(row, answer, said.failure)

    def results(self, rows: Iterable[ListedQuestion]) -> Iterator[RowResult]:
        """What became of those rows that are finished, in their order, read one by one."""
        return (found for row in rows if (found := self.find(row)) is not None)

    def disregard(self, row: ListedQuestion) -> None:
        """Count the row's question as unfinished, until something new is written of it."""
        self._places.pop(row_key(row), None)

    # opening

    def _scan(self, identity: Identity) -> None:
        """Find out where each answer stands, and cut off a last line that isn't whole."""
        with self.path.open("rb") as lines:
            self._check(lines.readline(), identity)
            self._end = lines.tell()
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                self._note(line)
                self._end += len(line)
        self._file.truncate(self._end)

    def _check(self, line: bytes, identity: Identity) -> None:
        try:
            found = Identity.model_validate_json(line if line.endswith(b"\n") else b"")
        except ValueError:
            raise SettingsError(
                f"{_named(self.path)} is no journal that this version of Pincite can go on with: "
                "begin anew with --restart, which keeps it under another name, or name another "
                "output."
            ) from None
        if found != identity:
            raise SettingsError(
                f"The answers in {_named(self.path)} were made with something else "
                f"({'; '.join(_changes(found, identity))}): put that back to go on, begin anew "
                "with --restart, or name another output."
            )

    def _note(self, line: bytes) -> None:
        try:
            said = _Line.model_validate_json(line)
            usage = Usage.model_validate(said.answer.get("usage", {}) if said.answer else {})
        except ValueError:
            self.damaged += 1
            return
        self._places[said.key] = _Place(self._end, said.answer is None)
        self.spent = _sum(self.spent, usage)


def _written(result: RowResult) -> bytes:
    """The line of a result."""
    line = {
        "key": row_key(result.row),
        "row": result.row.number,
        "answer": result.answer.to_dict() if result.answer else None,
        "failure": result.failure,
    }
    return as_json(line, None).encode("utf-8") + b"\n"


def _sum(one: Usage, other: Usage) -> Usage:
    costs = [each.cost_usd for each in (one, other) if each.cost_usd is not None]
    return Usage(
        prompt_tokens=one.prompt_tokens + other.prompt_tokens,
        completion_tokens=one.completion_tokens + other.completion_tokens,
        cost_usd=sum(costs) if costs else None,
    )


def _changes(old: Identity, new: Identity) -> Iterator[str]:
    if old.pincite != new.pincite:
        yield f"version of Pincite: {old.pincite!r}, now {new.pincite!r}"
    if old.library != new.library:
        yield "the library's texts, which have changed since"
    for name in dict.fromkeys([*old.settings, *new.settings]):
        before, now = old.settings.get(name), new.settings.get(name)
        if before != now:
            yield printable(f"{name}: {before!r}, now {now!r}")
    if old.prompts and new.prompts and old.prompts != new.prompts:
        yield "the prompts, which have changed since"


# --- the file ------------------------------------------------------------------------------------


def _locked(path: Path) -> FileLock:
    path.parent.stat()  # the lock would make a missing folder
    lock = FileLock(path.with_name(f"{path.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise SettingsError(
            f"Another run is using {_named(path)}: wait for its end, or name another output."
        ) from None
    return lock


def _create(path: Path, identity: Identity) -> None:
    """A journal appears with its first line or not at all, so one without it isn't ours."""
    with replacing(path, PRIVATE) as file:
        file.write(identity.model_dump_json().encode("utf-8") + b"\n")


def _line_at(file: IO[bytes]) -> bytes:
    """The line that begins where the file stands, which isn't buffered."""
    parts = []
    while part := file.read(1 << 16):
        parts.append(part)
        if b"\n" in part:
            break
    return b"".join(parts).partition(b"\n")[0]


@contextmanager
def _storing(path: Path) -> Iterator[None]:
    try:
        yield
    except PinciteError:
        raise
    except OSError as error:
        if error.errno in _FULL:
            raise StorageError(
                f"The disk is full, so {_named(path)} can't take more answers: free some space, "
                "and run the same again; what was finished is kept."
            ) from None
        reason = error.strerror or type(error).__name__
        raise StorageError(
            f"{_named(path)} can't be read or written ({reason}): mend that, or name another "
            "output."
        ) from None


def _named(path: Path) -> str:
    return printable(repr(str(path)))
