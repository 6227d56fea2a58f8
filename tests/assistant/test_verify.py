"""Verification: what can't be cited and supported is withheld with its reason, alone."""

from __future__ import annotations

import pytest

from assistant import Assistant
from assistant.citations import holds
from assistant.drafts import Draft, Quote
from assistant.verify import cite_in, verify

SOURCE = "whats-at-stake"
CALL = "starting with a phone call between Trump and Putin on February 12"
SUMMIT = "The phone call was followed by a meeting of high-level delegations in Saudi Arabia"
GOOD = Draft("Trump and Putin had a phone call on 12 February.", (Quote(SOURCE, 8, CALL),))


def test_a_good_draft_becomes_a_claim_with_citations_that_hold(sample: Assistant) -> None:
    (claim,), withheld = verify([GOOD], sample.library)
    assert claim.text == GOOD.text
    assert not withheld
    (citation,) = claim.citations
    assert citation.quote == CALL
    assert holds(citation, sample.library.indexed(SOURCE))


@pytest.mark.parametrize(
    ("draft", "reason"),
    [
        pytest.param(Draft("They had a call.", ()), "no_citation", id="no quote"),
        pytest.param(
            Draft("A call.", (Quote(SOURCE, 8, CALL.replace("12", "13")),)),
            "quote_not_found",
            id="altered quote",
        ),
        pytest.param(
            Draft("A call.", (Quote(SOURCE, 8, "They talked for two hours"),)),
            "quote_not_found",
            id="invented quote",
        ),
        pytest.param(
            Draft("A call.", (Quote(SOURCE, 9, CALL),)), "quote_not_found", id="wrong paragraph"
        ),
        pytest.param(
            Draft("A call.", (Quote(SOURCE, 999, CALL),)), "quote_not_found", id="no such paragraph"
        ),
        pytest.param(
            Draft("A call.", (Quote("nowhere", 8, CALL),)), "quote_not_found", id="unknown source"
        ),
        pytest.param(
            Draft("A call.", (Quote("why-its-dangerous", 8, CALL),)),
            "quote_not_found",
            id="wrong source",
        ),
        pytest.param(Draft("A call.", (Quote(SOURCE, 8, " "),)), "quote_not_found", id="blank"),
        pytest.param(
            Draft("A phone call on February 13.", (Quote(SOURCE, 8, CALL),)), "date", id="date"
        ),
        pytest.param(
            Draft("A phone call of 12 minutes.", (Quote(SOURCE, 8, CALL),)), "number", id="number"
        ),
        pytest.param(
            Draft("A phone call between Trump and Macron.", (Quote(SOURCE, 8, CALL),)),
            "name",
            id="name",
        ),
        pytest.param(
            Draft("There was no phone call.", (Quote(SOURCE, 8, CALL),)), "negation", id="negation"
        ),
        pytest.param(
            Draft(CALL, (Quote(SOURCE, 8, CALL),), speaker="Rubio"), "speaker", id="speaker"
        ),
        pytest.param(
            Draft("Some penguins enjoy swimming.", (Quote(SOURCE, 8, CALL),)),
            "unsupported",
            id="content",
        ),
    ],
)
def test_a_bad_draft_is_withheld_with_its_reason_and_alone(
    sample: Assistant, draft: Draft, reason: str
) -> None:
    claims, withheld = verify([draft, GOOD, draft], sample.library)
    assert [claim.text for claim in claims] == [GOOD.text]
    assert [each.reason for each in withheld] == [reason]
    assert draft.text in withheld[0].text


def test_a_quote_that_is_not_found_does_not_lend_support(sample: Assistant) -> None:
    invented = Quote(SOURCE, 9, SUMMIT + " on May 1")
    draft = Draft("The call on February 12 preceded a meeting on May 1.", (*GOOD.quotes, invented))
    claims, withheld = verify([draft], sample.library)
    assert not claims
    assert [each.reason for each in withheld] == ["date"]


def test_a_statement_made_twice_is_kept_once(sample: Assistant) -> None:
    claims, _ = verify([GOOD, GOOD], sample.library)
    assert len(claims) == 1


def test_the_named_speaker_stands_before_the_statement(sample: Assistant) -> None:
    text = "There is a very clear difference between how Trump sees the war"
    attribution = "explains Bayev of the Brookings Institution"
    quotes = (Quote(SOURCE, 21, text), Quote(SOURCE, 21, attribution))
    (claim,), _ = verify([Draft(text, quotes, speaker="Bayev")], sample.library)
    assert claim.text == f"Bayev: “{text}”"


def test_an_unknown_source_has_no_citation(sample: Assistant) -> None:
    assert cite_in(Quote("nowhere", 1, "so"), sample.library) is None
