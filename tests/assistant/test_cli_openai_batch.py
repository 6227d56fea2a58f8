"""`pincite batch --openai-batch`: submitted once, collected by the same command, paid once."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant import Assistant, BatchState, answer_file
from assistant.batch_progress import progress_line
from assistant.batch_submitted import submitted_path
from assistant.journal import journal_path
from tests.assistant.batch_command import Run, runner, started, until
from tests.batch_kills import CLAIM, WORDS, case
from tests.model_replies import reply
from tests.openai_batch_server import BatchServer, Plan, no_batch_api
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


def directly(server: BatchServer) -> tuple[str, ...]:
    """The same without the option."""
    return at(server)[:-1]


def waits(server: BatchServer) -> Callable[[], bool]:
    """Whether the batch was started and looked at."""
    return lambda: any(call.startswith("GET /v1/batches/") for call in server.calls)


def end(server: BatchServer) -> None:
    """Let what was submitted end now."""
    for batch in server.batches:
        batch.plan.polls = 0


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
    model = directly(server)
    assert "at most $3,000.00" in run(cases, "--dry-run", *model).out
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
    assert done.err.count("\n") == 1
    assert not server.requests


@pytest.mark.parametrize("route", ["POST /v1/files", "POST /v1/batches"])
def test_what_a_server_with_half_of_it_is_told_leads_to_answers(
    run: Run, server: BatchServer, cases: Path, output: Path, route: str
) -> None:
    server.trouble(route, no_batch_api())
    done = run(cases, "-o", output, *at(server))
    assert done.code == 1
    assert "leave --openai-batch out" in done.err
    assert server.files == {}
    assert run(cases, "-o", output, *directly(server)).code == 0
    assert not submitted_path(output).exists()


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
    assert err.splitlines() == [
        "Finishing what runs; Ctrl-C again ends at once.",
        "It was stopped. What was submitted goes on at the server, and the same command collects "
        "it.",
    ]
    end(server)
    assert run(cases, "-o", output, *at(server)).code == 0
    assert len(server.batches) == 1


@pytest.fixture
def waiting(sample: Assistant, server: BatchServer, cases: Path, output: Path) -> None:
    """What was submitted by a run that was killed while it waited."""
    server.plan(Plan(polls=HELD), Plan())
    process = started(cases, "-o", output, *at(server))
    until(waits(server))
    process.kill()
    process.communicate()


@pytest.mark.parametrize("more", [(), ("--restart",)])
def test_without_the_option_nothing_is_paid_twice(
    run: Run, server: BatchServer, cases: Path, output: Path, waiting: None, more: tuple[str, ...]
) -> None:
    before = journal_path(output).read_bytes()
    asked = len(server.requests)
    done = run(cases, "-o", output, *directly(server), *more)
    assert done.code == 2
    assert done.err == (
        "pincite: Questions for this output were submitted to the Batch API: add --openai-batch "
        f"to collect the answers, or delete {str(submitted_path(output))!r} to ask, and pay, "
        "once more.\n"
    )
    assert len(server.requests) == asked
    assert journal_path(output).read_bytes() == before
    submitted_path(output).unlink()
    assert run(cases, "-o", output, *directly(server), *more).code == 0


def test_restarting_collects_what_was_submitted_before(
    run: Run, server: BatchServer, cases: Path, output: Path, waiting: None
) -> None:
    end(server)
    done = run(cases, "-o", output, *at(server), "--restart")
    assert done.code == 0
    assert done.err == "What had been submitted before was collected, and not submitted again.\n"
    assert journal_path(output).with_name("answers.jsonl.journal.old").exists()
    assert len(server.batches) == 1


def test_other_settings_are_told_of_before_any_file_is_touched(
    run: Run,
    server: BatchServer,
    cases: Path,
    output: Path,
    waiting: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    end(server)
    before = {path.name for path in output.parent.iterdir()}
    with monkeypatch.context() as patch:
        patch.setenv("PINCITE_MAX_TOKENS", "700")
        done = run(cases, "-o", output, *at(server), "--restart")
    assert done.code == 2
    assert "were submitted with other settings, prompts or sources: put these back" in done.err
    assert {path.name for path in output.parent.iterdir()} == before
    assert run(cases, "-o", output, *at(server)).code == 0
    assert len(server.batches) == 1


@pytest.mark.parametrize("options", [("--openai-batch",), (), ("--restart",)])
def test_while_another_run_waits_nobody_is_told_to_delete_its_file(
    sample: Assistant,
    run: Run,
    server: BatchServer,
    cases: Path,
    output: Path,
    options: tuple[str, ...],
) -> None:
    server.plan(Plan(polls=HELD))
    process = started(cases, "-o", output, *at(server))
    try:
        until(waits(server))
        done = run(cases, "-o", output, *directly(server), *options)
    finally:
        process.kill()
        process.communicate()
    assert done.code == 2
    assert done.err.startswith("pincite: Another run is using ")


def test_an_error_while_it_waits_says_that_nothing_is_lost_and_the_output_is_written(
    run: Run, server: BatchServer, cases: Path, output: Path
) -> None:
    server.trouble("GET /v1/batches/", Fail(401))
    done = run(cases, "-o", output, *at(server))
    assert done.code == 1
    assert "correct OPENAI_API_KEY. What was submitted isn't lost: the same command" in done.err
    assert len(output.read_text("utf-8").splitlines()) == 1  # what needed no model
    assert run(cases, "-o", output, *at(server)).code == 0
    assert len(server.batches) == 1


def test_what_was_submitted_again_is_collected_without_the_option_to_retry(
    sample: Assistant, run: Run, server: BatchServer, cases: Path, output: Path
) -> None:
    server.plan(
        Plan(lose=lambda body: case(2) in body["messages"][-1]["content"]), Plan(polls=HELD)
    )
    assert run(cases, "-o", output, *at(server)).code == 4
    server.calls.clear()
    process = started(cases, "-o", output, *at(server), "--retry-failed")
    until(waits(server))
    process.kill()
    process.communicate()
    end(server)
    assert run(cases, "-o", output, *at(server)).code == 0
    assert [len(batch.requests) for batch in server.batches] == [3, 1]


def test_follow_ups_are_asked_directly_and_estimated_at_their_price(
    run: Run, server: BatchServer, prices: None, output: Path, tmp_path: Path
) -> None:
    source = tmp_path / "cases.jsonl"
    follow_up = {"question": case(2), "history": [["user", case(1)], ["assistant", CLAIM]]}
    rows = [{"question": case(1)}, {"question": case(1)}, follow_up]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    estimated = run(source, "--dry-run", *at(server)).out
    assert "About 2 requests in a batch to openai:test" in estimated
    assert "at most $1,500.00" in estimated  # 1000 tokens, and 1000 at half the price
    done = run(source, "-o", output, *at(server))
    assert done.code == 0
    assert [len(batch.requests) for batch in server.batches] == [1]
    assert case(2) in server.requests[-1].prompt


def test_stopped_among_the_follow_ups_nothing_is_said_to_go_on_at_the_server(
    sample: Assistant, server: BatchServer, output: Path, tmp_path: Path
) -> None:
    source = tmp_path / "cases.jsonl"
    history = [["user", case(1)], ["assistant", CLAIM]]
    rows = [{"question": case(1)}, *({"question": case(n), "history": history} for n in range(20))]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")

    def slowly(body: dict[str, Any]) -> Say:
        time.sleep(0.3)
        return Say(reply(body, (CLAIM, WORDS)))

    server.script(slowly)
    process = started(source, "-o", output, *at(server))
    until(lambda: len(server.requests) >= 3)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines()[1].startswith("It was stopped. The same command goes on from there")
    assert not submitted_path(output).exists()
    assert server.files == {}


def test_a_list_by_mistake_loses_nothing_of_what_waits(
    run: Run, server: BatchServer, cases: Path, output: Path, tmp_path: Path, waiting: None
) -> None:
    other = tmp_path / "other.txt"
    other.write_text(f"{FAR}\n", "utf-8")
    done = run(other, "-o", output, *at(server))
    assert done.code == 0
    assert done.err == (
        "Questions that aren't in this list were submitted for this output: collect the answers "
        f"with the list that has them, or delete {str(submitted_path(output))!r}.\n"
    )
    end(server)
    assert run(cases, "-o", output, *at(server)).code == 0
    assert len(server.batches) == 1
    assert server.files == {}


def test_how_far_it_is_at_the_server_is_shown(
    sample: Assistant,
    server: BatchServer,
    cases: Path,
    output: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []

    def note(state: BatchState) -> None:
        told.append(progress_line(state))

    assistant = Assistant.open(model="openai:test", base_url=server.base_url)
    answer_file(assistant, cases, output, openai_batch=True, progress=note)
    assert any(line == "1 of 4 · done at the server: 3 of 3 · 1 abstained" for line in told), told
    assert "at the server" not in told[-1]
