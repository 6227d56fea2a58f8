"""Support: a claim passes only when what it states stands in its quotes."""

from __future__ import annotations

import pytest

from assistant.support import unsupported_because

QUOTE = (
    "Ann Lee of the Stone Institute said on 12 May that the bridge cost $5 million "
    "and was not safe for the 300 workers."
)


@pytest.mark.parametrize(
    ("claim", "speaker", "reason"),
    [
        pytest.param(QUOTE, None, None, id="verbatim"),
        pytest.param(QUOTE.upper(), None, None, id="verbatim in capitals"),
        pytest.param("The bridge wasn't safe for 300 workers.", None, None, id="reworded"),
        pytest.param("On May 12 the bridge was not safe.", None, None, id="date in other form"),
        pytest.param("It was not safe and cost five million dollars.", None, None, id="in words"),
        pytest.param("The bridge was not safe.", "Ann Lee", None, id="speaker named"),
        pytest.param("It was not safe for 400 workers.", None, "number", id="number"),
        pytest.param("It was not safe and cost €5 million.", None, "number", id="currency"),
        pytest.param("It was not safe and cost -5 million dollars.", None, "number", id="sign"),
        pytest.param("It was not safe for 300% of the workers.", None, "number", id="percent"),
        pytest.param("The bridge was not safe on 13 May.", None, "date", id="date"),
        pytest.param("The bridge was not safe on 12 May 2020.", None, "date", id="year added"),
        pytest.param("In 2019 the bridge was not safe.", None, "date", id="bare year"),
        pytest.param("The bridge of Ben Stone was not safe.", None, "name", id="name"),
        pytest.param("The bridge was safe.", None, "negation", id="negation left out"),
        pytest.param("safe for the 300 workers", None, "negation", id="cut behind its negation"),
        pytest.param("The bridge was not safe.", "Ben Stone", "speaker", id="speaker"),
        pytest.param(QUOTE, "Ben Stone", "speaker", id="speaker of verbatim words"),
        pytest.param(
            "The bridge was not painted green by angry artists.", None, "unsupported", id="content"
        ),
    ],
)
def test_a_claim_is_checked_against_its_quote(
    claim: str, speaker: str | None, reason: str | None
) -> None:
    assert unsupported_because(claim, speaker, [QUOTE], []) == reason


def test_a_negation_that_the_quote_does_not_have_is_rejected() -> None:
    assert unsupported_because("The bridge never fell.", None, ["The bridge fell."], []) == (
        "negation"
    )


def test_the_paragraph_may_say_who_is_meant_but_not_how_many() -> None:
    paragraph = "Ann Lee built 7 bridges in Bonn. She sold them soon after."
    quotes = ["She sold them soon after."]
    assert unsupported_because("Ann Lee sold bridges.", None, quotes, [paragraph]) is None
    assert unsupported_because("She sold 7 bridges.", None, quotes, [paragraph]) == "number"


def test_several_quotes_support_a_claim_together() -> None:
    quotes = ["It cost $5 million.", "It was built in 2014."]
    assert unsupported_because("Built in 2014, it cost $5 million.", None, quotes, []) is None


def test_without_quotes_nothing_is_supported() -> None:
    assert unsupported_because("The bridge fell.", None, [], []) == "unsupported"
