"""Which passages have a question's words in some spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.evidence import gather
from assistant.extractive import compose
from assistant.likeness import likeness
from assistant.questions import read_question


def shares_of(question, texts):
    """The shares of passages of one sentence each."""
    return [found.passage for found in likeness(question, [[text] for text in texts])]


SIEGE = "The fort surrendered to Lord Loudoun after a siege of nine days."
FAIR = "The market of the town was moved to the square by the river."


@pytest.mark.parametrize(
    "question",
    [
        pytest.param("Кто сдался лорду Лаудону?", id="a name in another script"),
        pytest.param("¿Quién se rindió a lord Loudon?", id="a name in another spelling"),
        pytest.param("Who surrendered the fort?", id="the same words"),
        pytest.param("Wer hat kapituliert, der Surrender am Fort?", id="a borrowed word"),
    ],
)
def test_the_passage_with_the_questions_words_in_some_spelling_has_the_greater_share(question):
    siege, fair = shares_of(question, [SIEGE, FAIR])
    assert siege > fair == 0


@pytest.mark.parametrize(
    ("asked", "told", "alike"),
    [
        pytest.param("1756", "1756", True, id="the same year"),
        pytest.param("1756", "1757", False, id="another year"),
        pytest.param("B52", "B53", False, id="another designation"),
        pytest.param("Rio", "Rin", False, id="a short word of another letter"),
    ],
)
def test_numbers_and_short_words_must_be_equal(asked, told, alike):
    shares = shares_of(f"{asked}?", [f"This was {told}.", "Nothing."])
    assert (shares[0] > 0) is alike


def test_a_rare_word_counts_for_more_than_one_that_every_passage_has():
    texts = ["the harbour of Varna", "the harbour of Odessa", "the harbour of Piraeus"]
    shares = shares_of("Where is the harbour of Odessa?", texts)
    assert max(shares) == shares[1]
    assert shares[0] == shares[2] < 0.5 < shares[1]


@pytest.mark.parametrize("question", ["Who is it?", "", "?!"])
def test_a_question_of_function_words_tells_no_passage_apart(question):
    assert shares_of(question, [SIEGE, FAIR]) == [0.0, 0.0]


def test_no_passages_have_no_shares():
    assert likeness("Who surrendered?", []) == []


def test_a_passage_has_the_words_of_all_its_sentences():
    question = "Who surrendered to Lord Loudoun after the siege by the river?"
    (found,) = likeness(question, [[SIEGE, FAIR]])
    assert found.passage > found.sentences[0] > found.sentences[1] > 0


@given(st.text(), st.lists(st.lists(st.text(), max_size=3), max_size=4))
def test_there_is_one_share_from_0_to_1_for_each_passage_and_sentence(question, passages):
    found = likeness(question, passages)
    assert [len(each.sentences) for each in found] == [len(passage) for passage in passages]
    for each in found:
        assert all(0 <= share <= each.passage + 1e-6 for share in each.sentences)
        assert 0 <= each.passage <= 1 + 1e-6


def test_a_question_in_another_script_is_answered_from_the_paragraph_with_its_name(own_library):
    paragraphs = [
        f"General {name} took command of the garrison in spring and left it to his deputy."
        for name in ("Abercrombie", "Loudoun", "Braddock", "Shirley")
    ]
    library = own_library({"war": "\n\n".join(paragraphs)})
    question = "Когда генерал Брэддок принял командование гарнизоном?"
    evidence = gather(library, read_question(question), library.embed_question(question))
    assert "Braddock" in compose(evidence)[0].text
    assert [hit.score for hit in evidence.hits] == sorted(
        (hit.score for hit in evidence.hits), reverse=True
    )
