"""One run over a list of questions: what is to be asked, in what order, until which limit."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from math import isfinite

from assistant.assistant import Assistant
from assistant.batch_progress import BatchState
from assistant.batch_ray import check_ray, cluster_workers
from assistant.batch_requests import row_key
from assistant.batch_workers import Pool, default_width, processes, processes_suit, threads
from assistant.journal import Journal, identity_of
from assistant.question_lists import ListedQuestion, RowResult
from assistant.questions import clean_question
from assistant.recheck import recheck
from assistant.types import Answer
from index import Library, PinciteError, SettingsError

TICK_SECONDS = 0.2
"""How often it is looked whether to stop, and progress is told."""
MAX_FAILURES = 5
"""Failures that are told of."""
STOPPED = "It was stopped."

FirstAsk = Callable[[Sequence[ListedQuestion], Callable[[str], None]], Iterator[RowResult]]
"""A way to get answers before questions are asked one by one: given the questions, and a function
that takes what goes on meanwhile, in a few words, it yields the results that it has."""


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
    ray: str | None = None
    """The address of a Ray cluster whose machines answer, without a model."""

    def __post_init__(self) -> None:
        for name in ("concurrency", "rate", "max_cost", "max_tokens"):
            value = getattr(self, name)
            if value is not None and not (isfinite(value) and value > 0):
                raise SettingsError(f"{name} is wrong: it must be more than 0, not {value}.")


DEFAULT_OPTIONS = BatchOptions()


class BatchRun:
    """One run over a list: what is to be asked, and how far it is.

    The steps, in their order: `check_options`, `recall`, `ask_first` where there is another way to
    ask, `ask_directly`, `compare_library`; at any time, `state`.
    """

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
        self._step = ""
        self._start = time.monotonic()

    def check_options(self) -> None:
        """Raise SettingsError or ClusterError for what can't be done."""
        if self._options.ray is not None:
            check_ray(self._assistant, self._options.ray)
        use = self._assistant.model_use
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

    def ask_first(self, ask: FirstAsk) -> None:
        """Ask in another way than one by one, and keep each result that comes of it."""

        def tell(step: str) -> None:
            self._step = step
            self.tell()

        for result in ask(list(self.to_ask.values()), tell):
            self.keep([result])
            self.tell()
        self._step = ""

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
        if self._options.ray is not None:
            return cluster_workers(self._assistant, self._options.ray, given)
        width = given or default_width(self._assistant)
        if width > 1 and processes_suit(self._assistant, rows):
            return processes(self._assistant, width)
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
        """Tell how far it is, if anybody wants to know."""
        if self._progress:
            self._progress(self.state())

    def state(self) -> BatchState:
        """How far it is."""
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
            step=self._step,
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
