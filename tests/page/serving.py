"""A real server process for tests: `pincite serve` on a free port."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from gradio_client import Client

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 120  # a busy machine; building the sample library is part of the first start
STOP_SECONDS = 20


class ServedPage:
    """A server process; `start` after `stop` serves at the same address again."""

    def __init__(
        self, arguments: tuple[str, ...], env: Mapping[str, str], port: int | None, folder: Path
    ) -> None:
        self._arguments = arguments
        self._env = {**os.environ, "PYTHONUNBUFFERED": "1", **env}
        self._port = port or 0
        self._out, self._err = folder / "out", folder / "err"
        self.address = ""
        """Such as `http://127.0.0.1:40123`; the port is the same after a restart."""
        self.process: subprocess.Popen[bytes]

    def start(self) -> None:
        """Start the process and wait until it says where the page is.

        Raises AssertionError with what it printed when it ends, or says nothing, instead.
        """
        command = [sys.executable, "-m", "assistant", "serve", "--port", str(self._port)]
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [*command, *self._arguments],
                cwd=ROOT,
                env=self._env,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        self.address = self._announced()
        self._port = int(self.address.rpartition(":")[2])

    def _announced(self) -> str:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if found := re.search(r"^Pincite is at (\S+) ", self.output(), re.M):
                return found[1].rstrip("/")
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        self.kill()
        raise AssertionError(f"the page wasn't served: {self.output()}{self.errors()}")

    def stop(self, with_signal: int = signal.SIGTERM) -> int:
        """End the process as a user or a service manager does, and return its exit code."""
        self.process.send_signal(with_signal)
        return self.process.wait(STOP_SECONDS)

    def end(self) -> None:
        """End the process if it still runs, so that it tidies up, and whatever is left of it."""
        with suppress(subprocess.TimeoutExpired):
            self.stop()
        self.kill()

    def kill(self) -> None:
        """End the process and whatever it started, without asking."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def output(self) -> str:
        """What it has printed on stdout since it was last started."""
        return self._out.read_text(encoding="utf-8")

    def errors(self) -> str:
        """What it has printed on stderr since it was last started."""
        return self._err.read_text(encoding="utf-8")


def connected(address: str, auth: tuple[str, str] | None = None) -> Client:
    """A `gradio_client` for the page there; left to itself it would call its makers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
        patch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_TELEMETRY", True)
        return Client(address, auth=auth, verbose=False, analytics_enabled=False)


@contextmanager
def serving(
    *arguments: str | Path, env: Mapping[str, str] | None = None, port: int | None = None
) -> Iterator[ServedPage]:
    """`pincite serve` with these arguments, on a free port unless one is given, until the end.

    `env` is added to the environment. The sample library is served where no `--library` is named.
    """
    with TemporaryDirectory() as folder:
        page = ServedPage(tuple(map(str, arguments)), env or {}, port, Path(folder))
        try:
            page.start()
            yield page
        finally:
            page.end()
