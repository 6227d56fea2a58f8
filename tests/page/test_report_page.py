"""The report of a question list in a browser: filters, citations, and text that tries to act."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Locator, Page, expect

from assistant import (
    Answer,
    Assistant,
    Citation,
    Library,
    ListedQuestion,
    QuestionList,
    RowResult,
    answer_rows,
    source_from_text,
)
from assistant.citations import cite
from assistant.drafts import Quote
from assistant.render import printable
from assistant.report import report_chunks
from assistant.text_fragments import fragment_link
from tests.page.browser import Visits, axe

QUESTIONS = (
    "When did Trump and Putin speak by phone?",
    "Which centre does Max Bergman work for?",
    "What did Trump accuse Zelensky of?",
    "What is the capital of Australia?",
    "???",
)
HOSTILE = (
    '</script></title></p><img src="http://198.51.100.1/x.png" onerror="window.ran=1">'
    "<script>window.ran=2</script> \u202eover {{7*7}} &lt;i&gt;"
)
TEXT = (
    f"{HOSTILE}\n\nThe \U0001f409 of Mirk \U0001d518\r\nhas <b>77</b> scales "
    "\u202eand\u202c a cafe\u0301. So it is."
)
CITED = "<b>77</b> scales \u202eand"


@dataclass(frozen=True)
class Written:
    """A report in a file."""

    path: Path

    @property
    def address(self) -> str:
        return self.path.as_uri()


@dataclass(frozen=True)
class Served:
    """A folder on a web server."""

    address: str


Report = Callable[..., Page]


@pytest.fixture(scope="module")
def results(sample: Assistant) -> list[RowResult]:
    rows = [
        ListedQuestion(number, text, id=f"q{number}", extra=(("Team", "red"),))
        for number, text in enumerate(QUESTIONS, 1)
    ]
    return list(answer_rows(sample, rows))


@pytest.fixture
def opened(
    sample: Assistant, results: list[RowResult], page_of: Visits, tmp_path: Path
) -> Iterator[Report]:
    """Opens the report of these results, which may ask for nothing but itself."""
    written = Written(tmp_path / "report.html")
    pages: list[Page] = []

    def open_report(**options: object) -> Page:
        questions = QuestionList("list.csv", tuple(each.row for each in results), ("Team",))
        chunks = report_chunks(questions, results, sample.library)
        written.path.write_text("".join(chunks), encoding="utf-8", newline="")
        pages.append(page_of(written, "", **options))
        return pages[-1]

    yield open_report
    for page in pages:
        assert set(page_of.watch(page).requests) == {written.address}


def shown_rows(page: Page) -> list[str]:
    return [row.get_attribute("id") or "" for row in page.locator(".row:visible").all()]


def answers(results: list[RowResult]) -> list[Answer]:
    return [each.answer for each in results if each.answer]


# --- filters -------------------------------------------------------------------------------------


def test_rows_are_filtered_by_status(opened: Report, results: list[RowResult]) -> None:
    page = opened()
    expect(page.locator("#shown")).to_have_text("5 of 5 shown")
    for status in ("answered", "disputed", "abstained", "failed", "partial"):
        page.get_by_label(status).check()
        wanted = [f"row-{each.row.number}" for each in results if each.status == status]
        assert shown_rows(page) == wanted
        expect(page.locator("#shown")).to_have_text(f"{len(wanted)} of 5 shown")
    page.get_by_label("all 5").check()
    assert len(shown_rows(page)) == 5


def test_rows_are_filtered_by_words_in_any_order_and_case(opened: Report) -> None:
    page = opened()
    page.get_by_label("with the words").fill("putin PHONE")
    assert shown_rows(page) == ["row-1"]
    page.get_by_label("abstained").check()
    assert shown_rows(page) == []
    expect(page.locator("#shown")).to_have_text("0 of 5 shown")
    page.get_by_label("with the words").fill("q4 red")
    assert shown_rows(page) == ["row-4"]


def test_without_scripts_status_filters_and_links_to_the_sources_work(opened: Report) -> None:
    page = opened(java_script_enabled=False)
    assert not page.get_by_label("with the words").is_visible()
    page.get_by_label("disputed").check()
    assert shown_rows(page) == ["row-2"]
    place = page.locator("#row-2 .citations .place").first
    place.click()
    target = page.locator(f"{place.get_attribute('href')}:target")
    expect(target).to_be_in_viewport()
    assert place.get_attribute("data-quote") in target.inner_text()


# --- citations -----------------------------------------------------------------------------------


def open_citation(page: Page, link: Locator) -> Locator:
    """The paragraph that a click on the link opens, right at the citation."""
    link.click()
    figure = page.locator("figure.context:focus")
    expect(figure).to_be_in_viewport()
    return figure


def test_every_citation_opens_its_paragraph_with_exactly_the_quote_marked(
    opened: Report, sample: Assistant, results: list[RowResult]
) -> None:
    page = opened()
    for answer, row in zip(answers(results), page.locator(".row").all(), strict=False):
        for citation in answer.citations:
            item = row.locator(f".citations > li[value='{citation.number}']")
            figure = open_citation(page, item.locator(".place"))
            assert figure.locator("mark").text_content() == citation.quote
            indexed = sample.library.indexed(citation.source_id)
            stored = indexed.paragraph(citation.paragraph)
            quoted = figure.locator("blockquote").text_content()
            assert quoted == indexed.source.text[stored.start : stored.end]
            caption = figure.locator("figcaption").inner_text()
            assert f"characters {citation.start} to {citation.end}" in caption
            assert citation.source_sha256 in caption
            item.locator(".place").click()
            expect(item.locator("figure")).to_have_count(0)


def test_a_number_in_a_statement_opens_its_citation(
    opened: Report, results: list[RowResult]
) -> None:
    page = opened()
    for answer, row in zip(answers(results), page.locator(".row").all(), strict=False):
        for mark in row.locator("a.mark").all():
            quote = answer.citation(int(mark.inner_text())).quote
            figure = open_citation(page, mark)
            assert figure.locator("mark").text_content() == quote
            place = figure.locator("xpath=..").locator("> .place")
            assert place.get_attribute("aria-expanded") == "true"
    assert page.locator("figure.context").count() == sum(
        len(answer.citations) for answer in answers(results)
    )


def test_a_passage_of_an_abstention_opens_without_a_mark(opened: Report) -> None:
    page = opened()
    figure = open_citation(page, page.locator("#row-4 .nearest .place").first)
    assert figure.locator("blockquote").inner_text()
    assert figure.locator("mark").count() == 0


def test_a_citation_is_opened_by_keyboard(opened: Report) -> None:
    page = opened()
    page.locator("#row-1 .citations .place").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("figure.context:focus mark").count() == 1
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".paragraph:target")).to_be_in_viewport()


def test_a_row_can_be_linked_to(opened: Report) -> None:
    page = opened()
    page.get_by_role("link", name="Row 4").click()
    assert page.url.endswith("#row-4")


# --- readers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [380, 1200])
def test_it_can_be_read_by_all(opened: Report, scheme: str, width: int) -> None:
    # axe-core is a script of another's, which the report itself wouldn't run.
    size = {"width": width, "height": 800}
    page = opened(color_scheme=scheme, viewport=size, bypass_csp=True)
    open_citation(page, page.locator("#row-1 .citations .place").first)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_it_is_printed_whole_and_without_filters(opened: Report) -> None:
    page = opened()
    page.emulate_media(media="print")
    assert not page.locator(".filters").is_visible()
    assert page.evaluate(
        "[...document.querySelectorAll('.row')].every((row) => row.querySelector('.numbering')"
        ".checkVisibility({ contentVisibilityAuto: true }))"
    )


# --- text that would act -------------------------------------------------------------------------


def test_hostile_text_is_shown_as_text_with_the_quote_marked(
    own_text: Callable[[str], tuple[Library, Citation]], page_of: Visits, tmp_path: Path
) -> None:
    library, citation = own_text(CITED)
    answer = Answer.model_validate(
        {
            "id": "1",
            "question": HOSTILE,
            "standalone_question": f"{HOSTILE}?",
            "engine": "extractive",
            "library": {"fingerprint": "f", "sources": 1, "paragraphs": 2},
            "claims": [{"text": HOSTILE, "citations": [1]}],
            "citations": [citation],
        }
    )
    row = ListedQuestion(1, HOSTILE, id=HOSTILE, extra=((HOSTILE, HOSTILE),))
    results = [RowResult(row, answer, None), RowResult(replace(row, number=2), None, HOSTILE)]
    written = Written(tmp_path / "report.html")
    questions = QuestionList(HOSTILE, (row,), (HOSTILE,), (HOSTILE,))
    html = "".join(report_chunks(questions, results, library))
    written.path.write_text(html, encoding="utf-8", newline="")
    page = page_of(written, "")
    figure = open_citation(page, page.locator("#row-1 a.mark"))
    assert figure.locator("mark").text_content() == printable(CITED)
    start = TEXT.index("The \U0001f409")
    assert figure.locator("blockquote").text_content() == printable(TEXT[start:])
    assert page.locator("#row-1 h3").text_content() == printable(HOSTILE)
    assert page.locator("#row-2 .failure").text_content() == printable(HOSTILE)
    page.get_by_label("with the words").fill("window.ran=2")
    assert shown_rows(page) == ["row-1", "row-2"]
    assert page.locator("img, .row script").count() == 0
    assert page.evaluate("window.ran") is None
    assert page_of.watch(page).requests == [written.address]


@pytest.fixture
def own_text(tmp_path: Path) -> Iterator[Callable[[str], tuple[Library, Citation]]]:
    """A library of `TEXT`, and a citation of some of its words."""
    with Library.create(tmp_path / "library") as library:
        library.add([source_from_text(TEXT, id="mirk")])

        def build(words: str) -> tuple[Library, Citation]:
            start = TEXT.index(words)
            quote = Quote(source_id="mirk", paragraph=2, text=words, start=start)
            citation = cite(quote, library.indexed("mirk"))
            assert citation is not None
            return library, citation.model_copy(update={"number": 1})

        yield build


# --- links to the words on a source's own page ---------------------------------------------------

LINES = [f"<p>Line {number} of the chronicle says nothing.</p>" for number in range(200)]
GATE = "The gate stays shut"


@contextmanager
def web_server(folder: Path) -> Iterator[Served]:
    """The files of a folder, served."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Served(f"http://127.0.0.1:{server.server_address[1]}")
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("before", "quote", "after"),
    [
        ("The warden of Perl said: “", f"{GATE}.", "” So it did, until the fair."),
        ("", f"{GATE}, all-day, from 1 & 2 to 5%", " as the warden of Perl told us."),
        (
            "At dusk ",
            " ".join(["the gate, it is said,", *(f"turn{n}" for n in range(90))]),
            " ends.",
        ),
    ],
    ids=["context", "marks", "long"],
)
def test_chromium_finds_the_quoted_words_on_their_page(
    page_of: Visits, tmp_path: Path, before: str, quote: str, after: str
) -> None:
    decoy = f"<p>First of all: {GATE}. The gate, it is said. Turn89 ends.</p>"
    wanted = f"<p id='wanted'>{before}{quote.replace('&', '&amp;')}<b>{after}</b></p>"
    html = f"<link rel='icon' href='data:,'>{decoy}{''.join(LINES)}{wanted}{''.join(LINES)}"
    (tmp_path / "page.html").write_text(f"<!DOCTYPE html><meta charset='utf-8'>{html}", "utf-8")
    with web_server(tmp_path) as served:
        citation = Citation(
            number=1,
            source_id="text",
            source_title=None,
            source_uri=f"{served.address}/page.html",
            source_sha256="0" * 64,
            paragraph=2,
            start=1000,
            end=1000 + len(quote),
            quote=quote,
            prefix=f"says nothing.\n\n{before}"[-32:],
            suffix=f"{after}\n\nLine"[:32],
            match="exact",
        )
        link = fragment_link(citation)
        assert link is not None
        page = page_of(served, link.removeprefix(served.address))
        expect(page.locator("#wanted")).to_be_in_viewport()
