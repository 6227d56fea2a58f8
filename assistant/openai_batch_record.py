"""What was submitted to the Batch API: a file that is written before anything can cost money."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from assistant.render import printable
from assistant.replacing import PRIVATE, replacing
from index import SettingsError, StorageError


class Submission(BaseModel):
    """One batch: uploaded, and started unless `batch` is None, when that isn't known."""

    model_config = ConfigDict(extra="forbid")

    number: int
    input_file: str
    batch: str | None = None
    takes_schema: bool
    """Whether its requests ask for JSON."""
    rows: dict[str, str]
    """The keys of its rows, each with the digest of its request."""


class BatchRecord(BaseModel):
    """What the state file holds."""

    model_config = ConfigDict(extra="forbid", serialize_by_alias=True)

    schema_: Literal["pincite.openai-batch/1"] = Field(
        default="pincite.openai-batch/1", alias="schema"
    )
    name: str
    """Drawn for this record: it is in the name of every file and batch on the server."""
    settings: str
    batches: list[Submission] = []

    @property
    def prefix(self) -> str:
        """What the names of all its files on the server begin with."""
        return f"pincite-{self.name}-"

    @property
    def keys(self) -> frozenset[str]:
        """The keys of all rows that were submitted."""
        return frozenset(key for each in self.batches for key in each.rows)

    def mark(self, submission: Submission) -> str:
        """What the server knows the batch by that we submit, whether it told us its id or not."""
        return f"{self.prefix}{submission.number}"


def read_record(path: Path) -> BatchRecord | None:
    """What the file holds; None where there is none. Raises StorageError."""
    with storing(path):
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
    try:
        return BatchRecord.model_validate_json(data)
    except ValueError:
        raise StorageError(
            f"{_named(path)} doesn't tell this version of Pincite what was submitted: put it back "
            "as it was, or delete it to submit, and pay, everything anew."
        ) from None


def submitted_keys(path: Path) -> frozenset[str]:
    """The keys of all rows that the file says were submitted. Raises StorageError."""
    found = read_record(path)
    return found.keys if found else frozenset()


def read_record_for(path: Path, settings: str) -> BatchRecord | None:
    """What the file holds. Raises SettingsError where that was submitted with other settings."""
    found = read_record(path)
    if found and not found.batches:  # of an attempt that was refused; only its name still matters
        found.settings = settings
    if found and found.settings != settings:
        raise SettingsError(
            f"The questions in {_named(path)} were submitted with other settings, prompts or "
            "sources: put these back to collect the replies, or delete the file to submit, and "
            "pay, everything anew."
        )
    return found


def write_record(path: Path, submitted: BatchRecord) -> None:
    """Replace the file, on disk once this returns. Raises StorageError."""
    with storing(path), replacing(path, PRIVATE) as file:
        file.write(submitted.model_dump_json(indent=1).encode("utf-8"))


@contextmanager
def storing(path: Path) -> Iterator[None]:
    """Turns an OSError into a StorageError about the file."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise StorageError(
            f"What is submitted can't be kept in {_named(path)}: {reason}. Mend that, and run the "
            "same again."
        ) from None


def _named(path: Path) -> str:
    return printable(repr(str(path)))
