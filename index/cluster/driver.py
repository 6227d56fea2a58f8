"""The process that has Ray in it: calls come on stdin, what becomes of each goes to stdout."""

from __future__ import annotations

import logging
import os
import pickle
import sys
import threading
import time
from concurrent.futures import Future
from functools import partial
from typing import IO, Any

from index.cluster.tasks import WorkerLostError, run
from index.errors import ClusterError, PinciteError

SILENT_SECONDS = 180.0
"""No call takes so long: where none comes back, the cluster's processors have other work."""
TICK_SECONDS = 1.0
MAX_CHARACTERS = 300
"""Of what Ray says of a failure."""
RETRIES = 1
"""How often a call is made again when its worker ended."""


def main() -> None:
    """Serve the process that started this one until it closes the pipe."""
    pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever Ray prints must not get between the results
    address, version = sys.argv[1:]
    results = _Results(pipe)
    import ray

    try:
        ray.init(address, log_to_driver=False, logging_level=logging.CRITICAL)
        processors = int(ray.cluster_resources().get("CPU", 0))
    except Exception as error:  # Ray raises errors of many kinds for a cluster it can't join
        results.end(_in_short(error))
        return
    if not processors:
        results.end("it has no processor")
        return
    results.send(0, processors)
    task = ray.remote(num_cpus=1, max_retries=RETRIES)(run)
    threading.Thread(target=results.watch, daemon=True).start()
    while call := _next(sys.stdin.buffer):
        number, function, arguments = call
        results.expect()
        future = task.remote(function, version, arguments).future()
        future.add_done_callback(partial(results.take, number))
    ray.shutdown()


class _Results:
    """Sends results from several threads, and sees to it that they come."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()
        self._expected = 0
        self._heard = time.monotonic()

    def expect(self) -> None:
        with self._lock:
            if not self._expected:
                self._heard = time.monotonic()
            self._expected += 1

    def take(self, number: int, future: Future[Any]) -> None:
        error = future.exception()
        with self._lock:
            self._expected -= 1
            self._heard = time.monotonic()
        self.send(number, future.result() if error is None else _told(error))

    def watch(self) -> None:
        while True:
            time.sleep(TICK_SECONDS)
            with self._lock:
                silent = self._expected and time.monotonic() - self._heard > SILENT_SECONDS
            if silent:
                self.end(f"nothing came back for {SILENT_SECONDS:.0f} s")
                os._exit(1)

    def end(self, reason: str) -> None:
        """Tell that nothing more comes, and why."""
        self.send(None, reason)

    def send(self, number: int | None, value: Any) -> None:
        with self._lock:
            try:
                pickle.dump((number, value), self._pipe)
                self._pipe.flush()
            except BrokenPipeError:  # whoever asked is gone
                os._exit(0)


def _next(pipe: IO[bytes]) -> tuple[int, str, tuple[Any, ...]] | None:
    try:
        call: tuple[int, str, tuple[Any, ...]] = pickle.load(pipe)
    except EOFError:
        return None
    return call


def _told(error: BaseException) -> PinciteError:
    """What a call that failed is told as."""
    from ray.exceptions import RayTaskError

    if not isinstance(error, RayTaskError):
        return WorkerLostError(
            f"Two workers of the Ray cluster ended over the same work ({_in_short(error)}), as "
            "they do where memory runs out: free some, and run the same again."
        )
    if isinstance(error.cause, PinciteError):
        return error.cause
    return ClusterError(
        f"A worker of the Ray cluster failed ({_in_short(error.cause)}): see that every node has "
        "Pincite, of the same version, and run the same again."
    )


def _in_short(error: BaseException) -> str:
    """The first sentence of what an error says, on one line."""
    said = " ".join(str(error).split())
    return said.partition(". ")[0].rstrip(".")[:MAX_CHARACTERS] or type(error).__name__
