"""Asking on the page, and following the citations to the words in the source."""

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from assistant import EXPORT_FORMATS, Answer, Assistant, Conversation
from tests.page.browser import ask, axe, marked_text

ANSWERED = "When did Trump and Putin speak by phone?"
DISPUTED = "Did the Saudi Arabia meeting take place before or after the Trump-Putin phone call?"
ABSTAINED = "What is the capital of Australia?"
PHONE = {"viewport": {"width": 380, "height": 780}, "has_touch": True}


def turn(page, number=-1):
    return page.locator("#conversation .turn").nth(number)


def open_mark(page, mark):
    mark.click()
    page.wait_for_function(
        "quote => document.querySelector('#source-pane mark')?.textContent === quote",
        arg=mark.get_attribute("data-quote"),
    )


# --- what an answer shows ------------------------------------------------------------------------


@pytest.mark.parametrize("question", [ANSWERED, DISPUTED, "Who is quoted in the articles?"])
def test_every_citation_marks_exactly_its_quote_in_the_source(served, page_of, sample, question):
    page = page_of(served)
    ask(page, question)
    answer = sample.ask(question)
    marks = turn(page).locator("a.mark").all()
    cited = {int(mark.inner_text()) for mark in marks}
    assert cited == {citation.number for citation in answer.citations}
    for mark in marks:
        citation = answer.citation(int(mark.inner_text()))
        open_mark(page, mark)
        assert marked_text(page) == citation.quote
        paragraph = page.locator("#source-pane .paragraph:has(mark)")
        assert paragraph.get_attribute("data-number") == str(citation.paragraph)
        before = paragraph.locator(".text").evaluate(
            "text => { const range = document.createRange(); range.selectNodeContents(text);"
            " range.setEndBefore(text.querySelector('mark')); return range.toString(); }"
        )
        indexed = sample.library.indexed(citation.source_id)
        start = indexed.paragraph(citation.paragraph).start
        assert before == indexed.source.text[start : citation.start]


def test_the_claims_and_quotes_are_those_of_the_answer(served, page_of, sample):
    page = page_of(served)
    ask(page, ANSWERED)
    answer = sample.ask(ANSWERED)
    claims = turn(page).locator(".claim").all_inner_texts()
    assert [claim.split("\xa0")[0].rstrip(" 0123456789") for claim in claims] == [
        claim.text for claim in answer.claims
    ]
    quotes = turn(page).locator(".citations q").all_text_contents()
    assert quotes == [citation.quote for citation in answer.citations]
    assert "extractive" in turn(page).locator(".making").inner_text()


def test_a_disputed_answer_shows_both_sides_next_to_each_other(served, page_of):
    page = page_of(served, viewport={"width": 1280, "height": 850})
    ask(page, DISPUTED)
    sides = turn(page).locator(".disagreement .side").all()
    assert len(sides) == 2
    sources = [side.locator(".side-source").inner_text() for side in sides]
    assert len(set(sources)) == 2
    assert all(side.locator("a.mark").count() for side in sides)
    boxes = [side.bounding_box() for side in sides]
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
    assert "disagree" in turn(page).locator(".disagreement h4").inner_text()


def test_an_abstention_offers_the_nearest_passages_as_such(served, page_of, sample):
    page = page_of(served)
    ask(page, ABSTAINED)
    assert turn(page).locator(".not-answered").inner_text() == (
        "The sources don't answer this question."
    )
    assert "don't answer it" in turn(page).locator(".nearest h4").inner_text()
    nearest = sample.ask(ABSTAINED).nearest
    places = turn(page).locator(".nearest a.place")
    assert places.count() == len(nearest) > 0
    places.first.click()
    current = page.locator("#source-pane .paragraph.current")
    current.wait_for()
    assert current.get_attribute("data-number") == str(nearest[0].paragraph)
    assert marked_text(page) == ""


def test_a_follow_up_shows_how_it_was_understood(served, page_of):
    page = page_of(served)
    ask(page, "What did Trump accuse Zelensky of?")
    ask(page, "And how did he answer?")
    assert "Zelensky" in turn(page).locator(".understood").inner_text()


# --- reading the quotes --------------------------------------------------------------------------


def test_pointing_at_a_mark_shows_the_quote(served, page_of):
    page = page_of(served)
    ask(page, ANSWERED)
    mark = turn(page).locator("a.mark").first
    tip = page.locator("#quote-tip")
    mark.hover()
    assert tip.locator("q").inner_text().strip("“”") == mark.get_attribute("data-quote")
    assert tip.locator("strong").inner_text() == mark.get_attribute("data-place")
    tip.hover()
    page.wait_for_timeout(400)
    assert tip.is_visible(), "the quote can be read and selected"
    page.keyboard.press("Escape")
    assert tip.is_hidden()


def test_the_citations_can_be_read_with_the_keyboard_alone(served, page_of):
    page = page_of(served)
    ask(page, DISPUTED)
    marks = turn(page).locator("a.mark")
    question = page.locator("#question textarea")
    question.focus()
    for _ in range(40):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.matches('a.mark')"):
            break
    focused = page.evaluate("document.activeElement.dataset.quote")
    assert focused == marks.last.get_attribute("data-quote")
    expect(page.locator("#quote-tip")).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_selector("#source-pane mark")
    assert marked_text(page) == focused
    page.keyboard.press("ArrowLeft")
    before = marks.nth(marks.count() - 2).get_attribute("data-quote")
    page.wait_for_function(
        "quote => document.querySelector('#source-pane mark')?.textContent === quote", arg=before
    )
    assert page.evaluate("document.activeElement.dataset.quote") == before


def test_a_shared_address_opens_the_quote(served, page_of):
    page = page_of(served)
    ask(page, ANSWERED)
    open_mark(page, turn(page).locator("a.mark").last)
    marked = marked_text(page)
    address = urlsplit(page.url)
    query = parse_qs(address.query)
    assert set(query) == {"source", "p", "at", "q"}
    assert query["q"] == [marked]
    other = page_of(served, f"/?{address.query}")
    other.wait_for_selector("#source-pane mark")
    assert marked_text(other) == marked
    without_offset = page_of(served, f"/?source={query['source'][0]}&p={query['p'][0]}&q=Trump")
    without_offset.wait_for_selector("#source-pane mark")
    assert marked_text(without_offset) == "Trump"


def test_a_source_is_shown_as_it_is(served, page_of, sample: Assistant):
    source_id = next(iter(sample.library.content()))
    page = page_of(served, f"/?source={source_id}")
    page.wait_for_selector("#source-pane .source")
    indexed = sample.library.indexed(source_id)
    texts = page.locator("#source-pane .paragraph .text").all_text_contents()
    assert texts == [indexed.source.text[p.start : p.end] for p in indexed.paragraphs]
    numbers = page.locator("#source-pane .paragraph .number").all_text_contents()
    assert numbers == [str(p.number) for p in indexed.paragraphs]
    headings = page.locator("#source-pane .paragraph h3.text").count()
    assert headings == sum(p.kind in ("title", "heading") for p in indexed.paragraphs)


# --- keeping -------------------------------------------------------------------------------------


def test_a_conversation_outlives_a_reload_and_ends_when_it_should(served, page_of):
    page = page_of(served)
    page.locator(".example").first.click()
    turn(page).locator(".making").wait_for()
    ask(page, ABSTAINED)
    page.reload()
    page.locator("#conversation .turn").nth(1).locator(".making").wait_for()
    open_mark(page, page.locator("#conversation a.mark").first)
    page.get_by_role("button", name="New conversation").click()
    page.wait_for_selector(".example")
    page.reload()
    page.wait_for_selector(".example")
    assert page.locator("#conversation .turn").count() == 0


def test_answers_and_conversations_can_be_taken_away(served, page_of, sample, tmp_path: Path):
    page = page_of(served, permissions=["clipboard-read", "clipboard-write"])
    ask(page, ANSWERED)
    ask(page, DISPUTED)

    def download(button):
        with page.expect_download() as started:
            button.click()
        path = tmp_path / started.value.suggested_filename
        started.value.save_as(path)
        return path

    first = turn(page, 0)
    first.locator(".exports summary").click()
    as_json = download(first.get_by_role("button", name="as JSON"))
    answer = Answer.from_dict(json.loads(as_json.read_text(encoding="utf-8")))
    assert answer.citations == sample.ask(ANSWERED).citations
    as_markdown = download(first.get_by_role("button", name="as Markdown"))
    assert answer.citations[0].quote[:40] in as_markdown.read_text(encoding="utf-8")
    page.locator("#tools summary").click()
    whole = download(page.get_by_role("button", name="the conversation as JSON"))
    conversation, faults = Conversation.load(whole, sample.library)
    assert not faults
    assert [each.question for each in conversation.turns] == [ANSWERED, DISPUTED]
    as_html = download(page.get_by_role("button", name="the conversation as HTML"))
    assert as_html.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")

    first.get_by_role("button", name="Copy").click()
    page.wait_for_function("async () => (await navigator.clipboard.readText()) !== ''")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == str(answer)
    assert f"[1] {answer.citations[0].source_id} ¶" in copied


def test_an_answer_can_be_taken_to_other_programs_in_their_forms(
    served, page_of, sample, tmp_path: Path
):
    page = page_of(served)
    ask(page, ANSWERED)
    answer = sample.ask(ANSWERED)
    turn(page).locator(".exports summary").click()
    shown = turn(page).locator("button.export")
    expect(shown).to_have_text([form.label for form in EXPORT_FORMATS])
    for form in EXPORT_FORMATS:
        with page.expect_download() as started:
            turn(page).get_by_role("button", name=f"Download this answer as {form.label}").click()
        assert started.value.suggested_filename == f"pincite-answer-1{form.ending}"
        started.value.save_as(tmp_path / form.name)
    for form in EXPORT_FORMATS:
        if not form.is_whole:
            text = (tmp_path / form.name).read_text(encoding="utf-8")
            assert text == form.of_answer(answer, sample.library)


def test_the_sources_of_a_whole_conversation_can_be_taken_away(served, page_of, tmp_path: Path):
    page = page_of(served)
    ask(page, ABSTAINED)
    page.locator("#tools summary").click()
    bibtex = page.get_by_role("button", name="Download the conversation as BibTeX")
    bibtex.click()
    expect(page.locator("#source-pane .note")).to_have_text(
        "No source is cited there: there is nothing to export as BibTeX."
    )
    ask(page, ANSWERED)
    with page.expect_download() as started:
        bibtex.click()
    assert started.value.suggested_filename == "pincite-conversation.bib"
    started.value.save_as(tmp_path / "sources.bib")
    assert (tmp_path / "sources.bib").read_text(encoding="utf-8").startswith("@misc{")


def test_an_abstention_is_offered_in_the_forms_that_can_tell_it(served, page_of):
    page = page_of(served)
    ask(page, ABSTAINED)
    turn(page).locator(".exports summary").click()
    expect(turn(page).locator("button.export:visible")).to_have_text(["Markdown", "HTML", "JSON"])


# --- looks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 380])
def test_nothing_keeps_people_from_using_it(served, page_of, scheme, width):
    page = page_of(served, color_scheme=scheme, viewport={"width": width, "height": 800})
    page.wait_for_selector(".example")
    assert axe(page) == []
    ask(page, DISPUTED)
    turn(page).locator(".exports summary").click()
    ask(page, ABSTAINED)
    page.locator("#tools summary").click()
    open_mark(page, page.locator("#conversation a.mark").first)
    assert axe(page) == []
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    brightness = sum(map(int, background.strip("rgb()").split(",")))
    assert (brightness > 600) == (scheme == "light")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    for tab in ("Sources", "Question lists"):
        page.get_by_role("tab", name=tab).click()
        page.wait_for_timeout(200)
        assert axe(page) == []


def test_on_a_phone_the_source_comes_up_beside_the_answer_and_goes_again(served, page_of):
    page = page_of(served, **PHONE)
    ask(page, DISPUTED)
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 380, "nothing has to be scrolled sideways"
    pane = page.locator("#source-pane")
    assert pane.is_hidden()
    mark = turn(page).locator("a.mark").first
    open_mark(page, mark)
    box = page.locator("#source-pane mark").bounding_box()
    assert 0 <= box["y"] < 780
    assert mark.bounding_box()["y"] < pane.bounding_box()["y"], "both are in view"
    page.get_by_role("button", name="Close the source").click()
    assert pane.is_hidden()
    assert mark.evaluate("mark => mark === document.activeElement")


def test_on_a_phone_all_forms_are_in_reach(served, page_of):
    page = page_of(served, **PHONE)
    ask(page, ANSWERED)
    summary = turn(page).locator(".exports summary")
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    summary.tap()
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    for button in turn(page).locator("button.export").all():
        button.click(trial=True)  # fails where anything else is on top of it
    page.locator("#tools summary").tap()
    for button in page.locator("#tools button.export").all():
        button.click(trial=True)
        box = button.bounding_box()
        assert box["x"] + box["width"] <= 380


def test_a_question_that_cannot_be_asked_says_why_and_is_given_back(served, page_of):
    page = page_of(served)
    box = page.locator("#question textarea")
    box.fill("?!")
    box.press("Enter")
    failure = page.locator("#current .failure")
    failure.wait_for()
    assert "question" in failure.inner_text().lower()
    expect(box).to_have_value("?!")
