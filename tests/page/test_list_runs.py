"""Lists that are answered in the background: what is kept, where, and until when."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import gradio as gr
import pytest
from gradio.state_holder import StateHolder

from assistant import (
    Assistant,
    BatchState,
    ListedQuestion,
    QuestionList,
    RowResult,
)
from assistant.journal import identity_of
from index import Library, source_from_text
from page import list_runs
from page.blocks import build_page
from page.list_answers import ListAnswers
from page.list_runs import CHANGED, ListRun, progress_line
from page.question_lists import results_file
from tests.page.lists import WAIT_SECONDS, Held, Told, finish, listed, stop_at

CALL = "When did Trump and Putin speak by phone?"
DISPUTED = "Which centre does Max Bergman work for?"
FAR = "What is the capital of Australia?"
NO_WORDS = "???"
BELL = "The bell of Rila weighs nine tons."
MILL = "The mill of Osk was built in 1911."
AWAY = "It is away."
OLD_MILL = "When was the mill of Osk built?"
OLD_BELL = "How much does the bell of Rila weigh?"


def numbers(run: ListRun) -> list[int]:
    return [result.row.number for result in run.results()]


def statuses(run: ListRun) -> list[str]:
    return [result.status for result in run.results()]


@pytest.fixture
def held(sample: Assistant) -> Held:
    return Held(sample)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Assistant]:
    """Over a library that can be changed."""
    with Library.create(tmp_path / "library") as library:
        library.add([source_from_text(BELL, id="bell")])
        yield Assistant(library)


# --- answering -----------------------------------------------------------------------------------


def test_a_stopped_run_keeps_what_runs_and_goes_on_after_it(held: Held, tmp_path: Path) -> None:
    questions = [CALL, FAR, NO_WORDS, DISPUTED, OLD_MILL]
    run = ListRun(held, listed(*questions), tmp_path)
    stop_at(held, run, 2)
    assert numbers(run) == [1, 2]
    assert (run.done, run.finished, run.busy) == (2, False, False)
    kept = list(run.results())
    held.let(3)
    finish(run)
    assert list(run.results())[:2] == kept
    assert numbers(run) == [1, 2, 3, 4, 5]
    assert held.asked == questions
    assert run.finished


def test_one_that_is_stopped_at_once_can_be_resumed(held: Held, tmp_path: Path) -> None:
    run = ListRun(held, listed(FAR, CALL), tmp_path)
    run.go_on().close()
    assert run.state is None
    going = run.go_on(every=0)
    next(going)
    going.close()
    held.let(2)
    assert run.wait(WAIT_SECONDS)
    finish(run)
    assert numbers(run) == [1, 2]


def test_a_finished_run_answers_nothing_again(sample: Assistant, tmp_path: Path) -> None:
    told = Told(sample, {FAR: AWAY})
    run = finish(ListRun(told, listed(CALL, FAR), tmp_path))
    kept = list(run.results())
    finish(run)
    assert list(run.results()) == kept
    assert told.asked == [CALL, FAR]


def test_a_question_that_stands_twice_is_asked_once(sample: Assistant, tmp_path: Path) -> None:
    told = Told(sample)
    run = finish(ListRun(told, listed(FAR, CALL, FAR), tmp_path))
    assert told.asked == [FAR, CALL]
    assert statuses(run) == ["abstained", "answered", "abstained"]
    assert run.last(10, lambda result: result.row.number) == [1, 2, 3]


def test_a_run_tells_how_far_it_is_only_now_and_then(sample: Assistant, tmp_path: Path) -> None:
    run = ListRun(sample, listed(FAR, CALL), tmp_path)
    assert len(list(run.go_on(every=3600))) == 1
    assert run.done == 2


def test_a_list_is_not_answered_twice_at_the_same_time(held: Held, tmp_path: Path) -> None:
    run = ListRun(held, listed(FAR, CALL), tmp_path)
    with closing(run.go_on(every=0)) as first:
        next(first)
        assert list(run.go_on(every=0)) == []
        assert run.busy
    held.let(2)
    assert run.wait(WAIT_SECONDS)
    assert len(held.asked) == len(set(held.asked))


def test_waiting_ends_when_the_run_has_come_to_rest(held: Held, tmp_path: Path) -> None:
    run = ListRun(held, listed(FAR, CALL), tmp_path)
    assert run.wait(0)
    with closing(run.go_on(every=0)) as going:
        while not held.asked:
            next(going)
    assert not run.wait(0.1)
    held.let()
    assert run.wait(WAIT_SECONDS)
    assert numbers(run) == [1]


def test_many_rows_are_answered_by_processes(sample: Assistant, tmp_path: Path) -> None:
    told = Told(sample)
    run = finish(ListRun(told, listed(*(f"{FAR} {n}" for n in range(40))), tmp_path))
    assert run.done == 40
    assert told.asked == []
    assert sample.ask(CALL).citations  # the library is as open as before


# --- failures ------------------------------------------------------------------------------------


def test_failed_rows_can_be_retried_and_no_others_are(sample: Assistant, tmp_path: Path) -> None:
    told = Told(sample, {FAR: AWAY, DISPUTED: AWAY})
    run = ListRun(told, listed(CALL, FAR, DISPUTED), tmp_path)
    assert not run.can_retry
    finish(run)
    assert statuses(run) == ["answered", "failed", "failed"]
    assert run.last(10, lambda result: result.status) == statuses(run)
    assert run.failures == ((2, AWAY),)
    assert run.can_retry
    del told.says[FAR]
    finish(run, retry_failed=True)
    assert statuses(run) == ["answered", "abstained", "failed"]
    assert run.last(10, lambda result: result.status) == statuses(run)
    assert told.asked == [CALL, FAR, DISPUTED, FAR, DISPUTED]
    finish(run)
    assert len(told.asked) == 5


def test_one_that_is_stopped_among_the_failed_rows_resumes_with_them(
    held: Held, tmp_path: Path
) -> None:
    questions = ["?", "??", NO_WORDS]
    run = ListRun(held, listed(*questions), tmp_path)
    held.let(3)
    finish(run)
    assert statuses(run) == ["failed"] * 3
    stop_at(held, run, 1, retry_failed=True)
    assert (run.done, run.finished) == (1, False)
    held.let(3)
    finish(run)
    assert held.asked == [*questions, "?", *questions]
    assert run.finished
    finish(run)
    assert len(held.asked) == 7


def test_rows_that_cannot_be_asked_are_no_reason_to_retry(
    sample: Assistant, tmp_path: Path
) -> None:
    faulty = ListedQuestion(1, "", fault="The row has no question: write one.")
    run = finish(ListRun(sample, QuestionList("list.csv", (faulty,)), tmp_path))
    assert statuses(run) == ["failed"]
    assert run.finished
    assert not run.can_retry


def test_failures_are_told_without_the_server_and_its_command_line(
    sample: Assistant, tmp_path: Path
) -> None:
    folder = str(sample.library.path)
    said = f"The text in {folder!r} is gone: ask it again with --retry-failed."
    run = finish(ListRun(Told(sample, {FAR: said}), listed(FAR), tmp_path))
    expected = "The text is gone: ask it again with “Retry failed”."
    assert [result.failure for result in run.results()] == [expected]
    assert run.last(1, lambda result: result.failure) == [expected]
    assert run.failures == ((1, expected),)


def test_a_full_disk_is_told_and_once_there_is_space_the_list_goes_on(
    sample: Assistant,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    run = ListRun(sample, listed(CALL, FAR), tmp_path)
    with monkeypatch.context() as full:
        begin: Callable[..., ListAnswers] = run._begun

        def begun_on_a_small_disk() -> ListAnswers:
            answers = begin()
            full.setattr(os, "fsync", no_space)
            return answers

        full.setattr(run, "_begun", begun_on_a_small_disk)
        finish(run)
    assert run.fault == (
        "The disk is full, so the file of answers can't take more answers. "
        "Once that is mended, the list can go on from here."
    )
    assert str(tmp_path) in caplog.text  # for whoever runs the server
    assert not run.finished
    finish(run)
    assert run.fault == ""
    assert numbers(run) == [1, 2]


def no_space(_: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_what_nobody_expects_is_logged_and_told(
    sample: Assistant,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*_: object, **__: object) -> BatchState:
        raise RuntimeError("Nobody expects this.")

    run = ListRun(sample, listed(FAR), tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(list_runs, "answer_list", broken)
        finish(run)
    assert run.fault == "Pincite failed at this: what went wrong is in the output of the server."
    assert "Nobody expects this." in caplog.text
    finish(run)
    assert (run.fault, run.finished) == ("", True)


# --- a library that changes ----------------------------------------------------------------------


def test_a_change_of_the_library_is_noted_and_the_run_goes_on(
    own: Assistant, tmp_path: Path
) -> None:
    held = Held(own)
    run = ListRun(held, listed(OLD_BELL, FAR, OLD_MILL), tmp_path)
    stop_at(held, run, 1)
    assert run.notes == ()
    own.library.add([source_from_text(MILL, id="mill")])
    held.let(2)
    finish(run)
    assert run.notes == (CHANGED,)
    assert statuses(run) == ["answered", "abstained", "answered"]
    assert CHANGED in results_file(held, run, "md", tmp_path).read_text(encoding="utf-8")
    assert held.asked == [OLD_BELL, FAR, OLD_MILL]


def test_what_no_longer_holds_is_asked_again(own: Assistant, tmp_path: Path) -> None:
    held = Held(own)
    run = ListRun(held, listed(OLD_BELL, FAR), tmp_path)
    stop_at(held, run, 1)
    assert run.last(10, lambda result: result.status) == ["answered"]
    own.library.remove("bell")
    own.library.add([source_from_text(MILL, id="mill")])
    held.let(2)
    finish(run)
    assert run.last(10, lambda result: result.status) == ["abstained", "abstained"]
    assert run.notes == (CHANGED,)


# --- the folder ----------------------------------------------------------------------------------


def test_answers_lie_in_a_folder_that_only_this_user_can_enter(
    sample: Assistant, tmp_path: Path
) -> None:
    parent = tmp_path / "not" / "there"
    runs = [ListRun(sample, listed(FAR), parent) for _ in range(2)]
    assert not parent.exists()  # before there is an answer there is nothing to keep
    for run in runs:
        finish(run)
    folders = list(parent.iterdir())
    assert len(folders) == 2
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}


def test_a_closed_run_leaves_nothing_behind(sample: Assistant, tmp_path: Path) -> None:
    run = finish(ListRun(sample, listed(FAR), tmp_path))
    run.close()
    run.close()
    assert list(tmp_path.iterdir()) == []
    assert finish(run).closed
    assert list(run.results()) == run.last(10, lambda result: result) == []


def test_one_that_is_closed_before_it_began_never_begins(sample: Assistant, tmp_path: Path) -> None:
    run = ListRun(sample, listed(FAR), tmp_path)
    run.close()
    finish(run)
    assert run.state is None
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_is_closed_at_work_stops_and_then_leaves_nothing_behind(
    held: Held, tmp_path: Path
) -> None:
    run = ListRun(held, listed(FAR, CALL), tmp_path)
    with closing(run.go_on(every=0)) as going:
        while not held.asked:
            next(going)
        run.close()
        assert run.busy
    held.let()
    assert run.wait(WAIT_SECONDS)
    assert held.asked == [FAR]
    assert list(tmp_path.iterdir()) == []


def test_what_is_read_is_kept_until_it_is_read(sample: Assistant, tmp_path: Path) -> None:
    run = finish(ListRun(sample, listed(FAR, CALL), tmp_path))
    results = run.results()
    next(results)
    run.close()
    assert len(list(results)) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_is_forgotten_leaves_nothing_behind(sample: Assistant, tmp_path: Path) -> None:
    run = finish(ListRun(sample, listed(FAR), tmp_path))
    assert list(tmp_path.iterdir())
    del run
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_the_folder_goes_when_gradio_deletes_what_belongs_to_a_closed_tab(
    sample: Assistant, tmp_path: Path
) -> None:
    run = finish(ListRun(sample, listed(FAR), tmp_path))

    async def check() -> None:  # without a loop that runs Gradio would make one, and leave it
        blocks = build_page(sample)
        [state] = [
            each
            for each in blocks.blocks.values()
            if isinstance(each, gr.State) and each.delete_callback.__module__.startswith("page")
        ]
        tabs = StateHolder()
        tabs.set_blocks(blocks)
        tabs["tab"][state._id] = run
        tabs.delete_all_expired_state()
        assert list(tmp_path.iterdir())
        tabs["tab"].is_closed = True
        tabs["tab"].STATE_TTL_WHEN_CLOSED = 0
        tabs.delete_all_expired_state()
        assert list(tmp_path.iterdir()) == []

    asyncio.run(check())


# --- reading while it is written -----------------------------------------------------------------


@pytest.fixture
def answers(sample: Assistant, tmp_path: Path) -> Iterator[ListAnswers]:
    opened = ListAnswers.open(tmp_path / "answers", identity_of(sample))
    assert isinstance(opened, ListAnswers)
    with opened:
        yield opened


def test_the_last_rows_are_shown_in_the_lists_order_and_read_once(answers: ListAnswers) -> None:
    rows = listed(*map(str, range(1, 8))).rows
    answers.follow(rows)
    read: list[int] = []

    def made(result: RowResult) -> int:
        read.append(result.row.number)
        return result.row.number

    for finished, shown in (([3], [3]), ([1, 5], [3, 5]), ([4], [4, 5]), ([7, 2], [5, 7])):
        answers.append([RowResult(rows[number - 1], None, AWAY) for number in finished])
        assert answers.last(2, made) == shown
    assert read == [3, 5, 4, 7]


def test_a_row_that_is_answered_again_is_read_again(
    answers: ListAnswers, sample: Assistant
) -> None:
    rows = listed(FAR, CALL, FAR).rows
    answers.follow(rows)
    answers.append([RowResult(rows[0], None, AWAY)])
    assert answers.last(5, lambda result: (result.row.number, result.status)) == [
        (1, "failed"),
        (3, "failed"),
    ]
    answers.append([RowResult(rows[0], sample.ask(FAR), None)])
    assert answers.last(5, lambda result: result.status) == ["abstained", "abstained"]
    answers.disregard(rows[0])
    assert answers.last(5, lambda result: result.status) == []


def test_rows_are_whole_whoever_reads_while_they_come(
    answers: ListAnswers, sample: Assistant
) -> None:
    rows = listed(*map(str, range(1, 301))).rows
    answers.follow(rows)
    answer = sample.ask(CALL)
    written = threading.Event()

    def write() -> None:
        for row in rows:
            answers.append([RowResult(row, answer, None)])
        written.set()

    writing = threading.Thread(target=write)
    writing.start()
    seen = 0
    while not written.is_set():
        found = list(answers.results(rows))
        assert all(result.answer == answer for result in found)
        assert len(found) >= seen
        seen = len(found)
        shown = answers.last(3, lambda result: result.row.number)
        assert shown == sorted(shown)
    writing.join()
    assert len(list(answers.results(rows))) == 300
    assert answers.last(3, lambda result: result.row.number) == [298, 299, 300]


# --- how far it is -------------------------------------------------------------------------------


def test_the_progress_line_counts_what_became_of_the_questions(
    sample: Assistant, tmp_path: Path
) -> None:
    run = ListRun(sample, listed(CALL, FAR, NO_WORDS, f"{CALL} Tell it."), tmp_path)
    assert progress_line(run) == "0 of 4 done"
    line, rate = progress_line(finish(run)).rsplit(" · ", 1)
    assert line == "4 of 4 done · 2 answered, 1 abstained, 1 failed"
    assert rate.endswith((" a second", " a minute"))


def test_the_progress_line_tells_the_cost_the_rate_and_while_it_runs_the_time_left(
    held: Held, tmp_path: Path
) -> None:
    run = ListRun(held, listed(FAR, CALL, DISPUTED), tmp_path)
    state = BatchState(
        total=3,
        counts=(("abstained", 1),),
        kept=0,
        cost_usd=0.0012,
        prompt_tokens=100,
        completion_tokens=10,
        seconds=0.5,
        rate=2.0,
        left=2,
        left_to_ask=2,
    )
    with closing(run.go_on(every=0)) as going:
        while not held.asked:
            next(going)
        run.state = state
        told = "1 of 3 done · 1 abstained · $0.0012 · 2.0 a second"
        assert progress_line(run) == f"{told} · 1 s left"
    held.let()
    assert run.wait(WAIT_SECONDS)
    run.state = state
    assert progress_line(run) == told
