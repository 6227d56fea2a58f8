"""Asks the questions of a set; what is finished is kept, and nothing is asked twice.

Answers go through the journal of question lists, so in several processes and in any order; what
retrieval and the decision to answer come to, and verdicts on claims, are kept beside it. Rows are
made of both, in the order of the set.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from assistant import extractive
from assistant.abstain import probability
from assistant.assistant import Assistant
from assistant.batch import answer_list
from assistant.batch_progress import BatchState
from assistant.batch_requests import row_key
from assistant.batch_run import BatchOptions
from assistant.chat import stand_alone_parts
from assistant.evaluation.asked import Asked, Support
from assistant.evaluation.gold import Spot
from assistant.evaluation.kept import Kept, Retrieved, Verdict
from assistant.evaluation.made import made_with
from assistant.evaluation.rows import Row
from assistant.evaluation.scoring import score_answer, score_claim
from assistant.evidence import Evidence
from assistant.journal import Journal
from assistant.question_lists import ListedQuestion, QuestionList
from assistant.questions import clean_question
from assistant.reading import retrieve
from assistant.types import Citation
from index import Library, ModelError, QuestionError, StoppedError

ANSWERS, RETRIEVED, CHECKED = "answers.journal", "retrieved.jsonl", "checked.jsonl"


@dataclass(frozen=True, slots=True)
class Step:
    """How far a run is."""

    doing: str
    """Such as "asking"."""
    done: int
    total: int


Progress = Callable[[Step], None]


class Checked(Protocol):
    """A verdict on a claim."""

    @property
    def verdict(self) -> Support:
        """How far the texts support it."""
        ...

    @property
    def score(self) -> float:
        """Higher for more support."""
        ...

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The evidence."""
        ...


class Checker(Protocol):
    """Checks claims against a library."""

    def check(self, claim: str, *, sources: Iterable[str] | None = None) -> Checked:
        """How far the sources support the claim."""
        ...


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How questions are asked."""

    concurrency: int | None = None
    """As in `BatchOptions`."""
    restart: bool = False
    """Whether to ask anew what an earlier run asked."""
    by: tuple[str, ...] = ()
    """The fields of `meta` that rows keep."""


def run(
    assistant: Assistant,
    asked: Sequence[Asked],
    folder: Path,
    options: RunOptions,
    *,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> list[Row]:
    """Ask the questions; their rows are in the same order.

    What is finished is kept in `folder`, which must be there, and must be another one for
    everything else that answers depend on (see `made_with`).

    Raises:
        SettingsError: another run is using the folder.
        StorageError: the folder can't be written.
        StoppedError: `stop` was set before all was asked.
    """
    rows = list(map(_listed, range(1, len(asked) + 1), asked))
    pairs = list(zip(asked, rows, strict=True))
    questions = [row for each, row in pairs if not each.is_claim]
    claims = [row for each, row in pairs if each.is_claim]
    work = _Work(assistant, progress or _untold, stop)
    library, restart = assistant.library, options.restart
    with (
        Journal.open(folder / ANSWERS, made_with(assistant), restart=restart) as journal,
        Kept(folder / RETRIEVED, Retrieved, restart=restart) as retrieved,
        Kept(folder / CHECKED, Verdict, restart=restart) as checked,
    ):
        work.search(questions, retrieved)
        work.answer(questions, journal, options)
        failures = work.check(claims, checked)
        return [
            score_claim(
                each, checked.get(row_key(row)), failures.get(row.number), library, options.by
            )
            if each.is_claim
            else score_answer(
                each, journal.find(row), retrieved.get(row_key(row)), library, options.by
            )
            for each, row in pairs
        ]


def _listed(number: int, asked: Asked) -> ListedQuestion:
    return ListedQuestion(
        number, asked.question, id=asked.id, sources=asked.sources, history=asked.history
    )


def _untold(_: Step) -> None:
    pass


@dataclass(frozen=True, slots=True)
class _Work:
    """The steps of a run. Each does what isn't done yet."""

    assistant: Assistant
    tell: Progress
    stop: threading.Event | None

    def search(self, rows: Sequence[ListedQuestion], kept: Kept[Retrieved]) -> None:
        """Find the paragraphs for each question that can be searched for."""
        for row in self._each("searching", rows):
            if kept.get(row_key(row)) is None and (line := _retrieved(row, self.assistant.library)):
                kept.add(line)

    def answer(self, rows: Sequence[ListedQuestion], journal: Journal, options: RunOptions) -> None:
        """Have the journal hold what became of each question."""
        if not rows:
            return

        def told(state: BatchState) -> None:
            self.tell(Step("asking", state.total - state.left, state.total))

        limits = BatchOptions(options.concurrency, retry_failed=True)
        questions = QuestionList("", tuple(rows))
        answer_list(self.assistant, questions, journal, limits, progress=told, stop=self.stop)
        self._heed()

    def check(self, rows: Sequence[ListedQuestion], kept: Kept[Verdict]) -> Mapping[int, str]:
        """Have a verdict on each claim; returns why those failed that did, by their numbers."""
        failures = {}
        for row in self._each("checking", rows):
            try:
                if kept.get(row_key(row)) is None:
                    kept.add(_checked(row, cast(Checker, self.assistant)))
            except (ModelError, QuestionError) as error:
                failures[row.number] = str(error)
        return failures

    def _each(self, doing: str, rows: Sequence[ListedQuestion]) -> Iterator[ListedQuestion]:
        for done, row in enumerate(rows):
            self._heed()
            self.tell(Step(doing, done, len(rows)))
            yield row

    def _heed(self) -> None:
        if self.stop is not None and self.stop.is_set():
            raise StoppedError("It was stopped; what was finished is kept.")


def _retrieved(row: ListedQuestion, library: Library) -> Retrieved | None:
    """What retrieval finds, as for an answer; None for a question that can't be searched for."""
    try:
        parts = stand_alone_parts(clean_question(row.question), row.history)
    except QuestionError:
        return None
    scope = None if row.sources is None else frozenset(row.sources)
    found = [retrieve(library, part, scope) for part in parts]
    cited = [
        (quote.source_id, quote.paragraph)
        for evidence in found
        for draft in extractive.compose(evidence)
        for quote in draft.quotes
    ]
    return Retrieved(
        key=row_key(row),
        ranking=_merged([list(_spots(evidence)) for evidence in found]),
        probability=max(probability(evidence) for evidence in found),
        would_cite=tuple(dict.fromkeys(cited)),
    )


def _spots(evidence: Evidence) -> Iterator[Spot]:
    return ((hit.passage.source_id, hit.passage.paragraph) for hit in evidence.hits)


def _merged(rankings: Sequence[Sequence[Spot]]) -> tuple[Spot, ...]:
    """One ranking of several: the first of each, then the second of each; every place once."""
    longest = max(map(len, rankings))
    turns = (ranking[at] for at in range(longest) for ranking in rankings if at < len(ranking))
    return tuple(dict.fromkeys(turns))


def _checked(row: ListedQuestion, checker: Checker) -> Verdict:
    start = time.perf_counter()
    found = checker.check(row.question, sources=row.sources)
    return Verdict(
        key=row_key(row),
        verdict=found.verdict,
        score=found.score,
        citations=found.citations,
        milliseconds=round((time.perf_counter() - start) * 1000, 1),
    )
