"""Two short answers to one question: can both be right?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.exclusion import AnswerWords, excluding
from index.words import content_words


def words_of(sentence: str) -> AnswerWords:
    """The words between the square brackets of the sentence."""
    start, end = sentence.index("["), sentence.index("]") - 1
    return AnswerWords(sentence.replace("[", "").replace("]", ""), (start, end))


def excludes(first: str, second: str, question: str = "") -> bool:
    asked = frozenset(content_words(question))
    forth = excluding(words_of(first), words_of(second), asked)
    back = excluding(words_of(second), words_of(first), asked)
    assert forth == back
    return forth


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("It opened on [3 May 2019].", "It opened on [4 May 2019].", id="days"),
        pytest.param("It was built in [1885].", "Built in [1902], it stands.", id="years"),
        pytest.param("[12] were hurt.", "[Thirty-one] people were hurt.", id="counts"),
        pytest.param("It made [$10.4 billion].", "It made [$1.39 billion].", id="sums of money"),
        pytest.param("He was born in [Ulm].", "A native of [Munich].", id="places"),
        pytest.param("[Ann Lee] won.", "[Ann Stone] won.", id="one first name"),
        pytest.param(
            "It is in [Salem, Ohio].", "It is in [Canton, Ohio].", id="two towns of a state"
        ),
    ],
)
def test_answers_that_cannot_both_be_right(first, second):
    assert excludes(first, second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("It opened on [3 May 2019].", "It opened in [May].", id="less exact date"),
        pytest.param("It opened on [May 3, 2019].", "It opened [3 May 2019].", id="order of date"),
        pytest.param(
            "It opened [in the spring].", "It opened on [3 May 2019].", id="date or words"
        ),
        pytest.param("[1.2 million] came.", "[1,230,000] came.", id="rounded"),
        pytest.param("About [30] came.", "[31] people came.", id="inexact"),
        pytest.param("It is [98 km] long.", "It is [61 miles] long.", id="two units"),
        pytest.param("In [Paris].", "In [Paris, France].", id="place and country"),
        pytest.param("[Zelensky] won.", "[Volodymyr Selenskyj] won.", id="spellings"),
        pytest.param("[Mr Lee] won.", "[Ann Lee] won.", id="title"),
        pytest.param("[Ann Lee] won.", "[the favourite] won.", id="name and description"),
        pytest.param(
            "The [WHO] said so.", "The [World Health Organization] said so.", id="initials"
        ),
        pytest.param("[the United States] won.", "[U.S.] won.", id="short for a country"),
    ],
)
def test_answers_that_can_both_be_right(first, second):
    assert not excludes(first, second)


def test_words_of_the_question_make_no_difference_smaller():
    question = "What political party is the senator a member of?"
    assert excludes("Of the [Red Party].", "Of the [Green Party].", question)


@given(st.text(min_size=1, max_size=40))
def test_an_answer_does_not_exclude_itself(text):
    answer = AnswerWords(text, (0, len(text)))
    assert not excluding(answer, answer, frozenset())


@given(st.text(max_size=30), st.text(max_size=30), st.data())
def test_any_words_can_be_compared(first, second, data):
    spans = [
        tuple(sorted((data.draw(st.integers(0, len(t))), data.draw(st.integers(0, len(t))))))
        for t in (first, second)
    ]
    one, other = AnswerWords(first, spans[0]), AnswerWords(second, spans[1])
    assert excluding(one, other, frozenset()) == excluding(other, one, frozenset())
