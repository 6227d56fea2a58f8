"""What was found out about each question, kept line by line, so that a killed run can go on.

A line is in the file before the next question is begun. Whoever reads passes over what can't be
read: a line that was only begun is measured again.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from assistant.evaluation.asked import Support
from assistant.evaluation.gold import Spot
from assistant.types import Citation
from index import StorageError

SYNC_SECONDS = 1.0
"""How often lines are made to survive a power failure; a killed process loses none at all."""


class KeptLine(BaseModel):
    """A line; `key` tells which question it is about."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str


class Retrieved(KeptLine):
    """What retrieval and the decision to answer come to, apart from any answer."""

    ranking: tuple[Spot, ...]
    """The paragraphs that were found, best first."""
    probability: float
    """That the sources answer."""
    would_cite: tuple[Spot, ...]
    """The paragraphs that the offline engine cites if it must answer."""


class Verdict(KeptLine):
    """What came of a claim."""

    verdict: Support
    score: float
    citations: tuple[Citation, ...]
    milliseconds: float


K = TypeVar("K", bound=KeptLine)


class Kept(Generic[K]):
    """The lines of one file, for one run at a time; a context manager."""

    def __init__(self, path: Path, form: type[K], *, restart: bool = False) -> None:
        """Read what is in the file; with `restart` it is emptied first. Raises StorageError."""
        self._path = path
        self._lines: dict[str, K] = {}
        self._synced = time.monotonic()
        try:
            if restart:
                path.unlink(missing_ok=True)
            whole = self._read(form) if path.exists() else 0
            self._file: IO[bytes] = path.open("ab", buffering=0)
            self._file.truncate(whole)
        except OSError as error:
            raise self._fault(error) from None

    def _read(self, form: type[K]) -> int:
        """Take in all whole lines; returns where the last of them ends."""
        end = 0
        with self._path.open("rb") as file:
            for raw in file:
                if not raw.endswith(b"\n"):
                    break
                end += len(raw)
                try:
                    line = form.model_validate_json(raw)
                except ValidationError:
                    continue
                self._lines[line.key] = line
        return end

    def get(self, key: str) -> K | None:
        """The line about this question; None where there is none yet."""
        return self._lines.get(key)

    def add(self, line: K) -> K:
        """Write the line down and return it. Raises StorageError."""
        try:
            self._file.write(line.model_dump_json().encode("utf-8") + b"\n")
            if time.monotonic() - self._synced > SYNC_SECONDS:
                os.fsync(self._file.fileno())
                self._synced = time.monotonic()
        except OSError as error:
            raise self._fault(error) from None
        self._lines[line.key] = line
        return line

    def close(self) -> None:
        """Let go of the file."""
        try:
            os.fsync(self._file.fileno())
            self._file.close()
        except OSError as error:
            raise self._fault(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _fault(self, error: OSError) -> StorageError:
        reason = error.strerror or type(error).__name__
        return StorageError(
            f"{str(self._path)!r} can't be read or written ({reason}): mend that, or name another "
            "folder with --work."
        )
