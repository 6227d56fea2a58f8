"""Follow-ups are made to stand alone; a question that needs nothing stays as it is."""

from __future__ import annotations

import pytest

from assistant.chat import Turn, stand_alone, stand_alone_parts

HISTORY: list[Turn] = [
    ("user", "What did Anna Lee say about the bridge?"),
    ("assistant", "Anna Lee said that the bridge is old. [1]"),
]
TOPIC = "(What did Anna Lee say about the bridge)"


@pytest.mark.parametrize(
    ("question", "alone"),
    [
        pytest.param("And how did she answer?", f"And how did Anna Lee answer? {TOPIC}", id="she"),
        pytest.param(
            "What does she say of oil prices?", "What does Anna Lee say of oil prices?", id="topic"
        ),
        pytest.param("How is her house?", f"How is Anna Lee’s house? {TOPIC}", id="possessive"),
        pytest.param("Did Ben Stone call her?", "Did Ben Stone call Anna Lee?", id="object"),
        pytest.param("Why?", f"Why? {TOPIC}", id="a question word alone"),
        pytest.param("What about oil?", f"What about oil? {TOPIC}", id="what about"),
        pytest.param("By how many votes?", f"By how many votes? {TOPIC}", id="few content words"),
        pytest.param("How much does it cost?", f"How much does it cost? {TOPIC}", id="it"),
        pytest.param("А кто ответил?", f"А кто ответил? {TOPIC}", id="Russian opener"),
    ],
)
def test_a_follow_up_is_resolved_from_what_was_said(question: str, alone: str) -> None:
    assert stand_alone(question, HISTORY) == alone


@pytest.mark.parametrize(
    "question",
    [
        "Who built the bridge in Paris?",
        "Where did they meet Ben?",
        "How do penguins keep their eggs warm?",
        "How many soldiers came over the river?",
        "Wie viele Soldaten kamen über den Fluss?",
    ],
)
def test_a_question_that_stands_alone_stays_as_it_is(question: str) -> None:
    assert stand_alone(question, HISTORY) == question


@pytest.mark.parametrize(
    "history", [[], [("assistant", "Anna came.")], [("user", "  ")]], ids=["no", "answer", "blank"]
)
def test_without_an_earlier_question_nothing_changes(history: list[Turn]) -> None:
    assert stand_alone("Why did she?", history) == "Why did she?"


def test_the_latest_question_with_a_name_counts() -> None:
    history: list[Turn] = [
        ("user", "Who is Anna Lee?"),
        ("assistant", "A writer, says Carl Moss."),
        ("user", "And who is Ben Stone?"),
        ("assistant", "A painter."),
        ("user", "what else?"),
    ]
    assert stand_alone("Where does he live now in winter?", history).startswith(
        "Where does Ben Stone live now in winter?"
    )


@pytest.mark.parametrize(
    ("earlier", "name"),
    [
        ("What did Ann Lee say about Bonn?", "Ann Lee"),
        ("What did Ann Lee do in Bonn?", "Ann Lee"),
        ("What did Ann Lee accuse Ben Stone of?", "Ben Stone"),
        ("What happened in Bonn?", "Bonn"),
    ],
)
def test_a_pronoun_is_the_last_name_that_is_no_topic_or_place(earlier: str, name: str) -> None:
    alone = stand_alone("What did she say of oil prices?", [("user", earlier)])
    assert alone == f"What did {name} say of oil prices?"


def test_a_name_is_taken_from_the_answer_where_no_question_has_one() -> None:
    history: list[Turn] = [("user", "who built it?"), ("assistant", "It was built by Ben Stone.")]
    assert stand_alone("Where does he live?", history).startswith("Where does Ben Stone live?")


def test_the_parts_of_a_compound_question_stand_alone() -> None:
    assert stand_alone_parts("Who won and by how many votes?") == (
        "Who won?",
        "by how many votes? (Who won)",
    )
    assert stand_alone_parts("When did Ann Lee arrive, and how did she travel?") == (
        "When did Ann Lee arrive?",
        "how did Ann Lee travel? (When did Ann Lee arrive)",
    )
    assert stand_alone_parts("Who won?") == ("Who won?",)


def test_a_follow_up_to_a_compound_question_stays_whole():
    history = [("user", "Who said it and when was it said?"), ("assistant", "Ann Lee, in May.")]
    (part,) = stand_alone_parts("And why?", history)
    assert part.startswith("And why?")
    assert part.endswith("(Who said it and when was it said)")


def test_a_very_long_turn_is_read_quickly():
    history = [("user", "Ann Lee " * 100_000)]
    assert "Ann Lee" in stand_alone_parts("What did she say?", history)[0]
