"""The tab for lists of questions, without a browser: what a run keeps, and what it shows."""

from __future__ import annotations

import csv
import json
import stat
import threading
from html.parser import HTMLParser
from pathlib import Path

import pytest

from assistant import Answer, Assistant
from assistant.question_lists import ListedQuestion, QuestionList, RowResult
from page.list_runs import ListRun, progress_line
from page.question_lists import (
    SHOWN_CHARACTERS,
    SHOWN_ROWS,
    fault_html,
    results_file,
    run_html,
)

CALL = "When did Trump and Putin speak by phone?"
FAR = "What is the capital of Australia?"
HOSTILE = "<script>alert(1)</script>\"><img src=x onerror='x()'> {{ 7*7 }} \u202e\x1b[2J ?"


def run_of(*questions: str, name: str = "list.txt") -> ListRun:
    rows = (ListedQuestion(number, question) for number, question in enumerate(questions, 1))
    return ListRun(QuestionList(name, tuple(rows)))


def finished(assistant: Assistant, run: ListRun) -> ListRun:
    for _ in run.go_on(assistant):
        pass
    return run


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


# --- running -------------------------------------------------------------------------------------


def test_a_stopped_run_goes_on_after_its_last_result(sample: Assistant) -> None:
    run = run_of(CALL, FAR, "???", CALL, FAR)
    answering = run.go_on(sample, every=0)
    next(answering)
    next(answering)
    answering.close()
    kept = list(run.results)
    assert [result.row.number for result in kept] == [1, 2]
    assert not run.finished
    finished(sample, run)
    assert [result.row.number for result in run.results] == [1, 2, 3, 4, 5]
    assert all(before is now for before, now in zip(kept, run.results, strict=False))
    assert run.finished


def test_a_finished_run_answers_nothing_again(sample: Assistant) -> None:
    run = finished(sample, run_of(FAR))
    kept = list(run.results)
    assert list(run.go_on(sample, every=0)) == []
    assert run.results == kept


def test_a_run_tells_how_far_it_is_only_now_and_then(sample: Assistant) -> None:
    run = run_of(*[FAR] * 5)
    assert len(list(run.go_on(sample, every=3600))) == 0
    assert len(run.results) == 5


def test_a_list_is_not_answered_twice_at_the_same_time(sample: Assistant) -> None:
    run = run_of(FAR, CALL)
    first = run.go_on(sample, every=0)
    next(first)
    assert list(run.go_on(sample, every=0)) == []
    assert [result.row.number for result in run.results] == [1]
    first.close()
    assert len(list(run.go_on(sample, every=0))) == 1


def test_waiting_ends_when_the_run_has_come_to_rest(sample: Assistant) -> None:
    run = run_of(FAR, FAR)
    run.wait()
    answering = run.go_on(sample, every=0)
    next(answering)
    waiting = threading.Thread(target=run.wait, daemon=True)
    waiting.start()
    waiting.join(0.1)
    assert waiting.is_alive()
    answering.close()
    waiting.join(10)
    assert not waiting.is_alive()


def test_the_progress_line_counts_what_became_of_the_questions(sample: Assistant) -> None:
    run = run_of(CALL, FAR, "???", CALL)
    assert progress_line(run) == "0 of 4 done"
    finished(sample, run)
    counts, each = progress_line(run).rsplit(" · ", 1)
    assert counts == "4 of 4 done · 2 answered · 1 abstained · 1 failed"
    assert each.endswith(" s each")


@pytest.mark.parametrize(("seconds", "each"), [(0.08, "0.04"), (25.0, "12.5"), (400.0, "200.0")])
def test_the_progress_line_tells_how_long_a_question_takes(seconds: float, each: str) -> None:
    run = run_of("???", "???")
    run.results += [RowResult(row, None, "It has no words.") for row in run.questions.rows]
    run.seconds = seconds
    assert progress_line(run).endswith(f" · {each} s each")


# --- what is shown -------------------------------------------------------------------------------


def test_the_table_has_answers_with_links_to_their_quotes(sample: Assistant) -> None:
    run = finished(sample, run_of(CALL, FAR, "???"))
    answer = run.results[0].answer
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
    assert str(run.results[2].failure) in shown.text


def test_the_table_is_one_for_screen_readers_too(sample: Assistant) -> None:
    shown = Parsed(run_html(finished(sample, run_of(FAR))))
    assert [cell["scope"] for cell in shown.of("th")] == ["col"] * 5 + ["row"]
    assert len(shown.of("caption")) == 1


@pytest.mark.parametrize(
    ("stopped_after", "begins"), [(0, "Ready"), (1, "Stopped"), (2, "Finished")]
)
def test_the_line_says_if_the_run_is_at_rest(
    sample: Assistant, stopped_after: int, begins: str
) -> None:
    run = run_of(FAR, FAR)
    answering = run.go_on(sample, every=0)
    for _ in range(stopped_after):
        next(answering)
    answering.close()
    assert f"{begins} · {stopped_after} of 2 done" in Parsed(run_html(run)).text
    assert f"Answering · {stopped_after} of 2 done" in Parsed(run_html(run, "Answering")).text


def test_hostile_text_is_shown_as_text(sample: Assistant) -> None:
    run = finished(sample, run_of(HOSTILE, name=f"{HOSTILE}.txt"))
    run.results.append(RowResult(ListedQuestion(2, HOSTILE, id=HOSTILE), None, HOSTILE))
    for html in (run_html(run), fault_html(HOSTILE)):
        shown = Parsed(html)
        assert not {"script", "img"} & set(shown.tags)
        assert not any(name.startswith("on") for each in shown.attributes for name in each)
        assert "{{ 7*7 }}" in shown.text
        assert not {"\u202e", "\x1b"} & set(html)


def test_hostile_text_in_a_quote_is_shown_as_text(sample: Assistant) -> None:
    asked = sample.ask(CALL)
    citation = asked.citations[0].model_copy(update={"source_id": HOSTILE, "quote": HOSTILE})
    answer = Answer(**{**dict(asked), "citations": (citation,)})
    run = run_of(CALL)
    run.results.append(RowResult(run.questions.rows[0], answer, None))
    html = run_html(run)
    assert not {"script", "img"} & set(Parsed(html).tags)
    assert not {"\u202e", "\x1b"} & set(html)
    (link,) = Parsed(html).of("a")
    assert str(link["href"]).startswith("?source=%3Cscript")


def test_long_texts_are_cut_in_the_table(sample: Assistant) -> None:
    run = finished(sample, run_of("x" * 5000))
    shown = Parsed(run_html(run)).text
    assert f"{'x' * (SHOWN_CHARACTERS - 1)}…" in shown
    assert "x" * SHOWN_CHARACTERS not in shown


def test_of_many_rows_the_newest_are_shown_with_a_note() -> None:
    run = run_of(*[f"Question {number}?" for number in range(1, 1251)])
    run.results += [RowResult(row, None, "It has no answer.") for row in run.questions.rows]
    shown = Parsed(run_html(run))
    assert len(shown.of("tr")) == SHOWN_ROWS + 1
    assert "the newest 200 of 1,250 rows" in shown.text
    assert "Question 1250?" in shown.text
    assert "Question 1050?" not in shown.text


def test_a_fault_is_an_alert_in_one_line() -> None:
    shown = Parsed(fault_html("Line 3 isn't\nJSON: correct it."))
    assert shown.attributes == [{"class": "fault", "role": "alert"}]
    assert shown.text.strip() == "Line 3 isn't JSON: correct it."


# --- downloads -----------------------------------------------------------------------------------


@pytest.fixture
def half(sample: Assistant) -> ListRun:
    """A run of three questions that was stopped after two."""
    run = run_of("Wo liegt Köln?", FAR, CALL, name="Köln & <co>.txt")
    answering = run.go_on(sample, every=0)
    next(answering)
    next(answering)
    answering.close()
    return run


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
