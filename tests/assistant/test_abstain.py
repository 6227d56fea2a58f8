"""The decision whether the sources answer: its features, and the model that ships."""

import json
from importlib import resources

import pytest

from assistant.abstain import answerable_parts, features, probability
from assistant.evidence import gather
from assistant.questions import read_question
from assistant.reading import retrieve
from assistant.settings import DEFAULT_STRICTNESS


@pytest.fixture
def evidence(sample):
    def find(question):
        return retrieve(sample.library, question)

    return find


def feature(evidence, question, name):
    found = evidence(question)
    return features(found, found.prose())[name]


def test_a_name_that_no_source_has_counts_as_absent(evidence):
    assert feature(evidence, "What did Xi Jinping say about the talks?", "names_absent") == 1
    assert feature(evidence, "What did Marco Rubio say about the talks?", "names_absent") == 0


def test_a_name_in_another_spelling_is_not_absent(evidence):
    assert feature(evidence, "What does Kristina Bercina think?", "names_absent") == 0


def test_a_number_that_the_paragraph_does_not_have_counts_as_absent(evidence):
    assert feature(evidence, "What happened in the 2016 election?", "numbers_absent") == 0
    assert feature(evidence, "What happened in the 1996 election?", "numbers_absent") == 1


def test_a_negated_question_wants_a_negated_sentence(evidence):
    denied = "Which ships were never built in the harbour of Saudi Arabia?"
    assert feature(evidence, denied, "negation_missing") == 1
    assert feature(evidence, "Why can Ukraine not hold elections?", "negation_missing") == 0


@pytest.mark.parametrize(
    "question",
    [
        "What is the capital of Australia?",
        "What did Xi Jinping say about the meeting?",
        "How many tonnes of lithium does Ukraine have?",
        "How long did the phone call between Trump and Putin last?",
        "Who is the chancellor of Germany?",
        "Колко жители има София?",
    ],
)
def test_what_the_sources_do_not_tell_is_left_open(evidence, question):
    assert probability(evidence(question)) < DEFAULT_STRICTNESS


@pytest.mark.parametrize(
    "question",
    [
        "When did Trump and Putin speak by phone?",
        "Who rejected the proposal on rare earth deposits?",
        "Wann telefonierten Trump und Putin?",
        "Кого обвинил Трамп в войне в Украине?",
        "Who wrote the article on why it is dangerous?",
        "Which experts are quoted?",
    ],
)
def test_what_they_tell_is_answered(evidence, question):
    assert probability(evidence(question)) >= DEFAULT_STRICTNESS


def test_no_evidence_at_all_is_a_clear_no(sample):
    library = sample.library
    question = "When did they speak?"
    vector = library.embed_question(question)
    nothing = gather(library, read_question(question), vector, frozenset())
    assert probability(nothing) == 0.0


def test_the_model_says_what_it_was_fitted_on_and_uses_only_known_features(evidence):
    model = json.loads(resources.files("assistant").joinpath("abstention.json").read_text("utf-8"))
    assert model["fitted_on"]
    assert model["date"]
    found = evidence("When did they speak?")
    known = set(features(found, found.prose()))
    for part in ("read", "same_language", "other_language"):
        assert set(model[part]["coefficients"]) <= known


def test_the_stricter_the_more_is_left_open(evidence):
    found = [evidence("When did Trump and Putin speak by phone?"), evidence("Who is Xi Jinping?")]
    assert answerable_parts(found, 0.0) == found
    assert answerable_parts(found, DEFAULT_STRICTNESS) == found[:1]
    assert answerable_parts(found, 1.0) == []
