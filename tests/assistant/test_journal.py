"""The journal: what is in it is finished, whatever happens to the process, the file or the disk."""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant import (
    Answer,
    Assistant,
    Library,
    ListedQuestion,
    RowResult,
    SettingsError,
    StorageError,
    Usage,
    source_from_text,
)
from assistant.journal import Identity, Journal, identity_of, journal_path

ROOT = Path(__file__).parents[2]
QUESTION = "When did Trump and Putin speak by phone?"
IDENTITY = Identity(pincite="1", library="texts", settings={"model": "extractive"}, prompts=None)


@pytest.fixture(scope="module")
def answer(sample: Assistant) -> Answer:
    return sample.ask(QUESTION)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return journal_path(tmp_path / "answers.jsonl")


def row(number: int, question: str | None = None) -> ListedQuestion:
    return ListedQuestion(number, question or f"Question {number}?")


def written(path: Path, *results: RowResult) -> None:
    with Journal.open(path, IDENTITY) as journal:
        for result in results:
            journal.append([result])


# --- finding again -------------------------------------------------------------------------------


def test_it_stands_beside_the_output() -> None:
    assert journal_path(Path("folder/answers.csv")) == Path("folder/answers.csv.journal")


def test_what_is_finished_is_found_again_by_a_later_run(path: Path, answer: Answer) -> None:
    done, failed = RowResult(row(1), answer, None), RowResult(row(2), None, "It broke.")
    written(path, done, failed)
    with Journal.open(path, IDENTITY) as journal:
        assert journal.find(row(1)) == done
        assert journal.find(row(2)) == failed
        assert journal.find(row(3)) is None
        assert [journal.has(row(n)) for n in (1, 2, 3)] == [True, True, False]
        assert [journal.has_failed(row(n)) for n in (1, 2, 3)] == [False, True, False]


def test_several_results_are_written_at_once_and_found_in_any_order(
    path: Path, answer: Answer
) -> None:
    results = [RowResult(row(n), answer, None) for n in range(1, 30)]
    with Journal.open(path, IDENTITY) as journal:
        journal.append(results)
        assert [journal.find(each.row) for each in reversed(results)] == results[::-1]
        assert list(journal.results(each.row for each in results)) == results


def test_the_same_question_in_another_row_is_finished_too(path: Path, answer: Answer) -> None:
    written(path, RowResult(row(1, QUESTION), answer, None))
    with Journal.open(path, IDENTITY) as journal:
        other = replace(row(7, QUESTION), id="q7", extra=(("topic", "calls"),))
        assert journal.find(other) == RowResult(other, answer, None)


@pytest.mark.parametrize(
    "other",
    [
        row(1, QUESTION.lower()),
        replace(row(1, QUESTION), sources=("one",)),
        replace(row(1, QUESTION), history=(("user", "Who spoke?"),)),
    ],
)
def test_another_question_history_or_scope_is_another_row(
    path: Path, answer: Answer, other: ListedQuestion
) -> None:
    written(path, RowResult(row(1, QUESTION), answer, None))
    with Journal.open(path, IDENTITY) as journal:
        assert journal.find(other) is None


def test_a_row_that_cannot_be_asked_has_its_fault_as_its_result(path: Path) -> None:
    faulty = replace(row(1), fault="The row has no question: write one.")
    with Journal.open(path, IDENTITY) as journal:
        assert list(journal.results([faulty, row(2)])) == [RowResult(faulty, None, faulty.fault)]


def test_what_is_written_last_counts(path: Path, answer: Answer) -> None:
    written(path, RowResult(row(1), None, "It broke."), RowResult(row(1), answer, None))
    with Journal.open(path, IDENTITY) as journal:
        assert journal.find(row(1)) == RowResult(row(1), answer, None)
        assert not journal.has_failed(row(1))


def test_hostile_text_comes_back_as_it_was_and_stays_in_its_line(
    path: Path, answer: Answer
) -> None:
    nasty = 'a\n{"key": "x"}\x00\x1b[31m\u202e\u2028'
    result = RowResult(row(1, nasty), answer.model_copy(update={"question": nasty}), None)
    written(path, result, RowResult(row(2), None, nasty))
    assert len(path.read_bytes().splitlines()) == 3
    with Journal.open(path, IDENTITY) as journal:
        assert journal.find(result.row) == result
        assert journal.find(row(2)) == RowResult(row(2), None, nasty)


def test_what_all_answers_took_is_added_up_over_all_runs(path: Path, answer: Answer) -> None:
    def cost(usd: float | None) -> Answer:
        usage = Usage(prompt_tokens=100, completion_tokens=10, cost_usd=usd)
        return answer.model_copy(update={"usage": usage})

    written(path, RowResult(row(1), cost(0.25), None), RowResult(row(2), None, "It broke."))
    with Journal.open(path, IDENTITY) as journal:
        journal.append([RowResult(row(1), cost(0.5), None), RowResult(row(3), cost(None), None)])
        expected = Usage(prompt_tokens=300, completion_tokens=30, cost_usd=0.75)
        assert journal.spent == expected
    with Journal.open(path, IDENTITY) as journal:
        assert journal.spent == expected


def test_answers_stay_on_disk(path: Path, answer: Answer) -> None:
    with Journal.open(path, IDENTITY) as journal:
        journal.append([RowResult(row(n), answer, None) for n in range(5_000)])
    assert path.stat().st_size > 10_000_000
    tracemalloc.start()
    try:
        with Journal.open(path, IDENTITY) as journal:
            for _ in journal.results(row(n) for n in range(0, 5_000, 100)):
                pass
            held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 3_000_000


# --- what may have happened to the file ----------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.999])
def test_a_last_line_that_was_only_begun_is_cut_off(
    path: Path, answer: Answer, share: float
) -> None:
    written(path, RowResult(row(1), answer, None))
    whole = path.read_bytes()
    written(path, RowResult(row(2), answer, None))
    line = path.read_bytes()[len(whole) :]
    path.write_bytes(whole + line[: round(share * (len(line) - 1))])
    with Journal.open(path, IDENTITY) as journal:
        assert path.read_bytes() == whole
        assert [journal.has(row(n)) for n in (1, 2)] == [True, False]
        journal.append([RowResult(row(2), answer, None)])
    assert path.read_bytes() == whole + line


@pytest.mark.parametrize(
    "garbage",
    [
        b"\n",
        b"no JSON\n",
        b"\x00" * 600 + b"\n",
        b"[]\n",
        b'{"key": 1, "row": 1, "answer": null, "failure": null}\n',
        b'{"key": "k", "row": 1, "answer": {"usage": {"cost_usd": "lots"}}, "failure": null}\n',
        b"[" * 100_000 + b"\n",
        b"\xff\xfe\n",
    ],
)
def test_a_line_that_cannot_be_read_costs_only_its_own_answer(
    path: Path, answer: Answer, garbage: bytes
) -> None:
    written(path, RowResult(row(1), answer, None))
    with path.open("ab") as file:
        file.write(garbage)
    written(path, RowResult(row(2), answer, None))
    with Journal.open(path, IDENTITY) as journal:
        assert journal.damaged == 1
        assert all(journal.find(row(n)) == RowResult(row(n), answer, None) for n in (1, 2))


def test_an_answer_that_is_none_counts_as_not_there(path: Path, answer: Answer) -> None:
    written(path, RowResult(row(1), answer, None))
    path.write_bytes(path.read_bytes().replace(b'"claims"', b'"claimed"'))
    with Journal.open(path, IDENTITY) as journal:
        assert journal.find(row(1)) is not None  # an answer without claims is one
    path.write_bytes(path.read_bytes().replace(b"pincite.answer/1", b"pincite.answer/9"))
    with Journal.open(path, IDENTITY) as journal:
        assert journal.find(row(1)) is None


def test_a_row_can_be_disregarded_until_something_new_is_written(
    path: Path, answer: Answer
) -> None:
    written(path, RowResult(row(1), answer, None))
    with Journal.open(path, IDENTITY) as journal:
        journal.disregard(row(1))
        assert journal.find(row(1)) is None
        journal.append([RowResult(row(1), None, "It broke.")])
        assert journal.find(row(1)) == RowResult(row(1), None, "It broke.")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"my diary",
        b"my diary\nmonday\n",
        b'{"schema": "pincite.journal/2", "pincite": "1"}\n',
        b'{"schema": "pincite.answer/1", "id": "1"}\n',
    ],
)
def test_a_file_that_is_no_journal_of_this_version_is_refused_and_left_as_it_is(
    path: Path, content: bytes
) -> None:
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"is no journal that .* --restart, .* another output"):
        Journal.open(path, IDENTITY)
    assert path.read_bytes() == content


def test_restarting_keeps_the_old_journal_under_another_name(path: Path, answer: Answer) -> None:
    written(path, RowResult(row(1), answer, None))
    before = path.read_bytes()
    with Journal.open(path, IDENTITY, restart=True) as journal:
        assert not journal.has(row(1))
    assert path.with_name("answers.jsonl.journal.old").read_bytes() == before


def test_what_is_checked_first_is_checked_alone_and_before_any_file_is_touched(
    path: Path, answer: Answer
) -> None:
    written(path, RowResult(row(1), answer, None))
    before = {each.name: each.read_bytes() for each in path.parent.iterdir()}

    def refuse() -> None:
        with pytest.raises(SettingsError, match="Another run"):
            Journal.open(path, IDENTITY)
        raise SettingsError("Not now.")

    with pytest.raises(SettingsError, match=r"^Not now\.$"):
        Journal.open(path, IDENTITY, restart=True, check=refuse)
    assert {each.name: each.read_bytes() for each in path.parent.iterdir()} == before
    Journal.open(path, IDENTITY).close()


def test_restarting_where_there_is_nothing_begins_one(path: Path) -> None:
    Journal.open(path, IDENTITY, restart=True).close()
    assert [each.name for each in path.parent.iterdir() if each.suffix == ".old"] == []
    assert path.is_file()


# --- what the answers were made with -------------------------------------------------------------


def test_another_model_library_or_version_is_noticed_and_named(path: Path) -> None:
    old = IDENTITY.model_copy(
        update={"settings": {"model": "openai:one", "max_tokens": 500}, "prompts": "some"}
    )
    new = Identity(
        pincite="2",
        library="other texts",
        settings={"model": "openai:two", "max_tokens": 500},
        prompts="others",
    )
    Journal.open(path, old).close()
    with pytest.raises(SettingsError) as caught:
        Journal.open(path, new)
    said = str(caught.value)
    assert "version of Pincite: '1', now '2'" in said
    assert "the library's texts, which have changed since" in said
    assert "model: 'openai:one', now 'openai:two'" in said
    assert "the prompts, which have changed since" in said
    assert "max_tokens" not in said
    assert said.endswith("begin anew with --restart, or name another output.")
    Journal.open(path, old).close()


def test_the_identity_changes_with_texts_model_address_limits_judge_and_strictness(
    own_library: Callable[[dict[str, str]], Library],
) -> None:
    library = own_library({"one": "The sea is green."})
    openai = {"model": "openai:x", "base_url": "http://localhost:1/v1"}
    variants: list[dict[str, Any]] = [
        {},
        openai,
        openai | {"model": "openai:y"},
        openai | {"base_url": "http://localhost:2/v1"},
        openai | {"max_tokens": 77},
        openai | {"judge": True},
        {"strictness": 0.9},
    ]
    seen = [identity_of(Assistant.open(library.path, **each)) for each in variants]
    library.add([source_from_text("The sky is blue.", id="two")])
    seen.append(identity_of(Assistant.open(library.path)))
    assert all(a != b for n, a in enumerate(seen) for b in seen[:n])
    assert identity_of(Assistant.open(library.path)) == seen[-1]


def test_no_password_gets_into_the_file(path: Path, sample: Assistant) -> None:
    address = "http://somebody:secret@localhost:1/v1"
    assistant = Assistant.open(sample.library.path, model="openai:x", base_url=address)
    Journal.open(path, identity_of(assistant)).close()
    assert "secret" not in path.read_text("utf-8")
    assert "http://localhost:1/v1" in path.read_text("utf-8")


# --- others, and the disk ------------------------------------------------------------------------


def test_two_runs_at_once_are_refused(path: Path) -> None:
    with (
        Journal.open(path, IDENTITY),
        pytest.raises(SettingsError, match=r"^Another run is using .*: wait for its end, or name"),
    ):
        Journal.open(path, IDENTITY, restart=True)
    Journal.open(path, IDENTITY).close()


@pytest.mark.parametrize("place", ["nowhere/answers.journal", "."])
def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path, place: str) -> None:
    with pytest.raises(StorageError, match="can't be read or written"):
        Journal.open(tmp_path / place, IDENTITY)


FULL_DISK = """
import json, resource, sys
from pathlib import Path
from assistant import Answer, ListedQuestion, PinciteError, RowResult
from assistant.journal import Identity, Journal
path = Path(sys.argv[1])
answer = Answer.from_dict(json.loads(sys.argv[2]))
identity = Identity(pincite="1", library="texts", settings={"model": "extractive"}, prompts=None)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
with Journal.open(path, identity) as journal:
    for number in range(1, 1000):
        try:
            row = ListedQuestion(number, f"Question {number}?")
            journal.append([RowResult(row, answer, None)])
        except PinciteError as error:
            print(json.dumps([number, type(error).__name__, str(error)]))
            break
"""


def test_a_full_disk_is_one_sentence_and_costs_nothing_that_was_finished(
    path: Path, answer: Answer
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path), answer.to_json()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    failed_at, kind, said = json.loads(done.stdout)
    assert kind == "StorageError"
    assert said.startswith("The disk is full, so ")
    assert said.endswith("free some space, and run the same again; what was finished is kept.")
    assert path.read_bytes().endswith(b"\n")
    with Journal.open(path, IDENTITY) as journal:
        assert journal.damaged == 0
        finished = [n for n in range(1, 1000) if journal.has(row(n))]
        assert finished == list(range(1, failed_at))
        assert len(finished) > 3
        journal.append([RowResult(row(failed_at), answer, None)])
        assert journal.find(row(failed_at)) == RowResult(row(failed_at), answer, None)
