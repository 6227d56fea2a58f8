"""What a library costs on a Chroma server, and with Postgres for its vectors, beside a folder.

    python -m benchmarks.shared DATA WORK [--paragraphs N] [--questions N] [--postgres ADDRESS]

DATA holds question sets (see docs/evaluation.md); of their texts libraries of N paragraphs (2,000)
are made in WORK, all with a stand-in for the embedding that takes next to no time. The Chroma
server is started here; a Postgres one, with pgvector, is named as in `PINCITE_VECTOR_STORE`.
Questions are put to all of them in turns, so that the machine's load is the same for each.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

from tests.chroma_server import ChromaServer

sys.path.insert(0, str(Path(__file__).parent))  # the benchmarks import one another by name


def timed_add(library, articles) -> tuple[float, float]:
    start, processor = time.perf_counter(), time.process_time()
    library.add(articles)
    return time.perf_counter() - start, time.process_time() - processor


def told_size(folder: Path) -> str:
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return f"{size / 1e6:.0f} MB"


def measure(data: Path, work: Path, paragraphs: int, count: int, postgres: str | None) -> None:
    from scale import embedder_of
    from scale_corpus import articles, asked

    from assistant import Assistant, reader
    from index import Library

    embedder = embedder_of(None)
    texts = list(articles(data, paragraphs))
    questions = asked(data, count)
    server = ChromaServer(work / "server")
    server.start()
    os.environ["XDG_CACHE_HOME"] = str(work / "writer")
    address = server.address("news")
    libraries = {
        "a folder": Library.create(work / "folder", embedding=embedder),
        "a Chroma server": Library.create(address, embedding=embedder),
    }
    if postgres:
        libraries["a folder with Postgres"] = Library.create(
            work / "with-postgres", embedding=embedder, vector_store=postgres
        )
    try:
        for name, library in libraries.items():
            seconds, processor = timed_add(library, texts)
            print(f"{name}: {library.paragraph_count} paragraphs added in {seconds:.0f} s, "
                  f"{processor:.1f} s of processor time here")  # fmt: skip
        print(f"on disk: the folder {told_size(work / 'folder')}, the server "
              f"{told_size(work / 'server')}, a copy {told_size(work / 'writer')}")  # fmt: skip
        os.environ["XDG_CACHE_HOME"] = str(work / "reader")
        start, processor = time.perf_counter(), time.process_time()
        copy = libraries["a Chroma server"] = Library.open(address, embedding=embedder)
        copy.sources()
        print(f"another machine's copy: {time.perf_counter() - start:.1f} s, "
              f"{time.process_time() - processor:.1f} s of processor time")  # fmt: skip
        assistants = {name: Assistant(library) for name, library in libraries.items()}
        taken: dict[str, list[float]] = {name: [] for name in libraries}
        for text in questions:
            for name, assistant in assistants.items():
                reader._read.cache_clear()
                start = time.perf_counter()
                assistant.ask(text)
                taken[name].append(time.perf_counter() - start)
        base = statistics.median(taken["a folder"])
        for name, seconds in taken.items():
            middle = statistics.median(seconds)
            late = sorted(seconds)[int(len(seconds) * 0.95)]
            print(f"{name}: an answer {middle * 1000:.0f} ms median, {late * 1000:.0f} p95, "
                  f"{middle / base:.2f} x the folder's")  # fmt: skip
    finally:
        server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--paragraphs", type=int, default=2_000)
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--postgres", metavar="ADDRESS")
    given = parser.parse_args()
    if not given.data.is_dir():
        sys.exit(f"{given.data} isn't a folder: name that of the question sets.")
    given.work.mkdir(parents=True, exist_ok=True)
    measure(given.data, given.work, given.paragraphs, given.questions, given.postgres)


if __name__ == "__main__":
    main()
