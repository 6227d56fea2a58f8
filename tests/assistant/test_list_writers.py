"""What became of a list of questions: each form that it is written in, and the file it goes to."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape

from assistant import Answer, Assistant, Citation, SettingsError, StorageError
from assistant.list_cells import ANSWER_COLUMNS
from assistant.list_sheets import MAX_CELL_UNITS, write_workbook
from assistant.list_writers import (
    ENDINGS,
    check_output,
    rows_as_csv,
    rows_as_jsonl,
    write_results,
)
from assistant.question_lists import (
    ListedQuestion,
    QuestionList,
    RowResult,
    answer_rows,
    read_questions,
)
from assistant.render import place, printable

CALL = "When did Trump and Putin speak by phone?"
DISPUTED = "Which centre does Max Bergman work for?"
FAR = "What is the capital of Australia?"
FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")
HOSTILE = st.text(st.sampled_from("=+-@\t\r\n,;\"'a\0\u202e\ufffe＝_x041😀"))


@pytest.fixture(scope="module")
def questions() -> QuestionList:
    rows = (
        ListedQuestion(1, CALL, id="=first", extra=(("topic", "+calls"), ("answer", "expected"))),
        ListedQuestion(2, "x" * 5000, id="long"),
        ListedQuestion(3, "", fault="The row has no question: write one."),
        ListedQuestion(4, FAR),
        ListedQuestion(5, DISPUTED, id="a"),
        ListedQuestion(6, CALL, id="a"),
    )
    return QuestionList("list.csv", rows, ("topic", "answer"), ("A note.",))


@pytest.fixture(scope="module")
def results(sample: Assistant, questions: QuestionList) -> list[RowResult]:
    return list(answer_rows(sample, questions.rows))


def citations_of(result: RowResult) -> tuple[Citation, ...]:
    assert result.answer is not None
    return result.answer.citations


def failed(text: str, id: str | None = None) -> RowResult:
    return RowResult(ListedQuestion(1, text, id=id), None, text)


def written(path: Path, questions: QuestionList, results: Any, sample: Assistant) -> bytes:
    write_results(path, questions, results, sample.library)
    return path.read_bytes()


# --- JSON lines ----------------------------------------------------------------------------------


def test_json_lines_have_each_answer_or_error_under_the_row_s_own_id(
    results: list[RowResult],
) -> None:
    lines = [json.loads(line) for line in rows_as_jsonl(results).splitlines()]
    assert results[0].answer is not None
    assert lines[0] == {
        **results[0].answer.to_dict(),
        "row": 1,
        "row_id": "=first",
        "extra": {"topic": "+calls", "answer": "expected"},
    }
    assert lines[1] == {
        "row": 2,
        "row_id": "long",
        "question": "x" * 5000,
        "error": results[1].failure,
    }
    assert lines[2] == {"row": 3, "question": "", "error": results[2].failure}
    assert "row_id" not in lines[3]
    assert lines[3]["status"] == "abstained"
    assert [line["row"] for line in lines] == [1, 2, 3, 4, 5, 6]


def test_a_json_line_can_be_read_back_as_its_answer(results: list[RowResult]) -> None:
    line = rows_as_jsonl(results[:1])
    assert Answer.from_dict(json.loads(line)) == results[0].answer


@given(st.text(), st.text())
def test_any_row_is_one_json_line(id: str, text: str) -> None:
    row = ListedQuestion(1, text, id=id, extra=((text, id),))
    line = rows_as_jsonl([RowResult(row, None, "It can't be asked.")])
    line.encode("utf-8")
    assert line.count("\n") == 1
    assert json.loads(line) == {
        "row": 1,
        "row_id": id,
        "question": text,
        "error": "It can't be asked.",
        "extra": {text: id},
    }


# --- CSV -----------------------------------------------------------------------------------------


def read_back(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def test_the_table_has_each_answer_with_its_quotes_and_the_extra_columns(
    questions: QuestionList, results: list[RowResult]
) -> None:
    header, first, *_, last = read_back(rows_as_csv(results, questions.columns))
    assert results[0].answer is not None
    assert header == [*ANSWER_COLUMNS, "topic", "answer (2)"]
    assert first == [
        "1",
        "'=first",
        CALL,
        "answered",
        results[0].answer.text,
        "\n".join(f"{place(c)} “{c.quote}”" for c in citations_of(results[0])),
        "",
        "'+calls",
        "expected",
    ]
    assert last[1] == "a"
    assert last[-2:] == ["", ""]


def test_the_table_has_each_failure_with_its_reason(results: list[RowResult]) -> None:
    rows = read_back(rows_as_csv(results))
    assert rows[2] == ["2", "long", "x" * 5000, "failed", "", "", results[1].failure]
    assert rows_as_csv(results).count("\r\n") == len(rows)


@given(st.text(), HOSTILE)
def test_any_cell_comes_back_as_it_was_shown_and_none_is_a_formula(id: str, text: str) -> None:
    row = ListedQuestion(1, text, id=id, extra=((text, id),))
    table = rows_as_csv([RowResult(row, None, text)], [text])
    table.encode("utf-8")
    header, cells = read_back(table)
    shown = [cells[1], cells[2], cells[6], cells[7], header[7]]
    for cell, given_text in zip(shown, (id, text, text, id, text), strict=True):
        assert cell.removeprefix("'") == printable(given_text).removeprefix("'")
        assert not cell.startswith(FORMULA_STARTS)


def test_a_spreadsheet_knows_that_the_file_is_utf_8(
    tmp_path: Path, questions: QuestionList, sample: Assistant
) -> None:
    data = written(tmp_path / "out.csv", questions, [failed("Wo liegt Köln?")], sample)
    assert data.startswith(b"\xef\xbb\xbfnumber,id,")
    assert read_back(data.decode("utf-8-sig"))[1][2] == "Wo liegt Köln?"


def test_a_written_table_is_a_list_that_can_be_read(
    tmp_path: Path, questions: QuestionList, results: list[RowResult], sample: Assistant
) -> None:
    for name in ("out.csv", "out.xlsx", "out.jsonl"):
        write_results(tmp_path / name, questions, results, sample.library)
        again = read_questions(tmp_path / name)
        assert [row.question for row in again.rows] == [row.question for row in questions.rows]


# --- Excel ---------------------------------------------------------------------------------------


Sheets = dict[str, list[tuple[Any, ...]]]


def sheets_of(data: bytes) -> Sheets:
    """The values of each sheet; every cell is a string, a whole number or empty."""
    book = load_workbook(io.BytesIO(data))
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            assert all(cell.data_type == ("n" if cell.value is None else "s")
                       or type(cell.value) is int for cell in row)  # fmt: skip
    return {
        sheet.title: [
            tuple(unescape(cell) if isinstance(cell, str) else cell for cell in row)
            for row in sheet.iter_rows(values_only=True)
        ]
        for sheet in book.worksheets
    }


def as_workbook(questions: QuestionList, results: Any) -> bytes:
    out = io.BytesIO()
    write_workbook(out, questions, results)
    return out.getvalue()


def test_a_workbook_has_the_answers_as_the_table_has_them(
    questions: QuestionList, results: list[RowResult]
) -> None:
    answers = sheets_of(as_workbook(questions, results))["Answers"]
    table = read_back(rows_as_csv(results, questions.columns))
    assert [["" if cell is None else str(cell) for cell in row] for row in answers] == table


def test_a_workbook_has_a_row_for_each_citation(
    questions: QuestionList, results: list[RowResult]
) -> None:
    header, *rows = sheets_of(as_workbook(questions, results))["Citations"]
    assert header == (
        "row", "citation", "source", "title", "paragraph", "start", "end", "quote", "sha256", "uri",
    )  # fmt: skip
    answered = [result for result in results if result.answer is not None]
    assert rows == [
        (
            result.row.number,
            c.number,
            c.source_id,
            c.source_title,
            c.paragraph,
            c.start,
            c.end,
            c.quote,
            c.source_sha256,
            c.source_uri,
        )
        for result in answered
        for c in citations_of(result)
    ]
    assert len(rows) > 3


def test_a_workbook_tells_the_notes_of_the_list(
    questions: QuestionList, results: list[RowResult]
) -> None:
    assert sheets_of(as_workbook(questions, results))["Notes"] == [("note",), ("A note.",)]
    plain = QuestionList("list.csv", questions.rows)
    assert list(sheets_of(as_workbook(plain, results))) == ["Answers", "Citations"]


def test_a_workbook_is_made_for_reading(questions: QuestionList, results: list[RowResult]) -> None:
    book = load_workbook(io.BytesIO(as_workbook(questions, results)))
    for title, last in (("Answers", "I7"), ("Citations", None)):
        sheet = book[title]
        assert sheet.freeze_panes == "A2"
        assert sheet["A1"].font.bold
        assert not sheet["A2"].font.bold
        assert sheet["E2"].alignment.wrap_text
        assert sheet["E2"].alignment.vertical == "top"
        assert sheet.auto_filter.ref == f"A1:{last or f'J{sheet.max_row}'}"
        assert all(
            8 <= sheet.column_dimensions[cell.column_letter].width <= 100 for cell in sheet[1]
        )


@given(st.text(), HOSTILE)
def test_any_cell_of_a_workbook_comes_back_and_none_is_a_formula(id: str, text: str) -> None:
    row = ListedQuestion(1, text, id=id, extra=(("note", text),))
    listed = QuestionList("list.csv", (row,), ("note",))
    _, cells = sheets_of(as_workbook(listed, [RowResult(row, None, text)]))["Answers"]
    for cell, given_text in zip((cells[1], *cells[2::4]), (id, text, text), strict=False):
        shown = re.sub("[\ufffe\uffff]", "\ufffd", printable(given_text))
        assert (cell or "").removeprefix("'") == shown.removeprefix("'")
        assert not (cell or "").startswith(FORMULA_STARTS)


@pytest.mark.parametrize("letter", ["x", "ö", "😀"])
@pytest.mark.parametrize("more", [0, 1, 50_000])
def test_a_cell_is_cut_to_what_excel_allows_and_that_is_noted(letter: str, more: int) -> None:
    units = len(letter.encode("utf-16-le")) // 2
    text = letter * (MAX_CELL_UNITS // units + more)
    sheets = sheets_of(as_workbook(QuestionList("list.csv", ()), [failed(text)]))
    cell = sheets["Answers"][1][2]
    assert len(cell.encode("utf-16-le")) // 2 <= MAX_CELL_UNITS
    if more:
        assert cell == f"{letter * ((MAX_CELL_UNITS - 1) // units)}…"
        (note,) = sheets["Notes"][1]
        assert note.startswith("Cells cut")
        assert note.endswith('in the sheet "Answers", since Excel allows 32,767 characters: 2.')
    else:
        assert cell == text
        assert "Notes" not in sheets


def test_rows_beyond_what_excel_allows_are_left_out_and_that_is_noted(
    questions: QuestionList, results: list[RowResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.list_sheets.MAX_SHEET_ROWS", 3)
    plain = QuestionList("list.csv", questions.rows)
    sheets = sheets_of(as_workbook(plain, results))
    assert [row[0] for row in sheets["Answers"]] == ["number", 1, 2]
    left = sum(len(result.answer.citations) for result in results if result.answer) - 2
    assert sheets["Notes"][1:] == [
        ('Rows left out of the sheet "Answers", since Excel allows 3: 4.',),
        (f'Rows left out of the sheet "Citations", since Excel allows 3: {left}.',),
    ]


# --- Markdown ------------------------------------------------------------------------------------


def test_a_document_has_each_question_with_footnotes_of_its_own(
    tmp_path: Path, questions: QuestionList, results: list[RowResult], sample: Assistant
) -> None:
    text = written(tmp_path / "out.md", questions, results, sample).decode("utf-8")
    assert text.startswith("# Answers to list.csv\n\nA note.\n")
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == ["## 1 · \\=first", "## 2 · long", "## 3", "## 4", "## 5 · a", "## 6 · a"]
    defined = re.findall(r"^\[\^([^\]]+)\]: ", text, re.MULTILINE)
    used = re.findall(r"\[\^([^\]]+)\](?!: )", text)
    assert len(defined) == len(set(defined))
    assert set(used) == set(defined)
    assert set(defined) == {
        f"{result.row.number}-{c.number}"
        for result in results
        if result.answer
        for c in result.answer.citations
    }
    assert "- topic: \\+calls\n- answer: expected\n" in text
    assert f"No answer: {results[2].failure}" in text


def test_text_cannot_act_as_markdown(tmp_path: Path, sample: Assistant) -> None:
    hostile = "![x](http://198.51.100.1/x.png) <script>x</script>\n# heading"
    row = ListedQuestion(1, hostile, id=hostile, extra=((hostile, hostile),))
    listed = QuestionList(hostile, (row,), (hostile,), (hostile,))
    text = written(tmp_path / "out.md", listed, [RowResult(row, None, hostile)], sample).decode(
        "utf-8"
    )
    assert not re.search(r"(?<!\\)[<\[]", text)
    assert len(re.findall("^#", text, re.MULTILINE)) == 2


# --- HTML ----------------------------------------------------------------------------------------


def test_a_report_is_written(
    tmp_path: Path, questions: QuestionList, results: list[RowResult], sample: Assistant
) -> None:
    text = written(tmp_path / "out.html", questions, results, sample).decode("utf-8")
    assert text.lower().startswith("<!doctype html>")
    assert all(c.quote[:20] in text for c in citations_of(results[0]))


# --- the file ------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [ending for ending in ENDINGS if ending != ".html"])
def test_results_are_taken_one_by_one_and_the_file_appears_at_the_end(
    tmp_path: Path,
    questions: QuestionList,
    results: list[RowResult],
    sample: Assistant,
    ending: str,
) -> None:
    path = tmp_path / f"out{ending.upper()}"
    path.write_text("before", encoding="utf-8")
    taken: list[int] = []

    def watched() -> Iterator[RowResult]:
        for result in results:
            assert path.read_text(encoding="utf-8") == "before"
            taken.append(result.row.number)
            yield result

    assert len(written(path, questions, watched(), sample)) > 500
    assert taken == [1, 2, 3, 4, 5, 6]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("ending", [ending for ending in ENDINGS if ending != ".html"])
def test_what_goes_wrong_half_way_leaves_the_old_file_and_no_other(
    tmp_path: Path,
    questions: QuestionList,
    results: list[RowResult],
    sample: Assistant,
    ending: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    path = tmp_path / f"out{ending}"
    path.write_text("before", encoding="utf-8")

    def breaking() -> Iterator[RowResult]:
        yield from results[:2]
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(StorageError, match=r"disk is full.*free some space\."):
        write_results(path, questions, breaking(), sample.library)
    assert path.read_text(encoding="utf-8") == "before"
    assert sorted(tmp_path.iterdir()) == [path, temporary]
    assert list(temporary.iterdir()) == []


_LIMITED = """
import sys
from pathlib import Path
from assistant.list_writers import write_results
from assistant.question_lists import ListedQuestion, QuestionList, RowResult
from index import StorageError

rows = tuple(ListedQuestion(n, f"{n} {'abcdefgh' * 40}") for n in range(2000))
try:
    results = (RowResult(row, None, "It failed.") for row in rows)
    write_results(Path(sys.argv[1]), QuestionList("list", rows), results, None)
except StorageError as error:
    print(error)
"""


@pytest.mark.parametrize("ending", [".jsonl", ".xlsx"])
def test_a_file_that_cannot_grow_is_one_sentence(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"out{ending}"
    path.write_text("before", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
    )
    assert done.stderr == ""
    assert re.fullmatch(r"'.*' can't be written \(File too large\): .*\.\n", done.stdout)
    assert path.read_text(encoding="utf-8") == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_has_the_usual_rights_and_a_replaced_one_keeps_its_own(
    tmp_path: Path, questions: QuestionList, sample: Assistant
) -> None:
    path, usual = tmp_path / "out.csv", tmp_path / "usual"
    usual.touch()
    written(path, questions, [], sample)
    assert path.stat().st_mode == usual.stat().st_mode
    path.chmod(0o600)
    written(path, questions, [], sample)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_link_is_followed(tmp_path: Path, questions: QuestionList, sample: Assistant) -> None:
    (tmp_path / "folder").mkdir()
    path, target = tmp_path / "out.csv", tmp_path / "folder" / "true.csv"
    path.symlink_to(target)
    written(path, questions, [], sample)
    assert path.is_symlink()
    assert target.read_bytes().startswith(b"\xef\xbb\xbfnumber")


def test_a_long_list_needs_little_memory(
    tmp_path: Path, questions: QuestionList, results: list[RowResult], sample: Assistant
) -> None:
    def peak(ending: str, rounds: int) -> int:
        many = (result for _ in range(rounds) for result in results)
        tracemalloc.start()
        write_results(tmp_path / f"out{ending}", questions, many, sample.library)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    for ending in (".jsonl", ".csv", ".md", ".xlsx"):
        peak(ending, 1)
        assert peak(ending, 200) < peak(ending, 2) + 500_000


# --- before any work is done ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["out.pdf", "out", "out.csv.gz", "out.xls"])
def test_another_ending_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match=r"isn't a \.csv, \.html, \.jsonl, \.md or \.xlsx file"):
        check_output(tmp_path / name, None)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_that_can_be_written_is_accepted_and_nothing_is_left(
    tmp_path: Path, ending: str
) -> None:
    check_output(tmp_path / f"out{ending}", tmp_path / "list.csv")
    check_output(tmp_path / f"out{ending.upper()}", None)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_or_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"There is no folder '.*missing': make it"):
        check_output(tmp_path / "missing" / "out.csv", None)
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"There is no folder '.*file': make it"):
        check_output(tmp_path / "file" / "out.csv", None)
    with pytest.raises(StorageError, match="can't be written"):
        check_output(Path("/proc/out.csv"), None)
    with pytest.raises(StorageError, match="can't be written"):
        check_output(tmp_path / "nul\0.csv", None)


def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "out.csv").mkdir()
    os.mkfifo(tmp_path / "out.md")
    for name in ("out.csv", "out.md"):
        with pytest.raises(SettingsError, match="is no file"):
            check_output(tmp_path / name, None)


def test_the_list_itself_is_not_overwritten_also_through_links(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("question\nWho?", encoding="utf-8")
    (tmp_path / "link.csv").symlink_to(path)
    (tmp_path / "hard.csv").hardlink_to(path)
    (tmp_path / "folder").symlink_to(tmp_path)
    for same in (
        path,
        tmp_path / "link.csv",
        tmp_path / "hard.csv",
        tmp_path / "folder" / "list.csv",
        tmp_path / "folder" / ".." / tmp_path.name / "list.csv",
    ):
        with pytest.raises(SettingsError, match="is the list of questions itself"):
            check_output(same, path)
    check_output(tmp_path / "other.csv", path)


def test_names_in_a_refusal_cannot_act_on_a_terminal(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        check_output(tmp_path / "\x1b[2J\u202e.pdf", None)
    assert str(caught.value) == printable(str(caught.value))
