"""Measures what a Ray cluster gains and costs: python benchmarks/cluster.py ADDRESS.

Builds a library of the sample articles and answers a list of questions, without the cluster and
with it in turns, so that what else the machine does bears on both; by the clock.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import median

from assistant import Assistant, Library, answer_file
from index.cluster.connection import connected

ARTICLES = Path(__file__).parents[1] / "articles"
QUESTIONS = (
    "When did the two presidents speak by phone?",
    "What is the capital of Australia?",
    "Who wrote the article?",
    "Why can no elections be held?",
)
ROWS = 80
TURNS = 5
CALLS = 200


def main() -> None:
    (address,) = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        measure_work(Path(folder), address)
    measure_calls(address)


def measure_work(folder: Path, address: str) -> None:
    listed = folder / "questions.txt"
    listed.write_text("".join(f"{QUESTIONS[n % len(QUESTIONS)]} ({n})\n" for n in range(ROWS)))
    took: dict[str, list[float]] = defaultdict(list)
    for turn in range(TURNS):
        for name, ray in (("without", None), ("with", address)):
            start = time.perf_counter()
            with Library.create(folder / f"{name}-{turn}") as library:
                library.add(sorted(ARTICLES.glob("*.txt")), ray=ray)
            built = time.perf_counter()
            with Library.open(folder / "without-0") as library:
                answers = folder / f"{name}-{turn}.jsonl"
                answer_file(Assistant(library), listed, answers, ray=ray)
            took[f"build {name}"].append(built - start)
            took[f"batch {name}"].append(time.perf_counter() - built)
    for what, times in sorted(took.items()):
        each = ", ".join(f"{seconds:.1f}" for seconds in times)
        print(f"{what}: median {median(times):.1f} s ({each})")


def measure_calls(address: str) -> None:
    start = time.perf_counter()
    with connected(address) as cluster:
        print(f"connecting to {cluster.processors} processors: {time.perf_counter() - start:.1f} s")
        cluster.call("os:getpid").result()  # starts a worker
        alone = [timed(lambda: cluster.call("os:getpid").result()) for _ in range(CALLS)]
        together = timed(
            lambda: [call.result() for call in [cluster.call("os:getpid") for _ in range(CALLS)]]
        )
        print(f"a call that does nothing: {1000 * median(alone):.1f} ms")
        print(f"of {CALLS} at once each: {1000 * together / CALLS:.1f} ms")


def timed(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
