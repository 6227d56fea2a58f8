"""`pincite batch`: exit codes, what it tells, Ctrl-C, and that nothing but files is written."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant import Assistant, cli_batch
from assistant.journal import journal_path
from tests.assistant.batch_command import ROOT, Done, Run, environment, runner, started, until
from tests.batch_kills import CLAIM, WORDS, case, number_of
from tests.model_replies import reply
from tests.openai_server import Behaviour, Fail, Hang, OpenAIServer, Say

FAR = "What is the capital of Australia?"
NEAR = "When did Trump and Putin speak by phone?"


@pytest.fixture
def run(
    sample: Assistant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Runs `pincite batch` in this process; the sample library is built already."""
    return runner(monkeypatch, capsys)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-not-a-key")
    with OpenAIServer() as running:
        running.script(says_when)
        yield running


def says_when(request: dict[str, Any]) -> Behaviour:
    return Say(reply(request, (CLAIM, WORDS)))


def at(server: OpenAIServer) -> tuple[str, ...]:
    return ("--model", "openai:test", "--base-url", server.base_url)


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "questions.txt"
    path.write_text(f"{NEAR}\n{FAR}\n", "utf-8")
    return path


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "answers.jsonl"


def cases(tmp_path: Path, count: int) -> Path:
    path = tmp_path / "cases.txt"
    path.write_text("".join(f"{case(n)}\n" for n in range(1, count + 1)), "utf-8")
    return path


def rows_of(output: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.read_text("utf-8").splitlines()]


# --- the whole way -------------------------------------------------------------------------------


def test_a_list_is_answered_and_told_of(run: Run, questions: Path, output: Path) -> None:
    done = run(questions, "-o", output)
    assert done.code == 0
    summary, where = done.out.splitlines()
    assert re.fullmatch(r"2 questions: 1 answered, 1 abstained · \d+ s", summary)
    assert where == f"The answers are in {str(output)!r}."
    assert done.err == ""
    assert [row["question"] for row in rows_of(output)] == [NEAR, FAR]


def test_questions_are_read_from_stdin(run: Run, output: Path) -> None:
    done = run("-", "--output", output, stdin=f"id,Frage\na,{NEAR}\n".encode())
    assert done.code == 0
    assert done.err == "The questions are those in the column 'Frage'.\n"
    assert rows_of(output)[0]["row_id"] == "a"


def test_the_column_of_the_questions_can_be_named(run: Run, tmp_path: Path, output: Path) -> None:
    (tmp_path / "in.csv").write_text(f"query,prompt\n{FAR},{NEAR}\n", "utf-8")
    assert run(tmp_path / "in.csv", "-o", output).code == 2
    assert run(tmp_path / "in.csv", "-o", output, "--question-column", "prompt").code == 0
    assert rows_of(output)[0]["question"] == NEAR


def test_nothing_is_printed_when_quiet(run: Run, questions: Path, output: Path) -> None:
    assert run(questions, "-o", output, "--quiet") == Done(0, "", "")


def test_what_a_model_costs_is_told(
    run: Run,
    server: OpenAIServer,
    tmp_path: Path,
    output: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text('[models."openai:test"]\ninput = 0.0\noutput = 1000000.0\n', "utf-8")
    monkeypatch.setenv("PINCITE_PRICES", str(prices))
    source = cases(tmp_path, 5)
    done = run(source, "-o", output, *at(server), "--max-cost", "1", "--concurrency", "1")
    assert done.code == 4
    assert re.match(r"5 questions: 1 answered, 4 left · \$\d+\.\d\d · ", done.out)
    assert done.err == (
        "The limit of 1 USD for the whole list is reached. The same command goes on from there "
        f"({str(journal_path(output))!r} has the answers).\n"
    )
    assert run(source, "-o", output, *at(server)).code == 0
    assert len(server.requests) == 5


# --- failures ------------------------------------------------------------------------------------


def test_failed_rows_exit_with_4_and_their_reasons(
    run: Run, server: OpenAIServer, tmp_path: Path, output: Path
) -> None:
    server.script(lambda request: Fail(400) if "Case 2:" in str(request) else says_when(request))
    source = cases(tmp_path, 3)
    done = run(source, "-o", output, *at(server))
    assert done.code == 4
    assert done.out.startswith("3 questions: 2 answered, 1 failed · ")
    first, second = done.err.splitlines()
    assert first == "1 failed; --retry-failed asks again what may work now:"
    assert second.startswith("row 2: ")
    assert "scripted failure 400" in second
    server.script(says_when)
    assert run(source, "-o", output, *at(server), "--retry-failed").code == 0
    assert len(server.requests) == 4


def test_source_text_and_questions_cannot_act_on_the_terminal(
    run: Run, tmp_path: Path, output: Path
) -> None:
    data = {"question": NEAR, "sources": ["\x1b[31mred\u202e"]}
    (tmp_path / "in.jsonl").write_text(json.dumps(data), "utf-8")
    done = run(tmp_path / "in.jsonl", "-o", output)
    assert done.code == 4
    assert "red" in done.err
    assert "\x1b" not in done.err
    assert "\u202e" not in done.err


NOWHERE = ("--model", "openai:none", "--base-url", "http://localhost:1")
USAGE_ERRORS = [
    pytest.param(["{in}"], "There is no output: name a file for the answers with -o.", id="no -o"),
    pytest.param(["{csv}", "-o", "{csv}"], "is the list of questions itself", id="same file"),
    pytest.param(["{in}", "-o", "answers.doc"], "name the output so.", id="unknown ending"),
    pytest.param(["nowhere.txt", "-o", "{out}"], "There is no file 'nowhere.txt'", id="no input"),
    pytest.param(["{in}", "-o", "{out}", "--rate", "0"], "rate is wrong", id="no rate"),
    pytest.param(["{in}", "-o", "{out}", "--concurrency", "-1"], "concurrency is wrong", id="none"),
    pytest.param(
        ["{in}", "-o", "{out}", "--max-cost", "1", *NOWHERE],
        "The cost of 'openai:none' can't be limited",
        id="limit on an unknown cost",
    ),
]


@pytest.mark.parametrize(("arguments", "says"), USAGE_ERRORS)
def test_wrong_usage_exits_with_2_and_says_what_to_do(
    run: Run, questions: Path, output: Path, arguments: list[str], says: str
) -> None:
    (questions.parent / "list.csv").write_text(f"question\n{FAR}\n", "utf-8")
    paths = {"{in}": questions, "{csv}": questions.parent / "list.csv", "{out}": output}
    done = run(*(paths.get(each, each) for each in arguments))
    assert done.code == 2
    assert done.err.startswith("pincite: ")
    assert says in done.err
    assert not output.exists()


def test_an_output_folder_that_is_not_there_exits_with_1(run: Run, questions: Path) -> None:
    done = run(questions, "-o", questions.parent / "nowhere" / "answers.csv")
    assert done.code == 1
    assert "There is no folder" in done.err


def test_a_changed_model_exits_with_2_and_restart_begins_anew(
    run: Run, server: OpenAIServer, questions: Path, output: Path
) -> None:
    assert run(questions, "-o", output).code == 0
    done = run(questions, "-o", output, *at(server))
    assert done.code == 2
    assert "model: 'extractive', now 'openai:test'" in done.err
    assert run(questions, "-o", output, *at(server), "--restart").code == 0
    assert journal_path(output).with_name(f"{output.name}.journal.old").is_file()


# --- a dry run -----------------------------------------------------------------------------------


def test_a_dry_run_asks_no_model_writes_nothing_and_tells_what_it_would_take(
    run: Run, server: OpenAIServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "in.txt"
    source.write_text(f"{case(1)}\n{case(1)}\n{case(2)}\n{FAR}\n", "utf-8")
    before = set(tmp_path.iterdir())
    unpriced = run(source, "--dry-run", *at(server))
    assert unpriced.code == 0
    first, second, third = unpriced.out.splitlines()
    assert first == "4 questions, 3 different."
    assert second == "The sources probably answer 2 of them."
    assert re.fullmatch(
        r"About 2 requests to openai:test, with [\d,]+ tokens of prompts: "
        r"what that costs isn't known\.",
        third,
    )
    prices = tmp_path / "prices.toml"
    prices.write_text('[models."openai:test"]\ninput = 1.0\noutput = 2.0\n', "utf-8")
    monkeypatch.setenv("PINCITE_PRICES", str(prices))
    priced = run(source, "--dry-run", "-o", tmp_path / "out.csv", *at(server))
    assert re.search(
        r"\$0\.00\d+ without the replies, and at most \$0\.00\d+ with replies of 2,000 tokens\.$",
        priced.out,
        re.MULTILINE,
    )
    assert set(tmp_path.iterdir()) - {prices} == before
    assert server.requests == []


def test_a_dry_run_without_a_model_tells_the_time(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text(f"question,id\n{NEAR},a\n,b\n", "utf-8")
    done = run(source, "--dry-run")
    assert done.code == 0
    assert done.out.splitlines()[1] == (
        "1 row can't be asked; row 2: The row has no question: write one."
    )
    assert re.fullmatch(r"That takes about \d+ s\.", done.out.splitlines()[-1])


# --- in processes of its own ---------------------------------------------------------------------


def test_ctrl_c_finishes_what_runs_saves_and_says_how_to_go_on(
    sample: Assistant, server: OpenAIServer, tmp_path: Path, output: Path
) -> None:
    def slowly(request: dict[str, Any]) -> Behaviour:
        time.sleep(0.3)
        return says_when(request)

    server.script(slowly)
    command = (cases(tmp_path, 40), "-o", output, *at(server))
    process = started(*command)
    until(lambda: len(server.requests) >= 6)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    done = len(server.requests)
    assert process.returncode == 130
    assert err.splitlines() == [
        "Finishing what runs; Ctrl-C again ends at once.",
        "It was stopped. The same command goes on from there "
        f"({str(journal_path(output))!r} has the answers).",
    ]
    assert out.startswith(f"40 questions: {done} answered, {40 - done} left · ")
    assert server.disconnects == 0
    assert len(rows_of(output)) == done < 20

    server.script(says_when)
    process = started(*command)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert [row["row"] for row in rows_of(output)] == list(range(1, 41))
    assert sorted(map(number_of, server.requests)) == list(range(1, 41))


def test_ctrl_c_finishes_what_worker_processes_do(
    sample: Assistant, tmp_path: Path, output: Path
) -> None:
    source = tmp_path / "in.txt"
    source.write_text("".join(f"{FAR} ({n})\n" for n in range(2_000)), "utf-8")
    process = started(source, "-o", output, "--concurrency", "2")
    journal = journal_path(output)
    until(lambda: journal.exists() and journal.stat().st_size > 20_000)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert [row["row"] for row in rows_of(output)] == list(range(1, len(rows_of(output)) + 1))
    assert " failed" not in out
    assert 0 < len(rows_of(output)) < 2_000


def test_a_second_ctrl_c_ends_at_once(
    sample: Assistant, server: OpenAIServer, tmp_path: Path, output: Path
) -> None:
    server.script(says_when, Hang())
    process = started(cases(tmp_path, 10), "-o", output, *at(server), "--concurrency", "2")
    until(lambda: len(server.requests) >= 3)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert process.stderr.readline().startswith("Finishing what runs")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=10)
    assert process.returncode == 130
    assert err == "pincite: interrupted; what was finished is kept.\n"
    assert len(journal_path(output).read_bytes().splitlines()) == 2


def test_two_runs_at_once_are_refused(
    sample: Assistant, server: OpenAIServer, run: Run, tmp_path: Path, output: Path
) -> None:
    server.script(Hang())
    source = cases(tmp_path, 3)
    process = started(source, "-o", output, *at(server))
    try:
        until(lambda: len(server.requests) >= 1)
        done = run(source, "-o", output, *at(server))
    finally:
        process.kill()
        process.communicate()
    assert done.code == 2
    assert done.err.startswith("pincite: Another run is using ")


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
sys.argv = ["pincite", *sys.argv[1:]]
from assistant.cli import main
main()
"""


def test_a_full_disk_is_one_sentence_and_the_same_command_goes_on(
    sample: Assistant, run: Run, tmp_path: Path, output: Path
) -> None:
    source = tmp_path / "in.txt"
    source.write_text("".join(f"{FAR} ({n})\n" for n in range(30)), "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, "batch", str(source), "-o", str(output)],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert re.fullmatch(r"pincite: The disk is full, so .*: free some space.*\.\n", done.stderr)
    kept = len(journal_path(output).read_bytes().splitlines()) - 1
    assert 0 < kept < 30
    assert run(source, "-o", output).code == 0
    assert len(rows_of(output)) == 30


def test_where_nobody_watches_a_line_tells_now_and_then_how_far_it_is(
    run: Run, questions: Path, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli_batch, "LOG_SECONDS", 0.0)
    lines = run(questions, "-o", output).err.splitlines()
    assert re.fullmatch(r"2 of 2 · [\d.]+ a second · 1 answered, 1 abstained", lines[-1])


def test_a_terminal_shows_a_bar_that_leaves_no_trace(
    sample: Assistant, server: OpenAIServer, tmp_path: Path, output: Path
) -> None:
    def slowly(request: dict[str, Any]) -> Behaviour:
        time.sleep(0.2)
        return says_when(request)

    server.script(slowly)
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "assistant", "batch", str(cases(tmp_path, 12))]
    process = subprocess.Popen(
        [*command, "-o", str(output), *at(server)],
        cwd=ROOT,
        env=environment(TERM="xterm-256color", COLUMNS="200"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=terminal,
    )
    os.close(terminal)
    shown = b""
    while True:
        try:
            chunk = os.read(controller, 65536)
        except OSError:  # Linux's way to say that the other side was closed
            break
        shown += chunk
    os.close(controller)
    assert process.wait() == 0, shown.decode()
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert re.search(r"\d+ of 12 · [\d.]+ a (second|minute) · \d+ s left · \d+ answered", text)
