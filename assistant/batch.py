"""Answers a list of questions unattended: what is finished is kept, and nothing is asked twice.

Every result is in the journal before it counts. So the same call goes on where an earlier one was
stopped, killed, or ran into a limit.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from assistant.assistant import Assistant
from assistant.batch_progress import BatchState
from assistant.batch_run import DEFAULT_OPTIONS, BatchOptions, BatchRun, FirstAsk
from assistant.journal import Journal, identity_of, journal_path
from assistant.list_writers import check_output, write_results
from assistant.openai_batch import BatchProgress, answer_by_batch, forget, model_for_batches
from assistant.question_lists import ListedQuestion, QuestionList, RowResult, read_questions
from assistant.render import printable
from index import SettingsError

SAVE_SECONDS = 30.0
"""How often the output is written while answers come."""
SAVE_SHARE = 20
"""The output is written again only after so many times what writing it took: 5% of the time."""

_GOES_ON = "What was submitted goes on at the server."


def answer_file(
    assistant: Assistant,
    input: Path | str,
    output: Path | str,
    *,
    question_column: str | None = None,
    concurrency: int | None = None,
    rate: float | None = None,
    max_cost: float | None = None,
    max_tokens: int | None = None,
    retry_failed: bool = False,
    restart: bool = False,
    openai_batch: bool = False,
    progress: Callable[[BatchState], None] | None = None,
    stop: threading.Event | None = None,
) -> BatchState:
    """Answer the questions in one file and write the results into another.

    The same call goes on where an earlier one was stopped or killed: what is finished is in a
    journal beside the output. A question that fails doesn't stop the others.

    Args:
        assistant: its model answers, or else the sources' own sentences do.
        input: a .txt, .csv, .tsv, .xlsx or .jsonl file, see `read_questions`.
        output: a .jsonl, .csv, .xlsx, .md or .html file; it is replaced as a whole.
        question_column: the column or field of the questions.
        concurrency: how many questions are answered at a time.
        rate: questions a minute, at most.
        max_cost: USD for the whole list; once they are spent, nothing more is asked.
        max_tokens: tokens that the model writes for the whole list, likewise.
        retry_failed: whether questions that failed in an earlier run are asked again.
        restart: whether to begin anew; the journal so far is kept under another name.
        openai_batch: whether the questions are submitted to OpenAI's Batch API, at half the price;
            the answers take up to a day. Limits on the whole list can't be held then.
        progress: told how far it is, several times a second.
        stop: once it is set, what runs is finished, saved, and nothing more is asked.

    Raises:
        QuestionError: the input isn't a list of questions.
        SettingsError: the output's ending isn't known, an option makes no sense, the journal
            was written with another library, model or version, or questions of an earlier run wait
            at the Batch API and `openai_batch` isn't set.
        ModelError: the Batch API can't be used; what was submitted isn't lost.
        StorageError: the output or the journal can't be written.
    """
    source, target = Path(input), Path(output)
    options = BatchOptions(concurrency, rate, max_cost, max_tokens, retry_failed)
    check_output(target, source)
    questions = read_questions(source, question_column=question_column)
    return answer_into(
        assistant,
        questions,
        target,
        options,
        restart=restart,
        openai_batch=openai_batch,
        progress=progress,
        stop=stop,
    )


def answer_into(
    assistant: Assistant,
    questions: QuestionList,
    output: Path,
    options: BatchOptions = DEFAULT_OPTIONS,
    *,
    restart: bool = False,
    openai_batch: bool = False,
    progress: Callable[[BatchState], None] | None = None,
    stop: threading.Event | None = None,
) -> BatchState:
    """Answer the questions and write the results into the file `output`, see `answer_file`.

    The file is written at the end, however that comes, and now and then before.
    """
    check_output(output, None)
    path, submitted = journal_path(output), submitted_path(output)
    if openai_batch:
        _check_batch(assistant, options)
    elif submitted.exists():
        raise SettingsError(
            "Questions of this list were submitted to the Batch API: add --openai-batch to collect "
            f"the answers, or delete {printable(repr(str(submitted)))} to ask, and pay, once more."
        )
    with Journal.open(path, identity_of(assistant), restart=restart) as journal:
        saver = _Saver(lambda: write_results(
            output, questions, journal.results(questions.rows), assistant.library
        ))  # fmt: skip

        def tell(state: BatchState) -> None:
            saver.save_if_due()
            if progress:
                progress(state)

        first = _by_batch(assistant, submitted, stop) if openai_batch else None
        try:
            state = answer_list(
                assistant, questions, journal, options, progress=tell, stop=stop, first=first
            )
        except KeyboardInterrupt:
            saver.save()
            raise
        saver.save()
        if not openai_batch:
            return state
        if state.left == 0:
            forget(submitted, assistant)
        return replace(state, waiting=_GOES_ON) if submitted.exists() else state


def submitted_path(output: Path) -> Path:
    """Where it is kept what was submitted to the Batch API for this output file: beside it."""
    return output.with_name(f"{output.name}.submitted")


def _check_batch(assistant: Assistant, options: BatchOptions) -> None:
    model_for_batches(assistant)
    if options.max_cost is not None or options.max_tokens is not None:
        raise SettingsError(
            "What was submitted to the Batch API can't be held to a limit: leave --max-cost and "
            "--max-tokens out, and see with --dry-run what the list may cost."
        )


def _by_batch(assistant: Assistant, submitted: Path, stop: threading.Event | None) -> FirstAsk:
    def ask(rows: Sequence[ListedQuestion], tell: Callable[[str], None]) -> Iterator[RowResult]:
        def say(at: BatchProgress) -> None:
            tell(f"{_STEPS[at.step]}: {at.done:,} of {at.total:,}")

        return answer_by_batch(assistant, rows, submitted, progress=say, stop=stop)

    return ask


_STEPS = {
    "preparing": "prepared",
    "waiting": "done at the server",
    "verifying": "replies verified",
}


class _Saver:
    """Writes the output now and then, but never for more than a small share of the time."""

    def __init__(self, write: Callable[[], None]) -> None:
        self._write = write
        self._due = time.monotonic() + SAVE_SECONDS

    def save_if_due(self) -> None:
        if time.monotonic() >= self._due:
            self.save()

    def save(self) -> None:
        start = time.monotonic()
        self._write()
        end = time.monotonic()
        self._due = end + max(SAVE_SECONDS, SAVE_SHARE * (end - start))


def answer_list(
    assistant: Assistant,
    questions: QuestionList,
    journal: Journal,
    options: BatchOptions = DEFAULT_OPTIONS,
    *,
    progress: Callable[[BatchState], None] | None = None,
    stop: threading.Event | None = None,
    first: FirstAsk | None = None,
) -> BatchState:
    """Answer those questions that the journal doesn't have yet; each result goes into it at once.

    A question that stands in several rows is asked once. An answer in the journal that doesn't
    hold in the library any more (see `recheck`) is asked for again.

    Args:
        assistant: its model answers, or else the sources' own sentences do.
        questions: the list.
        journal: opened with the `identity_of` this assistant.
        options: how many at a time, and the limits.
        progress: told how far it is, several times a second.
        stop: once it is set, what runs is finished and kept, and nothing more is asked.
        first: another way to get answers. What it has no result for is asked directly after it;
            limits don't hold for it.

    Raises:
        SettingsError: the cost is limited, and the model's price isn't known.
        StorageError: the journal can't be written; what was finished before is in it.
    """
    run = BatchRun(assistant, journal, options, progress, stop or threading.Event())
    run.check_limits()
    run.recall(questions.rows)
    if first is not None:
        run.ask_first(first)
    run.ask_directly()
    run.compare_library()
    return run.state()
