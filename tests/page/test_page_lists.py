"""Question lists in the page: upload, run, stop, resume, read and download."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect

from assistant import Assistant
from assistant.list_cells import ANSWER_COLUMNS
from tests.page.browser import ANSWER_MS, Visits, marked_text
from tests.page.serving import ServedPage

CALL = "When did Trump and Putin speak by phone?"
DISPUTED = "Which centre does Max Bergman work for?"
FAR = "What is the capital of Australia?"
NO_WORDS = "???"
MANY = 120
HOSTILE = "<img src=x onerror=window.ran=1>.txt"


def lists_tab(page: Page) -> Page:
    page.get_by_role("tab", name="Question lists").click()
    page.locator("#list-file").wait_for()
    return page


def upload(page: Page, name: str, text: str) -> None:
    file = FilePayload(name=name, mimeType="text/plain", buffer=text.encode())
    page.locator("#list-file input[type=file]").set_input_files([file])


def progress(page: Page, begins: str) -> None:
    expect(page.locator("#list-view .progress")).to_contain_text(begins, timeout=ANSWER_MS)


def run(page: Page, *questions: str) -> None:
    """Upload these questions and wait until all are answered."""
    upload(page, "list.txt", "\n".join(questions))
    progress(page, f"Ready · 0 of {len(questions)} done")
    page.locator("#list-run").click()
    progress(page, f"Finished · {len(questions)} of {len(questions)} done")


def downloaded(page: Page, form: str) -> tuple[str, bytes]:
    """The name and the bytes of what the button gives."""
    with page.expect_download() as download:
        page.locator(f"#list-{form}").click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def numbers(page: Page) -> list[str]:
    return page.locator("#list-view tbody td.number").all_inner_texts()


def test_a_list_is_answered_row_by_row(page_of: Visits, served: ServedPage) -> None:
    page = lists_tab(page_of(served))
    run(page, CALL, FAR, NO_WORDS)
    rows = page.locator("#list-view tbody tr")
    assert rows.locator("th").all_inner_texts() == [CALL, FAR, NO_WORDS]
    assert rows.locator("td.status").all_inner_texts() == ["answered", "abstained", "failed"]
    assert "February 12" in rows.nth(0).locator("td.text").inner_text()
    expect(page.locator("#list-view .progress")).to_contain_text(
        "1 answered · 1 abstained · 1 failed"
    )


def test_a_citation_in_the_table_opens_its_source_with_exactly_the_quote_marked(
    page_of: Visits, served: ServedPage
) -> None:
    page = lists_tab(page_of(served))
    run(page, CALL, DISPUTED)
    citations = page.locator("#list-view tbody a.place")
    assert citations.count() > 2
    for citation in citations.all():
        citation.click()
        current = page.locator("#source-pane .paragraph.current")
        expect(current).to_have_attribute(
            "data-number", str(citation.get_attribute("data-paragraph"))
        )
        expect(page.locator("#source-pane mark")).to_be_visible()
        assert marked_text(page) == citation.get_attribute("data-quote")


def test_a_run_can_be_stopped_and_resumed(page_of: Visits, served: ServedPage) -> None:
    page = lists_tab(page_of(served))
    upload(page, "list.txt", "\n".join([CALL, *[FAR] * (MANY - 1)]))
    progress(page, f"Ready · 0 of {MANY} done")
    expect(page.locator("#list-stop")).to_be_disabled()
    page.locator("#list-run").click()
    page.locator("#list-view tbody tr").first.wait_for()
    page.locator("#list-stop").click()
    progress(page, "Stopped ·")
    stopped = page.locator("#list-view .progress").inner_text()
    before = numbers(page)
    assert 0 < len(before) < MANY
    page.wait_for_timeout(700)  # longer than a run takes to tell of what it did
    assert page.locator("#list-view .progress").inner_text() == stopped
    assert len(downloaded(page, "jsonl")[1].splitlines()) == len(before)

    page.locator("#list-resume").click()
    progress(page, f"Finished · {MANY} of {MANY} done")
    assert numbers(page) == [str(number) for number in range(1, MANY + 1)]
    expect(page.locator("#list-resume")).to_be_disabled()


def test_the_downloads_have_the_answers_that_asking_gives(
    page_of: Visits, served: ServedPage, sample: Assistant
) -> None:
    questions = [CALL, DISPUTED, FAR]
    answers = [sample.ask(question) for question in questions]
    page = lists_tab(page_of(served))
    run(page, *questions, NO_WORDS)

    name, data = downloaded(page, "jsonl")
    assert name == "list-answers.jsonl"
    *rows, failed = map(json.loads, data.decode("utf-8").splitlines())
    for row, answer in zip(rows, answers, strict=True):
        expected = json.loads(answer.to_json())
        for part in ("schema", "question", "status", "text", "claims", "citations",
                     "disagreements", "nearest"):  # fmt: skip
            assert row[part] == expected[part]
    assert failed["question"] == NO_WORDS
    assert failed["error"]

    name, data = downloaded(page, "csv")
    assert name == "list-answers.csv"
    header, *cells = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    assert tuple(header) == ANSWER_COLUMNS
    assert [row[2] for row in cells] == [*questions, NO_WORDS]
    assert [row[3] for row in cells] == [*(answer.status for answer in answers), "failed"]
    for row, answer in zip(cells, answers, strict=False):
        assert row[4] == answer.text
        assert all(citation.quote in row[5] for citation in answer.citations)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        pytest.param("list.pdf", CALL, "isn't a .csv, .jsonl, .tsv, .txt or .xlsx file", id="kind"),
        pytest.param("list.csv", f"text\n{CALL}\n", 'has no column "question"', id="column"),
        pytest.param("list.jsonl", "{\n", "isn't JSON", id="json"),
        pytest.param("list.txt", "\n\n", "holds no question", id="empty"),
    ],
)
def test_a_file_that_is_no_list_gives_a_sentence_and_the_next_one_goes_on(
    page_of: Visits, served: ServedPage, name: str, text: str, sentence: str
) -> None:
    page = lists_tab(page_of(served))
    upload(page, name, text)
    expect(page.locator("#list-view .fault")).to_contain_text(sentence)
    expect(page.locator("#list-run")).to_be_disabled()
    run(page, FAR)


def test_hostile_names_and_questions_are_shown_as_text(page_of: Visits, served: ServedPage) -> None:
    page = lists_tab(page_of(served))
    upload(page, HOSTILE, f"{CALL}<img src=http://elsewhere.example/a onerror=window.ran=1>\n")
    progress(page, "Ready · 0 of 1 done")
    page.locator("#list-run").click()
    progress(page, "Finished · 1 of 1 done")
    assert page.locator("#list-view img").count() == 0
    assert "onerror=window.ran=1>" in page.locator("#list-view tbody th").inner_text()
    assert page.evaluate("window.ran") is None


def test_readers_run_their_own_lists(page_of: Visits, served: ServedPage) -> None:
    first, second = lists_tab(page_of(served)), lists_tab(page_of(served))
    upload(first, "first.txt", "\n".join([FAR] * 3))
    upload(second, "second.txt", "\n".join([CALL] * 2))
    progress(first, "Ready · 0 of 3 done")
    progress(second, "Ready · 0 of 2 done")
    first.locator("#list-run").click()
    second.locator("#list-run").click()
    progress(first, "Finished · 3 of 3 done · 3 abstained")
    progress(second, "Finished · 2 of 2 done · 2 answered")
    assert "first.txt" in first.locator("#list-view .list-name").inner_text()
    assert "second.txt" in second.locator("#list-view .list-name").inner_text()
