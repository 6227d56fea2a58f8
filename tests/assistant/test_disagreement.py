"""Two reports that contradict each other, with the true embedding: is it seen, and only that?"""

import pytest

from assistant import Assistant

FIRST = """Ferry accident in the strait

The ferry sank on 3 May after a fire in the engine room, and 12 passengers were injured.

The captain, Ivo Marin of the Adria Shipping Company, said that the crew acted at once.

The rescue was followed by a search for missing cars, which lasted the whole of the night.

The ship cannot be raised before winter, according to the authorities of the port.
"""
SECOND = """A ferry sinks, passengers hurt

The ferry sank on 5 May after a fire in the engine room, and 31 passengers were injured.

The captain, Ivo Marin of the Blue Line Company, said that the crew acted at once.

The rescue was preceded by a search for missing cars, which lasted the whole of the night.

Raising the ship before winter is possible, according to the authorities of the port.
"""
AGREEING = """The ferry, a day later

The ferry sank on 3 May after a fire in its engine room; 12 passengers were injured.

The captain said that the crew had acted at once when the fire was noticed by a sailor.
"""


@pytest.fixture
def assistant(own_library):
    return Assistant(own_library({"first": FIRST, "second": SECOND}))


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        pytest.param("On what day did the ferry sink?", "date", id="date"),
        pytest.param("How many passengers were injured on the ferry?", "number", id="number"),
        pytest.param("Which company does captain Ivo Marin work for?", "affiliation", id="company"),
        pytest.param("What came first, the rescue or the search for cars?", "order", id="order"),
    ],
)
def test_each_side_is_cited(assistant, question, kind):
    answer = assistant.ask(question)
    assert answer.status == "disputed"
    found = [each for each in answer.disagreements if each.kind == kind]
    assert found, [each.kind for each in answer.disagreements]
    cited = {answer.citation(number).source_id for s in found[0].sides for number in s.citations}
    assert cited == {"first", "second"}


def test_a_denial_is_a_disagreement(assistant):
    answer = assistant.ask("Can the ship be raised before winter?")
    assert "polarity" in [each.kind for each in answer.disagreements]


def test_the_text_of_a_disputed_answer_has_both_sides(assistant):
    text = assistant.ask("How many passengers were injured on the ferry?").text
    assert "12 passengers" in text
    assert "31 passengers" in text
    assert "disagree" in text


def test_sources_that_agree_are_not_in_dispute(own_library):
    assistant = Assistant(own_library({"first": FIRST, "third": AGREEING}))
    for question in (
        "On what day did the ferry sink?",
        "How many passengers were injured on the ferry?",
    ):
        answer = assistant.ask(question)
        assert answer.status == "answered", (question, answer.disagreements)
        assert {c.source_id for c in answer.citations} == {"first", "third"}


def test_what_one_source_only_tells_in_more_detail_is_no_dispute(own_library):
    assistant = Assistant(own_library({"first": FIRST, "third": AGREEING}))
    answer = assistant.ask("What did the captain say of the crew?")
    assert answer.status == "answered"
    assert not answer.disagreements


def test_one_source_alone_has_nobody_to_disagree_with(assistant):
    answer = assistant.ask("On what day did the ferry sink?", sources=["second"])
    assert answer.status == "answered"
    assert "5 May" in answer.text


def test_numbers_of_two_months_are_no_disagreement(own_library):
    texts = {
        "jan": "Unemployment in the region stood at 5.1 percent in January, the office said.",
        "feb": "Unemployment in the region stood at 4.9 percent in February, the office said.",
    }
    answer = Assistant(own_library(texts)).ask("How high was unemployment in January?")
    assert "5.1 percent" in answer.text
    assert not answer.disagreements


def test_a_dispute_about_something_that_is_not_asked_is_not_reported(assistant):
    answer = assistant.ask("How many passengers were injured on the ferry?")
    assert {each.kind for each in answer.disagreements} == {"number"}


def test_opposite_words_are_a_disagreement(own_library):
    texts = {
        "one": "The court in the capital acquitted the banker Rolf Steen of fraud.",
        "two": "The court in the capital convicted the banker Rolf Steen of fraud.",
    }
    answer = Assistant(own_library(texts)).ask("Was the banker Rolf Steen acquitted of fraud?")
    assert [each.kind for each in answer.disagreements] == ["polarity"]
    assert {c.source_id for c in answer.citations} == {"one", "two"}


def test_the_same_words_from_two_mouths_are_a_disagreement(own_library):
    texts = {
        "one": "“We have waited long enough for this bridge,” said Mayor Anton Reisig on Tuesday.",
        "two": "“We have waited long enough for this bridge,” said builder Ilona Varga on Tuesday.",
    }
    answer = Assistant(own_library(texts)).ask("Who said that they have waited long enough?")
    assert [each.kind for each in answer.disagreements] == ["attribution"]
    assert {c.source_id for c in answer.citations} == {"one", "two"}


def test_a_name_in_place_of_another_is_a_disagreement(own_library):
    texts = {
        "one": "Anton Reisig won the race across the lake of the town in the spring of 2019.",
        "two": "Ilona Varga won the race across the lake of the town in the spring of 2019.",
    }
    answer = Assistant(own_library(texts)).ask("Who won the race across the lake?")
    assert [(each.kind, set(each.about.split(" or "))) for each in answer.disagreements] == [
        ("name", {"Anton Reisig", "Ilona Varga"})
    ]
    assert "The sources disagree on a name" in answer.text


def test_what_holds_of_another_place_than_is_asked_about_is_no_disagreement(own_library):
    texts = {
        "one": "Unemployment in the north of Austria was at its lowest level for ten years.",
        "two": "Unemployment in the north of Norway was at its lowest level for ten years.",
    }
    answer = Assistant(own_library(texts)).ask("What was unemployment in the north of Austria?")
    assert not answer.disagreements


def test_a_dispute_that_several_sources_have_is_told_once(own_library):
    one = "The ferry sank on 3 May after a fire in the engine room near the island{}."
    texts = {
        "one": one.format(""),
        "two": one.format(", it was said"),
        "three": one.format("").replace("3 May", "5 May"),
        "four": one.format(", it was said").replace("3 May", "5 May"),
    }
    answer = Assistant(own_library(texts)).ask("On what day did the ferry sink?")
    assert [each.kind for each in answer.disagreements] == ["date"]
