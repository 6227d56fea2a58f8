"""A claim is cited where sentences support it, pointed at or not, and else withheld, with why."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.drafts import Draft
from assistant.evidence import Candidate
from assistant.grounding import MAX_CITED, Pool, ground
from assistant.replies import Stated
from assistant.types import Withheld, WithheldReason
from index import IndexedSource

NO_VECTOR = np.zeros(1, dtype=np.float32)

HARBOUR = """Harbour news

The harbour of Varna was closed in April and then opened again on 3 May. It was a hard month for \
the whole town. Nine ships came on the first day. The town earned $5 million that year.

“The harbour earns nothing without ships,” said Ben Stone. “We lost two million in April.”

Ann Lee, the mayor, called the work “a great day for the town”. Did the harbour of Varna open on \
4 May?"""

PORT = """Port report

On 3 May, nine ships came on the first day. The mayor’s office was “closed in April and opened \
again” too. The town earned $5 million that year. Nobody was hurt."""

Indexing = Callable[..., IndexedSource]


def pool_of(indexed: Indexing, **texts: str) -> Pool:
    """All prose of these texts, in their order."""
    sources = {id: indexed(text, id) for id, text in texts.items()}
    sentences = [
        (source, sentence)
        for source in sources.values()
        for sentence in source.sentences
        if source.paragraph(sentence.paragraph).kind == "body"
    ]
    candidates = [
        Candidate(
            sentence=sentence,
            kind="body",
            vector=NO_VECTOR,
            cosine=0.0,
            passage=0.0,
            coverage=0.0,
            has_kind=False,
            score=1.0 - rank / 100,
        )
        for rank, (source, sentence) in enumerate(sentences)
    ]
    return Pool(tuple(candidates), sources)


@pytest.fixture(scope="module")
def pool(indexed: Indexing) -> Pool:
    return pool_of(indexed, harbour=HARBOUR, port=PORT)


def grounded(
    pool: Pool, text: str, *pointing_at: str, labels: tuple[int, ...] = (1,)
) -> Draft | Withheld:
    """The claim `text`, pointing at the first sentence with each of these words."""
    pointed = [
        next(each for each in pool.sentences if words in each.sentence.text)
        for words in pointing_at
    ]
    return ground(Stated(text, labels), pointed, pool)


def cited(outcome: Draft | Withheld) -> list[tuple[str, str]]:
    """The source and the text of each quote."""
    assert isinstance(outcome, Draft), outcome.reason
    return [(quote.source_id, quote.text) for quote in outcome.quotes]


def reason(outcome: Draft | Withheld) -> WithheldReason | None:
    return outcome.reason if isinstance(outcome, Withheld) else None


CLOSED = "The harbour of Varna was closed in April and then opened again on 3 May."
EARNED = "The town earned $5 million that year."
UNHURT = "Nobody was hurt."


# --- words in quotation marks --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "pointing_at", "because"),
    [
        pytest.param(
            "The harbour of Varna was “closed in April”.", "closed in April", None, id="found"
        ),
        pytest.param(
            'The harbour of Varna was "closed  in april," then.',
            "closed in April",
            None,
            id="other typography",
        ),
        pytest.param(
            "Ann Lee called the work “a great day for the town”.",
            "a great day",
            None,
            id="a quotation of the source",
        ),
        pytest.param(
            "The harbour of Varna was “closed in April and opened again”.",
            "closed in April",
            "misattributed",
            id="stands elsewhere",
        ),
        pytest.param(
            "The harbour was “closed in May”.", "closed in April", "quote_not_found", id="altered"
        ),
        pytest.param(
            "The harbour was “shut in April”.", "closed in April", "quote_not_found", id="reworded"
        ),
        pytest.param(
            "The harbour was “closed in Apri”.", "closed in April", "quote_not_found", id="cut word"
        ),
        pytest.param(
            "It was “a hard month for the town”.", "a hard month", "stitched", id="words left out"
        ),
        pytest.param(
            "The harbour was “closed in April a hard month”.",
            "closed in April",
            "stitched",
            id="pieces of two sentences",
        ),
        pytest.param(
            "The harbour was “closed in April … a hard month”.",
            "closed in April",
            "stitched",
            id="pieces with a sign between them",
        ),
        pytest.param(
            "The harbour was “closed in April Nobody was hurt”.",
            "closed in April",
            "stitched",
            id="pieces of two sources",
        ),
        pytest.param(
            "The “harbour of Varna” was “closed in May”.",
            "closed in April",
            "quote_not_found",
            id="one of two",
        ),
    ],
)
def test_words_in_quotation_marks_must_stand_in_a_cited_sentence(
    pool: Pool, text: str, pointing_at: str, because: str | None
) -> None:
    assert reason(grounded(pool, text, pointing_at)) == because


def test_words_in_quotation_marks_alone_do_not_support_the_rest(pool: Pool) -> None:
    text = "The ships lost “a great day for the town”."
    assert reason(grounded(pool, text, "a great day")) == "unsupported"


# --- where it is cited ---------------------------------------------------------------------------


def test_another_source_that_says_the_same_is_cited_too(pool: Pool) -> None:
    assert cited(grounded(pool, EARNED, EARNED)) == [("harbour", EARNED), ("port", EARNED)]


def test_the_sentence_that_was_pointed_at_is_cited_first(pool: Pool) -> None:
    text = "Nine ships came on the first day."
    other = "On 3 May, nine ships came on the first day."
    assert cited(grounded(pool, text, text)) == [("harbour", text), ("port", other)]
    assert cited(grounded(pool, text, "On 3 May")) == [("port", other), ("harbour", text)]


def test_another_source_that_says_something_else_is_not_cited(pool: Pool) -> None:
    text = "On 3 May, nine ships came on the first day."
    assert cited(grounded(pool, text, "On 3 May")) == [("port", text)]


@pytest.mark.parametrize(
    "labels", [pytest.param((99,), id="unknown label"), pytest.param((), id="no label")]
)
def test_the_program_finds_the_support_itself(pool: Pool, labels: tuple[int, ...]) -> None:
    assert cited(grounded(pool, EARNED, labels=labels)) == [("harbour", EARNED), ("port", EARNED)]


def test_a_sentence_that_does_not_support_the_claim_is_not_cited(pool: Pool) -> None:
    assert cited(grounded(pool, UNHURT, CLOSED, UNHURT)) == [("port", UNHURT)]
    assert cited(grounded(pool, UNHURT, CLOSED)) == [("port", UNHURT)]


def test_only_so_many_sentences_are_cited(indexed: Indexing) -> None:
    said = [f"The town earned $5 million in that year of {word} work." for word in "abcdefg"]
    pool = pool_of(indexed, town="Town news\n\n" + " ".join(said))
    outcome = grounded(pool, "The town earned $5 million in that year.", *said)
    assert len(cited(outcome)) == MAX_CITED


def test_a_quote_is_the_whole_sentence_where_it_stands(pool: Pool) -> None:
    outcome = grounded(pool, "The harbour of Varna opened again on 3 May.", CLOSED)
    assert isinstance(outcome, Draft)
    (quote,) = outcome.quotes
    assert (quote.source_id, quote.paragraph, quote.text) == ("harbour", 2, CLOSED)
    assert quote.start == HARBOUR.index(CLOSED)
    assert not outcome.verbatim


# --- claims of several parts ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Nobody was hurt, and the town earned $5 million that year.",
        "Nobody was hurt; the town earned $5 million that year.",
        "Nobody was hurt. The town earned $5 million that year.",
    ],
)
def test_a_claim_may_put_whole_sentences_together(pool: Pool, text: str) -> None:
    outcome = grounded(pool, text, UNHURT, EARNED)
    assert cited(outcome)[:2] == [("port", UNHURT), ("harbour", EARNED)]


@pytest.mark.parametrize(
    ("text", "pointing_at", "because"),
    [
        pytest.param(
            "Nobody was hurt, and the town earned $5 million that year.",
            [UNHURT],
            "number",
            id="one of the sentences",
        ),
        pytest.param(
            "Nobody was hurt that year.", [UNHURT, EARNED], "unsupported", id="halves of sentences"
        ),
        pytest.param(
            "The town lost two million and nobody was hurt.",
            ["We lost", UNHURT],
            "unsupported",
            id="somebody's words",
        ),
        pytest.param(
            "Nobody was hurt, and the town earned $6 million that year.",
            [UNHURT, EARNED],
            "number",
            id="a wrong part",
        ),
    ],
)
def test_parts_that_no_sentence_says_are_not_put_together(
    pool: Pool, text: str, pointing_at: Sequence[str], because: str
) -> None:
    outcome = grounded(pool, text, *pointing_at)
    assert isinstance(outcome, Withheld)
    assert outcome.reason == because


# --- who says it ---------------------------------------------------------------------------------

SAID = "“The harbour earns nothing without ships,” said Ben Stone."


def test_somebody_s_words_are_given_to_them(pool: Pool) -> None:
    outcome = grounded(pool, "The harbour earns nothing without ships.", SAID)
    assert isinstance(outcome, Draft)
    assert outcome.speaker == "Ben Stone"
    assert cited(outcome) == [("harbour", SAID)]


def test_the_sentence_that_names_the_speaker_is_cited_too(pool: Pool) -> None:
    outcome = grounded(pool, "We lost two million in April.", "We lost")
    assert isinstance(outcome, Draft)
    assert outcome.speaker == "Ben Stone"
    assert cited(outcome) == [("harbour", "“We lost two million in April.”"), ("harbour", SAID)]


def test_a_claim_that_names_the_speaker_gets_none_added(pool: Pool) -> None:
    text = "Ben Stone says that the harbour earns nothing without ships."
    outcome = grounded(pool, text, SAID)
    assert isinstance(outcome, Draft)
    assert (outcome.text, outcome.speaker) == (text, None)


@pytest.mark.parametrize("labels", [(1,), ()])
def test_words_in_another_s_mouth_are_withheld(pool: Pool, labels: tuple[int, ...]) -> None:
    text = "Ann Lee says that the harbour earns nothing without ships."
    assert reason(grounded(pool, text, SAID, labels=labels)) == "speaker"


# --- why it is withheld --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pointing_at", "labels", "because"),
    [
        pytest.param([EARNED], (1,), "unsupported", id="a sentence that says less"),
        pytest.param([EARNED, UNHURT], (1, 2), "unsupported", id="sentences that say less"),
        pytest.param([], (99,), "unknown_label", id="a label that nothing has"),
        pytest.param([EARNED], (1, 99), "unsupported", id="one label that nothing has"),
        pytest.param([], (), "no_citation", id="no label"),
    ],
)
def test_a_claim_that_nothing_supports_is_withheld_with_the_reason(
    pool: Pool, pointing_at: Sequence[str], labels: tuple[int, ...], because: WithheldReason
) -> None:
    text = "The town burned that year."
    outcome = grounded(pool, text, *pointing_at, labels=labels)
    assert outcome == Withheld(text=text, reason=because)


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("The town earned $6 million that year.", "number"),
        ("The harbour of Varna was closed in April and opened again on 4 May.", "date"),
        ("The harbour of Burgas was closed in April.", "name"),
        ("The harbour of Varna was not closed in April.", "negation"),
    ],
)
def test_the_reason_is_of_the_sentence_that_comes_closest(
    pool: Pool, text: str, because: str
) -> None:
    nearest = EARNED if "earned" in text else CLOSED
    assert reason(grounded(pool, text, nearest)) == because
    assert reason(grounded(pool, text, UNHURT, nearest)) == because


@pytest.mark.parametrize("other", ["Varna’s charter", "Varna officials"])
def test_what_another_of_that_name_says_is_not_theirs(indexed: Indexing, other: str) -> None:
    said = "ships cannot enter at night."
    pool = pool_of(indexed, told=f"Harbour news\n\nAccording to {other}, {said}")
    assert reason(ground(Stated("Ships cannot enter at night.", ()), (), pool)) is not None
    whole = ground(Stated(f"According to {other}, {said}", ()), (), pool)
    assert isinstance(whole, Draft)
    assert whole.speaker is None


REPORTED = """Harbour news

Ann Lee says that critics claim the harbour earns nothing.

“I believe the harbour earns too little,” says Ben Stone."""


@pytest.mark.parametrize(
    ("text", "speaker"),
    [
        pytest.param("The harbour earns nothing.", None, id="what others claim"),
        pytest.param("The harbour earns too little.", "Ben Stone", id="what the speaker believes"),
    ],
)
def test_a_speaker_is_given_their_own_words_alone(
    indexed: Indexing, text: str, speaker: str | None
) -> None:
    outcome = ground(Stated(text, ()), (), pool_of(indexed, told=REPORTED))
    assert (outcome.speaker if isinstance(outcome, Draft) else None) == speaker


def test_a_question_in_a_source_supports_nothing(pool: Pool) -> None:
    question = "Did the harbour of Varna open on 4 May?"
    assert reason(grounded(pool, "The harbour of Varna opened on 4 May.", question)) is not None
    assert reason(grounded(pool, question, question)) is not None


@pytest.mark.parametrize("text", ["…", "“”", "“,”", "“", "a", "?", "[1]"])
def test_a_claim_of_hardly_anything_is_withheld(pool: Pool, text: str) -> None:
    assert isinstance(grounded(pool, text, EARNED), Withheld)


def test_without_sentences_nothing_is_supported() -> None:
    empty = Pool((), {})
    assert reason(ground(Stated(EARNED, (1,)), [], empty)) == "unknown_label"
    assert reason(ground(Stated(f"It is “{EARNED}”", ()), [], empty)) == "quote_not_found"


TEXTS = [text.partition("\n\n")[2].split() for text in (HARBOUR, PORT)]
ADDED = ["not", "never", "Ann", "says", "that", "6", "Varna", "3", "“", "”", "and", "April", "$5"]


@st.composite
def altered(draw: st.DrawFn) -> str:
    """Words that follow each other in a text, some left out, some put in."""
    words = draw(st.sampled_from(TEXTS))
    start = draw(st.integers(0, len(words) - 1))
    taken = words[start : start + draw(st.integers(1, 16))]
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(taken)))
        taken[place : place + draw(st.integers(0, 1))] = draw(
            st.lists(st.sampled_from(ADDED), max_size=1)
        )
    return " ".join(taken)


@given(altered() | st.text(max_size=30), st.lists(st.integers(0, 11), max_size=5))
def test_a_draft_s_quotes_are_sentences_that_have_its_facts(
    pool: Pool, text: str, pointed: list[int]
) -> None:
    outcome = ground(Stated(text, tuple(pointed)), [pool.sentences[i] for i in pointed], pool)
    if isinstance(outcome, Withheld):
        assert outcome.text == text
        return
    sentences = {(c.sentence.source_id, c.sentence.start): c.sentence for c in pool.sentences}
    assert outcome.quotes
    for quote in outcome.quotes:
        assert sentences[quote.source_id, quote.start or 0].text == quote.text
    quoted = " ".join(quote.text for quote in outcome.quotes)
    stated = set(re.findall(r"\$?\d+|\w+", outcome.text))
    there = set(re.findall(r"\$?\d+|\w+", quoted))
    assert stated & {"6", "3", "4", "$5", "Varna", "Ben", "Ann", "April", "May"} <= there
    denials = {"not", "never", "Nobody", "nothing"}
    assert bool(stated & denials) <= bool(there & denials)
