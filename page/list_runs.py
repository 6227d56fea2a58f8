"""The answering of a list of questions, which can be stopped and resumed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Generator
from dataclasses import replace
from threading import Lock
from typing import get_args

from assistant import Assistant, QuestionList, RowResult, answer_rows
from assistant.types import Status
from page.failures import sentence

TELL_SECONDS = 0.5
"""How often a run tells how far it is."""


class ListRun:
    """A list of questions and what became of each so far; it belongs to one visitor of the page.

    Results are only ever added, and by one thread at a time, so that others may read meanwhile.
    """

    def __init__(self, questions: QuestionList) -> None:
        self.questions = questions
        self.results: list[RowResult] = []
        self.counts: Counter[str] = Counter()
        """How many results have each status."""
        self.seconds = 0.0
        """What all results took together."""
        self._busy = Lock()

    @property
    def finished(self) -> bool:
        """Whether every question has its result."""
        return len(self.results) == len(self.questions.rows)

    def go_on(self, assistant: Assistant, every: float = TELL_SECONDS) -> Generator[None]:
        """Answer what has no result yet; yields between questions, once in `every` seconds.

        Closing the generator stops the run; no result is lost by that. Where the list is being
        answered already, nothing is done.
        """
        if not self._busy.acquire(blocking=False):
            return
        try:
            told = started = time.monotonic()
            for result in answer_rows(assistant, self.questions.rows[len(self.results) :]):
                now = time.monotonic()
                if result.failure:
                    result = replace(result, failure=sentence(assistant, result.failure))
                self._take(result, now - started)
                if now - told >= every:
                    yield
                    told = time.monotonic()
                started = time.monotonic()
        finally:
            self._busy.release()

    def wait(self) -> None:
        """Returns once nothing is being answered."""
        with self._busy:
            pass

    def _take(self, result: RowResult, seconds: float) -> None:
        self.results.append(result)
        self.counts[result.status] += 1
        self.seconds += seconds


def progress_line(run: ListRun) -> str:
    """How far it is: "12 of 50 done · 8 answered · 3 abstained · 1 failed · 0.10 s each"."""
    done = len(run.results)
    parts = [f"{done:,} of {len(run.questions.rows):,} done"]
    for status in (*get_args(Status), "failed"):
        if run.counts[status]:
            parts.append(f"{run.counts[status]:,} {status}")
    if done:
        each = run.seconds / done
        parts.append(f"{each:.1f} s each" if each >= 1 else f"{each:.2f} s each")
    return " · ".join(parts)
