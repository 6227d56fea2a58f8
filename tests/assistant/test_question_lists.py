"""Lists of questions: what is read from which file, and how it is answered."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openpyxl import Workbook

from assistant import Assistant, QuestionError
from assistant.list_readers import MAX_COLUMNS, MAX_LIST_BYTES
from assistant.question_lists import (
    MAX_ROWS,
    ListedQuestion,
    RowResult,
    answer_rows,
    read_questions,
    read_questions_from,
)
from assistant.render import printable

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


def refusal(path: Path, question_column: str | None = None) -> str:
    with pytest.raises(QuestionError) as caught:
        read_questions(path, question_column=question_column)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


# --- plain text ----------------------------------------------------------------------------------


def test_a_text_has_a_question_a_line(write: Writes) -> None:
    listed = read_questions(write("list.txt", "Who?\n\n  \n  What, when; why?  \r\nWhere?"))
    assert listed.name == "list.txt"
    assert listed.columns == ()
    assert listed.rows == (
        ListedQuestion(1, "Who?"),
        ListedQuestion(2, "What, when; why?"),
        ListedQuestion(3, "Where?"),
    )


def test_blank_lines_are_left_out_and_counted(write: Writes) -> None:
    assert read_questions(write("list.txt", "Who?\n \n\nWhy?\n")).notes == (
        "2 blank lines were left out.",
    )
    assert read_questions(write("list.txt", "Who?\n\nWhy?")).notes == (
        "1 blank line was left out.",
    )
    assert read_questions(write("list.txt", "Who?\nWhy?\n")).notes == ()


# --- encodings -----------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
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
    listed = read_questions(write(name, content.encode(encoding)))
    assert [row.question for row in listed.rows] == ["Wo liegt Köln?"]
    assert listed.notes == ()


GERMAN = ["Wo liegt Köln?", "Wer schrieb über die Brücke?", "Wie groß ist der Hafen?"]
FRENCH = ["Où est la gare ?", "Qui a écrit l’article sur la forêt ?", "Est-il bâti ?"]
POLISH = ["Gdzie leży Łódź?", "Kto napisał artykuł o żegludze?", "Kiedy otwarto most?"]
RUSSIAN = ["Где находится вокзал?", "Кто написал статью о мосте?", "Когда открыли порт?"]
GREEK = ["Πού βρίσκεται ο σταθμός;", "Ποιος έγραψε το άρθρο;"]
TURKISH = ["İstanbul nerede?", "Köprüyü kim yaptı, ne zaman açıldı?", "Şehrin nüfusu kaç?"]
JAPANESE = ["駅はどこですか?", "誰が記事を書きましたか?", "橋はいつ開通しましたか?"]
CHINESE = ["车站在哪里?", "谁写了这篇文章?", "大桥什么时候开通?"]
KOREAN = ["역은 어디에 있습니까?", "누가 기사를 썼습니까?"]


@pytest.mark.parametrize(
    ("encoding", "texts", "stated"),
    [
        ("cp1252", GERMAN, "Western European"),
        ("cp1252", ["Wo liegt Köln?"], "Western European"),
        ("cp1252", FRENCH, "Western European"),
        ("cp1252", ["Who’s there, and “why”?"], "Western European"),
        ("mac_roman", FRENCH, "Macintosh"),
        ("cp850", GERMAN, "DOS"),
        ("cp1250", POLISH, "Central European"),
        ("cp1251", RUSSIAN, "Cyrillic"),
        ("koi8_r", RUSSIAN, "KOI8-R"),
        ("cp1253", GREEK, "Greek"),
        ("cp1254", TURKISH, "Turkish"),
        ("cp932", JAPANESE, "Shift-JIS"),
        ("euc_jp", JAPANESE, "EUC-JP"),
        ("gb18030", CHINESE, "Chinese"),
        ("cp949", KOREAN, "Korean"),
        ("utf-16-le", GERMAN, "UTF-16"),
        ("utf-16-be", RUSSIAN, "UTF-16"),
    ],
)
def test_another_encoding_is_found_out_and_stated(
    write: Writes, encoding: str, texts: list[str], stated: str
) -> None:
    content = "\n".join(["id,question", *(f'{n},"{text}"' for n, text in enumerate(texts))])
    listed = read_questions(write("list.csv", content.encode(encoding)))
    assert [row.question for row in listed.rows] == texts
    (note,) = listed.notes
    assert stated in note
    assert "'list.csv'" in note
    assert "UTF-8" in note


def test_a_text_of_two_encodings_is_refused_with_the_lines(write: Writes) -> None:
    content = "Who?\nWo liegt Köln?\n".encode() + "Wie groß ist Köln?\n".encode("cp1252")
    sentence = refusal(write("list.txt", content))
    assert "mixes encodings" in sentence
    assert "line 2 is UTF-8" in sentence
    assert "line 3 is Windows-1252" in sentence


def test_the_ending_may_be_in_capitals(write: Writes) -> None:
    assert questions(write("LIST.TXT", "Who?")) == ["Who?"]


# --- tables --------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_table_may_have_any_common_delimiter(write: Writes, delimiter: str) -> None:
    lines = (("ID", " Question ", "Sources"), ("a1", "Who?", "one two"), ("", "Why?", ""))
    content = "\r\n".join(delimiter.join(cells) for cells in lines)
    listed = read_questions(write("list.csv", content))
    assert listed.rows == (
        ListedQuestion(1, "Who?", id="a1", sources=("one", "two")),
        ListedQuestion(2, "Why?"),
    )
    stated = () if delimiter == "," else (f"The cells are delimited by {delimiter!r}.",)
    assert listed.notes == stated


@pytest.mark.parametrize("delimiter", list(":^~#¦§/*&\x1f"))
def test_an_unusual_delimiter_is_found_where_every_row_has_as_many_cells(
    write: Writes, delimiter: str
) -> None:
    lines = (("id", "question"), ("a1", "Who, and why; when?"), ("a2", "Why?"))
    listed = read_questions(write("list.csv", "\n".join(map(delimiter.join, lines))))
    assert listed.rows == (
        ListedQuestion(1, "Who, and why; when?", id="a1"),
        ListedQuestion(2, "Why?", id="a2"),
    )
    assert len(listed.notes) == 1
    assert "id" in refusal(write("list.csv", "\n".join([*map(delimiter.join, lines), "a3"])))


def test_a_delimiter_that_a_spreadsheet_states_in_front_is_taken(write: Writes) -> None:
    assert questions(write("list.csv", "sep=;\r\nid;question\r\n1;Who, when?")) == ["Who, when?"]
    assert "Line 3" in refusal(write("list.csv", 'sep=;\nid;question\n1;"Who" is?'))


def test_a_tsv_has_tabs(write: Writes) -> None:
    listed = read_questions(write("list.tsv", "id\tquestion\na1\tWho, and why?\n"))
    assert listed.rows == (ListedQuestion(1, "Who, and why?", id="a1"),)
    assert listed.notes == ()


@pytest.mark.parametrize("sources", ["one,two", "one; two", "one two", " one ,two;"])
def test_sources_may_be_listed_as_people_list_things(write: Writes, sources: str) -> None:
    (row,) = read_questions(write("list.csv", f'question,sources\nWho?,"{sources}"')).rows
    assert row.sources == ("one", "two")


def test_a_quoted_question_may_hold_delimiters_quotes_and_line_breaks(write: Writes) -> None:
    path = write("list.csv", 'question;id\r\n"Who; ""when""\r\nand why?";1\r\n')
    assert questions(path) == ['Who; "when"\r\nand why?']


def test_blank_rows_are_left_out_and_counted(write: Writes) -> None:
    listed = read_questions(write("list.csv", "\n,,\nid,question,\n1,Who?,\n,,\n\n2,Why?,\n"))
    assert [row.question for row in listed.rows] == ["Who?", "Why?"]
    assert listed.columns == ()
    assert listed.notes == ("2 blank rows were left out.",)


def test_a_row_without_a_question_is_kept_with_its_fault(write: Writes) -> None:
    _, row = read_questions(write("list.csv", "id,question,note\n1,Who?,\n2, ,later")).rows
    assert (row.number, row.id, row.extra) == (2, "2", (("note", "later"),))
    assert row.fault == "The row has no question: write one."


def test_other_columns_are_carried_through(write: Writes) -> None:
    content = "topic,question,Topic,,topic\n a ,Who?,B,,=c\nd,Why?,e,f\n"
    listed = read_questions(write("list.csv", content))
    assert listed.columns == ("topic", "Topic", "column 4", "topic (2)")
    assert [dict(row.extra) for row in listed.rows] == [
        {"topic": " a ", "Topic": "B", "column 4": "", "topic (2)": "=c"},
        {"topic": "d", "Topic": "e", "column 4": "f", "topic (2)": ""},
    ]


def test_ids_that_stand_in_several_rows_are_told_and_kept(write: Writes) -> None:
    listed = read_questions(write("list.csv", "id,question\na,Who?\nb,Why?\na,When?\n,X?\n,Y?"))
    assert [row.id for row in listed.rows] == ["a", "b", "a", None, None]
    assert listed.notes == ("1 id stands in several rows ('a'): tell them apart by their number.",)


def test_a_table_may_have_a_history_as_json(write: Writes) -> None:
    turns = [["user", "Who?"], ["assistant", "Ann."]]
    out = io.StringIO()
    csv.writer(out).writerows(
        [["question", "history"], ["Why?", json.dumps(turns)], ["When?", ""], ["How?", "before"]]
    )
    sound, without, faulty = read_questions(write("list.csv", out.getvalue())).rows
    assert sound.history == (("user", "Who?"), ("assistant", "Ann."))
    assert (without.history, without.fault) == ((), None)
    assert '"history"' in str(faulty.fault)


def test_a_cell_of_a_megabyte_is_the_matter_of_its_row_alone(
    write: Writes, sample: Assistant
) -> None:
    content = f"question,note\n{'x' * 1_000_000},\n{FAR},{'y' * 1_000_000}\n"
    listed = read_questions(write("list.csv", content))
    assert [len(row.question) for row in listed.rows] == [1_000_000, len(FAR)]
    assert len(dict(listed.rows[1].extra)["note"]) == 1_000_000
    assert [result.status for result in answer_rows(sample, listed.rows)] == [
        "failed",
        "abstained",
    ]


# --- the column of questions ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["question", "QUESTION", "Frage", "pregunta", "Вопрос", "query", "Prompt", "q"]
)
def test_the_column_of_questions_is_found_by_its_name(write: Writes, name: str) -> None:
    listed = read_questions(write("list.csv", f"answer,{name},note\nAnn,Who?,n"))
    assert [row.question for row in listed.rows] == ["Who?"]
    assert listed.columns == ("answer", "note")
    assert (f"The questions are those in the column {name!r}." in listed.notes) == (
        name.casefold() != "question"
    )


def test_question_goes_before_other_names(write: Writes) -> None:
    assert questions(write("list.csv", "prompt,question,q\nno,Who?,no")) == ["Who?"]
    assert questions(write("list.csv", "Question,question\nno,Who?")) == ["Who?"]
    assert questions(write("list.jsonl", '{"q": "no"}\n{"question": "Who?"}')) == ["", "Who?"]


@pytest.mark.parametrize("wanted", ["Text", "text", " Text "])
def test_the_column_can_be_named(write: Writes, wanted: str) -> None:
    path = write("list.csv", "question,Text\nno,Who?")
    listed = read_questions(path, question_column=wanted)
    assert [row.question for row in listed.rows] == ["Who?"]
    assert listed.columns == ("question",)
    path = write("list.jsonl", '{"question": "no", "Text": "Who?"}')
    listed = read_questions(path, question_column=wanted)
    assert [(row.question, row.extra) for row in listed.rows] == [("Who?", (("question", "no"),))]


@pytest.mark.parametrize(
    ("content", "wanted", "says"),
    [
        ("nr,text\n1,Who?", None, "'nr', 'text'"),
        ("nr,text\n1,Who?", "body", "\"body\", but 'nr', 'text'"),
        ("prompt,nr,query\nWho?,1,Why?", None, "('prompt', 'query')"),
        ("question,question\nWho?,Why?", None, "2 columns"),
    ],
)
def test_where_the_column_cannot_be_told_the_columns_are_named(
    write: Writes, content: str, wanted: str | None, says: str
) -> None:
    sentence = refusal(write("list.csv", content), wanted)
    assert says in sentence
    assert "--question-column" in sentence


def test_a_text_has_no_column_to_name(write: Writes) -> None:
    assert "leave out --question-column" in refusal(write("list.txt", "Who?"), "text")


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
        {"question": "Where?", "id": None, "history": None, "sources": None},
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


def test_other_fields_of_json_lines_are_carried_through(write: Writes) -> None:
    lines = [{"topic": "a", "question": "Who?"}, {"question": "Why?", "n": [1, "é"], "x": None}]
    listed = read_questions(write("list.jsonl", "\n".join(map(json.dumps, lines))))
    assert listed.columns == ("topic", "n", "x")
    assert [row.extra for row in listed.rows] == [
        (("topic", "a"),),
        (("n", '[1, "é"]'), ("x", "")),
    ]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"question": " "}, "no question"),
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
        pytest.param("list.pdf", "Who?", ".csv, .jsonl, .tsv, .txt or .xlsx", id="another kind"),
        pytest.param("list", "Who?", ".csv, .jsonl, .tsv, .txt or .xlsx", id="no ending"),
        pytest.param("list.txt", "", "no question", id="empty"),
        pytest.param("list.txt", " \n\t\n", "no question", id="blank"),
        pytest.param("list.csv", "", "no question", id="empty table"),
        pytest.param("list.csv", "id,question\n", "no question", id="header only"),
        pytest.param("list.jsonl", "\n", "no question", id="no lines"),
        pytest.param("list.csv", "nr;text\n1;Wer?", "'nr', 'text'", id="no column"),
        pytest.param("list.jsonl", '{"text": "Who?"}', "'text'", id="no field"),
        pytest.param("list.jsonl", "{}", "none", id="no fields at all"),
        pytest.param("list.jsonl", '{"question": "Who?"}\n\n{oops', "Line 3", id="broken JSON"),
        pytest.param("list.jsonl", '["Who?"]', "Line 1", id="no object"),
        pytest.param("list.jsonl", "[" * 100_000, "Line 1", id="nested too deeply"),
        pytest.param("list.csv", 'question\nWho?\n"Why?', "Line 3", id="open quotation mark"),
        pytest.param("list.csv", 'question\n"Who" is?', "Line 2", id="stray quotation mark"),
        pytest.param("list.txt", b"\x89PNG\r\n\x1a\n\0\0", "UTF-8", id="a picture"),
        pytest.param("list.txt", bytes(range(1, 256)), "UTF-8", id="no encoding"),
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
    assert "more than 100,000" in refusal(write("long.txt", "Who?\n" * (MAX_ROWS + 1)))
    assert "larger than 20 MB" in refusal(write("large.txt", b"x" * (MAX_LIST_BYTES + 1)))
    with pytest.raises(QuestionError, match="larger than 20 MB"):
        read_questions_from(b"x" * (MAX_LIST_BYTES + 1), "standard input")


def test_a_list_is_limited_in_columns(write: Writes) -> None:
    names = ",".join(["question", *map(str, range(MAX_COLUMNS - 1))])
    assert questions(write("full.csv", f"{names}\nWho?")) == ["Who?"]
    assert "more than 500 columns" in refusal(write("wide.csv", f"{names},more\nWho?"))
    fields = {"question": "Who?"} | {str(n): n for n in range(MAX_COLUMNS + 1)}
    assert "more than 500 fields" in refusal(write("wide.jsonl", json.dumps(fields)))


def test_names_in_a_refusal_cannot_act_on_a_terminal(write: Writes) -> None:
    columns = ",".join(f"\x1b[2J{n}" + "x" * 500 for n in range(100))
    sentence = refusal(write("li\u202est.csv", f"{columns}\nWho?"))
    assert sentence == printable(sentence)
    assert len(sentence) < 1000


@given(st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs"])), min_size=1))
def test_a_table_of_any_questions_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    path = tmp_path_factory.mktemp("lists") / "list.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["id", "question"], *(["1", text] for text in texts)])
    assert questions(path) == [text.strip() for text in texts]


@given(
    st.lists(st.lists(st.text("ab\"',;| \n", max_size=6), min_size=2, max_size=2), max_size=5),
    st.sampled_from(",;\t|:^~"),
)
def test_a_table_with_any_cells_and_delimiter_is_read_back(
    rows: list[list[str]], delimiter: str
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerows([["note", "question"], *rows, ["last", "Who?"]])
    listed = read_questions_from(out.getvalue().encode(), "list.csv")
    assert [(dict(row.extra)["note"], row.question) for row in listed.rows] == [
        (note, question.strip())
        for note, question in [*rows, ["last", "Who?"]]
        if (note + question).strip()
    ]


# --- workbooks -----------------------------------------------------------------------------------

Sheets = dict[str, Sequence[Sequence[Any]]]


def workbook(sheets: Sheets) -> bytes:
    """A workbook with these cells."""
    book = Workbook(write_only=True)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def with_part(data: bytes, name: str, content: bytes) -> bytes:
    """The workbook with another content of one of its parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", 8) as new:
        for part in old.namelist():
            new.writestr(part, content if part == name else old.read(part))
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
NAMESPACE = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def sheet_xml(rows: bytes) -> bytes:
    return b"<worksheet " + NAMESPACE + b"><sheetData>" + rows + b"</sheetData></worksheet>"


def test_a_workbook_is_read_with_dates_and_numbers_as_text(write: Writes) -> None:
    rows = [
        [],
        ["id", "Question", "sources", "when", None, "n"],
        [1, "Who?", "one, two", date(2025, 2, 12), None, 0.1 + 0.2],
        [2.0, 2024, None, datetime(2025, 2, 12, 10, 30), None, True],
        [None, None, None],
        ["c", " Why?\n", None, time(10, 30), "beside", 1_000_000],
    ]
    listed = read_questions(write("list.xlsx", workbook({"List": rows})))
    assert listed.columns == ("when", "column 5", "n")
    assert listed.notes == ("1 blank row was left out.",)
    assert listed.rows == (
        ListedQuestion(
            1,
            "Who?",
            id="1",
            sources=("one", "two"),
            extra=(("when", "2025-02-12"), ("column 5", ""), ("n", "0.3")),
        ),
        ListedQuestion(
            2,
            "2024",
            id="2",
            extra=(("when", "2025-02-12 10:30:00"), ("column 5", ""), ("n", "TRUE")),
        ),
        ListedQuestion(
            3,
            "Why?",
            id="c",
            extra=(("when", "10:30:00"), ("column 5", "beside"), ("n", "1000000")),
        ),
    )


def test_the_first_sheet_with_a_column_of_questions_is_read(write: Writes) -> None:
    sheets: Sheets = {
        "About": [["Made by", "me"]],
        "Empty": [],
        "Fragen": [["Nr", "Frage"], [1, "Wer?"]],
        "More": [["question"], ["Who?"]],
    }
    listed = read_questions(write("list.xlsx", workbook(sheets)))
    assert [row.question for row in listed.rows] == ["Wer?"]
    assert listed.notes == (
        "Of 4 sheets, 'Fragen' was read.",
        "The questions are those in the column 'Frage'.",
    )
    by_name = read_questions(write("list.xlsx", workbook(sheets)), question_column="question")
    assert [row.question for row in by_name.rows] == ["Who?"]


def test_a_workbook_without_a_column_of_questions_is_refused(write: Writes) -> None:
    sheets: Sheets = {"Empty": [], "List": [["Nr", "Text"], [1, "Who?"]]}
    assert "'Nr', 'Text'" in refusal(write("list.xlsx", workbook(sheets)))
    assert "no question" in refusal(write("list.xlsx", workbook({"Empty": []})))
    assert "no question" in refusal(write("list.xlsx", workbook({"List": [["question"]]})))
    far_down: Sheets = {"List": [*[[]] * 200, ["question"], ["Who?"]]}
    assert "no question" in refusal(write("list.xlsx", workbook(far_down)))


def test_a_formula_without_a_result_is_the_fault_of_its_row(write: Writes) -> None:
    rows = [
        ["id", "question", "sources", "note"],
        [1, '="Who "&"is it?"', None, None],
        [2, "Who?", "=A1", None],
        [3, "Why?", None, "=A1"],
    ]
    asked, limited, noted = read_questions(write("list.xlsx", workbook({"List": rows}))).rows
    assert "question is a formula" in str(asked.fault)
    assert "sources is a formula" in str(limited.fault)
    assert (noted.fault, noted.extra) == (None, (("note", "=A1"),))


def test_the_result_of_a_formula_is_read_and_an_error_is_a_fault(write: Writes) -> None:
    xml = sheet_xml(
        b'<row r="1"><c r="A1" t="str"><v>question</v></c></row>'
        b'<row r="2"><c r="A2" t="str"><f>B2&amp;C2</f><v>Who is it?</v></c></row>'
        b'<row r="3"><c r="A3" t="e"><f>B2</f><v>#REF!</v></c></row>'
    )
    data = with_part(workbook({"List": []}), SHEET, xml)
    sound, faulty = read_questions(write("list.xlsx", data)).rows
    assert (sound.question, sound.fault) == ("Who is it?", None)
    assert faulty.fault == "The row's question is the error #REF!: correct it."


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"question\nWho?", id="text"),
        pytest.param(b"PK\x03\x04", id="cut off"),
        pytest.param(workbook({"List": [["question"]]})[:-500], id="without its end"),
        pytest.param(with_part(workbook({"List": []}), SHEET, b"<oops"), id="broken XML"),
        pytest.param(with_part(workbook({"List": []}), "xl/workbook.xml", b""), id="no sheets"),
        pytest.param(
            with_part(
                workbook({"List": []}), SHEET, sheet_xml(b'<row r="1"><c t="s"><v>7</v></c></row>')
            ),
            id="a string that isn't there",
        ),
        pytest.param(
            with_part(
                workbook({"List": []}),
                SHEET,
                sheet_xml(
                    b'<row r="1"><c t="str"><v>question</v></c></row>'
                    b'<row r="999999999"><c t="str"><v>Who?</v></c></row>'
                ),
            ),
            id="a row beyond the last",
        ),
    ],
)
def test_a_broken_workbook_is_refused_with_what_to_do(write: Writes, data: bytes) -> None:
    sentence = refusal(write("list.xlsx", data))
    assert "'list.xlsx' isn't a workbook that can be read" in sentence
    assert ".csv" in sentence


def test_an_encrypted_workbook_is_refused(write: Writes) -> None:
    ole = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(2000)
    assert "without a password" in refusal(write("list.xlsx", ole))
    data = bytearray(workbook({"List": [["question"]]}))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert "without a password" in refusal(write("list.xlsx", bytes(data)))


def test_a_workbook_that_unpacks_to_too_much_is_refused_unopened(write: Writes) -> None:
    small = workbook({"List": [["question"]]})
    spaces = with_part(small, SHEET, b" " * 101_000_000)
    assert len(spaces) < 200_000
    assert "too large" in refusal(write("list.xlsx", spaces))
    tags = with_part(small, SHEET, sheet_xml(b'<row r="1">' + b"<c/>" * 3_000_000 + b"</row>"))
    assert len(tags) < 200_000
    assert "too large" in refusal(write("list.xlsx", tags))


def test_entities_of_a_workbook_are_not_unfolded(write: Writes) -> None:
    bomb = (
        b"<!DOCTYPE x ["
        + b"".join(
            b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10 if n else b"Who?" * 100)
            for n in range(12)
        )
        + b"]>"
        + sheet_xml(b'<row r="1"><c r="A1" t="str"><v>&e11;</v></c></row>')
    )
    data = with_part(workbook({"List": []}), SHEET, bomb)
    assert "isn't a workbook" in refusal(write("list.xlsx", data))


def test_a_workbook_is_limited_in_rows(write: Writes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.question_lists.MAX_ROWS", 3)
    rows = [["question"], *[["Who?"]] * 3]
    assert len(questions(write("list.xlsx", workbook({"List": rows})))) == 3
    sentence = refusal(write("list.xlsx", workbook({"List": [*rows, ["Why?"]]})))
    assert "more than 3 questions" in sentence


CELL = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"))


@example(["_x000D_", "a_x0041_b"])
@given(st.lists(CELL.filter(lambda text: text.strip() and not text.startswith(("=", "#")))))
def test_a_workbook_of_any_questions_is_read_back(texts: list[str]) -> None:
    # The format takes _x0041_ for an escaped "A": what only looks like that is escaped itself.
    escaped = [re.sub("_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", text) for text in texts]
    rows = [["question"], *([text] for text in escaped), ["Who?"]]
    listed = read_questions_from(workbook({"List": rows}), "list.xlsx")
    assert [row.question for row in listed.rows] == [*(text.strip() for text in texts), "Who?"]


# --- without a file ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        pytest.param(
            "Who?\nWhy, and when?", [("Who?", None), ("Why, and when?", None)], id="lines"
        ),
        pytest.param('{"question": "Who?", "id": 1}\n', [("Who?", "1")], id="JSON lines"),
        pytest.param("id;question\na;Who?", [("Who?", "a")], id="table"),
        pytest.param("question\nWho?", [("Who?", None)], id="table of one column"),
        pytest.param("sep=^\nid^question\na^Who?", [("Who?", "a")], id="stated delimiter"),
        pytest.param(
            "Query, or question?\nQ, what is it?",
            [("Query, or question?", None), ("Q, what is it?", None)],
            id="questions that begin like a header",
        ),
        pytest.param(
            workbook({"List": [["id", "question"], ["a", "Who?"]]}), [("Who?", "a")], id="workbook"
        ),
    ],
)
def test_a_list_without_a_name_is_read_as_what_it_looks_like(
    data: str | bytes, rows: list[tuple[str, str | None]]
) -> None:
    data = data.encode() if isinstance(data, str) else data
    listed = read_questions_from(data, "standard input")
    assert listed.name == "standard input"
    assert [(row.question, row.id) for row in listed.rows] == rows


def test_a_broken_line_among_json_lines_is_not_taken_for_a_question() -> None:
    with pytest.raises(QuestionError, match="Line 2 of 'standard input'"):
        read_questions_from(b'{"question": "Who?"}\n{"question": "Wh', "standard input")


def test_a_column_can_be_named_without_a_file() -> None:
    listed = read_questions_from(b"text,n\nWho?,1", "standard input", question_column="text")
    assert listed.rows == (ListedQuestion(1, "Who?", extra=(("n", "1"),)),)
    with pytest.raises(QuestionError, match="leave out --question-column"):
        read_questions_from(b"Who?\nWhy?", "standard input", question_column="text")


def test_a_name_with_an_ending_decides() -> None:
    listed = read_questions_from(b"question\nWho?", "list.txt")
    assert [row.question for row in listed.rows] == ["question", "Who?"]


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
