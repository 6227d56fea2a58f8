"""From answers to rows: what is right, what counts, and how answers are compared as strings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import (
    Answer,
    Citation,
    Claim,
    Disagreement,
    Highlight,
    LibraryStamp,
    RowResult,
    Side,
)
from assistant.citations import cite
from assistant.drafts import Quote
from assistant.evaluation.asked import Asked
from assistant.evaluation.gold import Gold, Span
from assistant.evaluation.kept import Retrieved, Verdict
from assistant.evaluation.rows import Row
from assistant.evaluation.scoring import score_answer, score_claim
from assistant.evaluation.wording import contains, is_bare, normalised, token_f1
from assistant.question_lists import ListedQuestion
from index import IndexedSource, SourceError
from tests.assistant.conftest import index_text
from tests.assistant.evaluating import HARBOUR, MILL, PORT

SOURCES = {id: index_text(text, id) for id, text in
           (("harbour", HARBOUR), ("port", PORT), ("mill", MILL))}  # fmt: skip


class Shelf:
    """The texts of the tests, in place of a library."""

    def indexed(self, source_id: str) -> IndexedSource:
        if source_id not in SOURCES:
            raise SourceError(source_id)
        return SOURCES[source_id]


def cited(number: int, source_id: str, paragraph: int, words: str) -> Citation:
    found = cite(Quote(source_id, paragraph, words), SOURCES[source_id])
    assert found is not None
    return found.model_copy(update={"number": number})


MAY_3 = cited(1, "harbour", 2, "The harbour of Varna reopened on 3 May 2024 after two weeks.")
MAY_9 = cited(2, "port", 2, "The harbour of Varna reopened on 9 May 2024 after two weeks.")
CRANES = cited(2, "port", 3, "Two cranes were replaced.")
CLOSED = cited(1, "mill", 2, "The mill of Brod was closed in 1987")
DATES = Disagreement(
    kind="date",
    about="the reopening",
    sides=(Side(text=MAY_3.quote, citations=(1,)), Side(text=MAY_9.quote, citations=(2,))),
)


def answer(*citations: Citation, **parts: Any) -> Answer:
    """An answer with a statement for each citation, unless its parts say otherwise."""
    claims = tuple(Claim(text=each.quote, citations=(each.number,)) for each in citations)
    usual: dict[str, Any] = {"claims": claims, "citations": citations}
    return Answer(
        id="a",
        question="?",
        standalone_question="?",
        engine="extractive",
        library=LibraryStamp(fingerprint="f", sources=3, paragraphs=9),
        **(usual | parts),
    )


ASKED = Asked(
    "q",
    "When did the harbour of Varna reopen?",
    "factoid",
    answers=("3 May 2024",),
    gold=Gold(((frozenset({("harbour", 2)}),),)),
)
CONFLICT = replace(
    ASKED,
    type="conflict",
    gold=Gold(((frozenset({("harbour", 2)}), frozenset({("port", 2)})),)),
    sides=(frozenset({("harbour", 2)}), frozenset({("port", 2)})),
)
UNANSWERABLE = Asked("q", "Who painted the ceiling?", "unanswerable")
RETRIEVED = Retrieved(
    key="k",
    ranking=(("mill", 2), ("harbour", 2), ("port", 2)),
    probability=0.7,
    would_cite=(("harbour", 2),),
)


def scored(asked: Asked, given: Answer | None, failure: str | None = None) -> Row:
    listed = RowResult(ListedQuestion(1, asked.question), given, failure)
    return score_answer(asked, listed, RETRIEVED, Shelf())


# --- questions -----------------------------------------------------------------------------------


def test_an_answer_from_the_right_place() -> None:
    row = scored(ASKED, answer(MAY_3))
    assert (row.outcome, row.worth, row.status) == ("right", 1.0, "answered")
    assert (row.facts, row.statements, row.precision) == (1.0, 1.0, 1.0)
    assert row.contained
    assert row.ranks == ((2,),)
    assert row.wrong is False
    assert row.false_alarm is False
    assert row.gold == ("harbour ¶2",)
    assert [(each.gold, each.exact) for each in row.cited] == [(True, True)]


def test_what_else_is_cited_costs_precision_and_recall_of_statements() -> None:
    row = scored(ASKED, answer(MAY_3, CRANES))
    assert (row.facts, row.statements, row.precision) == (1.0, 0.5, 0.5)
    assert row.outcome == "right"


def test_a_statement_with_one_right_citation_of_two_is_supported() -> None:
    both = Claim(text=MAY_3.quote, citations=(1, 2))
    row = scored(ASKED, answer(MAY_3, CRANES, claims=(both,)))
    assert (row.statements, row.precision) == (1.0, 0.5)


def test_two_quotes_of_one_paragraph_are_one_place() -> None:
    again = cited(2, "harbour", 2, "after two weeks.")
    other = CRANES.model_copy(update={"number": 3})
    assert scored(ASKED, answer(MAY_3, again, other)).precision == 0.5


def test_an_answer_from_another_place() -> None:
    row = scored(ASKED, answer(CRANES.model_copy(update={"number": 1})))
    assert (row.outcome, row.worth, row.wrong) == ("wrong_place", 0.0, True)
    assert (row.facts, row.statements, row.precision, row.contained) == (0, 0, 0, False)


def test_a_part_of_what_is_needed() -> None:
    gold = Gold(((frozenset({("harbour", 2)}), frozenset({("mill", 2)})),))
    row = scored(replace(ASKED, gold=gold), answer(MAY_3))
    assert (row.outcome, row.worth, row.facts) == ("partly_right", 0.5, 0.5)
    assert row.ranks == ((2, 1),)


def test_a_refusal_says_nothing_that_could_be_right() -> None:
    refusal = answer()
    row = scored(replace(ASKED, answers=("question",)), refusal)
    assert "question" in refusal.text
    assert (row.outcome, row.contained, row.f1) == ("refused", False, 0.0)
    assert (row.facts, row.statements, row.precision) == (0, None, None)
    assert row.wrong is False  # it would have cited the right place
    assert not row.answered


def test_a_question_without_an_answer() -> None:
    left = scored(UNANSWERABLE, answer())
    assert (left.outcome, left.worth, left.wrong) == ("left_open", 1.0, True)
    told = scored(UNANSWERABLE, answer(CRANES))
    assert (told.outcome, told.worth, told.wrong) == ("answered_anyway", 0.0, True)
    assert told.facts is told.precision is told.contained is told.ranks is None


def test_a_failure_counts_as_no_answer() -> None:
    row = scored(ASKED, None, "The model can't be reached.")
    assert (row.outcome, row.status, row.failure) == (
        "failed", "failed", "The model can't be reached.",
    )  # fmt: skip
    assert (row.facts, row.contained, row.answered) == (0, False, False)
    assert scored(UNANSWERABLE, None, "It failed.").outcome == "failed"


def test_where_only_the_answer_is_known_it_decides() -> None:
    known = replace(ASKED, gold=Gold())
    assert scored(known, answer(MAY_3)).outcome == "right"
    row = scored(known, answer(CRANES))
    assert (row.outcome, row.wrong, row.facts, row.ranks) == ("wrong_place", True, None, None)


def test_a_conflict_needs_both_sides_and_the_telling() -> None:
    whole = answer(MAY_3, MAY_9, disagreements=(DATES,))
    told = scored(CONFLICT, whole)
    assert (told.outcome, told.worth) == ("both_told", 1.0)
    assert (told.sides_cited, told.reported, told.false_alarm) == (True, True, None)
    untold = scored(CONFLICT, answer(MAY_3, MAY_9))
    assert (untold.outcome, untold.worth) == ("not_reported", 0.5)
    one = scored(CONFLICT, answer(MAY_3))
    assert (one.outcome, one.worth, one.sides_cited) == ("one_sided", 0.25, False)
    assert scored(CONFLICT, answer()).outcome == "refused"


def test_sides_that_no_claim_states_are_statements_too() -> None:
    claim = Claim(text=MAY_3.quote, citations=(1,))
    row = scored(ASKED, answer(MAY_3, MAY_9, claims=(claim,), disagreements=(DATES,)))
    assert row.statements == 0.5


def test_a_disagreement_among_sources_that_agree_is_a_false_alarm() -> None:
    row = scored(ASKED, answer(MAY_3, MAY_9, disagreements=(DATES,)))
    assert (row.outcome, row.worth, row.false_alarm) == ("false_alarm", 0.5, True)


def test_a_quote_that_is_not_the_sources_is_seen() -> None:
    forged = MAY_3.model_copy(update={"quote": MAY_3.quote.replace("3", "4")})
    gone = MAY_3.model_copy(update={"source_id": "gone", "number": 2})
    row = scored(ASKED, answer(forged, gone))
    assert [each.exact for each in row.cited] == [False, False]


def test_the_emphasis_is_compared_too() -> None:
    start = MAY_3.start + MAY_3.quote.index("3 May 2024")
    highlight = Highlight(start=start, end=start + 10, text="3 May 2024")
    row = scored(ASKED, answer(MAY_3.model_copy(update={"highlight": highlight})))
    assert row.emphasis_f1 == 1.0
    assert row.f1 is not None
    assert 0 < row.f1 < 1
    assert scored(ASKED, answer(MAY_3)).emphasis_f1 is None


def test_yes_and_no_are_not_looked_for() -> None:
    row = scored(replace(ASKED, answers=("Yes", "no")), answer(MAY_3))
    assert row.contained is row.f1 is None


def test_only_fields_that_are_asked_for_are_kept_of_meta() -> None:
    asked = replace(ASKED, meta={"kind": "sea", "number": 3, "secret": "x"})
    result = RowResult(ListedQuestion(1, "?"), answer(MAY_3), None)
    row = score_answer(asked, result, None, Shelf(), ("kind", "number", "nothing"))
    assert row.groups == {"kind": "sea", "number": "3"}
    assert row.probability is row.ranks is None


# --- claims --------------------------------------------------------------------------------------


def test_a_claim_is_compared_by_its_verdict_and_its_evidence() -> None:
    spans = (Span("mill", CLOSED.start, CLOSED.end), Span("mill", 100, 120))
    asked = Asked("c", "Closed.", "claim", evidence=(spans,), support="supported")
    verdict = Verdict(key="k", verdict="partly", score=0.4, citations=(CLOSED,), milliseconds=2.0)
    row = score_claim(asked, verdict, None, Shelf())
    assert (row.outcome, row.worth, row.status, row.support) == (
        "verdict_wrong", 0.0, "partly", "supported",
    )  # fmt: skip
    assert (row.evidence, row.support_score, row.milliseconds) == (0.5, 0.4, 2.0)
    assert row.answerable is row.facts is row.probability is None
    failed = score_claim(asked, None, "It is too long.", Shelf())
    assert (failed.outcome, failed.failure) == ("failed", "It is too long.")


# --- strings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("The  Cat, a dog!", "cat dog"),
        ("“Feb. 12”", "feb 12"),
        ("$500 billion", "500 billion"),
        ("theatre", "theatre"),
        ("Зеленский сказал:", "зеленский сказал"),
        ("A", ""),
    ],
)
def test_strings_are_compared_without_case_marks_and_articles(text: str, plain: str) -> None:
    assert normalised(text) == plain


def test_containment_and_f1_by_hand() -> None:
    assert contains("They spoke on Feb. 12, he said.", ["12 May", "feb 12"])
    assert not contains("They spoke.", ["Feb. 12"])
    assert not contains("They spoke.", ["the", "…"])  # nothing is left of these
    # Two of three words said, two of two wanted: precision 2/3, recall 1.
    assert token_f1("on May 12", ["May 12", "June"]) == pytest.approx(0.8)
    assert token_f1("", ["May"]) == 0
    assert token_f1("May", []) == 0
    assert is_bare(["Yes.", "no"])
    assert not is_bare(["no", "none"])
    assert not is_bare([])


@given(st.text(max_size=40), st.text(max_size=40))
def test_f1_is_a_share_and_the_same_both_ways(one: str, other: str) -> None:
    assert 0 <= token_f1(one, [other]) <= 1
    assert token_f1(one, [other]) == token_f1(other, [one])
    assert token_f1(one, [one]) == 1
    assert token_f1(one, [other, one]) == 1


@given(st.text(max_size=30), st.text(max_size=10), st.text(max_size=30))
def test_whatever_is_said_is_contained(before: str, said: str, after: str) -> None:
    if normalised(said):
        assert contains(f"{before} {said} {after}", [said])
        assert normalised(normalised(said)) == normalised(said)
