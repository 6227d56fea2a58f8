"""Runs commands on a disk that gets full at any moment, and says what came of it.

    python -m benchmarks.full_disk [--points 20] [--only NAME] [--folder DIR]

The disk is a small tmpfs, so this needs the right to mount one: as root, or in a namespace
(`unshare --map-root-user --mount python -m benchmarks.full_disk`). Each command has less room than
it needs, at so many points. It must say in a sentence that the disk is full, with exit code 1; what
was there must answer on the full disk; with room again the same command must finish the work.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.full_disk import try_all


def main() -> None:
    parser = argparse.ArgumentParser(description="Runs commands on a full disk.")
    parser.add_argument("--points", type=int, default=20)
    parser.add_argument("--only", nargs="*", default=())
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    start = time.monotonic()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        outcome = try_all(
            Path(folder), given.points, given.only, lambda line: print(line, flush=True)
        )
    for said in sorted(outcome.said):
        print(f"  {' '.join(said.split())}")
    print(
        f"{outcome.runs} runs in {time.monotonic() - start:.0f} s, {outcome.full} of them out of "
        f"room: {len(outcome.findings)} findings{':' if outcome.findings else '.'}"
    )
    for finding in outcome.findings:
        print(f"- {finding}")
    sys.exit(1 if outcome.findings else 0)


if __name__ == "__main__":
    main()
