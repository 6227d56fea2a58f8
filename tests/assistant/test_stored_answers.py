"""Stored answers are read back from every form they are written in, or refused in one sentence."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from assistant import Answer, AnswerError, AskedTurn, Citation, Claim, Conversation, LibraryStamp
from assistant.stored_answers import (
    CUT_OFF,
    LEFT_OUT,
    MAX_FILE_BYTES,
    NOT_ANSWERED,
    Skipped,
    StoredAnswer,
    read_answers,
)


def answer(question: str = "Did it rain?") -> Answer:
    return Answer(
        id="1",
        question=question,
        standalone_question=question,
        engine="extractive",
        claims=(Claim(text="It rained.", citations=(1,)),),
        citations=(
            Citation(
                number=1,
                source_id="text",
                source_title=None,
                source_uri=None,
                source_sha256="0" * 64,
                paragraph=1,
                start=0,
                end=10,
                quote="It rained.",
                prefix="",
                suffix="",
                match="exact",
            ),
        ),
        library=LibraryStamp(fingerprint="f", sources=1, paragraphs=1),
    )


ONE, TWO = answer(), answer("And then?")
FAILED = {"row": 2, "row_id": "b", "question": "", "error": "The question is empty."}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "answers"


def read(file: Path, text: str) -> list[StoredAnswer | Skipped]:
    file.write_text(text, encoding="utf-8", newline="")
    return list(read_answers(file))


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("before", ["", "\n ", "\ufeff"])
def test_an_answers_json_is_one_answer(file: Path, indent: int | None, before: str) -> None:
    (found,) = read(file, before + ONE.to_json(indent))
    assert isinstance(found, StoredAnswer)
    assert found.answer == ONE


def test_a_list_of_answers_keeps_the_numbers_of_its_rows(file: Path) -> None:
    rows = [ONE.to_dict(), {**TWO.to_dict(), "row": 7, "row_id": "x", "extra": {"a": "b"}}, FAILED]
    assert read(file, json.dumps(rows, indent=1)) == [
        StoredAnswer("row 1", ONE),
        StoredAnswer("row 7", TWO),
        Skipped("row 2", NOT_ANSWERED),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n"])
def test_json_lines_are_told_by_their_numbers(file: Path, end: str) -> None:
    lines = [ONE.to_json(), json.dumps(FAILED), "", json.dumps({**TWO.to_dict(), "row_id": "x"})]
    found = read(file, end.join([*lines, ""]))
    step = 2 if end == "\n\n" else 1
    assert found == [
        StoredAnswer("line 1", ONE),
        Skipped(f"line {1 + step}", NOT_ANSWERED),
        StoredAnswer(f"line {1 + 3 * step}", TWO),
    ]


def test_a_list_may_begin_with_a_failure(file: Path) -> None:
    assert read(file, f"{json.dumps(FAILED)}\n{ONE.to_json()}") == [
        Skipped("line 1", NOT_ANSWERED),
        StoredAnswer("line 2", ONE),
    ]


@pytest.mark.parametrize("share", [0.001, 0.5, 0.999])
def test_a_half_written_last_line_is_told(file: Path, share: float) -> None:
    line = TWO.to_json()
    cut = line[: max(1, int(len(line) * share))]
    assert read(file, f"{ONE.to_json()}\n{cut}") == [
        StoredAnswer("line 1", ONE),
        Skipped("line 2", CUT_OFF),
    ]


def test_a_saved_conversation_is_told_by_its_turns(file: Path) -> None:
    turns = (AskedTurn(ONE.question, ONE), AskedTurn("What?", None), AskedTurn(TWO.question, TWO))
    Conversation(turns).save(file)
    expected = [
        StoredAnswer("turn 1", ONE),
        Skipped("turn 2", LEFT_OUT),
        StoredAnswer("turn 3", TWO),
    ]
    assert list(read_answers(file)) == expected
    assert read(file, Conversation(turns).to_json()) == expected


def test_an_html_report_has_its_rows_in_it(file: Path) -> None:
    pytest.importorskip("assistant.report")
    rows = json.dumps([{**ONE.to_dict(), "row": 3}, FAILED]).replace("<", "\\u003c")
    html = f"""<!DOCTYPE html>
<html lang="en"><head><title>Report</title></head><body>
<script type="application/json" id="pincite-answers">{rows}</script>
</body></html>
"""
    assert read(file, html) == [StoredAnswer("row 3", ONE), Skipped("row 2", NOT_ANSWERED)]


def test_what_a_file_is_does_not_depend_on_its_name(tmp_path: Path) -> None:
    assert read(tmp_path / "answers.html", f"{ONE.to_json()}\n{TWO.to_json()}\n") == [
        StoredAnswer("line 1", ONE),
        StoredAnswer("line 2", TWO),
    ]


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in ONE.to_dict().items() if key != name}


GOOD = ONE.to_json().encode()
NO_ANSWERS = [
    pytest.param(b"", "is empty", id="empty"),
    pytest.param(b" \n\n", "is empty", id="blank"),
    pytest.param(b"Dear diary", "can't be read as answers", id="no JSON"),
    pytest.param(b"PK\x03\x04\xff\xfe", "can't be read as answers", id="binary"),
    pytest.param(GOOD[:-9], "can't be read as answers", id="only a half-written line"),
    pytest.param(b"{}", "Line 1 of .* can't be checked", id="no schema"),
    pytest.param(b"null", "can't be read as answers", id="null"),
    pytest.param(b"3", "Row 1 of .* can't be checked", id="number"),
    pytest.param(b"[3]", "Row 1 of .* can't be checked", id="list of numbers"),
    pytest.param(b"[" * 200_000, "can't be read as answers", id="nested deeply"),
    pytest.param(b'{"a": NaN}', "can't be read as answers", id="NaN"),
    pytest.param(b'{"a": ' + b"9" * 9999 + b"}", "can't be read as answers", id="digits"),
    pytest.param(json.dumps(without("id")).encode(), "id is wrong", id="part missing"),
    pytest.param(
        json.dumps({**ONE.to_dict(), "usage": {"\x1b[2J\u202e" * 999: 1}}).encode(),
        "Line 1 of .* can't be checked",
        id="hostile field",
    ),
    pytest.param(GOOD + b"\n{}\n", "Line 2 of .* can't be checked", id="bad line"),
    pytest.param(GOOD + b"\n{\n" + GOOD, "Line 2 of .* can't be checked", id="broken line"),
    pytest.param(GOOD + b"\n\xff\n" + GOOD, "Line 2 of .* can't be checked", id="no UTF-8"),
    pytest.param(
        b'{"schema": "pincite.conversation/1", "turns": 3}', "no list of turns", id="no turns"
    ),
]


@pytest.mark.parametrize(("content", "says"), NO_ANSWERS)
def test_anything_else_is_refused_in_one_sentence(file: Path, content: bytes, says: str) -> None:
    file.write_bytes(content)
    with pytest.raises(AnswerError, match=says) as caught:
        list(read_answers(file))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 700


def test_a_page_that_is_no_report_is_refused(file: Path) -> None:
    pytest.importorskip("assistant.report")
    with pytest.raises(AnswerError):
        read(file, ONE.to_html())


def test_a_page_that_is_no_utf8_is_refused(file: Path) -> None:
    pytest.importorskip("assistant.report")
    file.write_bytes(b"<p>\xff</p>")
    with pytest.raises(AnswerError, match="isn't UTF-8"):
        list(read_answers(file))


@pytest.mark.parametrize("name", ["missing.json", ".", "a\0b", "~nobody-here/x", "x" * 300])
def test_a_file_that_cannot_be_read_is_refused(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AnswerError):
        list(read_answers(Path(name)))


def test_a_huge_file_is_refused_unread(file: Path) -> None:
    with file.open("wb") as sparse:
        sparse.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(AnswerError, match="larger than 500 MB"):
        list(read_answers(file))


def test_json_lines_are_read_one_by_one(file: Path) -> None:
    line = f"{ONE.to_json()}\n"
    with file.open("w", encoding="utf-8") as out:
        for _ in range(3000):
            out.write(line)
    tracemalloc.start()
    try:
        assert sum(1 for _ in read_answers(file)) == 3000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < file.stat().st_size / 4
