"""The reader: where in a passage an answer stands, and whether there is one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.reader import WINDOW_TOKENS, read

HARBOUR = (
    "The harbour of Varna was reopened on 3 May 2024 by the mayor, Elena Petrova. "
    "It had been closed for two weeks because of a storm that sank four ferries."
)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("When was the harbour of Varna reopened?", "3 May 2024"),
        ("Who reopened the harbour of Varna?", "Elena Petrova"),
        ("How many ferries did the storm sink?", "four"),
    ],
)
def test_it_finds_the_words_that_answer(question, answer):
    (reading,) = read(question, [HARBOUR])
    assert answer in HARBOUR[reading.start : reading.end]
    assert reading.margin > 0


@pytest.mark.parametrize(
    "question",
    [
        "When was the airport of Varna reopened?",
        "Who invented the telephone?",
        "How many people died in the storm?",
    ],
)
def test_an_answer_counts_for_more_than_what_merely_comes_nearest(question):
    (answered,) = read("When was the harbour of Varna reopened?", [HARBOUR])
    (near,) = read(question, [HARBOUR])
    assert near.margin < answered.margin
    assert near.answerable < answered.answerable


def test_passages_are_read_each_for_itself():
    other = "The mill of Brod was closed in 1987."
    first, second = read("When was the mill of Brod closed?", [HARBOUR, other])
    assert second.margin > first.margin
    assert other[second.start : second.end] == "1987"


def test_a_long_passage_is_read_to_its_end():
    long = "The council met again and adjourned without a vote. " * WINDOW_TOKENS + HARBOUR
    (reading,) = read("When was the harbour of Varna reopened?", [long])
    assert long[reading.start : reading.end] == "3 May 2024"


@pytest.mark.parametrize("passage", ["", " ", "\n\n", "\u200b"])
def test_an_empty_passage_answers_nothing(passage):
    (reading,) = read("When was it closed?", [passage])
    assert reading.start == reading.end == 0
    assert reading.margin < 0
    assert read("When was it closed?", []) == ()


@given(question=st.text(max_size=200), passage=st.text(max_size=600))
@settings(max_examples=40, deadline=None)
def test_whatever_the_texts_the_answer_lies_in_the_passage(question, passage):
    (reading,) = read(question, [passage])
    assert 0 <= reading.start <= reading.end <= len(passage)
    assert (reading.start < reading.end) == (reading.margin > -20.0)
