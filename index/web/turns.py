"""One request at a time to each host, with a pause after it."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from index.web.deadline import Deadline

_MAX_KEPT = 1000


@dataclass(slots=True)
class _Turn:
    lock: threading.Lock = field(default_factory=threading.Lock)
    ready: float = 0.0
    """When the next request may begin, on the monotonic clock."""


class Turns:
    """Makes threads wait for each other, host by host."""

    def __init__(self) -> None:
        self._turns: OrderedDict[str, _Turn] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def turn(self, host: str, pause_s: float, deadline: Deadline) -> Iterator[None]:
        """Waits until `host` may be asked; the wait isn't on account of the deadline.

        The next request to it begins `pause_s` after this block at the earliest.
        """
        turn = self._turn(host)
        asked = time.monotonic()
        with turn.lock:
            time.sleep(max(0.0, turn.ready - time.monotonic()))
            deadline.extend(time.monotonic() - asked)
            try:
                yield
            finally:
                turn.ready = time.monotonic() + pause_s

    def _turn(self, host: str) -> _Turn:
        with self._lock:
            turn = self._turns.setdefault(host, _Turn())
            self._turns.move_to_end(host)
            if len(self._turns) > _MAX_KEPT:
                self._turns.popitem(last=False)
            return turn
