"""`pincite batch --openai-batch`: submitted once, collected by the same command, paid once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant import Assistant
from assistant.batch import submitted_path
from assistant.journal import journal_path
from tests.assistant.batch_command import Run, runner, started, until
from tests.batch_kills import CLAIM, WORDS, case
from tests.model_replies import reply
from tests.openai_batch_server import BatchServer, Plan
from tests.openai_server import Fail, Say

FAR = "What is the capital of Australia?"
HELD = 10_000
"""Looks after which a batch ends: none sees it."""


@pytest.fixture
def run(
    sample: Assistant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    return runner(monkeypatch, capsys)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[BatchServer]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-not-a-key")
    with BatchServer() as running:
        running.reply = lambda body: reply(body, (CLAIM, WORDS))
        running.script(lambda body: Say(reply(body, (CLAIM, WORDS))))
        yield running


@pytest.fixture
def prices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "prices.toml"
    path.write_text('[models."openai:test"]\ninput = 0.0\noutput = 1000000.0\n', "utf-8")
    monkeypatch.setenv("PINCITE_PRICES", str(path))


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "answers.jsonl"


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    """Three questions that the model answers, and one that it needn't be asked."""
    path = tmp_path / "cases.txt"
    path.write_text("".join(f"{each}\n" for each in (case(1), case(2), FAR, case(3))), "utf-8")
    return path


def at(server: BatchServer) -> tuple[str, ...]:
    return ("--model", "openai:test", "--base-url", server.base_url, "--openai-batch")


def waits(server: BatchServer) -> Callable[[], bool]:
    """Whether the batch was started and looked at."""
    return lambda: any(call.startswith("GET /v1/batches/") for call in server.calls)


def end(server: BatchServer) -> None:
    """Let the batch end now."""
    server.batches[0].plan.polls = 0


def test_a_list_is_answered_in_a_batch_and_nothing_of_it_is_left(
    run: Run, server: BatchServer, cases: Path, output: Path
) -> None:
    done = run(cases, "-o", output, *at(server))
    assert done.code == 0, done.err
    assert done.out.startswith("4 questions: 3 answered, 1 abstained · ")
    assert len(server.batches) == 1
    assert server.files == {}
    assert not submitted_path(output).exists()
    again = run(cases, "-o", output, *at(server))
    assert again.code == 0
    assert len(server.batches) == 1


def test_it_costs_half(
    run: Run, server: BatchServer, prices: None, cases: Path, output: Path, tmp_path: Path
) -> None:
    model = at(server)[:-1]
    estimated = run(cases, "--dry-run", *model).out
    assert "at most $3,000.00" in estimated
    assert "at most $1,500.00" in run(cases, "--dry-run", *at(server)).out
    assert not server.calls

    def cost(out: str) -> float:
        return float(out.split("$")[1].split()[0])

    whole = cost(run(cases, "-o", tmp_path / "directly.jsonl", *model).out)
    assert cost(run(cases, "-o", output, *at(server)).out) == pytest.approx(whole / 2, abs=0.02)


def test_failed_rows_are_told_and_asked_again_in_another_batch(
    run: Run, server: BatchServer, cases: Path, output: Path
) -> None:
    server.plan(Plan(lose=lambda body: case(2) in body["messages"][-1]["content"]), Plan())
    done = run(cases, "-o", output, *at(server))
    assert done.code == 4
    assert done.out.startswith("4 questions: 2 answered, 1 abstained, 1 failed · ")
    assert "row 2: The batch at the server at" in done.err
    done = run(cases, "-o", output, *at(server), "--retry-failed")
    assert done.code == 0
    assert [len(batch.requests) for batch in server.batches] == [3, 1]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--openai-batch",), "Only a model that speaks the OpenAI protocol can be asked by batch"),
        (("--openai-batch", "--model", "openai:test", "--judge"), "leave --judge or"),
        (("--openai-batch", "--model", "openai:test", "--max-cost", "1"), "leave --max-cost and"),
        (("--openai-batch", "--model", "openai:test", "--max-tokens", "9"), "leave --max-cost and"),
    ],
)
def test_what_a_batch_cannot_do_is_told(
    run: Run,
    server: BatchServer,
    cases: Path,
    output: Path,
    options: tuple[str, ...],
    sentence: str,
) -> None:
    done = run(cases, "-o", output, *options)
    assert done.code == 2
    assert sentence in done.err
    assert done.err.count("\n") == 1
    assert not server.calls
    assert not journal_path(output).exists()


def test_a_server_without_batches_is_told_and_nothing_is_asked(
    run: Run, server: BatchServer, cases: Path, output: Path
) -> None:
    server.trouble("GET /v1/batches", Fail(404))
    done = run(cases, "-o", output, *at(server))
    assert done.code == 1
    assert "has no Batch API: leave --openai-batch out" in done.err
    assert not server.requests


def test_after_a_kill_the_same_command_collects_what_was_submitted(
    sample: Assistant, server: BatchServer, cases: Path, output: Path
) -> None:
    server.plan(Plan(polls=HELD))
    process = started(cases, "-o", output, *at(server))
    until(waits(server))
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    end(server)
    process = started(cases, "-o", output, *at(server))
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert out.startswith("4 questions: 3 answered, 1 abstained")
    assert len(server.batches) == 1


def test_ctrl_c_ends_the_waiting_and_says_that_the_batch_goes_on(
    run: Run, sample: Assistant, server: BatchServer, cases: Path, output: Path
) -> None:
    server.plan(Plan(polls=HELD))
    process = started(cases, "-o", output, *at(server))
    until(waits(server))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert out.startswith("4 questions: 1 abstained, 3 left · ")
    assert "It was stopped. What was submitted goes on at the server. The same command" in err

    without = run(cases, "-o", output, *at(server)[:-1])
    assert without.code == 2
    assert "add --openai-batch to collect the answers, or delete" in without.err
    assert not server.requests[1:], "only what showed the server's dialect was asked directly"
    assert run(cases, "-o", output, *at(server)[:-1], "--restart").code == 2

    end(server)
    assert run(cases, "-o", output, *at(server)).code == 0
    assert len(server.batches) == 1


def test_how_far_it_is_at_the_server_is_shown(
    sample: Assistant,
    server: BatchServer,
    cases: Path,
    output: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from assistant.batch import answer_file
    from assistant.batch_progress import BatchState, progress_line

    told: list[str] = []

    def note(state: BatchState) -> None:
        told.append(progress_line(state))

    assistant = Assistant.open(model="openai:test", base_url=server.base_url)
    answer_file(assistant, cases, output, openai_batch=True, progress=note)
    assert any("done at the server: 3 of 3" in line for line in told)
    assert "at the server" not in told[-1]
