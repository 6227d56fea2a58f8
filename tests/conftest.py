"""What all tests share: no network, no user's cache or settings, and the sample library."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from assistant import Assistant
from tests.ray_cluster import RayCluster, ray_cluster

# No deadline for one example: on a busy machine it would say nothing about the code.
settings.register_profile("pincite", deadline=None)
settings.load_profile("pincite")

_LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")
_attempts: list[str] = []


class NetworkUsedError(OSError):
    """Raised by the guard in place of a connection that would leave the machine."""


def _guard(event: str, arguments: tuple[object, ...]) -> None:
    if event not in ("socket.connect", "socket.sendto", "socket.getaddrinfo"):
        return
    address = arguments[1] if event != "socket.getaddrinfo" else arguments
    host = address[0] if isinstance(address, tuple) else None  # a path: a Unix socket
    if isinstance(host, bytes):
        host = host.decode()
    if isinstance(host, str) and host and not host.startswith(_LOOPBACK):
        _attempts.append(f"{event} {host}")
        raise NetworkUsedError(f"A test tried to leave the machine: {event} {host}")


sys.addaudithook(_guard)


@pytest.fixture(autouse=True)
def no_network() -> Iterator[list[str]]:
    """Fails a test that tries to leave the machine, even where the code swallows the error."""
    _attempts.clear()
    yield _attempts
    assert not _attempts, f"network used: {_attempts}"


@pytest.fixture(scope="session", autouse=True)
def cache_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache folder for this run; the user's own folder and PINCITE_* settings stay out of it.

    The workers of a run share it, so that the sample library is built once.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "cache"
    folder.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("PINCITE_")]:
            patch.delenv(name)
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="session")
def sample(cache_home: Path) -> Iterator[Assistant]:
    """An assistant over the sample library, with the true embedding; built once a run."""
    assistant = Assistant.open()
    assert assistant.library.path.is_relative_to(cache_home.resolve())
    yield assistant
    assistant.close()


@pytest.fixture(scope="session")
def cluster(cache_home: Path) -> Iterator[RayCluster]:
    """A true Ray cluster of two nodes, each with one worker; this process may use it."""
    with ray_cluster() as running, pytest.MonkeyPatch.context() as patch:
        for name, value in running.environment.items():
            patch.setenv(name, value)
        yield running
