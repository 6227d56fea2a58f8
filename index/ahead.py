"""Reads ahead of what is being stored, so that many workers have texts to embed.

One source has too few texts for that. Of those that follow all texts are embedded at once, each
batch is kept as it comes, and a source gets its turn when its own are all there: in the order in
which they were given. So what is stored doesn't depend on the workers, and memory is bounded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from index.records import batched
from index.types import Vectors
from index.unfinished import BATCH_TEXTS, Unfinished

MAX_SIZE = 64_000_000
"""Characters and bytes of documents that wait for their turn; one that is larger waits alone."""
_LEAST_SIZE = 1_000

_T = TypeVar("_T")


class Workers(Protocol):
    """Embed batches of texts, several at a time."""

    @property
    def has_room(self) -> bool:
        """Whether one more batch can be submitted."""

    def submit(self, texts: Sequence[str]) -> None:
        """Have these embedded as soon as possible."""

    def finished(self, *, waiting: bool) -> Iterator[tuple[Sequence[str], Vectors]]:
        """The batches that are done, with their vectors; with `waiting` it waits for one."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What is known of a source before its turn."""

    source_id: str
    texts: tuple[str, ...]
    """What is to be embedded, each text once."""
    size: int
    """Characters of its text and bytes of its document."""


def embedded_ahead(
    given: Iterator[_T],
    foresee: Callable[[_T], Foreseen | None],
    workers: Workers,
    unfinished: Unfinished,
    tell: Callable[[str, int, int], None],
) -> Iterator[_T]:
    """What is given, in its order, each when the vectors of its texts are in `unfinished`.

    `tell` is told of the one whose turn is next: its id, how many of its texts are embedded, and
    how many there are. Whatever is raised while reading ahead is raised after what came before.
    """
    reading = _Reading(_Waiting(each, foresee(each)) for each in given)
    work = _Work(workers, unfinished)
    waiting: deque[_Waiting[_T]] = deque()
    size = 0
    while True:
        while work.has_room and size < MAX_SIZE and (item := reading.next()):
            waiting.append(item)
            size += item.size
            work.add(item)
        if not waiting:
            break
        first = waiting[0]
        if first.left:
            tell(first.source_id, len(first.texts) - first.left, len(first.texts))
            work.collect(waiting=True)
            continue
        work.collect(waiting=False)
        waiting.popleft()
        size -= first.size
        unfinished.release(first.texts)
        yield first.given
        unfinished.forget(first.texts)  # where it wasn't stored after all
    if reading.fault is not None:
        raise reading.fault


class _Waiting(Generic[_T]):
    """One of what is given, until its turn."""

    def __init__(self, given: _T, foreseen: Foreseen | None) -> None:
        self.given = given
        self.source_id = foreseen.source_id if foreseen else ""
        self.texts = foreseen.texts if foreseen else ()
        self.size = _LEAST_SIZE + (foreseen.size if foreseen else 0)
        self.left = 0
        """How many of its texts are being embedded."""


class _Reading(Generic[_T]):
    """Gives items one at a time; what is raised ends them, and is kept for later."""

    def __init__(self, items: Iterator[_T]) -> None:
        self._items = items
        self.fault: Exception | None = None

    def next(self) -> _T | None:
        """The next item; None at the end."""
        try:
            return next(self._items, None)
        except Exception as error:  # whatever it is, what was given before has its turn first
            self.fault = error
            return None


class _Work:
    """What the workers have to do, and for whom."""

    def __init__(self, workers: Workers, unfinished: Unfinished) -> None:
        self._workers = workers
        self._unfinished = unfinished
        self._queue: deque[Sequence[str]] = deque()
        self._wanted: dict[str, list[_Waiting[Any]]] = {}
        """Who waits for the vector of each text."""

    @property
    def has_room(self) -> bool:
        """Whether the workers could take more than there is."""
        return not self._queue and self._workers.has_room

    def add(self, item: _Waiting[Any]) -> None:
        """Have its texts embedded that aren't yet; their vectors are kept until it is released."""
        self._unfinished.hold(item.texts)
        missing = self._unfinished.missing(item.texts)
        item.left = len(missing)
        new = [text for text in missing if text not in self._wanted]
        for text in missing:
            self._wanted.setdefault(text, []).append(item)
        self._queue.extend(batched(new, BATCH_TEXTS))
        self._submit()

    def collect(self, *, waiting: bool) -> None:
        """Keep the vectors that are there; with `waiting` it waits for some."""
        for texts, vectors in self._workers.finished(waiting=waiting):
            self._unfinished.keep(texts, vectors)
            for text in texts:
                for item in self._wanted.pop(text):
                    item.left -= 1
        self._submit()

    def _submit(self) -> None:
        while self._queue and self._workers.has_room:
            self._workers.submit(self._queue.popleft())
