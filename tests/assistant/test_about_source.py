"""Questions about a text itself are answered by what stands around the article."""

import pytest

from assistant import Assistant

SIGNED = """The price of bread

By Ana Kovac
3 March 2024

Bread has become dearer by nine percent since autumn, the office for statistics announced on Monday.

420 views 7 comments
"""
UNSIGNED = """A concert for the harbour

The children's orchestra played on the pier, and the minister cut a ribbon in front of the crowd.
"""


@pytest.fixture
def assistant(own_library):
    return Assistant(own_library({"bread": SIGNED, "concert": UNSIGNED}))


@pytest.mark.parametrize(
    ("question", "stated"),
    [
        pytest.param("Who wrote the article on the price of bread?", "Ana Kovac", id="author"),
        pytest.param("When was the article on bread published?", "3 March 2024", id="date"),
        pytest.param("How many views does the article on bread have?", "420 views", id="views"),
        pytest.param("What is the title of the article about bread?", "price of bread", id="title"),
    ],
)
def test_the_apparatus_answers(assistant, question, stated):
    answer = assistant.ask(question)
    assert stated in answer.text
    assert {c.source_id for c in answer.citations} == {"bread"}


def test_what_a_text_does_not_state_about_itself_is_left_open(assistant):
    answer = assistant.ask("Who wrote the article on the concert for the harbour?")
    assert answer.status == "abstained"


def test_a_question_that_means_all_texts_gets_the_statement_of_each(sample):
    answer = sample.ask("What are the titles of the articles?")
    assert {c.source_id for c in answer.citations} == {"whats-at-stake", "why-its-dangerous"}


def test_what_the_article_tells_is_no_statement_about_the_article(assistant):
    answer = assistant.ask("By how much has bread become dearer?")
    assert "nine percent" in answer.text


def test_only_the_text_that_is_meant_answers_for_itself(assistant):
    answer = assistant.ask("When was the article on the concert published?")
    assert answer.status == "abstained"
