"""Speed of the page: first paint, a click on a citation, and what serving costs.

    python benchmarks/page.py [--chromium PATH] [--users N] [--rounds N]

The last is measured in turns, so that what else the machine does hits all alike: questions a
second of N threads on one `Assistant` in a process of its own, and of N users that ask the same
questions of `pincite serve`. The users are threads of another process. `gradio_client` spends
processor time itself, on the same cores; `plain HTTP` shows what the server alone does.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from assistant import Assistant, suggested_questions  # noqa: E402
from tests.page.serving import connected, serving  # noqa: E402

EACH_ASKS = 5
CHROMIUM_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")

Ask = Callable[[str], object]


# --- the two sides, each in a process that is asked over its standard input ----------------------


def directly(users: int) -> None:
    """Answer rounds of questions from one assistant, as many threads as users."""
    assistant = Assistant.open()
    _rounds(users, [assistant.ask] * users)


def through_gradio_client(users: int, address: str) -> None:
    """Put rounds of questions to a server, each user with a client of its own."""
    clients = [connected(address) for _ in range(users)]
    _rounds(users, [lambda q, c=client: c.predict(q, api_name="/ask") for client in clients])


def through_http(users: int, address: str) -> None:
    """Put rounds of questions to a server by plain HTTP, each user with a connection of its own."""
    import httpx

    url = f"{address}/gradio_api/run/ask"
    clients = [httpx.Client(timeout=60) for _ in range(users)]

    def asker(client: httpx.Client, session: str) -> Ask:
        def ask(question: str) -> object:
            # Without the name of a session Gradio sets up a new one for each call.
            body = {"data": [question, None, None], "session_hash": session}
            return client.post(url, json=body).raise_for_status()

        return ask

    _rounds(users, [asker(client, f"user{number}") for number, client in enumerate(clients)])


def _rounds(users: int, askers: Sequence[Ask]) -> None:
    """For each line of standard input, ask and print the seconds that it took."""
    with ThreadPoolExecutor(users) as pool:
        print(json.dumps("ready"), flush=True)
        for line in sys.stdin:
            questions: list[str] = json.loads(line)

            def use(ask: Ask, questions: list[str] = questions) -> None:
                for question in questions:
                    ask(question)

            begun = time.perf_counter()
            list(pool.map(use, askers))
            print(json.dumps(time.perf_counter() - begun), flush=True)


class Side:
    """One of the ways to ask, in its own process."""

    def __init__(self, way: str, users: int, address: str) -> None:
        command = [sys.executable, __file__, "--users", str(users), "--way", way]
        self.process = subprocess.Popen(
            [*command, "--address", address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._read() == "ready"

    def seconds(self, questions: Sequence[str]) -> float:
        assert self.process.stdin
        print(json.dumps(questions), file=self.process.stdin, flush=True)
        seconds = self._read()
        assert isinstance(seconds, float)
        return seconds

    def _read(self) -> object:
        assert self.process.stdout
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(30)


WAYS = ("directly", "plain HTTP", "gradio_client")


def throughput(address: str, users: int, rounds: int) -> None:
    """Questions a second of each way, and the ratio to asking directly."""
    assistant = Assistant.open()
    questions = [*suggested_questions(assistant.library)][:EACH_ASKS] or ["What happened?"]
    assistant.close()
    sides = {way: Side(way, users, address) for way in WAYS}
    for side in sides.values():
        side.seconds(questions[:1])  # the first question loads the embedding
    rates: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way, side in sides.items():
            rates[way].append(users * len(questions) / side.seconds(questions))
    for side in sides.values():
        side.close()
    direct = statistics.median(rates["directly"])
    for way, measured in rates.items():
        rate = statistics.median(measured)
        spread = f"{min(measured):.1f} to {max(measured):.1f}"
        print(f"{way:14}{rate:7.1f} questions/s ({spread})   {rate / direct:.2f} of directly")


# --- first paint ---------------------------------------------------------------------------------


def first_paint(address: str, chromium: str | None, times: int) -> None:
    """Milliseconds until the browser paints something, and until the page can be used."""
    from playwright.sync_api import sync_playwright

    paints, usable = [], []
    with sync_playwright() as playwright:
        for _ in range(times):  # a new browser each time: nothing is in its cache
            browser = playwright.chromium.launch(
                executable_path=chromium, args=list(CHROMIUM_FLAGS)
            )
            page = browser.new_page()
            begun = time.perf_counter()
            page.goto(address, wait_until="commit")
            page.locator("#question textarea:enabled").wait_for()
            usable.append((time.perf_counter() - begun) * 1000)
            paints.append(page.evaluate(FIRST_PAINT))
            browser.close()
    for name, measured in (("first contentful paint", paints), ("can be typed into", usable)):
        middle, worst = statistics.median(measured), max(measured)
        print(f"{name:24}{middle:6.0f} ms median, {worst:.0f} ms at worst, of {times}")


FIRST_PAINT = """
new Promise((done) => new PerformanceObserver((list) => {
  const paint = list.getEntriesByName("first-contentful-paint")[0];
  if (paint) done(paint.startTime);
}).observe({ type: "paint", buffered: true }))
"""


# --- from a citation to the words ----------------------------------------------------------------


def clicks(address: str, chromium: str | None) -> None:
    """Milliseconds from the click on a citation until its words are marked in the source."""
    from playwright.sync_api import sync_playwright

    measured: list[float] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_FLAGS))
        page = browser.new_page()
        page.goto(address)
        page.locator("button.example").first.wait_for()
        for number in range(page.locator("button.example").count()):
            page.locator("button.example").nth(number).click()
            page.locator("#conversation .making").wait_for()
            marks = page.locator("#conversation a.mark").all()
            measured += [mark.evaluate(UNTIL_MARKED) for mark in marks]
            page.get_by_role("button", name="New conversation").click()
            page.locator("button.example").first.wait_for()
        browser.close()
    middle, worst = statistics.median(measured), max(measured)
    print(f"{'from click to mark':24}{middle:6.0f} ms median, {worst:.0f} ms at worst, ", end="")
    print(f"of {len(measured)}")


UNTIL_MARKED = """
(link) => new Promise((done) => {
  const find = () => document.querySelector("#source-pane mark");
  const before = find();
  const begun = performance.now();
  const observer = new MutationObserver(() => {
    if (!find() || find() === before) return;
    observer.disconnect();
    requestAnimationFrame(() => done(performance.now() - begun));
  });
  observer.observe(document.querySelector("#source-pane"), { childList: true, subtree: true });
  link.click();
})
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--chromium", default="/usr/bin/chromium", help="the browser")
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--address", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way == "directly":
        directly(options.users)
    elif options.way == "plain HTTP":
        through_http(options.users, options.address)
    elif options.way:
        through_gradio_client(options.users, options.address)
    else:
        begun = time.perf_counter()
        with serving() as page:
            print(f"from the command to the page: {time.perf_counter() - begun:.1f} s")
            first_paint(page.address, options.chromium, options.rounds)
            clicks(page.address, options.chromium)
            throughput(page.address, options.users, options.rounds)
        print(f"({os.cpu_count()} cores, load {os.getloadavg()[0]:.1f})")


if __name__ == "__main__":
    main()
