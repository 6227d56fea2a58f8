"""Sources that answer one question differently, in their own words: with the true reader."""

import pytest

from assistant import Assistant
from assistant.exclusion import AnswerWords
from assistant.questions import read_question
from assistant.rival_odds import Telling, features

OPENED = {
    "chronicle": "The Ring Bridge was opened in 1931 by the mayor before a large crowd of town.",
    "guide": "It was before a crowd of all the town the mayor opened the Ring Bridge, in 1934, "
    "with a large speech.",
}
AGREEING = "A large crowd from the town came when the Ring Bridge was opened by the mayor in 1931."
QUESTION_ASKED = "When was the Ring Bridge opened?"


def test_different_answers_are_a_disagreement_however_they_are_worded(own_library):
    answer = Assistant(own_library(OPENED)).ask(QUESTION_ASKED)
    assert answer.status == "disputed"
    assert [(each.kind, set(each.about.split(" or "))) for each in answer.disagreements] == [
        ("date", {"1931", "1934"})
    ]
    assert {citation.source_id for citation in answer.citations} == {"chronicle", "guide"}
    assert "1931" in answer.text
    assert "1934" in answer.text


def test_sources_that_agree_stand_on_one_side(own_library):
    answer = Assistant(own_library({**OPENED, "letter": AGREEING})).ask(QUESTION_ASKED)
    sides = [
        {answer.citation(number).source_id for number in side.citations}
        for side in answer.disagreements[0].sides
    ]
    assert sorted(sides, key=len) == [{"guide"}, {"chronicle", "letter"}]


def test_the_words_that_answer_are_marked_on_each_side(own_library):
    answer = Assistant(own_library(OPENED)).ask(QUESTION_ASKED)
    marked = {each.highlight.text for each in answer.citations if each.highlight}
    assert marked == {"1931", "1934"}


def test_one_answer_in_different_words_is_no_disagreement(own_library):
    texts = {"chronicle": OPENED["chronicle"], "letter": AGREEING}
    assert not Assistant(own_library(texts)).ask(QUESTION_ASKED).disagreements


def test_one_source_alone_is_not_read_for_rivals(own_library):
    texts = {"chronicle": OPENED["chronicle"] + "\n\n" + OPENED["guide"]}
    assert not Assistant(own_library(texts)).ask(QUESTION_ASKED).disagreements


def told(text: str, answer: str, paragraph: str = "", margin: float = 3.0) -> Telling:
    start = text.index(answer)
    words = AnswerWords(text, (start, start + len(answer)))
    return Telling(words, paragraph or text, margin, covered=0.5)


QUESTION = read_question("Who won the cup in 2018?")
LEE = told("Ann Lee won the cup in May before a large crowd.", "Ann Lee")
STONE = told("Ben Stone won the cup in May before a large crowd.", "Ben Stone", margin=1.0)


def test_sentences_that_are_the_same_but_for_the_answer_are_told_as_such():
    assert features([LEE], [STONE], [LEE, STONE], QUESTION)["frame"] == 1
    other = told("The trophy went to Ben Stone, whom nobody had reckoned with.", "Ben Stone")
    assert features([LEE], [other], [LEE, other], QUESTION)["frame"] < 0.2


def test_a_few_words_around_the_answers_tell_nothing():
    short = [told("Cup: Ann Lee.", "Ann Lee"), told("Cup: Ben Stone.", "Ben Stone")]
    assert features(short[:1], short[1:], short, QUESTION)["frame"] == 0


def test_the_less_sure_reading_counts():
    values = features([LEE], [STONE], [LEE, STONE], QUESTION)
    assert values["margin"] == 1.0
    assert values["behind"] == 2.0


@pytest.mark.parametrize(
    ("paragraph", "expected"),
    [
        pytest.param("Ben Stone won the cup in 2018.", 0.0, id="tells its own answer only"),
        pytest.param("Ben Stone beat Ann Lee for the cup in 2018.", 1.0, id="tells the other's"),
    ],
)
def test_a_paragraph_may_tell_the_other_answer_too(paragraph, expected):
    other = told("Ben Stone won the cup in 2018.", "Ben Stone", paragraph)
    assert features([LEE], [other], [LEE, other], QUESTION)["told_too"] == expected


def test_a_year_of_the_question_that_a_side_lacks_is_noticed():
    dated = told("In 2018, Ben Stone won the cup.", "Ben Stone")
    assert features([dated], [dated], [dated], QUESTION)["number_missing"] == 0
    assert features([LEE], [dated], [LEE, dated], QUESTION)["number_missing"] == 1
