"""Kills the building and changing of a library at random moments, and says what was lost.

    python -m benchmarks.kills [--kills 200] [--seed 0] [--folder DIR]

Nothing may be lost: after each kill the library must open with all that was done, and with what was
begun wholly or not at all; and no more than one batch of embeddings may be repeated.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from index.unfinished import BATCH_TEXTS
from tests.library_kills import kill_changes


def main() -> None:
    parser = argparse.ArgumentParser(description="Kills the changing of a library.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    start = time.monotonic()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        outcome = kill_changes(
            Path(folder) / "library",
            given.kills,
            seed=given.seed,
            told=lambda line: print(line, file=sys.stderr),
        )
    during = ", ".join(f"{count} during {kind}" for kind, count in outcome.during.most_common())
    print(f"{outcome.kills} kills in {time.monotonic() - start:.0f} s: {during}.")
    print(f"{outcome.kept} changes were found done though the kill came before they said so.")
    print(
        f"Embedded again: {outcome.repeated} texts in all, at most {outcome.most_repeated} for "
        f"one kill (a batch has {BATCH_TEXTS})."
    )
    print(f"{len(outcome.findings)} findings{':' if outcome.findings else '.'}")
    for finding in outcome.findings:
        print(f"- {finding}")
    sys.exit(1 if outcome.findings or outcome.most_repeated > BATCH_TEXTS else 0)


if __name__ == "__main__":
    main()
