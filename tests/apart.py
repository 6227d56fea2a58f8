"""Work in a forked process, which may be killed by what it does, or never come to an end."""

from __future__ import annotations

import os
import pickle
import select
import signal
import time
import traceback
from collections.abc import Callable
from typing import NoReturn, TypeVar

T = TypeVar("T")

SECONDS = 120.0


class DiedError(Exception):
    """What became of the process instead of a result."""


def apart(work: Callable[[], T], seconds: float = SECONDS) -> T:
    """What the work returns. Raises DiedError when it fails, crashes, or takes too long."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reading)
        _answer(work, writing)
    os.close(writing)
    told = _all(reading, time.monotonic() + seconds)
    os.close(reading)
    if told is None:
        os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    if told is None:
        raise DiedError(f"no end within {seconds:.0f} s")
    if os.WIFSIGNALED(status):
        raise DiedError(f"killed by {signal.Signals(os.WTERMSIG(status)).name}")
    result, failure = pickle.loads(told)
    if failure:
        raise DiedError(failure)
    return result  # type: ignore[no-any-return]


def _all(reading: int, end: float) -> bytes | None:
    told = b""
    while select.select([reading], [], [], max(0.0, end - time.monotonic()))[0]:
        part = os.read(reading, 1 << 16)
        if not part:
            return told
        told += part
    return None


def _answer(work: Callable[[], object], writing: int) -> NoReturn:
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    try:
        told = pickle.dumps((work(), None))
    except BaseException:
        told = pickle.dumps((None, traceback.format_exc()[-1500:]))
    with os.fdopen(writing, "wb") as lines:
        lines.write(told)
    os._exit(0)
