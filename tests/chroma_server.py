"""A real Chroma server on a free port of this machine."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

START_SECONDS = 60


class ChromaServer:
    """`chroma run` over a folder; it can be stopped and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def address(self, name: str) -> str:
        return f"chroma://127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        command = [Path(sys.executable).with_name("chroma"), "run", "--path", self._folder]
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*map(str, command), "--port", str(self.port)], stdout=log, stderr=log
            )
        for _ in range(START_SECONDS * 10):
            try:
                urllib.request.urlopen(
                    f"http://127.0.0.1:{self.port}/api/v2/heartbeat", timeout=5
                ).close()
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(f"no Chroma server: see {self._folder / 'server.log'}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
