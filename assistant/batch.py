"""Answers a list of questions unattended: what is finished is kept, and nothing is asked twice.

Every result is in the journal before it counts. So the same call goes on where an earlier one was
stopped, killed, or ran into a limit.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from assistant.assistant import Assistant
from assistant.batch_progress import BatchState
from assistant.batch_ray import check_ray
from assistant.batch_run import DEFAULT_OPTIONS, BatchOptions, BatchRun, FirstAsk
from assistant.batch_submitted import Submitted, check_batch
from assistant.journal import Journal, identity_of, journal_path
from assistant.list_writers import check_output, write_results
from assistant.question_lists import QuestionList, read_questions
from index import ClusterError, ModelError

SAVE_SECONDS = 30.0
"""How often the output is written while answers come."""
SAVE_SHARE = 20
"""The output is written again only after so many times what writing it took: 5% of the time."""

_GOES_ON = "What was submitted goes on at the server, and the same command collects it."
_COLLECTED = "What had been submitted before was collected, and not submitted again."


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
    ray: str | None = None,
    progress: Callable[[BatchState], None] | None = None,
    stop: threading.Event | None = None,
) -> BatchState:
    """Answer the questions in one file and write the results into another.

    The same call goes on where an earlier one was stopped or killed: what is finished is in a
    journal beside the output. A question that fails doesn't stop the others.

    Args:
        assistant: its model answers, or else the sources' own sentences do; one that is
            `limited_to` a filter searches only what meets it, and a row's own sources are
            narrowed by it too.
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
        ray: the address of a Ray cluster whose machines answer, without a model; they must be able
            to open the library by the same path.
        progress: told how far it is, several times a second.
        stop: once it is set, what runs is finished, saved, and nothing more is asked.

    Raises:
        QuestionError: the input isn't a list of questions.
        SettingsError: the output's ending isn't known, an option makes no sense, no source meets
            the assistant's filter, the journal was written with another library, model, filter or
            version, or questions of an earlier run wait at the Batch API and `openai_batch` isn't
            set.
        ModelError: the Batch API can't be used; what was submitted isn't lost.
        ClusterError: the Ray cluster can't be used; what was finished isn't lost.
        StorageError: the output or the journal can't be written.
    """
    source, target = Path(input), Path(output)
    options = BatchOptions(concurrency, rate, max_cost, max_tokens, retry_failed, ray)
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
    assistant.scope()  # a filter that leaves no source is told once, not of each question
    if openai_batch:
        check_batch(assistant, options)
    if options.ray is not None:  # before the journal is begun anew
        check_ray(assistant, options.ray)
    stop = stop or threading.Event()
    submitted = Submitted(output, assistant, stop)
    with Journal.open(
        journal_path(output),
        identity_of(assistant),
        restart=restart,
        check=lambda: submitted.check(openai_batch=openai_batch),
    ) as journal:
        saver = _Saver(lambda: write_results(
            output, questions, journal.results(questions.rows), assistant.library
        ))  # fmt: skip

        def tell(state: BatchState) -> None:
            saver.save_if_due(state.left)
            if progress:
                progress(state)

        waited = submitted.waits
        submitted.reopen(journal, questions.rows)
        try:
            state = answer_list(
                assistant,
                questions,
                journal,
                options,
                progress=tell,
                stop=stop,
                first=submitted.ask if openai_batch else None,
            )
        except (KeyboardInterrupt, ModelError, ClusterError):
            saver.save()
            raise
        saver.save()
        collected = _COLLECTED if restart and waited and not state.left else None
        notes = filter(None, (collected, submitted.finish(questions.rows, left=state.left)))
        waiting = _GOES_ON if state.left and submitted.waits else None
        return replace(state, notes=(*state.notes, *notes), waiting=waiting)


class _Saver:
    """Writes the output now and then, but never for more than a small share of the time."""

    def __init__(self, write: Callable[[], None]) -> None:
        self._write = write
        self._due = time.monotonic() + SAVE_SECONDS
        self._left: int | None = None

    def save_if_due(self, left: int) -> None:
        """Write it if it is time for that, and not as many rows are left as the last time."""
        if time.monotonic() >= self._due and left != self._left:
            self.save()
            self._left = left

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
        SettingsError: the cost is limited, and the model's price isn't known; or `options.ray` is
            given, and a model.
        ClusterError: the Ray cluster can't be used; what was finished before is in the journal.
        StorageError: the journal can't be written; what was finished before is in it.
    """
    run = BatchRun(assistant, journal, options, progress, stop or threading.Event())
    run.check_options()
    run.recall(questions.rows)
    if first is not None:
        run.ask_first(first)
    run.ask_directly()
    run.compare_library()
    return run.state()
