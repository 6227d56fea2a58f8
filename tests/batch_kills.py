"""Answers a list with `pincite batch`, which is killed at random moments and started again."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.model_replies import reply
from tests.openai_server import Behaviour, OpenAIServer, Request, Say

ROOT = Path(__file__).resolve().parents[1]
CLAIM = "Trump spoke by phone with Putin on February 12."
WORDS = "February 12, Trump spoke by phone"
CONCURRENCY = 4
DONE_SECONDS = 600


def case(number: int) -> str:
    """One of many questions that are put to a model."""
    return f"Case {number}: when did Trump and Putin speak by phone?"


def number_of(request: Request) -> int:
    """Which case is asked for."""
    found = re.search(r"Case (\d+):", request.prompt)
    assert found
    return int(found[1])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a list whose answering was killed."""

    kills: int
    rows: tuple[dict[str, Any], ...]
    """The lines of the output."""
    requests: Counter[int]
    """How often the server was asked each case."""
    repeated: tuple[int, ...]
    """Cases that were asked after a kill though the journal had their answer."""


def answered_despite_kills(
    folder: Path, questions: int, kills: int, *, seed: int, pause: float
) -> Outcome:
    """Answer the cases from 1 to `questions` in `folder`, with that many kills.

    A kill comes up to `pause` seconds after the run's first request, or now and then before it.
    The server takes as long for each answer as makes all kills fall into the run.
    """
    source, output = folder / "questions.txt", folder / "answers.jsonl"
    source.write_text("".join(f"{case(n)}\n" for n in range(1, questions + 1)), "utf-8")
    dice = random.Random(seed)
    each = CONCURRENCY * kills * pause / questions

    def slowly(request: dict[str, Any]) -> Behaviour:
        time.sleep(each * dice.uniform(0.5, 1.5))
        return Say(reply(request, (CLAIM, WORDS)))

    repeated: list[int] = []
    with OpenAIServer() as server:
        server.script(slowly)
        command = [sys.executable, "-m", "assistant", "batch", str(source), "-o", str(output)]
        command += ["--model", "openai:test", "--base-url", server.base_url, "--quiet"]
        command += ["--concurrency", str(CONCURRENCY)]
        killed = 0
        while True:
            finished, asked = _finished(output), len(server.requests)
            process = subprocess.Popen(
                command, cwd=ROOT, env=os.environ | {"OPENAI_API_KEY": "sk-test-not-a-key"}
            )
            try:
                if killed < kills:
                    _wait(process, server, asked, dice, pause)
                    process.kill()
                code = process.wait(DONE_SECONDS)
            finally:
                process.kill()
                process.wait()
            repeated += [n for n in map(number_of, server.requests[asked:]) if n in finished]
            if code != -signal.SIGKILL:
                break
            killed += 1
        assert code == 0
        requests = Counter(map(number_of, server.requests))
    rows = tuple(json.loads(line) for line in output.read_text("utf-8").splitlines())
    return Outcome(killed, rows, requests, tuple(repeated))


def _wait(
    process: subprocess.Popen[bytes],
    server: OpenAIServer,
    asked: int,
    dice: random.Random,
    pause: float,
) -> None:
    if dice.random() < 0.2:  # while it starts
        time.sleep(dice.uniform(0.0, 2.0))
        return
    while process.poll() is None and len(server.requests) == asked:
        time.sleep(0.01)
    time.sleep(dice.uniform(0.0, pause))


def _finished(output: Path) -> set[int]:
    """The rows that the journal has: all its whole lines but the first."""
    journal = output.with_name(f"{output.name}.journal")
    if not journal.exists():
        return set()
    lines = journal.read_bytes().split(b"\n")[1:-1]
    return {json.loads(line)["row"] for line in lines}
