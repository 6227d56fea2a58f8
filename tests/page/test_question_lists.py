"""The tab for lists of questions, without a browser: what it shows, and what it downloads."""

from __future__ import annotations

import csv
import json
import stat
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from pathlib import Path

import pytest

from assistant import Answer, Assistant
from assistant.question_lists import ListedQuestion, QuestionList
from page.list_runs import ListRun
from page.question_lists import (
    SHOWN_CHARACTERS,
    SHOWN_ROWS,
    fault_html,
    results_file,
    run_html,
)
from tests.page.lists import Held, Told, finish, listed, stop_at

CALL = "When did Trump and Putin speak by phone?"
FAR = "What is the capital of Australia?"
HOSTILE = "<script>alert(1)</script>\"><img src=x onerror='x()'> {{ 7*7 }} \u202e\x1b[2J ?"


Runs = Callable[..., ListRun]


@pytest.fixture
def run_of(sample: Assistant, tmp_path: Path) -> Runs:
    """A finished run of these questions, of which it says what it is told, see `Told`."""

    def finished(
        *questions: str, says: Mapping[str, Answer | str] = {}, name: str = "list.txt"
    ) -> ListRun:
        told = Told(sample, says)
        return finish(ListRun(told, listed(*questions, name=name), tmp_path / "runs"))

    return finished


class Parsed(HTMLParser):
    """The elements, attributes and cells of a fragment."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[dict[str, str | None]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.append(dict(attrs))

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [each for name, each in zip(self.tags, self.attributes, strict=True) if name == tag]


# --- what is shown -------------------------------------------------------------------------------


def test_the_table_has_answers_with_links_to_their_quotes(run_of: Runs) -> None:
    run = run_of(CALL, FAR, "???")
    first, _, failed = run.results()
    answer = first.answer
    assert answer is not None
    shown = Parsed(run_html(run))
    assert shown.of("tr")[1:] == [
        {"data-status": "answered"},
        {"data-status": "abstained"},
        {"data-status": "failed"},
    ]
    assert [(link["data-source"], link["data-quote"]) for link in shown.of("a")] == [
        (citation.source_id, citation.quote) for citation in answer.citations
    ]
    assert answer.text in shown.text
    assert str(failed.failure) in shown.text


def test_the_table_is_one_for_screen_readers_too(run_of: Runs) -> None:
    shown = Parsed(run_html(run_of(FAR)))
    assert [cell["scope"] for cell in shown.of("th")] == ["col"] * 5 + ["row"]
    assert len(shown.of("caption")) == 1


@pytest.mark.parametrize(
    ("stopped_after", "begins"), [(0, "Ready"), (1, "Stopped"), (2, "Finished")]
)
def test_the_line_says_if_the_run_is_at_rest(
    sample: Assistant, tmp_path: Path, stopped_after: int, begins: str
) -> None:
    held = Held(sample)
    run = ListRun(held, listed(FAR, CALL), tmp_path)
    if stopped_after:
        stop_at(held, run, stopped_after)
    assert f"{begins} · {stopped_after} of 2 done" in Parsed(run_html(run)).text
    assert f"Answering · {stopped_after} of 2 done" in Parsed(run_html(run, "Answering")).text


def test_hostile_text_is_shown_as_text(sample: Assistant, tmp_path: Path) -> None:
    rows = (ListedQuestion(1, HOSTILE), ListedQuestion(2, CALL, id=HOSTILE, fault=HOSTILE))
    run = ListRun(sample, QuestionList(f"{HOSTILE}.txt", rows, notes=(HOSTILE,)), tmp_path)
    broken = ListRun(sample, listed(CALL), tmp_path)
    broken.fault = HOSTILE
    for html in (run_html(finish(run)), run_html(broken), fault_html(HOSTILE)):
        shown = Parsed(html)
        assert not {"script", "img"} & set(shown.tags)
        assert not any(name.startswith("on") for each in shown.attributes for name in each)
        assert "{{ 7*7 }}" in shown.text
        assert not {"\u202e", "\x1b"} & set(html)


def test_hostile_text_in_a_quote_is_shown_as_text(sample: Assistant, run_of: Runs) -> None:
    asked = sample.ask(CALL)
    citation = asked.citations[0].model_copy(update={"source_id": HOSTILE, "quote": HOSTILE})
    answer = Answer(**{**dict(asked), "citations": (citation,)})
    html = run_html(run_of(CALL, says={CALL: answer}))
    assert not {"script", "img"} & set(Parsed(html).tags)
    assert not {"\u202e", "\x1b"} & set(html)
    (link,) = Parsed(html).of("a")
    assert str(link["href"]).startswith("?source=%3Cscript")


def test_long_texts_are_cut_in_the_table(run_of: Runs) -> None:
    shown = Parsed(run_html(run_of("x" * 5000))).text
    assert f"{'x' * (SHOWN_CHARACTERS - 1)}…" in shown
    assert "x" * SHOWN_CHARACTERS not in shown


def test_of_many_rows_the_last_are_shown_with_a_note(sample: Assistant, tmp_path: Path) -> None:
    rows = (
        ListedQuestion(number, f"Question {number}?", fault=f"It has fault {number}.")
        for number in range(1, 1251)
    )
    run = finish(ListRun(sample, QuestionList("list.csv", tuple(rows)), tmp_path))
    shown = Parsed(run_html(run))
    assert len(shown.of("tr")) == SHOWN_ROWS + 1
    assert "the last 200 of 1,250 rows" in shown.text
    assert "Question 1250?" in shown.text
    assert "Question 1051?" in shown.text
    assert "Question 1050?" not in shown.text
    assert "Row 1 failed: It has fault 1." in shown.text  # which the table doesn't show


def test_what_the_table_shows_is_not_told_above_it(run_of: Runs) -> None:
    shown = Parsed(run_html(run_of(FAR, says={FAR: "It is away."}))).text
    assert shown.count("It is away.") == 1


def test_why_a_run_broke_off_stands_above_what_is_finished(run_of: Runs) -> None:
    run = run_of(CALL)
    run.fault = "The disk is full."
    shown = Parsed(run_html(run))
    assert shown.attributes[0] == {"class": "fault", "role": "alert"}
    assert shown.text.index("The disk is full.") < shown.text.index("1 of 1 done")


def test_a_fault_is_an_alert_in_one_line() -> None:
    shown = Parsed(fault_html("Line 3 isn't\nJSON: correct it."))
    assert shown.attributes == [{"class": "fault", "role": "alert"}]
    assert shown.text.strip() == "Line 3 isn't JSON: correct it."


# --- downloads -----------------------------------------------------------------------------------


@pytest.fixture
def half(sample: Assistant, tmp_path: Path) -> ListRun:
    """A run of three questions that was stopped after two."""
    held = Held(sample)
    questions = listed("Wo liegt Köln?", FAR, CALL, name="Köln & <co>.txt")
    return stop_at(held, ListRun(held, questions, tmp_path / "runs"), 2)


def test_what_is_finished_can_be_downloaded(
    sample: Assistant, half: ListRun, tmp_path: Path
) -> None:
    lines = results_file(sample, half, "jsonl", tmp_path).read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["question"] for line in lines] == ["Wo liegt Köln?", FAR]
    table = results_file(sample, half, "csv", tmp_path).read_bytes()
    assert table.startswith(b"\xef\xbb\xbfnumber,")
    _, *rows = csv.reader(table.decode("utf-8-sig").splitlines())
    assert [row[2] for row in rows] == ["Wo liegt Köln?", FAR]


def test_a_download_is_a_new_file_with_a_tame_name_in_a_private_folder(
    sample: Assistant, half: ListRun, tmp_path: Path
) -> None:
    folder = tmp_path / "not" / "there"
    first, second = (results_file(sample, half, "csv", folder) for _ in range(2))
    assert first != second
    assert first.name == second.name == "koln-co-answers.csv"
    assert first.parent.parent == folder
    assert stat.S_IMODE(first.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "name", ["../../etc/passwd.csv", "…\u202e.csv", ".csv", "a" * 250 + ".csv"]
)
def test_no_file_name_leads_out_of_the_folder(
    sample: Assistant, half: ListRun, tmp_path: Path, name: str
) -> None:
    half.questions = QuestionList(name, half.questions.rows)
    path = results_file(sample, half, "csv", tmp_path)
    assert path.resolve().parent.parent == tmp_path.resolve()
    assert path.name.isascii()
