"""An evaluation that is killed goes on where it was, and comes out as if it hadn't been."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

from assistant.evaluation import read_evaluation
from tests.assistant.evaluating import QUESTIONS, changed, without_times, written

ROOT = Path(__file__).parents[2]
MANY = [
    changed(QUESTIONS[0], id=f"q-{number}", question=f"Case {number}: when was the mill closed?")
    for number in range(30)
]
WAIT_SECONDS = 300


def started(folder: Path, work: Path, *more: str | Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "assistant", "eval", folder, "--work", work, "--quiet", *more]
    return subprocess.Popen(list(map(str, command)), cwd=ROOT)


def lines(work: Path, name: str) -> list[bytes]:
    """The whole lines of a file of the run."""
    return [
        line
        for path in work.glob(f"*/run-*/{name}")
        for line in path.read_bytes().split(b"\n")[:-1]
    ]


def killed_at(process: subprocess.Popen[bytes], work: Path, name: str, least: int) -> None:
    """Kill the run as soon as the file has so many lines."""
    give_up = time.monotonic() + WAIT_SECONDS
    while len(lines(work, name)) < least and process.poll() is None:
        assert time.monotonic() < give_up
        time.sleep(0.005)
    process.kill()
    assert process.wait() == -signal.SIGKILL


def test_a_killed_run_goes_on(tmp_path: Path) -> None:
    folder, work = written(tmp_path / "own", MANY), tmp_path / "work"
    killed_at(started(folder, work), work, "retrieved.jsonl", 5)
    assert len(lines(work, "retrieved.jsonl")) < len(MANY)
    killed_at(started(folder, work), work, "answers.journal", 6)
    answered = lines(work, "answers.journal")[1:]
    assert 5 <= len(answered) < len(MANY)
    [retrieved] = work.glob("*/run-*/retrieved.jsonl")
    with retrieved.open("ab") as file:
        file.write(b'{"key": "begun')
    done = tmp_path / "done.json"
    assert started(folder, work, "--json", done).wait(WAIT_SECONDS) == 0

    assert lines(work, "answers.journal")[1:][: len(answered)] == answered
    for name, first in (("answers.journal", 1), ("retrieved.jsonl", 0)):
        keys = [json.loads(line)["key"] for line in lines(work, name)[first:]]
        assert len(keys) == len(set(keys)) == len(MANY)
    whole = tmp_path / "whole.json"
    assert started(folder, work, "--json", whole, "--restart").wait(WAIT_SECONDS) == 0
    assert without_times(read_evaluation(done)) == without_times(read_evaluation(whole))
