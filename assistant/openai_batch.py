"""Lists of questions through OpenAI's Batch API: half the price, and an answer within a day.

What was submitted is written down before it can cost anything, so that whoever is killed at any
moment finds it again and submits nothing twice. OpenAI's SDK is loaded when a request is due.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from assistant.assistant import Assistant
from assistant.batch_requests import (
    Collected,
    Refused,
    at_half_the_price,
    can_be_batched,
    read_line,
    replay,
    row_key,
)
from assistant.budget import ModelUse
from assistant.openai_batch_record import (
    BatchRecord,
    Submission,
    read_record,
    read_record_for,
    storing,
)
from assistant.openai_batch_server import Batch, BatchServer
from assistant.openai_batch_submit import Submitter
from assistant.openai_model import OpenAIModel
from assistant.question_lists import ListedQuestion, RowResult
from assistant.server_words import bracketed
from index import ModelError, PinciteError, SettingsError
from prompts import load_prompt

DEFAULT_POLL_SECONDS = 30.0
POLL_GROWTH = 1.5
MAX_POLL_GROWTH = 10.0
"""How many times as long as the first the pauses between two polls may become."""
MAX_FAILED_POLLS = 20
"""After so many in a row that failed, the server is given up for this run."""

_PROMPTS = ("question", "answer", "answer_marked")


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """How far it is."""

    step: Literal["preparing", "waiting", "verifying"]
    done: int
    """Questions prepared, requests that the server has done, or replies that are verified."""
    total: int
    batches: int
    """How many the questions were submitted in, so far."""


def answer_by_batch(
    assistant: Assistant,
    rows: Sequence[ListedQuestion],
    state: Path,
    *,
    poll_seconds: float = DEFAULT_POLL_SECONDS,
    progress: Callable[[BatchProgress], None] | None = None,
    stop: threading.Event | None = None,
) -> Iterator[RowResult]:
    """Answer the rows through the Batch API; each result as it comes, in no certain order.

    What needs no model comes first, the rest when its batch has ended, which may take a day. A
    request that failed makes a failure of its row. Rows for which `can_be_batched` is false get
    no result: ask these directly. The model isn't asked to mend a reply that can't be used.

    `state` is the file that tells what was submitted. As long as it is there, the same call goes
    on where it was, after a stop or a kill, and submits only rows that aren't in it. Call `forget`
    once all results are kept. Two calls must not share a file at the same time.

    Args:
        assistant: its model is one named openai:NAME that doesn't judge.
        rows: the questions; each result holds the row that it is for.
        state: a file in a folder that exists.
        poll_seconds: the first pause between two looks at the batches; the pauses grow.
        progress: told how far it is.
        stop: once it is set, no more results come; what was submitted stays so.

    Raises:
        SettingsError: the model isn't one for it, or `state` is of another library or other
            settings.
        ModelError: the server has no Batch API, refuses, or can't be reached; while the results
            are iterated. What was submitted isn't lost.
        StorageError: `state` can't be read or written.
    """
    model, use = model_for_batches(assistant)
    settings = _settings_digest(assistant)
    run = _Run(
        assistant=assistant,
        use=at_half_the_price(use),
        server=BatchServer(model),
        record=read_record_for(state, settings)
        or BatchRecord(name=uuid.uuid4().hex, settings=settings),
        path=state,
        poll_seconds=poll_seconds,
        progress=progress or (lambda _: None),
        stop=stop or threading.Event(),
    )
    return run.results(rows)


def forget(state: Path, assistant: Assistant) -> None:
    """Remove the file, and what was uploaded for its batches and came of them from the server.

    To be called when all results are kept: what the batches still hold is lost. Files that the
    server doesn't delete now are left there, and all where the assistant's model isn't one for
    batches. Does nothing where there is no such file.

    Raises:
        StorageError: the file can't be read or removed.
    """
    if (submitted := read_record(state)) is None:
        return
    with suppress(SettingsError):
        _clean(BatchServer(model_for_batches(assistant)[0]), submitted)
    with storing(state):
        state.unlink(missing_ok=True)


def _clean(server: BatchServer, submitted: BatchRecord) -> None:
    """Remove from the server what can be removed."""
    ids = [each.input_file for each in submitted.batches]
    for each in submitted.batches:
        with suppress(ModelError):
            batch = server.look(each.batch) if each.batch else None
            ids += [id for id in (batch.output_file_id, batch.error_file_id) if id] if batch else []
    with suppress(ModelError):  # a kill between uploading and writing leaves a file behind
        ids += server.files_named(submitted.prefix)
    for id in dict.fromkeys(ids):
        with suppress(ModelError):
            server.delete(id)


def model_for_batches(assistant: Assistant) -> tuple[OpenAIModel, ModelUse]:
    """The assistant's model, which can be asked by batch. Raises SettingsError where it can't."""
    use = assistant.model_use
    if use is None or not isinstance(use.model, OpenAIModel):
        raise SettingsError(
            "Only a model that speaks the OpenAI protocol can be asked by batch: name one, as in "
            "openai:NAME, or leave --openai-batch out."
        )
    if use.judges:
        raise SettingsError(
            "A batch can't ask the model about what it replied: leave --judge or --openai-batch "
            "out."
        )
    return use.model, use


def check_submitted(state: Path, assistant: Assistant) -> None:
    """Raise what `answer_by_batch` would for this file: SettingsError or StorageError."""
    read_record_for(state, _settings_digest(assistant))


def _settings_digest(assistant: Assistant) -> str:
    """Changes with all that shapes requests and answers; tells nothing about keys."""
    library, (model, use) = assistant.library, model_for_batches(assistant)
    parts = [
        library.fingerprint,
        sorted(library.content().items()),
        [model.name, model.endpoint.place],
        asdict(use.limits),
        [load_prompt(name).version for name in _PROMPTS],
        *([assistant.only.given()] if assistant.only.given() else []),
    ]
    return hashlib.sha256(json.dumps(parts).encode("ascii")).hexdigest()


@dataclass(slots=True)
class _Run:
    assistant: Assistant
    use: ModelUse
    server: BatchServer
    record: BatchRecord
    path: Path
    poll_seconds: float
    progress: Callable[[BatchProgress], None]
    stop: threading.Event

    def results(self, rows: Sequence[ListedQuestion]) -> Iterator[RowResult]:
        wanted: dict[str, list[ListedQuestion]] = {}
        for row in filter(can_be_batched, rows):
            if row.fault is None:
                wanted.setdefault(row_key(row), []).append(row)
            else:
                yield RowResult(row, None, row.fault)
        submitter = Submitter(
            self.assistant,
            self.use,
            self.server,
            self.record,
            self.path,
            self.poll_seconds,
            self.stop,
        )
        submitter.start_again()
        yield from submitter.submit(wanted, partial(self._tell, "preparing"))
        yield from self._collect(wanted)

    def _collect(self, wanted: Mapping[str, Sequence[ListedQuestion]]) -> Iterator[RowResult]:
        """The results of each batch that holds wanted rows, once it has ended."""
        waiting = [each for each in self.record.batches if wanted.keys() & each.rows.keys()]
        total = sum(len(each.rows) for each in waiting)
        done: dict[str, int] = {}
        failed, pause = 0, self.poll_seconds
        if waiting:
            self._tell("waiting", 0, total)
        while waiting and not self.stop.is_set():
            for submission in list(waiting):
                if submission.batch is None or self.stop.is_set():
                    return
                try:
                    batch, replies = self._poll(submission.batch)
                except ModelError as error:
                    failed += 1
                    if not error.retryable or failed > MAX_FAILED_POLLS:
                        raise
                    continue
                failed = 0
                done[batch.id] = batch.done
                self._tell("waiting", sum(done.values()), total)
                if replies is not None:
                    waiting.remove(submission)
                    yield from self._verified(submission, batch, replies, wanted)
            if waiting:
                self.stop.wait(pause)
                pause = min(pause * POLL_GROWTH, self.poll_seconds * MAX_POLL_GROWTH)

    def _poll(self, id: str) -> tuple[Batch, dict[str, Collected | Refused] | None]:
        """The batch, and its replies by key if it has ended."""
        batch = self.server.look(id)
        if not batch.ended:
            return batch, None
        replies: dict[str, Collected | Refused] = {}
        with storing(self.path), tempfile.TemporaryFile(dir=self.path.parent) as file:
            for id in filter(None, (batch.output_file_id, batch.error_file_id)):
                self.server.download(id, file)
                file.seek(0)
                for key, reply in filter(None, map(read_line, file)):
                    if not isinstance(replies.get(key), Collected):
                        replies[key] = reply
        return batch, replies

    def _verified(
        self,
        submission: Submission,
        batch: Batch,
        replies: Mapping[str, Collected | Refused],
        wanted: Mapping[str, Sequence[ListedQuestion]],
    ) -> Iterator[RowResult]:
        keys = [key for key in submission.rows if key in wanted]
        for number, key in enumerate(keys, 1):
            if self.stop.is_set():
                return
            reply = replies.get(key, Refused(batch.said))
            for row in wanted[key]:
                yield self._result(row, submission, reply)
            self._tell("verifying", number, len(keys))

    def _result(
        self, row: ListedQuestion, submission: Submission, reply: Collected | Refused
    ) -> RowResult:
        if isinstance(reply, Refused):
            place, why = self.server.at.place, bracketed(reply.said, self.server.at.key)
            return RowResult(
                row, None, f"The batch at {place} ended without a reply to it{why}: ask it again."
            )
        try:
            answer = replay(
                self.assistant,
                self.use,
                row,
                reply,
                digest=submission.rows[row_key(row)],
                takes_schema=submission.takes_schema,
            )
        except PinciteError as error:
            return RowResult(row, None, str(error))
        if answer is None:
            return RowResult(
                row, None, "The question was submitted in other words than now: ask it again."
            )
        return RowResult(row, answer, None)

    def _tell(self, step: Literal["preparing", "waiting", "verifying"], done: int, of: int) -> None:
        self.progress(BatchProgress(step, done, of, len(self.record.batches)))
