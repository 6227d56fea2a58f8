"""A connection to a Ray cluster, through a process that has Ray in it."""

from __future__ import annotations

import os
import pickle
import re
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from importlib.metadata import version
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from time import monotonic
from typing import IO, Any

from index.errors import ClusterError, SettingsError

REACH_SECONDS = 5.0
CONNECT_SECONDS = 40.0
"""Ray itself would try for two minutes."""
CLOSING_SECONDS = 10.0
TICK_SECONDS = 0.5
QUEUED = 3
"""Calls for each processor of the cluster: the one it works on, and the next, so that it never
waits."""
AUTO = "auto"
"""The address of the cluster that this machine belongs to."""

_COMMAND = "from index.cluster.driver import main; main()"
_ADDRESS = re.compile(r"(?:ray://)?(?P<host>\[[0-9a-fA-F:]+\]|[^\s:/@\[\]]+):(?P<port>\d{1,5})")
_STARTED = "start one with `ray start --head`"
_CONNECTED = 0
"""The number of the first message: that the connection is there."""


def check_address(address: str) -> None:
    """Raises SettingsError for what can't be a cluster's address, and where Ray isn't installed."""
    found = _ADDRESS.fullmatch(address)
    if address != AUTO and not (found and int(found["port"]) <= 65535):
        raise SettingsError(
            f"{address!r} is no address of a Ray cluster: give HOST:PORT, or {AUTO!r} for the one "
            f"that this machine belongs to ({_STARTED})."
        )
    if find_spec("ray") is None:
        raise SettingsError("Ray isn't installed: run `pip install 'pincite[ray]'`.")


def check_reachable(address: str) -> None:
    """Raises as `check_address` does, and ClusterError where nothing answers there at all."""
    check_address(address)
    if found := _ADDRESS.fullmatch(address):
        place = found["host"].strip("[]"), int(found["port"])
        try:
            socket.create_connection(place, REACH_SECONDS).close()
        except OSError as error:
            reason = error.strerror or "no answer"
            raise _unreachable(address, f"{reason[0].lower()}{reason[1:]}") from error


@contextmanager
def connected(address: str) -> Iterator[Cluster]:
    """The cluster at HOST:PORT, or with "auto" the one that this machine belongs to.

    Raises SettingsError where it can't be an address or Ray isn't installed, and ClusterError where
    it can't be reached.
    """
    check_reachable(address)
    with tempfile.TemporaryFile("a+b") as printed:  # appended to, wherever we read
        cluster = Cluster(address, printed)
        try:
            yield cluster
        finally:
            cluster.close()


class Cluster:
    """Has functions called by a cluster's workers; may be used from several threads."""

    def __init__(self, address: str, printed: IO[bytes]) -> None:
        """Use `connected`, which checks the address first and closes at the end.

        What Ray prints goes into the file `printed`.
        """
        self._address = address
        self._calls: dict[int, Future[Any]] = {_CONNECTED: Future()}
        self._numbers = count(_CONNECTED + 1)
        self._fault: ClusterError | None = None
        self._changing, self._sending = threading.Lock(), threading.Lock()
        self._printed = printed
        self._process = _start(address, printed)
        self._reader = threading.Thread(target=self._read, name="pincite-cluster", daemon=True)
        connecting = self._calls[_CONNECTED]
        self._reader.start()
        try:
            self.processors = self._when_connected(connecting)
            """How many calls can be worked on at the same time."""
        except BaseException:
            self._process.kill()
            self.close()
            raise

    def call(self, function: str, *arguments: Any) -> Future[Any]:
        """Has a worker call "module:function" with arguments of plain types.

        A call whose worker ends is made again, once. The future raises what the function raises,
        where that is a PinciteError, `WorkerLostError`, or ClusterError.
        """
        future: Future[Any] = Future()
        with self._changing:
            if self._fault is not None:
                raise self._fault
            number = next(self._numbers)
            self._calls[number] = future
        with self._sending, suppress(OSError):  # it has ended then, which the reader tells
            pickle.dump((number, function, arguments), self._pipe_in)
            self._pipe_in.flush()
        return future

    def close(self) -> None:
        """Ends the connection; calls that aren't answered yet are given up."""
        with self._sending, suppress(OSError):
            self._pipe_in.close()
        try:
            self._process.wait(CLOSING_SECONDS if self._fault is None else 0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        self._pipe_out.close()

    @property
    def _pipe_in(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin

    @property
    def _pipe_out(self) -> IO[bytes]:
        assert self._process.stdout is not None
        return self._process.stdout

    def _when_connected(self, connecting: Future[int]) -> int:
        deadline = monotonic() + CONNECT_SECONDS
        while True:
            try:
                return connecting.result(TICK_SECONDS)
            except TimeoutError:
                if self._wants_token() or monotonic() > deadline:
                    reason = f"no answer within {CONNECT_SECONDS:.0f} s"
                    raise self._no_connection(reason) from None

    def _read(self) -> None:
        """Hands each result to whoever waits for it, until the process ends."""
        fault = None
        with suppress(EOFError, OSError, pickle.UnpicklingError):
            while fault is None:
                number, value = pickle.load(self._pipe_out)
                if number is None:
                    fault = value
                    continue
                with self._changing:
                    future = self._calls.pop(number)
                if isinstance(value, BaseException):
                    future.set_exception(value)
                else:
                    future.set_result(value)
        with self._changing:
            self._fault = self._ended(fault)
            calls, self._calls = self._calls, {}
        for future in calls.values():
            future.set_exception(self._fault)

    def _ended(self, said: str | None) -> ClusterError:
        if _CONNECTED in self._calls:
            return self._no_connection(said or "the connection broke off")
        return ClusterError(
            f"The Ray cluster at {self._address!r} is of no use any more "
            f"({said or 'the connection broke off'}): run the same again when it is there; what "
            "was finished is kept."
        )

    def _no_connection(self, reason: str) -> ClusterError:
        if self._wants_token():
            return ClusterError(
                f"The Ray cluster at {self._address!r} asks for a token: set RAY_AUTH_MODE=token "
                "and its token as RAY_AUTH_TOKEN."
            )
        return _unreachable(self._address, reason)

    def _wants_token(self) -> bool:
        """Whether Ray has printed so; it tries again and again all the same."""
        if _CONNECTED not in self._calls:
            return False
        self._printed.seek(0)
        return b"Unauthenticated" in self._printed.read()


def _unreachable(address: str, reason: str) -> ClusterError:
    where = "on this machine" if address == AUTO else f"at {address!r}"
    return ClusterError(
        f"There is no Ray cluster {where} that can be used ({reason}): check the address, "
        f"{_STARTED}, or leave out --ray."
    )


def _start(address: str, printed: IO[bytes]) -> subprocess.Popen[bytes]:
    paths = filter(None, [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")])
    quiet = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_gcs_rpc_server_reconnect_timeout_s": "30"}
    return subprocess.Popen(
        [sys.executable, "-P", "-c", _COMMAND, address, version("pincite")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=printed,
        env=quiet | os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        # Ray lets workers import from the working folder, which may hold anything.
        cwd=sys.prefix,
        start_new_session=True,  # Ctrl-C is for us: what is finished is kept first
    )
