"""The report of a question list: every citation leads to its words, and the answers stay in it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import tracemalloc
from collections.abc import Iterable
from dataclasses import replace
from itertools import cycle, islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant import (
    Answer,
    AnswerError,
    Assistant,
    Citation,
    ListedQuestion,
    Nearest,
    QuestionList,
    RowResult,
    answer_rows,
    report,
)
from assistant.list_writers import rows_as_jsonl
from assistant.render import one_line, printable
from assistant.report import SHOWN_CHARACTERS, STATUSES, answers_in_report, report_chunks
from assistant.text_fragments import fragment_link
from index import source_from_text
from tests.assistant.test_hypertext import HOSTILE, Element, Reader

QUESTIONS = (
    "When did Trump and Putin speak by phone?",
    "Which centre does Max Bergman work for?",
    "What did Trump accuse Zelensky of?",
    "What is the capital of Australia?",
    "???",
)


class ReportReader(Reader):
    """A strict reader of HTML that knows the form's elements too."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        super().handle_starttag(tag, attrs)
        if tag == "input":
            self.open.pop()


def read(html: str) -> Element:
    reader = ReportReader()
    reader.feed(html)
    reader.close()
    assert reader.open == [reader.root], "something is left open"
    ids = [each.attributes["id"] for each in reader.root.walk() if "id" in each.attributes]
    assert len(ids) == len(set(ids))
    return reader.root.one("html")


def listed(results: Iterable[RowResult], **parts: object) -> QuestionList:
    return replace(QuestionList("list.csv", tuple(each.row for each in results)), **parts)


@pytest.fixture(scope="module")
def results(sample: Assistant) -> list[RowResult]:
    """What becomes of a few questions: each status but "partial" is there."""
    rows = [ListedQuestion(number, text) for number, text in enumerate(QUESTIONS, 1)]
    made = list(answer_rows(sample, rows))
    assert {each.status for each in made} == set(STATUSES) - {"partial"}
    return made


@pytest.fixture(scope="module")
def html(sample: Assistant, results: list[RowResult]) -> str:
    return "".join(report_chunks(listed(results), results, sample.library))


@pytest.fixture(scope="module")
def page(html: str) -> Element:
    return read(html)


def of_one(sample: Assistant, result: RowResult, **parts: object) -> str:
    return "".join(report_chunks(listed([result], **parts), [result], sample.library))


def by_id(page: Element, id: str) -> Element:
    (found,) = (each for each in page.walk() if each.attributes.get("id") == id)
    return found


# --- what is in it -------------------------------------------------------------------------------


def test_each_row_tells_its_number_id_question_status_answer_and_columns(
    sample: Assistant, results: list[RowResult]
) -> None:
    row = replace(results[0].row, number=7, id="a-7", extra=(("Team", "red"), ("Due", " ")))
    (shown,) = read(of_one(sample, replace(results[0], row=row))).all("article.row")
    assert shown.attributes["id"] == "row-7"
    assert shown.one("p.numbering").text == "7 · a-7 · answered"
    assert shown.one("h3.question").text == QUESTIONS[0]
    answer = results[0].answer
    assert answer is not None
    assert [each.text for each in shown.all("p.claim")] == [
        " ".join([claim.text, *map(str, claim.citations)]) for claim in answer.claims
    ]
    assert [each.text for each in shown.one("dl.columns").all(".column")] == ["Team", "red"]


def test_a_row_without_an_answer_says_why(page: Element, results: list[RowResult]) -> None:
    row = page.all("article.row")[-1]
    assert row.attributes["data-status"] == "failed"
    assert row.one("p.failure").text == results[-1].failure
    assert not row.all("div.answer")


def test_the_statuses_are_counted_at_the_top(page: Element, results: list[RowResult]) -> None:
    statuses = [each.status for each in results]
    labels = [" ".join(each.text.split()) for each in page.one("div.filters").all("label")]
    assert labels[:-1] == [
        f"all {len(results)}",
        *(f"{statuses.count(status)} {status}" for status in STATUSES),
    ]
    tags = [each.tag for each in page.walk()]
    assert tags.index("fieldset") < tags.index("article")


def test_the_list_s_name_and_notes_are_told(sample: Assistant, results: list[RowResult]) -> None:
    shown = read(of_one(sample, results[0], notes=("2 blank rows were left out.",)))
    assert shown.one("title").text == shown.one("h1").text == "Answers to list.csv"
    assert [each.text for each in shown.all("p.note")] == ["2 blank rows were left out."]


def test_it_is_said_when_not_all_questions_are_in_it(
    sample: Assistant, results: list[RowResult]
) -> None:
    part = report_chunks(listed(results), iter(results[:2]), sample.library)
    (note,) = read("".join(part)).all("p.note")
    assert note.text == "2 of the list’s 5 questions are in this report."


def test_a_long_cell_is_cut_for_the_reader_only(
    sample: Assistant, results: list[RowResult]
) -> None:
    cell = "x" * 100_000
    row = replace(results[-1].row, extra=(("Note", cell),))
    html = of_one(sample, replace(results[-1], row=row))
    assert read(html).one("dl.columns").all("dd")[0].text == "x" * SHOWN_CHARACTERS + "…"
    assert answers_in_report(html)[0]["extra"] == {"Note": cell}


# --- it stands on its own ------------------------------------------------------------------------


def test_it_fetches_nothing_and_runs_only_its_own_script(html: str, page: Element) -> None:
    assert not page.all("link") + page.all("img") + page.all("iframe")
    for element in page.walk():
        assert "src" not in element.attributes
        assert element.attributes.get("href", "#").startswith("#")
        assert not any(name.startswith("on") for name in element.attributes)
        assert "style" not in element.attributes
    (policy,) = (
        each.attributes["content"]
        for each in page.all("meta")
        if each.attributes.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(rule.split(maxsplit=1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    (script,) = (each for each in page.all("script") if "type" not in each.attributes)
    for name, element in (("script-src", script), ("style-src", page.one("style"))):
        digest = base64.b64encode(hashlib.sha256(element.text.encode()).digest()).decode()
        assert rules[name] == f"'sha256-{digest}'"


def test_the_same_results_give_the_same_file(
    sample: Assistant, results: list[RowResult], html: str
) -> None:
    assert "".join(report_chunks(listed(results), iter(results), sample.library)) == html


# --- citations -----------------------------------------------------------------------------------


def quoted(page: Element, link: Element) -> str:
    """The words that a link's offsets name in the paragraph that it leads to."""
    paragraph = by_id(page, link.attributes["href"].removeprefix("#"))
    start = int(paragraph.attributes["data-start"])
    return paragraph.text[
        int(link.attributes["data-start"]) - start : int(link.attributes["data-end"]) - start
    ]


def test_every_mark_and_citation_leads_to_its_paragraph(
    sample: Assistant, results: list[RowResult], page: Element
) -> None:
    count = 0
    for result, row in zip(results, page.all("article.row"), strict=True):
        answer = result.answer
        if answer is None:
            continue
        by_number = {str(c.number): c for c in answer.citations}
        places = {
            li.attributes["value"]: li.one("a.place")
            for li in row.all("li")
            if "value" in li.attributes
        }
        assert places.keys() == by_number.keys()
        for number, link in [*places.items(), *((m.text, m) for m in row.all("a.mark"))]:
            citation = by_number[number]
            assert quoted(page, link) == citation.quote
            paragraph = by_id(page, link.attributes["href"].removeprefix("#"))
            indexed = sample.library.indexed(citation.source_id)
            stored = indexed.paragraph(citation.paragraph)
            assert paragraph.text == printable(indexed.source.text[stored.start : stored.end])
            assert paragraph.attributes["data-sha256"] == citation.source_sha256
            count += 1
    assert count > 10


def test_the_nearest_passages_of_an_abstention_lead_to_their_paragraphs(
    sample: Assistant, results: list[RowResult], page: Element
) -> None:
    at = [each.status for each in results].index("abstained")
    answer = results[at].answer
    assert answer is not None
    links = page.all("article.row")[at].one("section.nearest").all("a.place")
    assert len(links) == len(answer.nearest) > 0
    for near, link in zip(answer.nearest, links, strict=True):
        shown = by_id(page, link.attributes["href"].removeprefix("#")).text
        assert one_line(near.text) in one_line(shown)


def test_a_paragraph_is_there_once_with_all_that_is_quoted_from_it(
    sample: Assistant, results: list[RowResult]
) -> None:
    many = [
        replace(each, row=replace(each.row, number=number))
        for number, each in enumerate(islice(cycle(results), 40), 1)
    ]
    page = read("".join(report_chunks(listed(many), many, sample.library)))
    texts = [each.text for each in page.all("p.paragraph")]
    assert len(texts) == len(set(texts))
    citations = {c for each in results if each.answer for c in each.answer.citations}
    for paragraph in page.all("p.paragraph"):
        start = int(paragraph.attributes["data-start"])
        spans = [
            range(c.start, c.end)
            for c in citations
            if c.source_sha256 == paragraph.attributes["data-sha256"]
            and start <= c.start < start + len(paragraph.text)
        ]
        marked = "".join(each.text for each in paragraph.all("mark"))
        assert marked == "".join(
            character
            for at, character in enumerate(paragraph.text, start)
            if any(at in span for span in spans)
        )


def test_the_sources_are_told_with_their_hashes(sample: Assistant, page: Element) -> None:
    content = sample.library.content()
    told = {
        each.one(".source-id").text: each.one(".source-sha256").text
        for each in page.all("section.source")
    }
    assert told == content


def test_a_source_on_the_web_is_linked_at_the_quoted_words(
    sample: Assistant, results: list[RowResult]
) -> None:
    answer = results[0].answer
    assert answer is not None
    citations = tuple(
        c.model_copy(update={"source_uri": "https://a.example/x"}) for c in answer.citations
    )
    there = answer.model_copy(update={"citations": citations})
    row = read(of_one(sample, replace(results[0], answer=there))).one("article.row")
    links = row.one("p.on-the-web").all("a")
    assert [each.attributes["href"] for each in links] == [fragment_link(c) for c in citations]
    assert {each.attributes["rel"] for each in links} == {"noopener noreferrer"}


# --- a library that has changed since ------------------------------------------------------------


def changed(citation: Citation, **parts: object) -> Citation:
    return citation.model_copy(update=parts)


@pytest.mark.parametrize(
    "parts",
    [
        {"source_id": "gone"},
        {"source_sha256": "0" * 64},
        {"paragraph": 999},
        {"start": 0, "end": 9},
    ],
    ids=["source", "text", "paragraph", "offsets"],
)
def test_a_citation_that_no_longer_holds_shows_only_what_it_knows_itself(
    sample: Assistant, results: list[RowResult], parts: dict[str, object]
) -> None:
    answer = results[0].answer
    assert answer is not None
    first, *others = answer.citations
    citation = changed(first, **parts)
    stale = answer.model_copy(update={"citations": (citation, *others)})
    page = read(of_one(sample, replace(results[0], answer=stale)))
    place = page.one("ol.citations").all("a.place")[0]
    shown = by_id(page, place.attributes["href"].removeprefix("#"))
    assert shown.text == citation.prefix + citation.quote + citation.suffix
    assert shown.one("mark").text == citation.quote[: citation.end - citation.start]
    assert "doesn’t have this quote any more" in shown.attributes["data-note"]
    assert any("data-note" not in each.attributes for each in page.all("p.paragraph"))


def test_a_passage_that_is_gone_stays_in_its_row(
    sample: Assistant, results: list[RowResult]
) -> None:
    at = [each.status for each in results].index("abstained")
    answer = results[at].answer
    assert answer is not None
    nearest = tuple(
        Nearest(source_id=id, paragraph=number, text="Sun.", score=0.1)
        for id, number in (("gone", 1), (answer.nearest[0].source_id, 999))
    )
    stale = replace(results[at], answer=answer.model_copy(update={"nearest": nearest}))
    row = read(of_one(sample, stale)).one("article.row")
    links = row.one("section.nearest").all("a.place")
    assert [each.attributes["href"] for each in links] == [f"#{row.attributes['id']}"] * 2


# --- the answers as data -------------------------------------------------------------------------


def test_the_rows_can_be_read_back(html: str, results: list[RowResult]) -> None:
    rows = answers_in_report(html)
    assert rows == [json.loads(line) for line in rows_as_jsonl(results).splitlines()]
    assert [row["row"] for row in rows] == [1, 2, 3, 4, 5]
    assert [Answer.from_dict(row) for row in rows[:-1]] == [each.answer for each in results[:-1]]
    assert rows[-1]["error"] == results[-1].failure


def test_an_empty_report_has_no_rows(sample: Assistant) -> None:
    html = "".join(report_chunks(QuestionList("list.csv", ()), [], sample.library))
    assert read(html).all("article.row") == answers_in_report(html) == []


def page_with(data: str) -> str:
    script = f'<script type="application/json" id="pincite-answers">{data}</script>'
    return f"<!DOCTYPE html>\n<html><body>{script}</body></html>"


@pytest.mark.parametrize(
    ("page", "says"),
    [
        ("", "no report"),
        ("<!DOCTYPE html><title>A page</title>", "no report"),
        (page_with("[]").removeprefix("<!DOCTYPE html>"), "no report"),
        (page_with("[]").partition("</script>")[0], "isn't whole"),
        (page_with("[]") + page_with("[]"), "isn't whole"),
        (page_with(""), "can't be read"),
        (page_with("[{]"), "can't be read"),
        (page_with('{"row": 1}'), "can't be read"),
        (page_with("[1]"), "can't be read"),
        (page_with('[{"row": NaN}]'), "can't be read"),
        (page_with("[" * 200_000), "can't be read"),
        (page_with('[{"row": ' + "9" * 9999 + "}]"), "can't be read"),
    ],
    ids=range(12),
)
def test_what_is_no_whole_report_is_refused_in_one_sentence(page: str, says: str) -> None:
    with pytest.raises(AnswerError, match=says) as caught:
        answers_in_report(page)
    assert str(caught.value).isprintable()


def test_a_saved_answer_is_no_report(results: list[RowResult]) -> None:
    answer = results[0].answer
    assert answer is not None
    with pytest.raises(AnswerError, match="no report"):
        answers_in_report(answer.to_html())


@pytest.mark.parametrize("share", [0.2, 0.9, 0.95])
def test_a_report_that_is_cut_off_is_refused(html: str, share: float) -> None:
    end = html.index("</script>")  # of the data; behind it nothing is missed
    with pytest.raises(AnswerError):
        answers_in_report(html[: int(end * share)])


# --- text that would act -------------------------------------------------------------------------

TAGS = set(
    "html head meta title style body main h1 h2 h3 h4 p fieldset legend label input output "
    "section article a span dl dt dd div ol ul li q strong details summary mark code script".split()
)


def hostile(text: str, results: list[RowResult]) -> RowResult:
    """A result with the text wherever a text may be."""
    answer = results[1].answer
    assert answer is not None
    parts = {name: text for name in "source_id source_title source_uri quote prefix suffix".split()}
    citation = answer.citations[0].model_copy(update=parts | {"end": answer.citations[0].start + 1})
    claim = answer.claims[0].model_copy(update={"text": text})
    update = {
        "question": text,
        "standalone_question": f"{text}?",
        "claims": (claim,),
        "citations": (citation,),
        "nearest": (Nearest(source_id=text, paragraph=1, text=text, score=0.1),),
        "unanswered": (text,),
    }
    row = ListedQuestion(1, text, id=text, extra=((text, text),))
    return RowResult(row, answer.model_copy(update=update), None)


def check_harmless(page: Element) -> None:
    for element in page.walk():
        assert element.tag in TAGS
        assert not any(
            name.startswith("on") or name in ("src", "style") for name in element.attributes
        )
        assert re.match(r"#|https?://", element.attributes.get("href", "#"))
    assert len(page.all("script")) == 2


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_comes_out_as_text_and_can_be_read_back(
    sample: Assistant, results: list[RowResult], text: str
) -> None:
    result = hostile(text, results)
    html = of_one(sample, result, name=text, notes=(text,))
    html.encode("utf-8")
    page = read(html)
    check_harmless(page)
    assert page.one("h1").text == f"Answers to {one_line(text)}"
    row = page.one("article.row")
    assert row.one("h3.question").text == printable(text)
    assert row.one("span.row-id").text == printable(text)
    assert [each.text for each in row.all(".column")] == [printable(text)] * 2
    assert page.one("p.paragraph").text == printable(text) * 3
    (data,) = answers_in_report(html)
    assert data["extra"] == {text: text}
    assert Answer.from_dict(data) == result.answer


def test_a_hostile_failure_comes_out_as_text(sample: Assistant) -> None:
    text = "</p><script>alert(1)</script>\u202e"
    page = read(of_one(sample, RowResult(ListedQuestion(1, text), None, text)))
    check_harmless(page)
    assert page.one("p.failure").text == printable(text)


@settings(max_examples=30)
@given(st.text())
def test_any_text_can_be_read_back(sample: Assistant, results: list[RowResult], text: str) -> None:
    result = hostile(text, results)
    html = of_one(sample, result)
    check_harmless(read(html))
    assert Answer.from_dict(answers_in_report(html)[0]) == result.answer


def test_offsets_hold_where_characters_need_two_units_or_lines_end_in_two(own_library) -> None:
    text = "\U0001f409 First.\r\n\r\nThe \U0001f409 of Mirk\r\nhas 77 scales \U0001d518. So it is."
    library = own_library({"mirk": text})
    quote = "has 77 scales \U0001d518."
    start = text.index(quote)
    answer = Answer.model_validate(
        {
            "id": "1",
            "question": "How many?",
            "standalone_question": "How many?",
            "engine": "extractive",
            "library": {"fingerprint": "f", "sources": 1, "paragraphs": 2},
            "claims": [{"text": "77.", "citations": [1]}],
            "citations": [
                {
                    "number": 1,
                    "source_id": "mirk",
                    "source_title": None,
                    "source_uri": None,
                    "source_sha256": source_from_text(text, id="mirk").sha256,
                    "paragraph": 2,
                    "start": start,
                    "end": start + len(quote),
                    "quote": quote,
                    "prefix": "",
                    "suffix": "",
                    "match": "exact",
                }
            ],
        }
    )
    result = RowResult(ListedQuestion(1, "How many?"), answer, None)
    page = read("".join(report_chunks(listed([result]), [result], library)))
    assert quoted(page, page.one("ol.citations").one("a.place")) == quote
    assert page.one("p.paragraph").one("mark").text == quote
    assert "data-note" not in page.one("p.paragraph").attributes


# --- size ----------------------------------------------------------------------------------------


def test_a_long_report_is_not_held_in_memory(
    sample: Assistant, results: list[RowResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "_IN_MEMORY_BYTES", 100_000)
    many = islice(cycle(results), 400)
    numbered = (replace(r, row=replace(r.row, number=n)) for n, r in enumerate(many, 1))
    tracemalloc.start()
    try:
        chunks = report_chunks(listed(results), numbered, sample.library)
        size = sum(len(chunk) for chunk in chunks)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size > 1_500_000
    assert peak < size / 2
