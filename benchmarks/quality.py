"""Asks every question of a public set within its scope and prints what came of it.

    python benchmarks/quality.py SET WORK [LIMIT]

SET is a folder in the common format (see corpora.py), WORK keeps the library built from it. Prints
for the answerable questions how many were refused and for how many the gold paragraph is cited (of
all and of those answered), and for the others how many were left unanswered.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

from corpora import library_of, questions

from assistant import Assistant


def main(folder: Path, work: Path, limit: int | None) -> None:
    assistant = Assistant(library_of(folder, work))
    seconds: list[float] = []
    cited = refused = abstained = answerable = unanswerable = paragraphs = 0
    for asked in list(questions(folder))[:limit]:
        start = time.perf_counter()
        answer = assistant.ask(asked.text, sources=asked.scope)
        seconds.append(time.perf_counter() - start)
        places = {(c.source_id, c.paragraph) for c in answer.citations}
        if asked.answerable:
            answerable += 1
            refused += answer.status == "abstained"
            cited += bool(places & asked.gold)
            paragraphs += len(places)
        else:
            unanswerable += 1
            abstained += answer.status == "abstained"
    answered = answerable - refused
    print(f"{folder.name}: {answerable} answerable questions, {refused / answerable:.3f} refused")
    print(f"  gold paragraph cited: {cited / answerable:.3f} of all, "
          f"{cited / max(1, answered):.3f} of those answered, "
          f"{paragraphs / max(1, answered):.2f} paragraphs cited a question")  # fmt: skip
    if unanswerable:
        print(f"  {unanswerable} unanswerable questions, {abstained / unanswerable:.3f} abstained")
    seconds.sort()
    print(f"  {statistics.median(seconds) * 1000:.0f} ms median, "
          f"{seconds[int(len(seconds) * 0.95)] * 1000:.0f} ms p95")  # fmt: skip


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit("usage: python benchmarks/quality.py SET WORK [LIMIT]")
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) == 4 else None)
