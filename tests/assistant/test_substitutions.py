"""Sentences that are the same but for a name or a number."""

from __future__ import annotations

import pytest

from assistant.differences import replaced


def told(first: str, second: str) -> str | None:
    difference = replaced(first, second)
    mirrored = replaced(second, first)
    assert (difference and difference.said) == (mirrored and mirrored.said[::-1])
    return difference.about if difference else None


@pytest.mark.parametrize(
    ("first", "second", "about"),
    [
        (
            "The cup was won by Ann Lee in May of last year.",
            "The cup was won by Rosa Stone in May of last year.",
            "Ann Lee or Rosa Stone",
        ),
        (
            "Norway won the most medals of the winter games.",
            "Italy won the most medals of the winter games.",
            "Norway or Italy",
        ),
        (
            "The bridge has room for 300 cars and is open to all.",
            "The bridge has room for 500 cars and is open to all.",
            "300 or 500",
        ),
    ],
)
def test_what_stands_in_anothers_place_is_found(first: str, second: str, about: str) -> None:
    assert told(first, second) == about


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(
            "Berlin rejected the plan for the new border on Monday.",
            "Germany rejected the plan for the new border on Monday.",
            id="a capital for its country",
        ),
        pytest.param(
            "The US rejected the plan for the new border on Monday.",
            "The United States rejected the plan for the new border on Monday.",
            id="another name of it",
        ),
        pytest.param(
            "The WHO rejected the plan for the new vaccine on Monday.",
            "The World Health Organization rejected the plan for the new vaccine on Monday.",
            id="initials",
        ),
        pytest.param(
            "Pavel Baev rejected the plan for the new border on Monday.",
            "Pawel Bajew rejected the plan for the new border on Monday.",
            id="another spelling",
        ),
        pytest.param(
            "Lee rejected the plan for the new border on Monday.",
            "Ann Lee rejected the plan for the new border on Monday.",
            id="the whole name",
        ),
        pytest.param(
            "Ann Lee won the women's final in London in May.",
            "Rosa Stone won the men's trophy in Paris in May.",
            id="more than one thing",
        ),
        pytest.param(
            "The large bridge was opened by the mayor on Monday.",
            "The big bridge was opened by the mayor on Monday.",
            id="no name",
        ),
        pytest.param(
            "The works on the bridge took about 300 days in all.",
            "The works on the bridge took about 312 days in all.",
            id="nearly the same number",
        ),
        pytest.param("Ann Lee came.", "Rosa Stone came.", id="too little is the same"),
        pytest.param("word " * 5_000, "Word other " * 5_000, id="no sentence"),
    ],
)
def test_what_may_be_one_thing_is_no_difference(first: str, second: str) -> None:
    assert told(first, second) is None
