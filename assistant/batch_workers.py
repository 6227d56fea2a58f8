"""Answers several questions at a time: in threads that share a model, or in processes of their own.

Without a model it is the processor that is busy, so questions go to worker processes, one for each
core. They are started as commands and not forked, so that they need nothing from the program that
uses them; rows and results go through pipes as JSON lines.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from assistant import extractive
from assistant.assistant import Assistant
from assistant.question_lists import ListedQuestion, RowResult, answer_rows
from assistant.types import Answer
from index import Filter, Library, PinciteError, StorageError

MODEL_THREADS = 4
"""Questions that are put to a model at the same time, if not told otherwise."""
MAX_PROCESSES = 8
"""Worker processes, if not told otherwise; each takes about 220 MB."""
WORTH_PROCESSES = 40
"""Questions from which on processes are worth their start, of about two seconds."""
QUEUED = 2
"""Rows for each worker process: the one it answers, and the next, so that it never waits."""
CLOSING_SECONDS = 5.0

_COMMAND = "from assistant.batch_workers import main; main()"

_logger = logging.getLogger(__name__)


def answered(assistant: Assistant, row: ListedQuestion) -> RowResult:
    """What becomes of the row: never raises, so that one row can't take down the others."""
    try:
        [result] = answer_rows(assistant, [row])
    except Exception as error:
        _logger.exception("row %d failed unexpectedly", row.number)
        return RowResult(row, None, f"The question failed unexpectedly: {type(error).__name__}.")
    return result


class Pool:
    """Answers rows, several at a time; for one thread, which submits and takes."""

    def __init__(self, answer: Callable[[ListedQuestion], RowResult], width: int, room: int):
        """`width` rows are answered at a time, and up to `room` are taken in."""
        self._answer = answer
        self._room = room
        self._threads = ThreadPoolExecutor(width, thread_name_prefix="pincite-batch")
        self._running: dict[Future[RowResult], ListedQuestion] = {}

    @property
    def busy(self) -> bool:
        """Whether anything is submitted that wasn't removed yet."""
        return bool(self._running)

    @property
    def has_room(self) -> bool:
        """Whether one more row can be submitted."""
        return len(self._running) < self._room

    def submit(self, row: ListedQuestion) -> None:
        """Have the row answered as soon as possible."""
        self._running[self._threads.submit(self._answer, row)] = row

    def finished(self, seconds: float) -> list[RowResult]:
        """The results that are there, waiting up to so long for the first.

        They stay in the pool until `remove`, so that none is lost whatever interrupts the caller.
        Raises StorageError where rows can't be answered at all.
        """
        wait(self._running, seconds, FIRST_COMPLETED)
        return [each.result() for each in self._running if each.done()]

    def remove(self, results: Sequence[RowResult]) -> None:
        """Forget these results, which are kept elsewhere now."""
        numbers = {each.row.number for each in results}
        self._running = {
            future: row for future, row in self._running.items() if row.number not in numbers
        }

    def close(self) -> None:
        """Answer nothing more; what is being answered is waited for, and then lost."""
        self._threads.shutdown(cancel_futures=True)


@contextmanager
def threads(assistant: Assistant, width: int) -> Iterator[Pool]:
    """A pool of threads that share the assistant."""
    pool = Pool(lambda row: answered(assistant, row), width, width)
    try:
        yield pool
    finally:
        pool.close()


@contextmanager
def processes(assistant: Assistant, width: int) -> Iterator[Pool]:
    """A pool of worker processes, which answer as the assistant does, without a model."""
    workers = _Workers(assistant.library.address, assistant.strictness, assistant.only)
    pool = Pool(workers.answer, width, width * QUEUED)
    try:
        yield pool
    finally:
        pool.close()
        workers.close()


def processes_suit(assistant: Assistant, rows: int) -> bool:
    """Whether processes answer so many rows faster than threads, and can open the library."""
    if assistant.model is not None or rows < WORTH_PROCESSES or not sys.executable:
        return False
    try:  # a library whose embedding was given as an object can't be opened by its address alone
        Library.open(assistant.library.address).close()
    except PinciteError:
        return False
    return True


def default_width(assistant: Assistant) -> int:
    """How many questions are answered at a time, if not told otherwise."""
    if assistant.model is not None:
        return MODEL_THREADS
    has_affinity = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    return min(cores, MAX_PROCESSES)


# --- worker processes, seen from outside ---------------------------------------------------------


class _EndedError(Exception):
    """A worker process ended without an answer."""


class _Worker:
    """One process that answers rows from the library at `address`, one after the other."""

    def __init__(self, address: str, strictness: float, only: Filter) -> None:
        # Two processes whose embeddings use both cores each hinder one another: a question takes
        # 33 ms of processor time then, not 21.
        alone = {"OMP_NUM_THREADS": "1"} | os.environ
        here = str(Path(__file__).resolve().parents[1])
        paths = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))
        told = [address, str(strictness), json.dumps(only.given())]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _COMMAND, *told],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=alone | {"PYTHONPATH": paths},
            start_new_session=True,  # Ctrl-C is for us: it finishes the row that it has
        )
        try:
            self._receive()
        except _EndedError:
            raise StorageError(
                "A process that answers questions can't be started: run the same again with "
                "--concurrency 1, which needs none."
            ) from None

    def answer(self, row: ListedQuestion) -> RowResult:
        """Raises _EndedError where the process ends over it."""
        try:
            self._pipe_in.write(_line(asked(row)))
            self._pipe_in.flush()
        except OSError:
            self.close()  # it was ended between two rows, and is still to be reaped
            raise _EndedError from None
        said = self._receive()
        return result_of(row, said)

    def close(self) -> None:
        """End the process: it sees that nothing more comes."""
        with suppress(OSError):
            self._pipe_in.close()
        try:
            self._process.wait(CLOSING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._pipe_out.close()

    @property
    def _pipe_in(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin

    @property
    def _pipe_out(self) -> IO[bytes]:
        assert self._process.stdout is not None
        return self._process.stdout

    def _receive(self) -> Any:
        line = self._pipe_out.readline()
        if not line.endswith(b"\n"):
            self.close()
            raise _EndedError
        return json.loads(line)


class _Workers:
    """Worker processes, started as they are needed. Threads may share it."""

    def __init__(self, address: str, strictness: float, only: Filter) -> None:
        """`address` is the library's; the others are the assistant's."""
        self._asked = address, strictness, only
        self._idle: deque[_Worker] = deque()

    def answer(self, row: ListedQuestion) -> RowResult:
        """What becomes of the row; where its process ends over it, another one is tried.

        Raises StorageError where no process can be started.
        """
        for _ in range(2):
            worker = self._take()
            try:
                result = worker.answer(row)
            except _EndedError:
                continue
            self._idle.append(worker)
            return result
        return RowResult(
            row,
            None,
            "Two processes ended while they answered it, as they do where memory runs out: free "
            "some, and ask it again with --retry-failed.",
        )

    def close(self) -> None:
        """End the processes, once none of them is answering."""
        for worker in self._idle:
            worker.close()

    def _take(self) -> _Worker:
        try:
            return self._idle.popleft()
        except IndexError:
            return _Worker(*self._asked)


def _line(message: Any) -> bytes:
    return json.dumps(message).encode("ascii") + b"\n"


# --- a worker process, seen from inside ----------------------------------------------------------


def main() -> None:
    """Answer the rows that come on stdin, each with a line on stdout, until no more come."""
    pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever else is printed must not get between the answers
    address, strictness, only = sys.argv[1:]
    opened = Assistant.open(address, model=extractive.NAME, strictness=float(strictness))
    assistant = opened.limited_to(Filter(**json.loads(only)))
    _send(pipe, {"ready": True})
    for line in sys.stdin.buffer:
        _send(pipe, said(assistant, json.loads(line)))


def _send(pipe: IO[bytes], message: Any) -> None:
    try:
        pipe.write(_line(message))
        pipe.flush()
    except BrokenPipeError:  # whoever asked is gone
        os._exit(0)


# --- what goes between the processes -------------------------------------------------------------


def asked(row: ListedQuestion) -> dict[str, Any]:
    """What a worker is asked, in plain types."""
    return {
        "number": row.number,
        "question": row.question,
        "sources": row.sources,
        "history": row.history,
    }


def said(assistant: Assistant, asked: Mapping[str, Any]) -> dict[str, Any]:
    """In a worker: what became of a row that was asked so, in plain types."""
    result = answered(assistant, _row(asked))
    return {"answer": result.answer and result.answer.to_dict(), "failure": result.failure}


def result_of(row: ListedQuestion, said: Mapping[str, Any]) -> RowResult:
    """What a worker said of the row."""
    answer = None if said["answer"] is None else Answer.from_dict(said["answer"])
    return RowResult(row, answer, said["failure"])


def _row(asked: Mapping[str, Any]) -> ListedQuestion:
    return ListedQuestion(
        number=asked["number"],
        question=asked["question"],
        sources=None if asked["sources"] is None else tuple(asked["sources"]),
        history=tuple((role, text) for role, text in asked["history"]),
    )
