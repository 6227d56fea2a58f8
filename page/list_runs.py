"""The answering of a list of questions in the background; what is finished is on disk.

A run belongs to one visitor of the page. It is stopped when nobody watches it any more, and its
folder goes with it.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from assistant import (
    Assistant,
    BatchOptions,
    BatchState,
    PinciteError,
    QuestionList,
    RowResult,
    answer_list,
)
from assistant.batch_progress import counts_line, rate_text, time_text
from assistant.journal import identity_of
from assistant.render import dollars
from page.api import FAILED
from page.failures import sentence
from page.list_answers import ListAnswers

TELL_SECONDS = 0.5
"""How often a run tells how far it is."""

CHANGED = (
    "The library was changed since the first question was asked, so some answers may be from "
    "other texts than the rest: upload the list again to have all from the same."
)

T = TypeVar("T")

_logger = logging.getLogger(__name__)


class ListRun:
    """A list of questions and what became of each so far.

    One thread answers at a time; any thread may look meanwhile.
    """

    def __init__(self, assistant: Assistant, questions: QuestionList, folder: Path) -> None:
        """Within `folder` it makes one of its own, which only this user can enter."""
        self.questions = questions
        self.state: BatchState | None = None
        """How far it is; None before it began."""
        self.fault = ""
        """Why it broke off, in one sentence; empty where it didn't."""
        self.wanted = False
        """Whether it is to be answered as soon as it is its turn; not once it was stopped."""
        self._assistant = assistant
        self._parent = folder
        self._faults = sum(row.fault is not None for row in questions.rows)
        self._library = ""
        """What the library was when the run began."""
        self._changed = False
        self._retrying = False
        self._answers: ListAnswers | None = None
        self._stop = threading.Event()
        self._rest = threading.Event()
        self._rest.set()
        self._lock = threading.Lock()
        self._users = 0
        self._closed = False
        self._tidy: Callable[[], object] = lambda: None

    # how far it is

    @property
    def done(self) -> int:
        """Rows that have their result."""
        return self.state.total - self.state.left if self.state else 0

    @property
    def finished(self) -> bool:
        """Whether every row has its result."""
        return self.state is not None and self.state.left == 0

    @property
    def busy(self) -> bool:
        """Whether it is being answered."""
        return not self._rest.is_set()

    @property
    def stopping(self) -> bool:
        """Whether nothing more is asked: it only finishes what runs."""
        return self.busy and self._stop.is_set()

    @property
    def closed(self) -> bool:
        """Whether its answers are gone."""
        return self._closed

    @property
    def can_retry(self) -> bool:
        """Whether a row failed that can be asked at all."""
        return self.state is not None and self.state.failed > self._faults

    @property
    def notes(self) -> tuple[str, ...]:
        """What should be told of the list and its answers, each in one sentence."""
        return (*self.questions.notes, *((CHANGED,) if self._changed else ()))

    @property
    def failures(self) -> tuple[tuple[int, str], ...]:
        """The first few failures, each sentence once: the row's number and why."""
        told = self.state.failures if self.state else ()
        return tuple((number, self._told(failure)) for number, failure in told)

    # answering

    def go_on(self, *, retry_failed: bool = False, every: float = TELL_SECONDS) -> Generator[None]:
        """Answer what has no result yet; yields at once, and then every so many seconds.

        Closing the generator stops the run, see `stop`. Where the list is being answered already,
        or the run was closed, nothing is done.
        """
        with self._lock:
            if self._closed or self.busy:
                return
            self._rest, self._stop = ended, stop = threading.Event(), threading.Event()
            self._users += 1
        self._retrying = self._retrying or retry_failed
        self.fault = ""
        # A daemon, so that it doesn't hold up the end of the server.
        threading.Thread(target=self._work, args=[ended], daemon=True, name="pincite-list").start()
        try:
            yield
            while not ended.wait(every):
                yield
        finally:
            stop.set()  # not `self.stop`: it may have been resumed already

    def stop(self) -> None:
        """Ask nothing more; what runs is finished and kept. Returns at once, see `wait`."""
        self.wanted = False
        self._stop.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until nothing is being answered, but no longer than this; whether that is so."""
        return self._rest.wait(seconds)

    def close(self) -> None:
        """Stop, and remove the folder once nobody uses it. Returns at once."""
        with self._lock:
            self._closed = True
            self.stop()
            unused = not self._users
        if unused:
            self._tidy()

    def _work(self, ended: threading.Event) -> None:
        try:
            self._answer()
        except PinciteError as error:
            _logger.warning("a list of questions broke off: %s", error)
            self.fault = self._broke_off(error)
        except Exception:
            _logger.exception("a list of questions broke off")
            self.fault = FAILED
        finally:
            self._let_go()
            ended.set()

    def _answer(self) -> None:
        answers = self._answers or self._begun()
        self._note_change()
        options = BatchOptions(retry_failed=self._retrying)
        self._tell(
            answer_list(
                self._assistant,
                self.questions,
                answers,
                options,
                progress=self._tell,
                stop=self._stop,
            )
        )
        # One that was stopped among the failed ones resumes with them.
        self._retrying = self._retrying and not self.finished
        self._note_change()

    def _begun(self) -> ListAnswers:
        self._parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="run-", dir=self._parent))
        identity = identity_of(self._assistant)
        try:
            answers = ListAnswers.open(folder / "answers", identity)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        answers.follow(self.questions.rows)
        # Gradio may forget a run without a word, when there are too many visitors. At the end of
        # the server its whole folder is removed, and some thread may still be writing.
        self._tidy = tidy = weakref.finalize(self, _removed, answers, folder)
        tidy.atexit = False
        self._library, self._answers = identity.library, answers
        return answers

    def _tell(self, state: BatchState) -> None:
        self.state = state

    def _note_change(self) -> None:
        """Note it where the library isn't any more what it was.

        The run goes on all the same: a visitor can't put back what others have changed, and an
        answer that doesn't hold any more is asked for again.
        """
        if identity_of(self._assistant).library != self._library:
            self._changed = True

    # reading

    def results(self) -> Iterator[RowResult]:
        """What became of the rows that are finished, in their order, read one by one."""
        with self._in_use():
            if self._answers and not self._closed:
                for result in self._answers.results(self.questions.rows):
                    yield self._readable(result)

    def last(self, most: int, made: Callable[[RowResult], T]) -> list[T]:
        """What `made` makes of the last rows that are finished; each is read only once."""
        with self._in_use():
            if self._answers is None or self._closed:
                return []
            return self._answers.last(most, lambda result: made(self._readable(result)))

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        """Keeps the folder, even if the run is closed meanwhile."""
        with self._lock:
            self._users += 1
        try:
            yield
        finally:
            self._let_go()

    def _let_go(self) -> None:
        with self._lock:
            self._users -= 1
            unused = self._closed and not self._users
        if unused:
            self._tidy()

    # words

    def _readable(self, result: RowResult) -> RowResult:
        return replace(result, failure=self._told(result.failure)) if result.failure else result

    def _told(self, failure: str) -> str:
        told = sentence(self._assistant, failure)
        return told.replace("with --retry-failed", "with “Retry failed”")

    def _broke_off(self, error: PinciteError) -> str:
        """What happened; how to mend it is told for the command line, so that is left out."""
        what = str(error)
        if self._answers:
            what = what.replace(repr(str(self._answers.path)), "the file of answers")
        told = sentence(self._assistant, what.partition(": ")[0].rstrip("."))
        return f"{told[:1].upper()}{told[1:]}. Once that is mended, the list can go on from here."


def _removed(answers: ListAnswers, folder: Path) -> None:
    answers.close()
    shutil.rmtree(folder, ignore_errors=True)


def progress_line(run: ListRun) -> str:
    """Such as "12 of 50 done · 8 answered, 3 abstained, 1 failed · 31.2 a second · 2 s left"."""
    parts = [f"{run.done:,} of {len(run.questions.rows):,} done"]
    if state := run.state:
        parts.append(counts_line(state))
        if state.cost_usd is not None:
            parts.append(dollars(state.cost_usd))
        if state.rate and not run.stopping:
            parts.append(rate_text(state.rate))
        if run.busy and not run.stopping and state.left and state.seconds_left is not None:
            parts.append(f"{time_text(state.seconds_left)} left")
    return " · ".join(filter(None, parts))
