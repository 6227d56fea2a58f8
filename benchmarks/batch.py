"""Long lists of questions: rate, memory, and what kills at random moments cost.

    python benchmarks/batch.py SET [--questions N] [--library DIR]
    python benchmarks/batch.py --kills N [--questions N]

The first answers N questions offline (10,000 by default) of the questions.jsonl in the folder SET,
from the beginning again where it has fewer, over the sample articles or the library in DIR. Every
tenth of the list it pauses, and two processes that call `ask` directly answer questions of the same
list, so that what else the machine does hits both alike; once as they are, and once with one
thread each for the embedding, as the workers of a list have. Memory is that of the process with the
list and of its workers, after a tenth of the list and at its end.

The second answers a list with a model's server on this machine, kills it at N random moments, and
tells which rows are missing and which requests were repeated.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from assistant import Assistant, ListedQuestion, QuestionList  # noqa: E402
from assistant.batch import answer_into  # noqa: E402
from assistant.batch_progress import BatchState  # noqa: E402
from benchmarks.corpora import questions as questions_of  # noqa: E402
from tests.batch_kills import answered_despite_kills  # noqa: E402

PARTS = 10
DIRECT = 200
"""Questions that the direct processes answer in each pause, together."""
DIRECT_CODE = """
import json, sys, time
from assistant import Assistant
assistant = Assistant.open(sys.argv[1], model="extractive")
assistant.ask("Is it ready?")
print("ready", flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    for question, sources in json.loads(line):
        assistant.ask(question, sources=sources)
    print(time.perf_counter() - start, flush=True)
"""


class Direct:
    """Two processes that call `ask`."""

    def __init__(self, library: Path, **environment: str) -> None:
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-c", DIRECT_CODE, str(library)],
                cwd=ROOT,
                env=os.environ | environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        for process in self._processes:
            assert process.stdout
            process.stdout.readline()

    @property
    def ids(self) -> set[int]:
        return {process.pid for process in self._processes}

    def rate(self, rows: Sequence[ListedQuestion]) -> float:
        """Questions a second."""
        start = time.perf_counter()
        for number, process in enumerate(self._processes):
            assert process.stdin
            mine = [(row.question, row.sources) for row in rows[number::2]]
            process.stdin.write(json.dumps(mine) + "\n")
            process.stdin.flush()
        for process in self._processes:
            assert process.stdout
            process.stdout.readline()
        return len(rows) / (time.perf_counter() - start)

    def close(self) -> None:
        for process in self._processes:
            assert process.stdin
            assert process.stdout
            process.stdin.close()
            process.wait()
            process.stdout.close()


def megabytes(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def children() -> set[int]:
    tasks = Path(f"/proc/{os.getpid()}/task").iterdir()
    return {int(each) for task in tasks for each in (task / "children").read_text().split()}


@dataclass
class Meter:
    """Measures each tenth of the list, and in the pause behind it the others."""

    rows: Sequence[ListedQuestion]
    others: dict[str, Direct]
    rates: dict[str, list[float]] = field(default_factory=dict)
    memory: list[list[float]] = field(default_factory=list)
    start: float = 0.0
    done: int = 0

    def __call__(self, state: BatchState) -> None:
        done = state.total - state.left
        if not self.start and done:  # the workers are there
            self.start, self.done = time.perf_counter(), done
        part = len(self.rows) // PARTS
        if done < (len(self.memory) + 1) * part:
            return
        rate = (done - self.done) / (time.perf_counter() - self.start)
        self.rates.setdefault("pincite batch", []).append(rate)
        others = {id for each in self.others.values() for id in each.ids}
        self.memory.append([megabytes(each) for each in (os.getpid(), *(children() - others))])
        time.sleep(0.5)  # what the workers have is finished
        first = len(self.memory) * 37 % max(1, len(self.rows) - DIRECT)
        for name, direct in self.others.items():
            self.rates.setdefault(name, []).append(direct.rate(self.rows[first : first + DIRECT]))
        self.start, self.done = time.perf_counter(), done
        print(f"\r{done:,} of {len(self.rows):,}", end="", file=sys.stderr, flush=True)


def listed(folder: Path, count: int, library: Assistant) -> QuestionList:
    """So many rows; the same question over the same sources, named once more, is another row."""
    texts = [asked.text for asked in questions_of(folder)]
    ids = tuple(library.library.content())
    rows = [
        ListedQuestion(
            n + 1,
            texts[n % len(texts)],
            sources=ids + ids[:1] * (n // len(texts)) if n >= len(texts) else None,
        )
        for n in range(count)
    ]
    return QuestionList("list", tuple(rows))


def long_list(folder: Path, count: int, library: Path | None) -> None:
    assistant = Assistant.open(library, model="extractive")
    questions = listed(folder, count, assistant)
    path = assistant.library.path
    others = {
        "two processes that ask": Direct(path),
        "the same, one thread each": Direct(path, OMP_NUM_THREADS="1"),
    }
    meter = Meter(questions.rows, others)
    with tempfile.TemporaryDirectory() as work:
        state = answer_into(assistant, questions, Path(work) / "answers.jsonl", progress=meter)
    for direct in others.values():
        direct.close()
    print("\r", end="", file=sys.stderr)
    print(f"{state.total:,} questions: {dict(state.counts)}")
    ours = meter.rates["pincite batch"]
    for name, rates in meter.rates.items():
        ratio = statistics.median(a / b for a, b in zip(ours, rates, strict=True))
        print(f"{name:26} {statistics.median(rates):6.1f} questions a second, ratio {ratio:.2f}")
    first, last = meter.memory[0], meter.memory[-1]
    for when, sizes in (("after a tenth", first), ("at the end", last)):
        shown = ", ".join(f"{each:.0f}" for each in sizes)
        print(f"memory {when:14} {sum(sizes):6.0f} MB ({shown})")
    print(f"memory grew by {sum(last) - sum(first):.0f} MB")


def killed_list(count: int, kills: int) -> None:
    Assistant.open().close()  # builds the sample library
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        outcome = answered_despite_kills(Path(folder), count, kills, seed=1, pause=1.0)
    numbers = [row["row"] for row in outcome.rows]
    print(f"{outcome.kills} kills in {time.perf_counter() - start:.0f} s")
    print(f"rows: {len(numbers)} of {count}, each once and in order: "
          f"{numbers == list(range(1, count + 1))}")  # fmt: skip
    print(f"requests: {outcome.requests.total()}, of these for rows that were finished: "
          f"{len(outcome.repeated)}, for rows that ran at a kill: "
          f"{outcome.requests.total() - count - len(outcome.repeated)}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("set", type=Path, nargs="?")
    parser.add_argument("--questions", type=int)
    parser.add_argument("--library", type=Path)
    parser.add_argument("--kills", type=int)
    given = parser.parse_args()
    if given.kills:
        killed_list(given.questions or 500, given.kills)
    elif given.set:
        long_list(given.set, given.questions or 10_000, given.library)
    else:
        parser.error("name a SET, or --kills")


if __name__ == "__main__":
    main()
