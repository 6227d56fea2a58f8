"""Answers a list of questions unattended: what is finished is kept, and nothing is asked twice.

Every result is in the journal before it counts. So the same call goes on where an earlier one was
stopped, killed, or ran into a limit.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from assistant.assistant import Assistant
from assistant.batch_progress import BatchState
from assistant.batch_requests import row_key
from assistant.batch_workers import Pool, default_width, processes, processes_suit, threads
from assistant.journal import Journal, identity_of, journal_path
from assistant.list_writers import check_output, write_results
from assistant.question_lists import ListedQuestion, QuestionList, RowResult, read_questions
from assistant.questions import clean_question
from assistant.recheck import recheck
from assistant.types import Answer
from index import Library, PinciteError, SettingsError

TICK_SECONDS = 0.2
"""How often it is looked whether to stop, and progress is told."""
SAVE_SECONDS = 30.0
"""How often the output is written while answers come."""
SAVE_SHARE = 20
"""The output is written again only after so many times what writing it took: 5% of the time."""

MAX_FAILURES = 5
"""Failures that are told of."""

STOPPED = "It was stopped."


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """How a list is answered. Raises SettingsError for a number that makes no sense."""

    concurrency: int | None = None
    """Questions that are answered at a time; by default the cores, or with a model 4."""
    rate: float | None = None
    """Questions a minute, at most."""
    max_cost: float | None = None
    """USD for the whole list, earlier runs included: once they are spent, nothing more is asked."""
    max_tokens: int | None = None
    """Tokens that the model writes for the whole list, likewise."""
    retry_failed: bool = False
    """Whether questions that failed in an earlier run are asked again."""

    def __post_init__(self) -> None:
        for name in ("concurrency", "rate", "max_cost", "max_tokens"):
            value = getattr(self, name)
            if value is not None and not (isfinite(value) and value > 0):
                raise SettingsError(f"{name} is wrong: it must be more than 0, not {value}.")


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
        progress: told how far it is, several times a second.
        stop: once it is set, what runs is finished, saved, and nothing more is asked.

    Raises:
        QuestionError: the input isn't a list of questions.
        SettingsError: the output's ending isn't known, an option makes no sense, or the journal
            was written with another library, model or version.
        StorageError: the output or the journal can't be written.
    """
    source, target = Path(input), Path(output)
    options = BatchOptions(concurrency, rate, max_cost, max_tokens, retry_failed)
    check_output(target, source)
    questions = read_questions(source, question_column=question_column)
    return answer_into(
        assistant, questions, target, options, restart=restart, progress=progress, stop=stop
    )


def answer_into(
    assistant: Assistant,
    questions: QuestionList,
    output: Path,
    options: BatchOptions = BatchOptions(),
    *,
    restart: bool = False,
    progress: Callable[[BatchState], None] | None = None,
    stop: threading.Event | None = None,
) -> BatchState:
    """Answer the questions and write the results into the file `output`, see `answer_file`.

    The file is written at the end, however that comes, and now and then before.
    """
    check_output(output, None)
    path = journal_path(output)
    with Journal.open(path, identity_of(assistant), restart=restart) as journal:
        saver = _Saver(lambda: write_results(
            output, questions, journal.results(questions.rows), assistant.library
        ))  # fmt: skip

        def tell(state: BatchState) -> None:
            saver.save_if_due()
            if progress:
                progress(state)

        try:
            state = answer_list(assistant, questions, journal, options, progress=tell, stop=stop)
        except KeyboardInterrupt:
            saver.save()
            raise
        saver.save()
        return state


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
    options: BatchOptions = BatchOptions(),
    *,
    progress: Callable[[BatchState], None] | None = None,
    stop: threading.Event | None = None,
    first: Callable[[Sequence[ListedQuestion]], Iterator[RowResult]] | None = None,
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
        first: another way to get answers, which is given the questions that are to be asked. Those
            that it has no result for are asked directly after it; limits don't hold for it.

    Raises:
        SettingsError: the cost is limited, and the model's price isn't known.
        StorageError: the journal can't be written; what was finished before is in it.
    """
    run = _Run(assistant, journal, options, progress, stop or threading.Event())
    run.check_limits()
    run.recall(questions.rows)
    if first is not None:
        for result in first(list(run.to_ask.values())):
            run.keep([result])
            run.tell()
    run.ask_directly()
    run.compare_library()
    return run.state()


class _Run:
    """One run over a list: what is to be asked, and how far it is."""

    def __init__(
        self,
        assistant: Assistant,
        journal: Journal,
        options: BatchOptions,
        progress: Callable[[BatchState], None] | None,
        stop: threading.Event,
    ) -> None:
        self.to_ask: dict[str, ListedQuestion] = {}
        self._assistant = assistant
        self._journal = journal
        self._options = options
        self._progress = progress
        self._stop = stop
        self._library = assistant.library
        self._texts = identity_of(assistant).library
        self._times: Counter[str] = Counter()
        """In how many rows each question stands that is to be asked."""
        self._counts: Counter[str] = Counter()
        self._failures: dict[str, int] = {}
        self._total = self._kept = self._asked = self._unsound = 0
        self._notes: list[str] = []
        self._reason: str | None = None
        self._start = time.monotonic()

    def check_limits(self) -> None:
        use = self._assistant._use
        if self._options.max_cost is not None and use is not None and use.price is None:
            raise SettingsError(
                f"The cost of {use.model.name!r} can't be limited, as its price isn't known: name "
                "a file with its price in PINCITE_PRICES, or leave the limit out."
            )

    def recall(self, rows: Sequence[ListedQuestion]) -> None:
        """Sort out what is finished and what is to be asked."""
        self._total = len(rows)
        known: dict[str, str | None] = {}
        for row in rows:
            key = row_key(row)
            if row.fault is not None:
                self._count(RowResult(row, None, row.fault), 1)
            elif key in known and (status := known[key]):
                self._counts[status] += 1
                self._kept += 1
            elif key not in known and (found := self._finished(row)):
                known[key] = found.status
                self._count(found, 1)
                self._kept += 1
            else:
                known[key] = None
                self.to_ask.setdefault(key, row)
                self._times[key] += 1
        self._note_journal()
        self._start = time.monotonic()

    def _finished(self, row: ListedQuestion) -> RowResult | None:
        """What the journal has of the row; None where it is to be asked."""
        journal = self._journal
        if not journal.has(row) or (self._options.retry_failed and journal.has_failed(row)):
            return None
        found = journal.find(row)
        if found is None or (found.answer and not _sound(found.answer, row, self._library)):
            journal.disregard(row)
            self._unsound += 1
            return None
        return found

    def _count(self, result: RowResult, rows: int) -> None:
        self._counts[result.status] += rows
        if result.failure is not None and len(self._failures) < MAX_FAILURES:
            self._failures.setdefault(result.failure, result.row.number)

    def _note_journal(self) -> None:
        if damaged := self._journal.damaged:
            what = "1 line" if damaged == 1 else f"{damaged:,} lines"
            self._notes.append(f"{what} of the journal can't be read and won't be used.")
        if self._unsound:
            what = "1 answer" if self._unsound == 1 else f"{self._unsound:,} answers"
            self._notes.append(
                f"{what} in the journal can't be used, as a citation or statement doesn't hold in "
                "the library, or the answer isn't to this question: the questions are asked again."
            )

    # answering

    def ask_directly(self) -> None:
        """Ask what is left; whatever interrupts that, what runs is finished and kept."""
        waiting = deque(self.to_ask.values())
        if not waiting:
            return
        with self._pool(len(waiting)) as pool:
            try:
                self._ask(waiting, pool)
            except BaseException:
                with suppress(PinciteError):
                    while pool.busy:
                        self._collect(pool)
                raise

    def _ask(self, waiting: deque[ListedQuestion], pool: Pool) -> None:
        pause = 60 / self._options.rate if self._options.rate else 0.0
        due = time.monotonic()
        while True:
            self._reason = self._limit() if waiting else None
            while waiting and not self._reason and pool.has_room and time.monotonic() >= due:
                due = time.monotonic() + pause
                pool.submit(waiting.popleft())
            goes_on = bool(waiting) and not self._reason
            until_due = min(max(0.0, due - time.monotonic()), TICK_SECONDS)
            if pool.busy:
                self._collect(pool, until_due if goes_on and pool.has_room else TICK_SECONDS)
            elif goes_on:
                time.sleep(until_due)
            else:
                return
            self.tell()

    def _collect(self, pool: Pool, seconds: float = TICK_SECONDS) -> None:
        results = pool.finished(seconds)
        self.keep(results)
        pool.remove(results)

    def keep(self, results: Sequence[RowResult]) -> None:
        """Write results into the journal, and then count them."""
        if not results:
            return
        self._journal.append(results)
        for result in results:
            key = row_key(result.row)
            if self.to_ask.pop(key, None) is not None:
                self._count(result, self._times[key])
                self._asked += 1

    def _pool(self, rows: int) -> AbstractContextManager[Pool]:
        given = self._options.concurrency
        width = given or default_width(self._assistant)
        if width > 1 and processes_suit(self._assistant, rows):
            return processes(self._library.path, width)
        return threads(self._assistant, given or (width if self._assistant.model else 1))

    def _limit(self) -> str | None:
        """Why no further question may be asked."""
        options, spent = self._options, self._journal.spent
        if self._stop.is_set():
            return STOPPED
        if options.max_cost is not None and (spent.cost_usd or 0.0) >= options.max_cost:
            return f"The limit of {options.max_cost:g} USD for the whole list is reached."
        if options.max_tokens is not None and spent.completion_tokens >= options.max_tokens:
            return f"The limit of {options.max_tokens:,} written tokens for the list is reached."
        return None

    def compare_library(self) -> None:
        """Note it where somebody has changed the library meanwhile."""
        if identity_of(self._assistant).library != self._texts:
            self._notes.append(
                "The library was changed while the questions were asked: begin anew with "
                "--restart to have all answers from the same texts."
            )

    # telling

    def tell(self) -> None:
        if self._progress:
            self._progress(self.state())

    def state(self) -> BatchState:
        spent = self._journal.spent
        seconds = time.monotonic() - self._start
        left = sum(self._times[key] for key in self.to_ask)
        return BatchState(
            total=self._total,
            counts=tuple(self._counts.most_common()),
            kept=self._kept,
            cost_usd=spent.cost_usd,
            prompt_tokens=spent.prompt_tokens,
            completion_tokens=spent.completion_tokens,
            seconds=seconds,
            rate=self._asked / seconds if self._asked and seconds else None,
            left=left,
            left_to_ask=len(self.to_ask),
            failures=tuple((row, failure) for failure, row in self._failures.items()),
            notes=tuple(self._notes),
            reason=self._reason if left else None,
        )


def _sound(answer: Answer, row: ListedQuestion, library: Library) -> bool:
    """Whether an answer from the journal can be believed to be this question's.

    Anybody may have changed the file, so it is checked like any stored answer: each citation
    against the library, each statement against its quotes.
    """
    try:
        own = answer.question == clean_question(row.question)
    except PinciteError:
        return False
    return own and not recheck(answer, library).faults
