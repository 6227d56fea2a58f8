"""Runs the readers in processes of their own, within limits; one that dies is replaced."""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from math import inf
from pathlib import Path
from time import monotonic
from typing import Any

from index.readers import wire
from index.readers.article import Article, Entry, Job, Outcome, Problem

_SCRIPT = Path(__file__).with_name("worker.py")
_KEPT_VARIABLES = ("PATH", "HOME", "SYSTEMROOT", "TZ", "LANG", "LC_", "PYTHON", "VIRTUAL_ENV")
"""No keys, tokens or addresses of proxies: a parser needs none."""
_MAX_IDLE = 2
_TICK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Limits:
    """What one document may use."""

    memory_bytes: int = 1 << 30
    """Address space of the process."""
    cpu_seconds: int = 45
    """For a document, or for each item of one with several."""
    wait_seconds: float = 120.0
    """By the clock, for the same."""
    total_seconds: float = 1800.0
    """By the clock, for all items of a document together."""
    output_bytes: int = 1_000_000_000
    """Of all texts and entries together."""


class Sandbox:
    """A few worker processes; may be used from several threads."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._idle: list[_Worker] = []
        self._lock = threading.Lock()
        atexit.register(self.close)

    def read(self, job: Job, data: bytes) -> Iterator[Outcome]:
        """What the document holds, as it is read; a process that dies or hangs gives a Problem."""
        worker = self._take()
        usable = False
        try:
            yield from worker.read(job, data)
            usable = worker.alive
        finally:  # also when nobody wants to hear the rest
            self._put_back(worker) if usable else worker.close()

    def close(self) -> None:
        """Ends the processes that wait for work."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.close()

    def pids(self) -> list[int]:
        """The processes that wait for work."""
        with self._lock:
            return [worker.process.pid for worker in self._idle]

    def _take(self) -> _Worker:
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if worker.alive:
                    return worker
                worker.close()
        return _Worker(self.limits)

    def _put_back(self, worker: _Worker) -> None:
        with self._lock:
            if len(self._idle) < _MAX_IDLE:
                self._idle.append(worker)
                return
        worker.close()


class _Worker:
    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.owner = os.getpid()
        self.spent = False
        self.process = subprocess.Popen(
            [sys.executable, "-P", str(_SCRIPT), str(limits.memory_bytes), str(limits.cpu_seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={
                key: value for key, value in os.environ.items() if key.startswith(_KEPT_VARIABLES)
            },
        )

    @property
    def alive(self) -> bool:
        # A process that was forked off shares the pipes, but the worker isn't its own.
        return self.owner == os.getpid() and not self.spent and self.process.poll() is None

    def close(self) -> None:
        if self.owner != os.getpid():
            return
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                stream.close()  # type: ignore[union-attr]

    def read(self, job: Job, data: bytes) -> Iterator[Outcome]:
        assert self.process.stdin is not None
        watch = _Watch(self.process, self.limits.total_seconds)
        received = 0
        try:
            with watch.waiting(self.limits.wait_seconds):
                wire.send(self.process.stdin, asdict(job), data)
            while True:
                with watch.waiting(self.limits.wait_seconds):
                    header, payload = self._message()
                received += len(payload)
                self.spent |= "exhausted" in header
                if header.get("done"):
                    return
                if received > self.limits.output_bytes:
                    yield Problem(self._too_much())
                    self.process.kill()
                    return
                yield _outcome(header, payload, self.limits)
        except (wire.WireError, OSError, KeyError, TypeError, ValueError):
            self.process.kill()
            self.process.wait()
            yield Problem(self._why(watch.late))
        finally:
            watch.end()

    def _message(self) -> tuple[dict[str, Any], bytes]:
        assert self.process.stdout is not None
        message = wire.receive(self.process.stdout)
        if message is None:
            raise wire.WireError
        return message

    def _too_much(self) -> str:
        millions = self.limits.output_bytes // 1_000_000
        return f"It holds more than {millions} MB of text, however small it looks: split it."

    def _why(self, late: bool) -> str:
        if late or self.process.returncode == -getattr(signal, "SIGXCPU", 0):
            return "Reading it takes too long: it is damaged or made to be, so leave it out."
        return "The program that reads it broke off: it is damaged or made to be, so leave it out."


class _Watch:
    """Kills a process for which the program waits too long; the time of others doesn't count."""

    def __init__(self, process: subprocess.Popen[bytes], total_seconds: float) -> None:
        self.late = False
        self._process = process
        self._left = total_seconds
        self._until = inf
        self._ended = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    @contextmanager
    def waiting(self, seconds: float) -> Iterator[None]:
        start = monotonic()
        self._until = start + min(seconds, self._left)
        try:
            yield
        finally:
            self._until = inf
            self._left -= monotonic() - start

    def end(self) -> None:
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.wait(_TICK_SECONDS):
            if monotonic() > self._until:
                self.late = True
                self._process.kill()
                return


def _outcome(header: dict[str, Any], payload: bytes, limits: Limits) -> Outcome:
    """Raises KeyError, TypeError or ValueError for what a sound worker doesn't say."""
    if "exhausted" in header:
        return Problem(_exhausted(header["exhausted"], limits))
    if "problem" in header:
        return Problem(str(header["problem"]), _optional(header["item"]))
    if "entry" in header:
        return Entry(str(header["entry"]), payload)
    text = payload.decode("utf-8", "surrogatepass")
    return Article(
        text,
        {str(name): (str(value), str(where)) for name, (value, where) in header["claims"].items()},
        tuple(_span(place, len(text)) for place in header["places"]),
        _optional(header["address"]),
        _optional(header["item"]),
        _optional(header["encoding"]),
    )


def _exhausted(what: str, limits: Limits) -> str:
    if what == "RecursionError":
        return "It is nested too deeply to be read: leave it out."
    return f"Reading it takes more than {limits.memory_bytes >> 20} MB of memory: leave it out."


def _span(place: Any, length: int) -> tuple[int, int, int | None, str | None]:
    start, end, page, element = place
    if not 0 <= int(start) < int(end) <= length:
        raise ValueError("a place outside of the text")
    return int(start), int(end), None if page is None else int(page), _optional(element)


def _optional(value: Any) -> str | None:
    return None if value is None else str(value)
