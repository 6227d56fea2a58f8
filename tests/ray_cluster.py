"""A true Ray cluster on this machine: two nodes with one processor each, for the tests."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant import batch_ray

NODES = 2
START_SECONDS = 120.0

_EACH = ("--num-cpus=1", "--object-store-memory=100000000", "--disable-usage-stats", "--block")


@dataclass(frozen=True, slots=True)
class RayCluster:
    """A cluster that runs."""

    address: str
    environment: Mapping[str, str]
    """What a program must have in its environment to use it."""
    sessions: tuple[int, ...]
    """Those of its nodes, which all of their processes are in."""

    @contextmanager
    def killing_a_worker(self) -> Iterator[list[int]]:
        """Meanwhile, a worker is killed as soon as one is at work; the list tells which."""
        killed: list[int] = []
        ended = threading.Event()
        killing = threading.Thread(target=lambda: self._kill_worker(killed, ended))
        killing.start()
        try:
            yield killed
        finally:
            ended.set()
            killing.join()

    def _kill_worker(self, killed: list[int], ended: threading.Event) -> None:
        while not killed and not ended.wait(0.05):
            for worker in _processes(self.sessions, "ray::run")[:1]:
                with suppress(ProcessLookupError):
                    os.kill(worker, signal.SIGKILL)
                    killed.append(worker)


def answer_or_end(*asked: Any) -> Any:
    """In a worker: `batch_ray.answer`, but a question with "fatal" in it ends the worker."""
    if "fatal" in asked[-1]["question"]:
        os._exit(9)
    return batch_ray.answer(*asked)


@contextmanager
def ray_cluster(**more: str) -> Iterator[RayCluster]:
    """Starts a cluster, and leaves no process of it; `more` goes into its environment."""
    own = {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_worker_niceness": "0",  # else its workers wait for whatever else the machine does
    }
    # Ray makes sockets in it, whose paths mustn't be long.
    folder = Path(tempfile.mkdtemp(prefix="ray"))
    nodes: list[subprocess.Popen[bytes]] = []
    try:
        head = ("--head", "--port=0", f"--temp-dir={folder}", "--include-dashboard=false")
        address = _start(nodes, head, folder, {**os.environ, **own, **more})
        for _ in range(NODES - 1):
            _start(nodes, (f"--address={address}",), folder, {**os.environ, **own, **more})
        yield RayCluster(address, own, tuple(node.pid for node in nodes))
    finally:
        for node in reversed(nodes):
            _end(node)
        shutil.rmtree(folder, ignore_errors=True)


def _start(
    nodes: list[subprocess.Popen[bytes]],
    options: tuple[str, ...],
    folder: Path,
    environment: dict[str, str],
) -> str:
    """Starts a node; the address of its cluster."""
    log = folder / f"node-{len(nodes)}.log"
    with log.open("wb") as printed:
        node = subprocess.Popen(
            [sys.executable, "-m", "ray.scripts.scripts", "start", *options, *_EACH],
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=printed,
            env=environment,
            start_new_session=True,
        )
    nodes.append(node)
    deadline = time.monotonic() + START_SECONDS
    while "runtime started" not in (said := log.read_text(errors="replace")):
        assert node.poll() is None, said
        assert time.monotonic() < deadline, said
        time.sleep(0.1)
    found = re.search(r"--address='[^']+:(\d+)'", said)
    return f"127.0.0.1:{found[1]}" if found else ""


def _end(node: subprocess.Popen[bytes]) -> None:
    """Ends a node with all that it has started."""
    while left := _processes([node.pid]):
        for process in left:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        node.poll()


def _processes(sessions: Sequence[int], command: str = "") -> list[int]:
    """The processes of these sessions whose command begins so."""
    listed = subprocess.run(
        ["ps", "-axo", "pid=,command="], capture_output=True, text=True, check=True
    ).stdout
    found = []
    for line in listed.splitlines():
        pid, running = line.split(None, 1)
        with suppress(ProcessLookupError, PermissionError):
            if running.startswith(command) and os.getsid(int(pid)) in sessions:
                found.append(int(pid))
    return found
