"""A list of questions by way of the Batch API: beside its journal, a file tells what was submitted.

As long as that file is there, something may wait at the server that was paid for. So nothing in it
is asked in another way, and it goes only when all that the list has in it is in the journal.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from assistant.assistant import Assistant
from assistant.batch_requests import row_key
from assistant.batch_run import BatchOptions
from assistant.journal import Journal
from assistant.openai_batch import (
    BatchProgress,
    answer_by_batch,
    check_submitted,
    forget,
    model_for_batches,
)
from assistant.openai_batch_record import read_record, submitted_keys
from assistant.question_lists import ListedQuestion, RowResult
from assistant.render import printable
from index import ModelError, SettingsError

_STEPS = {
    "preparing": "prepared",
    "waiting": "done at the server",
    "verifying": "replies verified",
}


def submitted_path(output: Path) -> Path:
    """Where it is kept what was submitted to the Batch API for this output file: beside it."""
    return output.with_name(f"{output.name}.submitted")


def check_batch(assistant: Assistant, options: BatchOptions) -> None:
    """Raise SettingsError where such a model can't be asked by batch, or not within limits."""
    model_for_batches(assistant)
    if options.max_cost is not None or options.max_tokens is not None:
        raise SettingsError(
            "What was submitted to the Batch API can't be held to a limit: leave --max-cost and "
            "--max-tokens out, and see with --dry-run what the list may cost."
        )


class Submitted:
    """What was submitted for one output file, whether or not more is to be."""

    def __init__(self, output: Path, assistant: Assistant, stop: threading.Event) -> None:
        self.path = submitted_path(output)
        self._assistant = assistant
        self._stop = stop
        self._collected = False

    @property
    def waits(self) -> bool:
        """Whether anything may wait at the server. Raises StorageError."""
        return bool(submitted_keys(self.path))

    def check(self, *, openai_batch: bool) -> None:
        """Raise SettingsError where going on would lose what was paid for, or pay it twice."""
        if openai_batch:
            check_submitted(self.path, self._assistant)
        elif self.waits:
            raise SettingsError(
                "Questions for this output were submitted to the Batch API: add --openai-batch to "
                f"collect the answers, or delete {self._named} to ask, and pay, once more."
            )

    def reopen(self, journal: Journal, rows: Sequence[ListedQuestion]) -> None:
        """Have those that failed before they were submitted again count as unfinished."""
        keys = submitted_keys(self.path)
        for row in rows:
            if row_key(row) in keys and journal.has_failed(row):
                journal.disregard(row)

    def ask(
        self, rows: Sequence[ListedQuestion], tell: Callable[[str], None]
    ) -> Iterator[RowResult]:
        """Submit what isn't yet, and wait for the results: a `FirstAsk`.

        Raises ModelError, which says so where something waits at the server all the same.
        """

        def say(at: BatchProgress) -> None:
            tell(f"{_STEPS[at.step]}: {at.done:,} of {at.total:,}")

        try:
            yield from answer_by_batch(
                self._assistant, rows, self.path, progress=say, stop=self._stop
            )
        except ModelError as error:
            if not self.waits:  # an attempt that was refused: nothing is to be collected
                self._forget()
                raise
            raise ModelError(
                f"{error} What was submitted isn't lost: the same command collects it.",
                retryable=error.retryable,
            ) from None
        self._collected = not self._stop.is_set()

    def finish(self, rows: Sequence[ListedQuestion], *, left: int) -> str | None:
        """Forget what was submitted once all that these rows have of it is in the journal.

        `left` of them have no result yet. A batch that has none of them is somebody's who named the
        wrong list: it is kept, and told of. Raises StorageError.
        """
        if left and not self._collected:
            return None
        listed = {row_key(row) for row in rows}
        found = read_record(self.path)
        if found and any(listed.isdisjoint(each.rows) for each in found.batches):
            return (
                "Questions that aren't in this list were submitted for this output: collect the "
                f"answers with the list that has them, or delete {self._named}."
            )
        self._forget()
        return None

    def _forget(self) -> None:
        forget(self.path, self._assistant)

    @property
    def _named(self) -> str:
        return printable(repr(str(self.path)))
