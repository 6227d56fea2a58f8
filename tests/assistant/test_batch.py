"""Answering a list: in order, each question once, within limits, and nothing is lost."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant import (
    Answer,
    Assistant,
    Library,
    ListedQuestion,
    ModelError,
    QuestionList,
    RowResult,
    SettingsError,
    StorageError,
    answer_rows,
    batch,
    batch_workers,
    source_from_text,
)
from assistant.batch import answer_file, answer_into, answer_list
from assistant.batch_estimate import estimate
from assistant.batch_progress import BatchState
from assistant.batch_run import BatchOptions
from assistant.journal import Journal, identity_of, journal_path
from assistant.models import Message, Reply
from index import Vectors, words
from tests.model_replies import reply
from tests.openai_server import Behaviour, Fail, OpenAIServer, Say

CLAIM = "Trump spoke by phone with Putin on February 12."
WORDS = "February 12, Trump spoke by phone"
FAR = "What is the capital of Australia?"
OFFLINE = (
    "When did Trump and Putin speak by phone?",
    "Which centre does Max Bergman work for?",
    "Why can no elections be held?",
    FAR,
    "Who wrote the article?",
)


def case(number: int) -> str:
    """One of many questions that are put to a model."""
    return f"Case {number}: when did Trump and Putin speak by phone?"


def listed(*questions: str) -> QuestionList:
    rows = tuple(ListedQuestion(n, question) for n, question in enumerate(questions, 1))
    return QuestionList("list.txt", rows)


def cases(count: int) -> QuestionList:
    return listed(*(case(number) for number in range(1, count + 1)))


def lasting(answer: Answer | None) -> dict[str, Any]:
    """The answer without what differs from time to time."""
    assert answer is not None
    return answer.to_dict() | {"timings_ms": None}


def rows_of(output: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.read_text("utf-8").splitlines()]


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "answers.jsonl"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-not-a-key")
    with OpenAIServer() as running:
        running.script(says_when)
        yield running


def says_when(request: dict[str, Any]) -> Behaviour:
    return Say(reply(request, (CLAIM, WORDS)))


@pytest.fixture
def assistant(sample: Assistant, server: OpenAIServer) -> Assistant:
    return Assistant.open(sample.library.path, model="openai:test", base_url=server.base_url)


def asked(server: OpenAIServer) -> Counter[int]:
    """How often each case was put to the model."""
    found = (re.search(r"Case (\d+):", request.prompt) for request in server.requests)
    return Counter(int(each[1]) for each in found if each)


# --- answering -----------------------------------------------------------------------------------


def test_every_row_gets_the_answer_that_ask_gives_in_the_lists_order(
    sample: Assistant, output: Path
) -> None:
    state = answer_into(sample, listed(*OFFLINE), output)
    expected = [lasting(sample.ask(question)) for question in OFFLINE]
    got = rows_of(output)
    assert [row.pop("row") for row in got] == [1, 2, 3, 4, 5]
    assert [row | {"timings_ms": None} for row in got] == expected
    counts = Counter(row["status"] for row in expected)
    assert state.counts == tuple(counts.most_common())
    assert (state.total, state.left, state.failed, state.reason) == (5, 0, 0, None)


def test_processes_give_the_same_answers_as_one_thread(sample: Assistant, tmp_path: Path) -> None:
    questions = listed(*(f"Case {n}: {OFFLINE[n % len(OFFLINE)].lower()}" for n in range(60)))
    for name, width in (("processes", 2), ("thread", 1)):
        state = answer_into(
            sample, questions, tmp_path / f"{name}.jsonl", BatchOptions(concurrency=width)
        )
        assert (state.left, state.failed) == (0, 0)
    one, two = (rows_of(tmp_path / f"{name}.jsonl") for name in ("processes", "thread"))
    assert [row | {"timings_ms": None} for row in one] == [
        row | {"timings_ms": None} for row in two
    ]


def test_processes_are_as_strict_as_the_assistant(sample: Assistant, output: Path) -> None:
    strict = Assistant(sample.library, strictness=1.0)
    questions = listed(*(f"When did Trump and Putin speak by phone, {n}?" for n in range(40)))
    answer_into(strict, questions, output, BatchOptions(concurrency=2))
    assert {row["status"] for row in rows_of(output)} == {"abstained"}


def test_a_file_is_answered_into_a_file(sample: Assistant, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("Frage;id\nWho wrote the article?;a\n;b\n", "utf-8")
    state = answer_file(sample, str(tmp_path / "in.csv"), str(tmp_path / "out.csv"))
    assert (state.total, state.failed) == (2, 1)
    assert "Who wrote the article?" in (tmp_path / "out.csv").read_text("utf-8-sig")


def test_a_row_that_cannot_be_asked_fails_in_its_place(sample: Assistant, output: Path) -> None:
    rows = listed("", OFFLINE[0], "???").rows
    questions = QuestionList("list", (replace(rows[0], fault="It is empty: write it."), *rows[1:]))
    state = answer_into(sample, questions, output)
    first, second, third = rows_of(output)
    assert first["error"] == "It is empty: write it."
    assert second["status"] in ("answered", "disputed")
    assert "has no words" in third["error"]
    assert state.failed == 2
    assert state.failures == ((1, first["error"]), (3, third["error"]))


def test_a_question_that_stands_in_several_rows_is_asked_once(
    assistant: Assistant, server: OpenAIServer, output: Path
) -> None:
    state = answer_into(assistant, listed(case(1), case(2), case(1), case(1)), output)
    assert asked(server) == {1: 1, 2: 1}
    assert [row["question"] for row in rows_of(output)] == [case(1), case(2), case(1), case(1)]
    assert (state.counts, state.left) == ((("answered", 4),), 0)


def test_sources_and_history_of_a_row_are_heeded(sample: Assistant, output: Path) -> None:
    follow_up = ListedQuestion(
        1,
        "And how did he answer?",
        sources=("whats-at-stake",),
        history=(("user", "What did Trump accuse Zelensky of?"), ("assistant", "A dictator.")),
    )
    answer_into(sample, QuestionList("list", (follow_up,)), output)
    [result] = answer_rows(sample, [follow_up])
    [row] = rows_of(output)
    assert row["standalone_question"] == result.answer.standalone_question  # type: ignore[union-attr]
    assert {each["source_id"] for each in row["citations"]} == {"whats-at-stake"}


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".md", ".jsonl", ".html"])
def test_each_form_of_output_is_written(sample: Assistant, tmp_path: Path, ending: str) -> None:
    output = tmp_path / f"answers{ending}"
    answer_into(sample, listed(FAR), output)
    assert output.stat().st_size > 100


# --- going on ------------------------------------------------------------------------------------


def test_what_is_finished_is_not_asked_again(
    assistant: Assistant, server: OpenAIServer, output: Path
) -> None:
    answer_into(assistant, cases(3), output)
    before = output.read_bytes()
    output.unlink()
    state = answer_into(assistant, cases(5), output)
    assert asked(server) == dict.fromkeys(range(1, 6), 1)
    assert (state.kept, state.left) == (3, 0)
    assert output.read_bytes().startswith(before)


def test_restarting_asks_all_again(
    assistant: Assistant, server: OpenAIServer, output: Path
) -> None:
    answer_into(assistant, cases(2), output)
    answer_into(assistant, cases(2), output, restart=True)
    assert asked(server) == {1: 2, 2: 2}


def test_a_failure_stops_nothing_and_is_asked_again_on_demand_only(
    assistant: Assistant, server: OpenAIServer, output: Path
) -> None:
    broken = {2, 4}

    def model(request: dict[str, Any]) -> Behaviour:
        number = int(re.search(r"Case (\d+):", request["messages"][-1]["content"])[1])  # type: ignore[index]
        return Fail(400) if number in broken else says_when(request)

    server.script(model)
    state = answer_into(assistant, cases(5), output)
    assert state.counts == (("answered", 3), ("failed", 2))
    assert [("error" in row) for row in rows_of(output)] == [False, True, False, True, False]
    assert "scripted failure 400" in rows_of(output)[1]["error"]

    broken.clear()
    before = asked(server)
    again = answer_into(assistant, cases(5), output)
    assert asked(server) == before
    assert (again.failed, again.left) == (2, 0)
    assert "scripted failure 400" in again.failures[0][1]

    mended = answer_into(assistant, cases(5), output, BatchOptions(retry_failed=True))
    assert asked(server) - before == {2: 1, 4: 1}
    assert mended.counts == (("answered", 5),)
    assert not any("error" in row for row in rows_of(output))


class BrokenModel:
    """A model of somebody's own, with a bug."""

    name = "broken"
    takes_schema = False

    def reply(self, messages: Sequence[Message], *, max_tokens: int, schema: Any = None) -> Reply:
        raise ZeroDivisionError("in the model")


def test_what_fails_unexpectedly_is_a_failure_of_its_row_and_logged(
    sample: Assistant, output: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = Assistant.open(sample.library.path, model=BrokenModel())
    with caplog.at_level(logging.ERROR):
        state = answer_into(broken, listed(case(1), FAR), output)
    assert dict(state.counts) == {"failed": 1, "abstained": 1}
    assert state.failures == ((1, "The question failed unexpectedly: ZeroDivisionError."),)
    assert "in the model" in caplog.text


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"model": "openai:other"}, "model: 'openai:test', now 'openai:other'"),
        ({"model": "extractive"}, "model: 'openai:test', now 'extractive'"),
        ({"max_tokens": 99}, "max_tokens: 1000, now 99"),
    ],
)
def test_another_model_or_limit_is_noticed(
    assistant: Assistant, output: Path, changed: dict[str, Any], says: str
) -> None:
    answer_into(assistant, cases(1), output)
    other = Assistant.open(assistant.library.path, **({"model": "openai:test"} | changed))
    with pytest.raises(SettingsError, match=re.escape(says)):
        answer_into(other, cases(1), output)


def test_a_changed_library_is_noticed_before_and_while_questions_are_asked(
    own_library: Callable[[dict[str, str]], Library], output: Path
) -> None:
    library = own_library({"sea": "The sea of Varna is green in spring."})
    assistant = Assistant.open(library.path)

    def change(state: BatchState) -> None:
        if len(library.content()) == 1:
            library.add([source_from_text("The sky of Varna is blue.", id="sky")])

    questions = listed("Which colour has the sea of Varna?", "Which colour has the sky of Varna?")
    state = answer_into(assistant, questions, output, progress=change)
    assert [note for note in state.notes if note.startswith("The library was changed while")]
    with pytest.raises(SettingsError, match="the library's texts, which have changed since"):
        answer_into(assistant, questions, output)
    assert answer_into(assistant, questions, output, restart=True).notes == ()


@pytest.mark.parametrize(
    ("true", "false"),
    [
        pytest.param('"quote":"', '"quote":"Not ', id="a quote"),
        pytest.param('"paragraph":', '"paragraph":1', id="a paragraph"),
        pytest.param('"citations":[1]', '"citations":[7]', id="a citation's number"),
        pytest.param('"source_id":"', '"source_id":"x', id="a source"),
        pytest.param('"question":"', '"question":"Not ', id="the question"),
        pytest.param('"claims":[{"text":"', '"claims":[{"text":"Not ', id="a statement"),
    ],
)
def test_an_answer_that_was_altered_in_the_journal_is_asked_for_again(
    assistant: Assistant, server: OpenAIServer, output: Path, true: str, false: str
) -> None:
    answer_into(assistant, cases(2), output, BatchOptions(concurrency=1))
    right = output.read_bytes()
    path = journal_path(output)
    head, first, second = path.read_text("utf-8").splitlines(keepends=True)
    altered = first.replace(true.replace(":", ": "), false.replace(":", ": "))
    assert altered != first
    path.write_text(head + altered + second, "utf-8")
    state = answer_into(assistant, cases(2), output)
    assert asked(server) == {1: 2, 2: 1}
    assert [note for note in state.notes if note.startswith("1 answer in the journal can't be")]
    assert [lasting(Answer.from_dict(row)) for row in rows_of(output)] == [
        lasting(Answer.from_dict(json.loads(line))) for line in right.splitlines()
    ]


# --- limits --------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1, 3])
def test_no_more_questions_than_allowed_are_asked_at_a_time(
    assistant: Assistant, server: OpenAIServer, output: Path, width: int
) -> None:
    running, most, lock = 0, 0, threading.Lock()

    def slowly(request: dict[str, Any]) -> Behaviour:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.1)
        with lock:
            running -= 1
        return says_when(request)

    server.script(slowly)
    answer_into(assistant, cases(8), output, BatchOptions(concurrency=width))
    assert most == width


def test_the_rate_is_kept(assistant: Assistant, server: OpenAIServer, output: Path) -> None:
    answer_into(assistant, cases(1), output)  # loads what is loaded once
    start = time.monotonic()
    answer_into(assistant, cases(5), output, BatchOptions(rate=240))
    times = [request.time - start for request in server.requests[1:]]
    assert len(times) == 4  # the first question was answered before
    assert all(at >= 0.25 * number for number, at in enumerate(sorted(times)))


@pytest.fixture
def priced(
    sample: Assistant, server: OpenAIServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Assistant:
    """A model of which a written token costs a dollar."""
    prices = tmp_path / "prices.toml"
    prices.write_text('[models."openai:test"]\ninput = 0.0\noutput = 1000000.0\n', "utf-8")
    monkeypatch.setenv("PINCITE_PRICES", str(prices))
    return Assistant.open(sample.library.path, model="openai:test", base_url=server.base_url)


def test_the_limit_on_the_cost_holds_for_all_runs_together(
    priced: Assistant, server: OpenAIServer, output: Path
) -> None:
    each = answer_into(priced, cases(1), output).cost_usd
    assert each is not None
    assert each > 0
    limited = BatchOptions(concurrency=1, max_cost=each * 2.5)
    state = answer_into(priced, cases(6), output, limited)
    assert asked(server) == {1: 1, 2: 1, 3: 1}
    assert state.left == 3
    assert state.cost_usd == pytest.approx(each * 3)
    assert state.reason == f"The limit of {each * 2.5:g} USD for the whole list is reached."
    assert len(rows_of(output)) == 3

    assert answer_into(priced, cases(6), output, limited).left == 3
    assert len(server.requests) == 3
    assert answer_into(priced, cases(6), output).left == 0
    assert asked(server) == dict.fromkeys(range(1, 7), 1)


def test_the_limit_on_written_tokens_holds_for_all_runs_together(
    assistant: Assistant, server: OpenAIServer, output: Path
) -> None:
    each = answer_into(assistant, cases(1), output).completion_tokens
    limited = BatchOptions(concurrency=1, max_tokens=each + 1)
    state = answer_into(assistant, cases(6), output, limited)
    assert asked(server) == {1: 1, 2: 1}
    assert state.left == 4
    assert state.reason == (f"The limit of {each + 1} written tokens for the list is reached.")


def test_what_runs_when_a_limit_is_reached_is_finished_and_kept(
    priced: Assistant, server: OpenAIServer, output: Path
) -> None:
    state = answer_into(priced, cases(20), output, BatchOptions(concurrency=4, max_cost=0.5))
    assert 1 <= len(server.requests) <= 7
    assert state.counts == (("answered", len(server.requests)),)
    assert len(rows_of(output)) == len(server.requests)


def test_a_cost_that_is_not_known_cannot_be_limited(
    assistant: Assistant, server: OpenAIServer, output: Path
) -> None:
    with pytest.raises(SettingsError, match="'openai:test' can't be limited"):
        answer_into(assistant, cases(1), output, BatchOptions(max_cost=1))
    assert server.requests == []


@pytest.mark.parametrize("name", ["concurrency", "rate", "max_cost", "max_tokens"])
@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_options_that_make_no_sense_are_refused(name: str, value: float) -> None:
    with pytest.raises(SettingsError, match=f"^{name} is wrong: it must be more than 0, not"):
        BatchOptions(**{name: value})  # type: ignore[arg-type]


# --- stopping ------------------------------------------------------------------------------------


def test_once_stopped_what_runs_is_finished_and_nothing_more_is_asked(
    assistant: Assistant, server: OpenAIServer, output: Path
) -> None:
    stop = threading.Event()

    def stops(request: dict[str, Any]) -> Behaviour:
        if len(server.requests) >= 5:
            stop.set()
        time.sleep(0.05)
        return says_when(request)

    server.script(stops)
    state = answer_into(assistant, cases(40), output, BatchOptions(concurrency=3), stop=stop)
    done = len(server.requests)
    assert 5 <= done <= 8
    assert (state.left, state.reason) == (40 - done, "It was stopped.")
    assert len(rows_of(output)) == done
    server.script(says_when)
    assert answer_into(assistant, cases(40), output).left == 0
    assert set(asked(server).values()) == {1}


def test_an_interruption_loses_nothing_that_runs(
    assistant: Assistant, server: OpenAIServer, output: Path
) -> None:
    def interrupt(state: BatchState) -> None:
        if state.left < 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        answer_into(assistant, cases(20), output, BatchOptions(concurrency=3), progress=interrupt)
    assert len(rows_of(output)) == len(server.requests) < 20
    answer_into(assistant, cases(20), output)
    assert asked(server) == dict.fromkeys(range(1, 21), 1)


# --- progress ------------------------------------------------------------------------------------


def test_progress_adds_up_and_ends_with_everything_done(assistant: Assistant, output: Path) -> None:
    told: list[BatchState] = []
    answer_into(assistant, listed(case(1), FAR, case(2), case(1)), output, progress=told.append)
    for state in told:
        assert sum(count for _, count in state.counts) + state.left == state.total == 4
    assert [state.left for state in told] == sorted((s.left for s in told), reverse=True)
    last = told[-1]
    assert (last.left, last.left_to_ask) == (0, 0)
    assert dict(last.counts) == {"answered": 3, "abstained": 1}
    assert last.rate is not None
    assert last.completion_tokens > 0


def test_the_output_is_whole_at_any_moment(
    assistant: Assistant, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "SAVE_SECONDS", 0.0)
    monkeypatch.setattr(batch, "SAVE_SHARE", 0)
    seen: list[int] = []

    def look(state: BatchState) -> None:
        numbers = [row["row"] for row in rows_of(output)]
        assert numbers == sorted(set(numbers))
        seen.append(len(numbers))

    answer_into(assistant, cases(6), output, BatchOptions(concurrency=1), progress=look)
    assert seen == sorted(seen)
    assert {1, 2, 3, 4, 5, 6} <= set(seen)


def test_an_output_that_cannot_be_written_is_told_before_anything_is_asked(
    assistant: Assistant, server: OpenAIServer, tmp_path: Path
) -> None:
    with pytest.raises(StorageError):
        answer_into(assistant, cases(1), tmp_path / "nowhere" / "answers.csv")
    (tmp_path / "in.txt").write_text(case(1), "utf-8")
    with pytest.raises(SettingsError):
        answer_file(assistant, tmp_path / "in.txt", tmp_path / "in.txt")
    assert server.requests == []


# --- worker processes ----------------------------------------------------------------------------


def children() -> set[int]:
    found: set[int] = set()
    for task in Path(f"/proc/{os.getpid()}/task").iterdir():
        with suppress(FileNotFoundError):  # a thread that has ended meanwhile
            found.update(map(int, (task / "children").read_text().split()))
    return found


def test_rows_of_a_killed_process_are_asked_again_in_a_new_one(
    sample: Assistant, output: Path
) -> None:
    before, killed = children(), []

    def kill(state: BatchState) -> None:
        if state.left < 50 and not killed:
            killed.append(min(children() - before))
            os.kill(killed[0], signal.SIGKILL)

    questions = listed(*(f"{FAR} ({n})" for n in range(60)))
    state = answer_into(sample, questions, output, BatchOptions(concurrency=2), progress=kill)
    assert killed
    assert (state.left, state.failed) == (0, 0)
    assert [row["row"] for row in rows_of(output)] == list(range(1, 61))
    assert children() == before


FATAL = """
import os, sys
from assistant import batch_workers
read = batch_workers._row
def fatal(asked):
    if "fatal" in asked["question"]:
        os._exit(9)
    return read(asked)
batch_workers._row = fatal
batch_workers.main()
"""


def test_a_row_that_ends_every_process_fails_and_the_others_are_answered(
    sample: Assistant, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_workers, "_COMMAND", FATAL)
    asked = [f"{FAR} ({n})" for n in range(60)]
    questions = listed(*asked[:20], "fatal?", *asked[20:])
    state = answer_into(sample, questions, output, BatchOptions(concurrency=2))
    assert (state.left, state.failed) == (0, 1)
    assert "Two processes ended while they answered it" in rows_of(output)[20]["error"]


def test_processes_that_cannot_be_started_are_one_sentence(
    sample: Assistant, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_workers, "_COMMAND", "raise SystemExit(1)")
    questions = listed(*(f"{FAR} ({n})" for n in range(60)))
    with pytest.raises(StorageError, match="--concurrency 1"):
        answer_into(sample, questions, output, BatchOptions(concurrency=2))
    assert answer_into(sample, questions, output, BatchOptions(concurrency=1)).left == 0


class WordEmbedder:
    """An embedding given as an object, which no other process can have: hashed bags of words."""

    name = identity = "words"
    dimensions = 64

    def embed_question(self, text: str) -> Vectors:
        return self.embed_questions([text])[0]

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self._vector(text) for text in texts])

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return self.embed_questions(texts)

    def _vector(self, text: str) -> Vectors:
        vector = np.full(self.dimensions, 0.01, dtype=np.float32)
        for word in words(text):
            vector[hashlib.sha256(word.encode()).digest()[0] % self.dimensions] += 1
        return vector / np.linalg.norm(vector)  # type: ignore[no-any-return]


def test_a_library_with_an_embedding_of_ones_own_is_asked_in_this_process(
    tmp_path: Path, output: Path
) -> None:
    before: set[int] = children()
    seen: set[int] = set()
    with Library.create(tmp_path / "library", embedding=WordEmbedder()) as library:
        library.add([source_from_text("The harbour of Varna reopened in May.", id="one")])
        state = answer_into(
            Assistant(library),
            listed(*(f"When did the harbour of Varna reopen ({n})?" for n in range(60))),
            output,
            BatchOptions(concurrency=2),
            progress=lambda state: seen.update(children()),
        )
    assert (state.left, state.failed) == (0, 0)
    assert seen <= before


# --- another way of getting answers --------------------------------------------------------------


def test_what_another_way_has_no_answer_for_is_asked_directly(
    assistant: Assistant, server: OpenAIServer, tmp_path: Path
) -> None:
    ready = assistant.ask(case(1))
    given: list[int] = []
    steps: list[str] = []

    def first(rows: Sequence[ListedQuestion], tell: Callable[[str], None]) -> Iterator[RowResult]:
        given.extend(row.number for row in rows)
        tell("thinking")
        yield RowResult(rows[0], ready, None)
        yield RowResult(rows[1], None, "It expired: ask it again.")

    questions = listed(case(1), case(2), case(3), case(3))
    path = journal_path(tmp_path / "answers.jsonl")
    with Journal.open(path, identity_of(assistant)) as journal:
        state = answer_list(
            assistant, questions, journal, progress=lambda s: steps.append(s.step), first=first
        )
        results = list(journal.results(questions.rows))
    assert given == [1, 2, 3]
    assert steps[:3] == ["thinking"] * 3
    assert not any(steps[3:])
    assert [each.status for each in results] == ["answered", "failed", "answered", "answered"]
    assert results[0].answer == ready
    assert asked(server) == {1: 1, 3: 1}
    assert state.left == 0


def test_what_another_way_got_before_it_failed_is_kept(
    assistant: Assistant, tmp_path: Path
) -> None:
    ready = assistant.ask(case(1))

    def first(rows: Sequence[ListedQuestion], tell: Callable[[str], None]) -> Iterator[RowResult]:
        yield RowResult(rows[0], ready, None)
        raise ModelError("The server refuses.")

    path = journal_path(tmp_path / "answers.jsonl")
    with Journal.open(path, identity_of(assistant)) as journal:
        with pytest.raises(ModelError):
            answer_list(assistant, cases(2), journal, first=first)
        assert [journal.has(row) for row in cases(2).rows] == [True, False]


# --- estimating ----------------------------------------------------------------------------------


def test_an_estimate_asks_no_model_and_counts_what_would_be_asked(
    priced: Assistant, server: OpenAIServer
) -> None:
    questions = listed(case(1), case(2), case(1), FAR, "???")
    found = estimate(priced, questions)
    assert server.requests == []
    assert (found.rows, found.different, found.tried) == (5, 4, 4)
    assert (found.answerable, found.requests) == (2, 2)
    assert found.cost_prompts == 0
    assert found.cost_most == found.reply_tokens == 2 * 1000
    assert found.seconds is None
    priced.ask(case(1))
    [request] = server.requests
    assert found.prompt_tokens / 2 == pytest.approx(len(request.prompt) / 4, rel=0.3)


def test_an_estimate_of_a_long_list_is_scaled_up_from_a_sample(sample: Assistant) -> None:
    questions = listed(*(case(n) if n % 2 else f"{FAR} ({n})" for n in range(1000)))
    found = estimate(sample, questions)
    assert (found.different, found.tried) == (1000, 200)
    assert 300 <= found.answerable <= 700
    assert (found.requests, found.cost_prompts, found.cost_most) == (0, None, None)
    assert found.seconds is not None
    assert 1 < found.seconds < 600
