"""What became of the rows of a list that the page answers: on disk, and the last rows at hand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

from filelock import FileLock

from assistant import ListedQuestion, RowResult
from assistant.batch_requests import row_key
from assistant.journal import Journal


class ListAnswers(Journal):
    """The journal of a run, which one thread writes while others may read in it."""

    def __init__(self, path: Path, file: IO[bytes], lock: FileLock) -> None:
        super().__init__(path, file, lock)
        # Nobody else knows the folder, and only this thread could let go of the lock.
        lock.release()
        self._turn = threading.RLock()
        self._rows: Sequence[ListedQuestion] = ()
        self._finished = bytearray()
        """For each row whether it is finished."""
        self._again: dict[int, int] = {}
        """Where the question of a row stands again, both counted from 0."""
        self._made: dict[int, Any] = {}
        """What was made of the rows that were asked for last."""

    def follow(self, rows: Sequence[ListedQuestion]) -> None:
        """Note from now on which of these rows, all of one list, are finished."""
        self._rows = rows
        self._finished = bytearray(row.fault is not None for row in rows)
        latest: dict[str, int] = {}
        for index, row in enumerate(rows):
            key = row_key(row)
            if key in latest:
                self._again[latest[key]] = index
            latest[key] = index

    def append(self, results: Sequence[RowResult]) -> None:
        """Write down what became of these questions."""
        with self._turn:
            super().append(results)
            for result in results:
                self._mark(result.row, finished=True)

    def disregard(self, row: ListedQuestion) -> None:
        """Count the row's question as unfinished."""
        with self._turn:
            super().disregard(row)
            self._mark(row, finished=False)

    def find(self, row: ListedQuestion) -> RowResult | None:
        """What became of the row's question."""
        with self._turn:
            return super().find(row)

    def last(self, most: int, made: Callable[[RowResult], Any]) -> list[Any]:
        """What `made` makes of the last finished rows, in their order."""
        indices = self._last(most)
        for index in indices:
            with self._turn:
                if index not in self._made and (found := self.find(self._rows[index])):
                    self._made[index] = made(found)
        with self._turn:
            self._made = {each: self._made[each] for each in indices if each in self._made}
            return [*self._made.values()]

    def _last(self, most: int) -> list[int]:
        found: list[int] = []
        end = len(self._finished)
        while len(found) < most and (end := self._finished.rfind(1, 0, end)) >= 0:
            found.append(end)
        return found[::-1]

    def _mark(self, row: ListedQuestion, *, finished: bool) -> None:
        index: int | None = row.number - 1
        while index is not None:
            self._finished[index] = finished
            self._made.pop(index, None)
            index = self._again.get(index)
