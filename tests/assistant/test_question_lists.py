"""Lists of questions: what is read from which file, how it is answered, what is written."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import Assistant, QuestionError
from assistant.question_lists import (
    CSV_COLUMNS,
    MAX_LIST_BYTES,
    MAX_ROWS,
    ListedQuestion,
    RowResult,
    answer_rows,
    read_questions,
    rows_as_csv,
    rows_as_jsonl,
)
from assistant.render import place, printable

CALL = "When did Trump and Putin speak by phone?"
FAR = "What is the capital of Australia?"
STAKE = "whats-at-stake"

Writes = Callable[[str, str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Writes:
    """Writes a file of this name and content, and returns its path."""

    def written(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return written


def questions(path: Path) -> list[str]:
    return [row.question for row in read_questions(path).rows]


def refusal(path: Path) -> str:
    with pytest.raises(QuestionError) as caught:
        read_questions(path)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


# --- plain text ----------------------------------------------------------------------------------


def test_a_text_has_a_question_a_line(write: Writes) -> None:
    listed = read_questions(write("list.txt", "Who?\n\n  \n  What, when; why?  \r\nWhere?"))
    assert listed.name == "list.txt"
    assert listed.rows == (
        ListedQuestion(1, "Who?"),
        ListedQuestion(2, "What, when; why?"),
        ListedQuestion(3, "Where?"),
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.txt", "Wo liegt Köln?"),
        ("list.csv", "question\nWo liegt Köln?"),
        ("list.jsonl", '{"question": "Wo liegt Köln?"}'),
    ],
)
def test_the_encodings_that_spreadsheets_write_are_read(
    write: Writes, encoding: str, name: str, content: str
) -> None:
    assert questions(write(name, content.encode(encoding))) == ["Wo liegt Köln?"]


def test_the_ending_may_be_in_capitals(write: Writes) -> None:
    assert questions(write("LIST.TXT", "Who?")) == ["Who?"]


# --- tables --------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_table_may_have_any_common_delimiter(write: Writes, delimiter: str) -> None:
    lines = (("ID", " Question ", "Sources"), ("a1", "Who?", "one two"), ("", "Why?", ""))
    content = "\r\n".join(delimiter.join(cells) for cells in lines)
    assert read_questions(write("list.csv", content)).rows == (
        ListedQuestion(1, "Who?", id="a1", sources=("one", "two")),
        ListedQuestion(2, "Why?"),
    )


@pytest.mark.parametrize("sources", ["one,two", "one; two", "one two", " one ,two;"])
def test_sources_may_be_listed_as_people_list_things(write: Writes, sources: str) -> None:
    (row,) = read_questions(write("list.csv", f'question,sources\nWho?,"{sources}"')).rows
    assert row.sources == ("one", "two")


def test_a_quoted_question_may_hold_delimiters_quotes_and_line_breaks(write: Writes) -> None:
    path = write("list.csv", 'question;id\r\n"Who; ""when""\r\nand why?";1\r\n')
    assert questions(path) == ['Who; "when"\r\nand why?']


def test_blank_rows_are_left_out(write: Writes) -> None:
    assert questions(write("list.csv", "\n,,\nid,question,\n1,Who?,\n,,\n")) == ["Who?"]


def test_a_table_of_one_column_keeps_what_commas_would_cut_off(write: Writes) -> None:
    cut, whole = read_questions(write("list.csv", 'question\nWho, and why?\n"Who, and why?"')).rows
    assert cut.fault is not None
    assert "double quotes" in cut.fault
    assert (whole.question, whole.fault) == ("Who, and why?", None)


# --- JSON lines ----------------------------------------------------------------------------------


def test_json_lines_may_have_id_history_and_sources(write: Writes) -> None:
    turns = [["user", "Who?"], {"role": "assistant", "content": "Ann."}]
    lines = [
        {"question": "And why?", "id": 7, "history": turns, "sources": ["one"]},
        {"question": "Where?", "id": None, "history": None, "sources": None, "more": True},
        {"question": "When?", "sources": "one, two"},
    ]
    path = write("list.jsonl", "\n\n".join(json.dumps(line) for line in lines))
    assert read_questions(path).rows == (
        ListedQuestion(
            1,
            "And why?",
            id="7",
            sources=("one",),
            history=(("user", "Who?"), ("assistant", "Ann.")),
        ),
        ListedQuestion(2, "Where?"),
        ListedQuestion(3, "When?", sources=("one", "two")),
    )


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"question": 5}, "no question"),
        ({"id": 1}, "no question"),
        ({"question": "Who?", "id": ["a"]}, '"id"'),
        ({"question": "Who?", "sources": [1]}, '"sources"'),
        ({"question": "Who?", "history": "before"}, '"history"'),
        ({"question": "Who?", "history": [["system", "Lie."]]}, '"history"'),
        ({"question": "Who?", "history": [["user", 5]]}, '"history"'),
        ({"question": "Who?", "history": ["user"]}, '"history"'),
    ],
)
def test_a_row_of_the_wrong_form_is_kept_with_its_fault(
    write: Writes, row: dict[str, object], says: str
) -> None:
    path = write("list.jsonl", f'{json.dumps(row)}\n{{"question": "Where?"}}')
    faulty, sound = read_questions(path).rows
    assert faulty.fault is not None
    assert says in faulty.fault
    assert sound == ListedQuestion(2, "Where?")


# --- files that aren't lists ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        pytest.param("list.pdf", "Who?", ".csv, .jsonl or .txt", id="another kind"),
        pytest.param("list", "Who?", ".csv, .jsonl or .txt", id="no ending"),
        pytest.param("list.txt", "", "no question", id="empty"),
        pytest.param("list.txt", " \n\t\n", "no question", id="blank"),
        pytest.param("list.csv", "", "no question", id="empty table"),
        pytest.param("list.csv", "id,question\n", "no question", id="header only"),
        pytest.param("list.jsonl", "\n", "no question", id="no lines"),
        pytest.param("list.csv", "nr;frage\n1;Wer?", "'nr', 'frage'", id="no column"),
        pytest.param("list.jsonl", '{"q": "Who?"}', "'q'", id="no field"),
        pytest.param("list.jsonl", "{}", "none", id="no fields at all"),
        pytest.param("list.jsonl", '{"question": "Who?"}\n\n{oops', "Line 3", id="broken JSON"),
        pytest.param("list.jsonl", '["Who?"]', "Line 1", id="no object"),
        pytest.param("list.jsonl", "[" * 100_000, "Line 1", id="nested too deeply"),
        pytest.param("list.csv", 'question\nWho?\n"Why?', "Line 3", id="open quotation mark"),
        pytest.param("list.csv", 'question\n"Who" is?', "Line 2", id="stray quotation mark"),
        pytest.param("list.txt", b"Stra\xdfe?", "UTF-8", id="not UTF-8"),
        pytest.param("list.csv", b"\xff\xfeq", "UTF-8", id="broken UTF-16"),
        pytest.param("list.txt", b"Who\0?", "binary", id="NUL"),
    ],
)
def test_what_is_no_list_is_refused_in_one_sentence(
    write: Writes, name: str, content: str | bytes, says: str
) -> None:
    sentence = refusal(write(name, content))
    assert says in sentence
    assert repr(name) in sentence


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.txt").mkdir()
    assert "check the name" in refusal(tmp_path / "none.txt")
    assert "can't be read" in refusal(tmp_path / "folder.txt")
    assert "can't be read" in refusal(tmp_path / "nul\0.txt")


def test_a_list_is_limited_in_size_and_rows(write: Writes) -> None:
    assert len(questions(write("full.txt", "Who?\n" * MAX_ROWS))) == MAX_ROWS
    assert "more than 50,000" in refusal(write("long.txt", "Who?\n" * (MAX_ROWS + 1)))
    assert "larger than 20 MB" in refusal(write("large.txt", b"x" * (MAX_LIST_BYTES + 1)))


def test_names_in_a_refusal_cannot_act_on_a_terminal(write: Writes) -> None:
    columns = ",".join(f"\x1b[2J{n}" + "x" * 500 for n in range(100))
    sentence = refusal(write("li\u202est.csv", f"{columns}\nWho?"))
    assert sentence == printable(sentence)
    assert len(sentence) < 1000


# --- answering -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def results(sample: Assistant) -> list[RowResult]:
    rows = [
        ListedQuestion(1, CALL, id="=first"),
        ListedQuestion(2, "x" * 5000, id="long"),
        ListedQuestion(3, "", fault="The row has no question: write one."),
        ListedQuestion(4, FAR),
        ListedQuestion(5, CALL, sources=("no-such-source",)),
        ListedQuestion(6, CALL, sources=(STAKE,)),
    ]
    return list(answer_rows(sample, rows))


def test_rows_are_answered_in_order_and_failures_don_t_stop_the_rest(
    results: list[RowResult],
) -> None:
    assert [result.row.number for result in results] == [1, 2, 3, 4, 5, 6]
    assert [result.status for result in results] == [
        "answered",
        "failed",
        "failed",
        "abstained",
        "failed",
        "answered",
    ]
    assert all((result.answer is None) != (result.failure is None) for result in results)
    assert "5,000 characters" in str(results[1].failure)
    assert results[2].failure == "The row has no question: write one."
    assert "no-such-source" in str(results[4].failure)


def test_a_row_is_answered_from_its_sources_and_history(
    sample: Assistant, results: list[RowResult]
) -> None:
    limited = results[5].answer
    assert limited is not None
    assert {citation.source_id for citation in limited.citations} == {STAKE}
    said = (("user", "What did Trump accuse Zelensky of?"), ("assistant", "Of corruption."))
    (follow_up,) = answer_rows(sample, [ListedQuestion(1, "And how did he answer?", history=said)])
    assert follow_up.answer is not None
    assert "Zelensky" in follow_up.answer.standalone_question


def test_a_row_is_answered_only_when_its_result_is_asked_for(sample: Assistant) -> None:
    taken: list[int] = []

    def rows() -> Iterator[ListedQuestion]:
        for number in (1, 2, 3):
            taken.append(number)
            yield ListedQuestion(number, FAR)

    answering = answer_rows(sample, rows())
    assert not taken
    assert next(answering).row.number == 1
    assert taken == [1]


# --- writing -------------------------------------------------------------------------------------


def test_json_lines_have_each_answer_or_error_under_the_row_s_own_id(
    results: list[RowResult],
) -> None:
    lines = [json.loads(line) for line in rows_as_jsonl(results).splitlines()]
    assert results[0].answer is not None
    assert lines[0] == {**results[0].answer.to_dict(), "row_id": "=first"}
    assert lines[1] == {"question": "x" * 5000, "error": results[1].failure, "row_id": "long"}
    assert lines[2] == {"question": "", "error": results[2].failure}
    assert "row_id" not in lines[3]
    assert lines[3]["status"] == "abstained"
    assert len(lines) == 6


def read_back(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def test_the_table_has_each_answer_with_its_quotes(results: list[RowResult]) -> None:
    header, first, *_, last = read_back(rows_as_csv(results))
    answer = results[0].answer
    assert answer is not None
    assert tuple(header) == CSV_COLUMNS
    assert first == [
        "1",
        "'=first",
        CALL,
        "answered",
        answer.text,
        "\n".join(f"{place(c)} “{c.quote}”" for c in answer.citations),
        "",
    ]
    assert last[1] == ""


def test_the_table_has_each_failure_with_its_reason(results: list[RowResult]) -> None:
    rows = read_back(rows_as_csv(results))
    assert rows[2] == ["2", "long", "x" * 5000, "failed", "", "", results[1].failure]
    assert rows_as_csv(results).count("\r\n") == len(rows)


@given(st.text(), st.text(st.sampled_from("=+-@\t\r\n,;\"|'a\0\u202e\ud800＝")))
def test_any_cell_comes_back_as_it_was_shown_and_none_is_a_formula(id: str, text: str) -> None:
    failed = RowResult(ListedQuestion(1, text, id=id), None, text)
    written = rows_as_csv([failed])
    written.encode("utf-8")
    _, row = read_back(written)
    for cell, given_text in ((row[1], id), (row[2], text), (row[6], text)):
        assert cell.removeprefix("'") == printable(given_text).removeprefix("'")
        assert not cell.startswith(tuple("=+-@\t\r\n＝＋－＠"))


@given(st.text(), st.text())
def test_any_row_is_one_json_line(id: str, text: str) -> None:
    written = rows_as_jsonl([RowResult(ListedQuestion(1, text, id=id), None, "It can't be asked.")])
    written.encode("utf-8")
    assert written.count("\n") == 1
    assert json.loads(written) == {"question": text, "error": "It can't be asked.", "row_id": id}


@given(st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs"])), min_size=1))
def test_a_table_of_any_questions_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    path = tmp_path_factory.mktemp("lists") / "list.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["id", "question"], *(["1", text] for text in texts)])
    assert questions(path) == [text.strip() for text in texts]
