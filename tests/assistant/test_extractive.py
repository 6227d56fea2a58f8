"""What the offline engine chooses to say, on small libraries with the true embedding."""

from dataclasses import replace

import pytest

from assistant.evidence import gather
from assistant.extractive import compose
from assistant.questions import read_question

HARBOUR = """Harbour reopens after the storm

The harbour of Varna reopened on 3 May 2024 after two weeks of repairs. Seven ships had been sunk by
the storm in April.

“Ships can enter again without a pilot,” said harbour master Elena Petrova. “We lost a lot of money
in those two weeks. Nobody was hurt, and that is what counts for me.”

The repairs cost 12 million euros, which the state pays from its reserve for disasters.
"""
RIVAL = """Varna open to ships

After two weeks of repairs the harbour of Varna was reopened on 3 May 2024.

The mayor thanked the divers, who worked at night to lift the wrecks from the bottom of the bay.
"""


@pytest.fixture
def drafts(own_library):
    library = own_library({"harbour": HARBOUR, "rival": RIVAL})

    def ask(question):
        found = gather(library, read_question(question), library.embed_question(question))
        return compose(found)

    return ask


def test_one_sentence_answers_with_the_asked_for_span_emphasised(drafts):
    (draft,) = drafts("How much did the repairs cost?")
    assert draft.text.startswith("The repairs cost 12 million euros")
    start, end = draft.quotes[0].highlight
    assert draft.quotes[0].text[start:end] == "12 million euros"


def test_what_two_sources_say_is_said_once_and_cites_both(drafts):
    draft = drafts("When did the harbour of Varna reopen?")[0]
    assert {quote.source_id for quote in draft.quotes} == {"harbour", "rival"}
    assert all(quote.text[slice(*quote.highlight)] == "3 May 2024" for quote in draft.quotes)


def test_a_sentence_from_the_middle_of_a_quotation_names_its_speaker(drafts):
    draft = drafts("How much money was lost in those two weeks?")[0]
    assert draft.text == "We lost a lot of money\nin those two weeks."
    assert draft.speaker == "Elena Petrova"
    assert any("said harbour master Elena Petrova" in quote.text for quote in draft.quotes)


def test_titles_and_headings_are_no_answers(drafts):
    for question in ("Is Varna open to ships?", "What reopens after the storm?"):
        assert all("\n\n" not in draft.text for draft in drafts(question))
        texts = [quote.text for draft in drafts(question) for quote in draft.quotes]
        assert "Varna open to ships" not in texts
        assert "Harbour reopens after the storm" not in texts


def test_quotes_are_slices_of_their_source(drafts, own_library):
    for draft in drafts("Who thanked the divers?"):
        for quote in draft.quotes:
            text = {"harbour": HARBOUR, "rival": RIVAL}[quote.source_id]
            assert text[quote.start : quote.start + len(quote.text)] == quote.text


def test_an_interviewers_question_is_no_answer(own_library):
    text = "Q: Are honey bees dying out in the valley?\n\nA: No, honey bees are rising in number.\n"
    library = own_library({"bees": text})
    question = "Are honey bees dying out?"
    found = gather(library, read_question(question), library.embed_question(question))
    assert [draft.text for draft in compose(found)] == ["A: No, honey bees are rising in number."]


def test_what_another_source_adds_in_much_the_same_words_is_said_too(own_library):
    library = own_library(
        {
            "first": "The divers worked for two weeks at night to lift the wrecks from the bay.",
            "second": "The divers worked for two weeks off Varna to lift the wrecks from the bay.",
        }
    )
    question = "What did the divers do for two weeks?"
    found = gather(library, read_question(question), library.embed_question(question))
    assert [len(draft.quotes) for draft in compose(found)] == [1, 1]


def test_who_said_it_of_whom_counts(own_library):
    quarrel = """The quarrel

Novak, for his part, noted that Kovac had lost the vote and accused his rival of living in a bubble.

Kovac blamed Novak for the flood in the harbour.
"""
    library = own_library({"quarrel": quarrel})

    def first(question):
        found = gather(library, read_question(question), library.embed_question(question))
        return compose(found)[0].text

    assert "flood" in first("What did Kovac accuse Novak of?")
    assert "bubble" in first("What did Novak accuse Kovac of?")


def test_what_somebody_tells_of_anothers_words_counts_as_theirs(own_library):
    library = own_library(
        {"trial": "The trial\n\nNovak said that Kovac had accused him of arson in the harbour."}
    )
    question = read_question("What did Kovac accuse Novak of?")
    best = gather(library, question, library.embed_question(question.text)).prose()[0]
    other = replace(question, speaker=None)
    assert best.score == gather(library, other, library.embed_question(other.text)).prose()[0].score
