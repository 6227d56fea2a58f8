"""The changing of a library, killed at random moments: nothing that was done is lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_kills_at_random_moments_lose_nothing(tmp_path: Path) -> None:
    """Five of them; by hand hundreds.

    In a process of its own, which is forked before it has other threads.
    """
    command = [sys.executable, "-m", "benchmarks.kills", "--kills", "5", "--seed", "7"]
    done = subprocess.run(
        [*command, "--folder", tmp_path], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("5 kills in ")
