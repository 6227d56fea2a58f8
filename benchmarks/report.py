"""The report of a question list: writing it, opening it in a browser, filtering, a click.

    python benchmarks/report.py [--rows N] [--chromium PATH] [--rounds N] [--keep FILE]

The questions are those that the page suggests for the sample library, one that it doesn't answer
and one that can't be asked, over and over; each is answered once.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from assistant import (  # noqa: E402
    Assistant,
    ListedQuestion,
    QuestionList,
    RowResult,
    answer_rows,
    suggested_questions,
)
from assistant.report import answers_in_report, report_chunks  # noqa: E402

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
MORE = ("What is the capital of Australia?", "???")

PAINTED = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"
"""Done when the next frame is on the screen."""


def results(assistant: Assistant, rows: int) -> list[RowResult]:
    """So many results, with the answers to a few questions."""
    questions = [*suggested_questions(assistant.library), *MORE]
    listed = (ListedQuestion(number, text) for number, text in enumerate(questions, 1))
    known = list(answer_rows(assistant, listed))
    return [
        replace(each, row=replace(each.row, number=number, id=f"q{number}"))
        for number, each in enumerate(islice(cycle(known), rows), 1)
    ]


def write(assistant: Assistant, made: list[RowResult], path: Path) -> None:
    """Write the report, and tell how long it took and how much memory at most."""
    questions = QuestionList("questions.csv", tuple(each.row for each in made))

    def chunks() -> Iterator[str]:
        return report_chunks(questions, made, assistant.library)

    begun = time.perf_counter()
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(chunks())
    seconds = time.perf_counter() - begun
    tracemalloc.start()
    for _ in chunks():
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(f"{'written':28}{seconds * 1000:6.0f} ms, {path.stat().st_size / 1e6:.1f} MB, ", end="")
    print(f"at most {peak / 1e6:.0f} MB of memory")
    begun = time.perf_counter()
    answers_in_report(path.read_text(encoding="utf-8"))
    print(f"{'read back':28}{(time.perf_counter() - begun) * 1000:6.0f} ms")


def browse(path: Path, chromium: str, rounds: int) -> None:
    """Open the report in a new browser each time, and do what a reader does."""
    from playwright.sync_api import Page, sync_playwright

    def timed(act: Callable[[], object], page: Page) -> float:
        begun = time.perf_counter()
        act()
        page.evaluate(PAINTED)
        return (time.perf_counter() - begun) * 1000

    measured: dict[str, list[float]] = {}
    with sync_playwright() as playwright:
        for _ in range(rounds):
            browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
            page = browser.new_page()
            acts: dict[str, Callable[[], object]] = {
                "opened": lambda page=page: page.goto(path.as_uri()),
                "filtered by status": lambda page=page: page.check("#only-disputed"),
                "all again": lambda page=page: page.check("#only-all"),
                "filtered by words": lambda page=page: page.fill("#words", "capital"),
                "words taken back": lambda page=page: page.fill("#words", ""),
                "a citation opened": lambda page=page: page.click(".citations .place >> nth=0"),
                "to the last row": lambda page=page: page.evaluate("location.hash = '#row-1000'"),
            }
            for name, act in acts.items():
                measured.setdefault(name, []).append(timed(act, page))
            browser.close()
    for name, times in measured.items():
        middle, worst = statistics.median(times), max(times)
        print(f"{name:28}{middle:6.0f} ms median, {worst:.0f} ms at worst, of {rounds}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--chromium", default="/usr/bin/chromium", help="the browser")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="where to leave the report")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        path = (options.keep or Path(folder) / "report.html").resolve()
        assistant = Assistant.open()
        write(assistant, results(assistant, options.rows), path)
        assistant.close()
        browse(path, options.chromium, options.rounds)
    print(f"({os.cpu_count()} cores, load {os.getloadavg()[0]:.1f})")


if __name__ == "__main__":
    main()
