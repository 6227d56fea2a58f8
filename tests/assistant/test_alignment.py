"""Which sentences back each other: closeness of embeddings proves nothing."""

import pytest

from assistant import Assistant


def cited(own_library, first, second, question):
    answer = Assistant(own_library({"first": first, "second": second})).ask(question)
    return {citation.source_id for citation in answer.citations}, answer


@pytest.mark.parametrize(
    ("first", "second", "question"),
    [
        pytest.param(
            "The sky is blue today.",
            "The sea is green today.",
            "What colour is the sky?",
            id="another subject",
        ),
        pytest.param(
            "Angela Kerner won the women's final in London on Saturday.",
            "Serena Wilson won the men's trophy in Paris last winter.",
            "Who won the women's final in London?",
            id="another name",
        ),
        pytest.param(
            "The bridge was opened by the mayor, who thanked 40 engineers for their work.",
            "The bridge was opened by the mayor, who thanked the engineers for their work.",
            "How many engineers did the mayor thank for the bridge?",
            id="the number is missing",
        ),
    ],
)
def test_a_sentence_that_does_not_say_the_same_is_not_cited_for_it(
    own_library, first, second, question
):
    sources, answer = cited(own_library, first, second, question)
    assert sources == {"first"}
    assert not answer.disagreements


def test_a_sentence_that_says_the_same_in_other_words_is(own_library):
    sources, _ = cited(
        own_library,
        "The mayor opened the new bridge over the river on 3 May and thanked 40 engineers.",
        "On 3 May the new bridge over the river was opened by the mayor, who thanked 40 engineers.",
        "When did the mayor open the new bridge?",
    )
    assert sources == {"first", "second"}
