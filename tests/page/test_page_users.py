"""Several readers at once, and what a reader's own tab sends: each sees their own, verified."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from assistant.render import LEFT_OUT
from tests.page.browser import ANSWER_MS, Visits, ask
from tests.page.serving import ServedPage

CALL = "When did Trump and Putin speak by phone?"
ACCUSED = "What did Trump accuse Zelensky of?"
FOLLOW_UP = "And how did he answer?"
FAR = "What is the capital of Australia?"
UNTRUE = "Trump apologised to Putin"


def questions(page: Page) -> list[str]:
    return page.locator("#conversation .turn .question").all_text_contents()


def saved(page: Page) -> str:
    return str(page.evaluate("sessionStorage.getItem('pincite.conversation') || ''"))


def press_ask(page: Page, question: str) -> None:
    box = page.locator("#question textarea")
    box.fill(question)
    box.press("Enter")


def edited(page: Page, edit: Callable[[dict[str, Any]], None]) -> None:
    """Edit the first answer of the conversation that the tab has kept."""
    conversation = json.loads(saved(page))
    edit(conversation["turns"][0]["answer"])
    store(page, json.dumps(conversation))


def store(page: Page, text: str) -> None:
    page.evaluate("(text) => sessionStorage.setItem('pincite.conversation', text)", text)


def change_quote(answer: dict[str, Any]) -> None:
    answer["citations"][0]["quote"] = UNTRUE


def change_statement(answer: dict[str, Any]) -> None:
    answer["claims"][0]["text"] = f"{UNTRUE}."


# --- several readers -----------------------------------------------------------------------------


def test_readers_who_ask_at_once_see_their_own_questions_only(
    page_of: Visits, served: ServedPage
) -> None:
    first, second = page_of(served), page_of(served)
    press_ask(first, CALL)
    press_ask(second, ACCUSED)
    for page, own, others in ((first, CALL, ACCUSED), (second, ACCUSED, CALL)):
        page.locator("#conversation .making").wait_for(timeout=ANSWER_MS)
        assert questions(page) == [own]
        page.wait_for_function("sessionStorage.getItem('pincite.conversation')")
        assert own in saved(page)
        assert others not in saved(page)
        assert others not in page.locator("#conversation").inner_text()


def test_a_follow_up_goes_on_with_the_readers_own_conversation(
    page_of: Visits, served: ServedPage
) -> None:
    first, second = page_of(served), page_of(served)
    ask(first, ACCUSED)
    ask(second, FAR)
    ask(second, FOLLOW_UP)
    ask(first, FOLLOW_UP)
    assert "Zelensky" in first.locator(".understood").inner_text()
    assert "Zelensky" not in " ".join(second.locator(".understood").all_inner_texts())
    assert questions(first) == [ACCUSED, FOLLOW_UP]
    assert questions(second) == [FAR, FOLLOW_UP]


def test_a_new_reader_finds_no_conversation_of_another(page_of: Visits, served: ServedPage) -> None:
    ask(page_of(served), CALL)
    late = page_of(served)
    expect(late.locator("button.example")).to_have_count(3)
    assert questions(late) == []
    assert saved(late) == ""


def test_two_tabs_of_one_reader_are_two_conversations(page_of: Visits, served: ServedPage) -> None:
    first = page_of(served)
    ask(first, CALL)
    second = first.context.new_page()
    second.goto(served.address)
    expect(second.locator("button.example")).to_have_count(3)
    ask(second, ACCUSED)
    ask(first, FAR)
    for page, own in ((first, [CALL, FAR]), (second, [ACCUSED])):
        page.reload()
        page.locator("#conversation .turn .making").first.wait_for()
        assert questions(page) == own


# --- a conversation that was tampered with -------------------------------------------------------


@pytest.mark.parametrize("edit", [change_quote, change_statement])
def test_an_edited_answer_is_left_out_when_the_page_is_reloaded(
    page_of: Visits, served: ServedPage, edit: Callable[[dict[str, Any]], None]
) -> None:
    page = page_of(served)
    ask(page, CALL)
    ask(page, FAR)
    edited(page, edit)
    page.reload()
    expect(page.locator("#conversation .failure").first).to_contain_text(
        "The answer of turn 1 is left out"
    )
    first = page.locator("#conversation .turn").first
    assert first.locator(".question").inner_text() == CALL
    assert first.locator(".failure").inner_text() == LEFT_OUT
    assert first.locator(".claim").count() == 0
    assert questions(page) == [CALL, FAR]
    assert UNTRUE not in page.locator("body").inner_text()
    assert UNTRUE not in saved(page)
    ask(page, CALL)
    assert page.locator("#conversation .turn").last.locator(".claim").count() > 0


@pytest.mark.parametrize("edit", [change_quote, change_statement])
def test_an_edited_answer_is_not_exported(
    page_of: Visits, served: ServedPage, edit: Callable[[dict[str, Any]], None]
) -> None:
    page = page_of(served)
    ask(page, CALL)
    before = saved(page)
    edited(page, edit)
    downloads: list[str] = []
    page.on("download", lambda download: downloads.append(download.suggested_filename))
    page.locator("#conversation details.exports summary").click()
    page.locator("#conversation button.export[data-form=markdown]").click()
    expect(page.locator("#source-pane .note")).to_contain_text(
        "It isn't exported, as something in it no longer holds."
    )
    assert downloads == []

    store(page, before)
    with page.expect_download() as whole:
        page.locator("#conversation button.export[data-form=markdown]").click()
    assert whole.value.suggested_filename == "pincite-answer-1.md"


def test_what_was_left_out_is_named_as_such_in_an_export(
    page_of: Visits, served: ServedPage
) -> None:
    page = page_of(served)
    ask(page, CALL)
    edited(page, change_statement)
    page.reload()
    page.locator("#conversation .turn .failure").wait_for()
    page.locator("#tools details.exports summary").click()
    with page.expect_download() as download:
        page.locator("#tools button.export[data-form=markdown]").click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert LEFT_OUT in text
    assert UNTRUE not in text


@pytest.mark.parametrize("text", ["{", '{"schema": "pincite.conversation/1"}', "[1]"])
def test_a_conversation_that_is_none_is_dropped_with_a_sentence(
    page_of: Visits, served: ServedPage, text: str
) -> None:
    page = page_of(served)
    ask(page, CALL)
    store(page, text)
    page.reload()
    expect(page.locator("#conversation .failure")).to_contain_text("begin a new one")
    assert questions(page) == []
    ask(page, FAR)
    assert questions(page) == [FAR]
    assert json.loads(saved(page))["turns"][0]["question"] == FAR
