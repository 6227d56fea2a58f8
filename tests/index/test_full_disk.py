"""A disk that gets full amid a change: told in a sentence, nothing lost, and it goes on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.full_disk import may_mount


def test_a_disk_that_gets_full_loses_nothing(tmp_path: Path) -> None:
    """Without any room, and with half of what is needed; by hand at many points and of all."""
    command = [*may_mount(), sys.executable, "-m", "benchmarks.full_disk", "--points", "2"]
    done = subprocess.run(
        [*command, "--only", "add", "--folder", tmp_path],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 runs in " in done.stdout
