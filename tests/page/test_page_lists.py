"""Question lists in the page: upload, run, stop, resume, read and download."""

from __future__ import annotations

import csv
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Page, expect

from assistant import Assistant
from assistant.batch_workers import MODEL_THREADS
from assistant.list_cells import ANSWER_COLUMNS
from index import Library, source_from_text
from page.question_lists import LISTS_AT_ONCE
from tests.model_replies import says
from tests.openai_server import Fail, OpenAIServer, Request, Say
from tests.page.browser import ANSWER_MS, Visits, ask, marked_text
from tests.page.serving import ServedPage, serving

CALL = "When did Trump and Putin speak by phone?"
DISPUTED = "Which centre does Max Bergman work for?"
FAR = "What is the capital of Australia?"
NO_WORDS = "???"
MANY = 2000
"""More questions than are answered while a test looks on."""
AGAIN = "On which day did Putin and Trump speak by phone?"
PHONED = "Trump spoke by phone with Putin on February 12."
WORDS = "On February 12, Trump spoke"
MILL = "The mill of Osk was built in 1911."
OLD_MILL = "When was the mill of Osk built?"
GONE = r"Failed to load resource|ERR_|Failed to fetch|network error|BodyStream|Connection errored"
"""What Chromium and Gradio say on the console of a server that went away."""
HOSTILE = "<img src=x onerror=window.ran=1>.txt"


class Paced:
    """A model that replies once it is let, and whose key isn't taken for some questions."""

    def __init__(self, server: OpenAIServer) -> None:
        self.fails: set[str] = set()
        self._allowed = threading.Semaphore(0)
        self._server = server
        self._before = len(server.requests)
        server.script(self._says)

    @property
    def requests(self) -> list[Request]:
        """What it was asked."""
        return self._server.requests[self._before :]

    def let(self, replies: int = 1) -> None:
        for _ in range(replies):
            self._allowed.release()

    def _says(self, request: dict[str, Any]) -> Say | Fail:
        self._allowed.acquire(timeout=ANSWER_MS / 1000)
        if any(question in json.dumps(request) for question in self.fails):
            return Fail(401)
        return says((PHONED, WORDS))(request)


@pytest.fixture(scope="module")
def _server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


@pytest.fixture
def model(_server: OpenAIServer) -> Iterator[Paced]:
    """The model of the page `worded`."""
    paced = Paced(_server)
    yield paced
    paced.let(100)  # whatever a failed test has left waiting


@pytest.fixture(scope="module")
def worded(
    _launched: object, _server: OpenAIServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServedPage]:
    """The page over the sample library, its answers worded by `model`."""
    prices = tmp_path_factory.mktemp("prices") / "prices.toml"
    prices.write_text('[models."openai:test"]\ninput = 1.0\noutput = 2.0\n', "utf-8")
    env = {"OPENAI_API_KEY": "sk-test-not-a-key", "PINCITE_PRICES": str(prices)}
    with serving("--model", "openai:test", "--base-url", _server.base_url, env=env) as page:
        yield page


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


def start(page: Page, *questions: str) -> None:
    """Upload these questions and have them run."""
    upload(page, "list.txt", "\n".join(questions))
    progress(page, f"Ready · 0 of {len(questions):,} done")
    page.locator("#list-run").click()


def many(about: str) -> list[str]:
    return [f"What is the capital of {about} {number}?" for number in range(MANY)]


def cases(count: int) -> list[str]:
    """Questions that are put to a model."""
    return [f"Case {number}: {CALL.lower()}" for number in range(1, count + 1)]


def eventually(seen: Callable[[], object]) -> None:
    """Wait until it is seen; fail when it isn't within half a minute."""
    deadline = time.monotonic() + ANSWER_MS / 1000
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.05)


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
        "1 answered, 1 abstained, 1 failed"
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


def test_a_run_can_be_stopped_and_resumed(
    page_of: Visits, worded: ServedPage, model: Paced
) -> None:
    page = lists_tab(page_of(worded))
    questions = cases(3 + 2 * MODEL_THREADS)
    start(page, *questions)
    model.let(3)
    progress(page, f"Answering · 3 of {len(questions)} done · 3 answered · $0.00")
    expect(page.locator("#list-run")).to_be_disabled()
    expect(page.locator("#list-resume")).to_be_disabled()
    eventually(lambda: len(model.requests) == 3 + MODEL_THREADS)
    page.locator("#list-stop").click()
    progress(page, "Finishing what runs · 3 of")
    model.let(MODEL_THREADS)
    done = 3 + MODEL_THREADS
    progress(page, f"Stopped · {done} of {len(questions)} done")
    assert len(numbers(page)) == done
    expect(page.locator("#list-stop")).to_be_disabled()
    expect(page.locator("#list-retry")).to_be_disabled()
    assert len(downloaded(page, "jsonl")[1].splitlines()) == done

    expect(page.locator("#list-resume")).to_be_enabled()
    page.locator("#list-resume").click()
    model.let(MODEL_THREADS)
    progress(page, f"Finished · {len(questions)} of {len(questions)} done")
    assert numbers(page) == [str(number) for number in range(1, len(questions) + 1)]
    assert len(model.requests) == len(questions)
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
        pytest.param(
            "list.csv",
            f"text\n{CALL}\n",
            "has no column \"question\", but 'text': call the one that holds the questions",
            id="column",
        ),
        pytest.param(
            "list.csv",
            f"prompt,query\n{CALL},{FAR}\n",
            "that may hold the questions ('prompt', 'query'): call the one that holds",
            id="columns",
        ),
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


def test_failed_rows_are_retried_and_the_cost_is_told(
    page_of: Visits, worded: ServedPage, model: Paced
) -> None:
    page = lists_tab(page_of(worded))
    model.fails.add(AGAIN)
    model.let(2)
    start(page, CALL, AGAIN)
    progress(page, "Finished · 2 of 2 done · 1 answered, 1 failed · $0.00")
    expect(page.locator("#list-view tbody tr[data-status=failed]")).to_contain_text(AGAIN)
    expect(page.locator("#list-resume")).to_be_disabled()
    model.fails.clear()
    model.let()
    page.locator("#list-retry").click()
    progress(page, "Finished · 2 of 2 done · 2 answered · $0.00")
    expect(page.locator("#list-view tbody tr[data-status=failed]")).to_have_count(0)
    expect(page.locator("#list-retry")).to_be_disabled()
    assert len(model.requests) == 3


def test_a_list_waits_for_others_and_a_question_does_not(
    page_of: Visits, worded: ServedPage, model: Paced
) -> None:
    *first, last, asking = (page_of(worded) for _ in range(LISTS_AT_ONCE + 2))
    for page in first:
        start(lists_tab(page), *cases(9))
        progress(page, "Answering · 0 of 9")
    start(lists_tab(last), *cases(9))
    progress(last, "Waiting for other lists · 0 of 9")
    ask(asking, FAR)
    progress(last, "Waiting for other lists · 0 of 9")
    first[0].locator("#list-stop").click()
    model.let(40)
    progress(first[0], "Stopped ·")
    progress(last, "Finished · 9 of 9")


def test_one_that_waits_can_be_stopped_and_run_later(
    page_of: Visits, worded: ServedPage, model: Paced
) -> None:
    *first, last = (lists_tab(page_of(worded)) for _ in range(LISTS_AT_ONCE + 1))
    for page in first:
        start(page, *cases(9))
        progress(page, "Answering · 0 of 9")
    start(last, FAR)
    progress(last, "Waiting for other lists")
    last.locator("#list-stop").click()
    progress(last, "Ready · 0 of 1 done")
    model.let(40)
    for page in first:
        progress(page, "Finished · 9 of 9")
    progress(last, "Ready · 0 of 1 done")
    expect(last.locator("#list-run")).to_be_enabled()
    last.locator("#list-run").click()
    progress(last, "Finished · 1 of 1 done")


@pytest.fixture
def own(chromium: object, tmp_path: Path) -> Iterator[ServedPage]:
    """The page over a library of its own, which is in the test's folder."""
    with Library.create(tmp_path / "library") as library:
        library.add([source_from_text(MILL, id="mill")])
    with serving("--library", tmp_path / "library") as page:
        yield page


def kept(folder: Path) -> list[Path]:
    """The files in which the server keeps the answers to lists."""
    return list(folder.glob("library/uploads-*/run-*/answers"))


def workers(served: ServedPage) -> list[Path]:
    """The processes that the server has started."""
    tasks = Path(f"/proc/{served.process.pid}/task").glob("*/children")
    return [Path("/proc") / child for task in tasks for child in task.read_text().split()]


def test_a_list_that_is_uploaded_meanwhile_takes_the_place_of_the_other(
    page_of: Visits, own: ServedPage, tmp_path: Path
) -> None:
    page = lists_tab(page_of(own))
    start(page, *many("Atlantis"))
    page.locator("#list-view tbody tr").first.wait_for(timeout=ANSWER_MS)
    assert len(kept(tmp_path)) == 1
    upload(page, "next.txt", OLD_MILL)
    progress(page, "Ready · 0 of 1 done")
    expect(page.locator("#list-view .list-name")).to_have_text("next.txt")
    eventually(lambda: not kept(tmp_path))
    expect(page.locator("#list-jsonl")).to_be_disabled()
    page.locator("#list-run").click()
    progress(page, "Finished · 1 of 1 done · 1 answered")
    assert len(downloaded(page, "jsonl")[1].splitlines()) == 1


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="no /proc to see processes in")
def test_a_list_stops_when_its_tab_is_closed_and_when_the_server_ends(
    page_of: Visits, own: ServedPage, tmp_path: Path
) -> None:
    closed, other = lists_tab(page_of(own)), lists_tab(page_of(own, expected_errors=GONE))
    start(closed, *many("Atlantis"))
    closed.locator("#list-view tbody tr").first.wait_for(timeout=ANSWER_MS)
    assert workers(own)
    closed.close()
    eventually(lambda: not workers(own))
    [answers] = kept(tmp_path)
    assert 1 < len(answers.read_bytes().splitlines()) < MANY

    start(other, *many("Utopia"))
    other.locator("#list-view tbody tr").first.wait_for(timeout=ANSWER_MS)
    running = workers(own)
    assert running
    assert own.stop() == 0
    assert own.errors() == ""
    eventually(lambda: not any(worker.exists() for worker in running))
    assert not list(tmp_path.glob("library/uploads-*"))


def test_on_a_phone_the_table_scrolls_within_the_page_and_its_words_stay_whole(
    page_of: Visits, served: ServedPage
) -> None:
    page = lists_tab(page_of(served, viewport={"width": 380, "height": 780}))
    run(page, CALL)
    answer = page.locator("#list-view tbody td.text").bounding_box()
    assert answer is not None
    assert answer["width"] > 120
    assert page.evaluate("document.documentElement.scrollWidth") == 380
