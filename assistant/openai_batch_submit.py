"""Questions on their way into the Batch API: put into files, uploaded, started, each only once."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from assistant.assistant import Assistant
from assistant.batch_requests import Recorded, record, request_line
from assistant.budget import ModelUse
from assistant.models import SchemaRefusedError
from assistant.openai_batch_record import BatchRecord, Submission, storing, write_record
from assistant.openai_batch_server import BatchServer
from assistant.question_lists import ListedQuestion, RowResult
from index import ModelError

MAX_REQUESTS = 50_000
MAX_BYTES = 200_000_000
"""What OpenAI takes in one batch; a longer list becomes several."""
STARTS = 3
"""How often a batch is started where the server fails; before each, it is looked for."""
LOOKS = 3
"""How often a batch is looked for that may have been started: a list may lag behind."""
LOOK_SECONDS = 5.0


@dataclass(slots=True)
class Submitter:
    """Submits the questions that `record` doesn't know yet, and notes them there first."""

    assistant: Assistant
    use: ModelUse
    """At the price of a batch."""
    server: BatchServer
    record: BatchRecord
    path: Path
    """The file that the record is kept in."""
    look_seconds: float
    """The pause between two looks for a batch, if it is shorter than `LOOK_SECONDS`."""
    stop: threading.Event
    _knows_dialect: bool = False

    def start_again(self) -> None:
        """Start what an earlier run uploaded, unless it turns out that it started it too."""
        for submission in list(self.record.batches):
            if submission.batch is None and not self.stop.is_set():
                self._start(submission, doubtful=True)

    def submit(
        self,
        wanted: Mapping[str, Sequence[ListedQuestion]],
        prepared: Callable[[int, int], None],
    ) -> Iterator[RowResult]:
        """Submit what isn't yet; the results that need no model come at once.

        `wanted` has the rows of each key, `prepared` is told how many are, of how many. Raises
        ModelError and StorageError.
        """
        known = self.record.keys
        new = {key: rows for key, rows in wanted.items() if key not in known}
        part = _Part(self.path)
        try:
            for number, (key, rows) in enumerate(new.items(), 1):
                if self.stop.is_set():
                    return
                outcome = self._outcome(rows[0])
                if isinstance(outcome, RowResult):
                    yield from (RowResult(row, outcome.answer, outcome.failure) for row in rows)
                else:
                    line = request_line(key, self.server.body(outcome))
                    if not part.has_room(line):
                        self._start(self._uploaded(part), doubtful=False)
                        part.close()
                        part = _Part(self.path)
                    part.add(key, outcome, line)
                prepared(number, len(new))
            if part.rows and not self.stop.is_set():
                self._start(self._uploaded(part), doubtful=False)
        finally:
            part.close()

    def _outcome(self, row: ListedQuestion) -> Recorded | RowResult:
        while True:
            outcome = record(self.assistant, self.use, row)
            if self._knows_dialect or isinstance(outcome, RowResult):
                return outcome
            self.server.check()
            try:
                self.server.learn(outcome)
            except SchemaRefusedError:
                continue  # the row is put in other words then
            self._knows_dialect = True

    def _uploaded(self, part: _Part) -> Submission:
        if not self.record.batches:
            self._save()  # the name is kept before a file on the server has it
        submission = Submission(
            number=max((each.number for each in self.record.batches), default=0) + 1,
            input_file="",
            takes_schema=self.use.model.takes_schema,
            rows=part.rows,
        )
        filename = f"{self.record.mark(submission)}.jsonl"
        submission.input_file = self.server.upload(filename, part.whole())
        self.record.batches.append(submission)
        self._save()
        return submission

    def _start(self, submission: Submission, *, doubtful: bool) -> None:
        """Start the batch; where it is `doubtful` whether it was, look for it first."""
        mark = self.record.mark(submission)
        failure: ModelError | None = None
        for _ in range(STARTS):
            found = self._find(submission, mark) if doubtful else None
            if self.stop.is_set() and not found:
                return
            try:
                submission.batch = found or self.server.start(submission.input_file, mark)
            except ModelError as error:
                if not error.retryable:  # it wasn't started, and its rows are free again
                    self.record.batches.remove(submission)
                    self._save()
                    raise
                doubtful, failure = True, error
            else:
                self._save()
                return
        assert failure is not None
        raise failure

    def _find(self, submission: Submission, mark: str) -> str | None:
        for look in range(LOOKS):
            if look and self.stop.wait(min(self.look_seconds, LOOK_SECONDS)):
                return None
            if found := self.server.find(submission.input_file, mark):
                return found
        return None

    def _save(self) -> None:
        write_record(self.path, self.record)


class _Part:
    """The requests of one batch in the making, in a file that nobody else sees."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self.rows: dict[str, str] = {}
        with storing(state):
            self.file: IO[bytes] = tempfile.TemporaryFile(dir=state.parent)  # noqa: SIM115

    def has_room(self, line: bytes) -> bool:
        return len(self.rows) < MAX_REQUESTS and self.file.tell() + len(line) <= MAX_BYTES

    def add(self, key: str, request: Recorded, line: bytes) -> None:
        with storing(self._state):
            self.file.write(line)
        self.rows[key] = request.digest

    def whole(self) -> IO[bytes]:
        """The file, with nothing left in a buffer: its size is told before it is read."""
        with storing(self._state):
            self.file.flush()
        return self.file

    def close(self) -> None:
        self.file.close()
