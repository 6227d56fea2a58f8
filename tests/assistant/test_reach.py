"""How far a statement goes: differences in reach, and what is none."""

from __future__ import annotations

import pytest

from assistant.differences import date
from assistant.reach import as_bounds, reach


def told(first: str, second: str) -> list[str]:
    """What the two sentences say of their reach, and the same in the other direction."""
    found = reach(first, second)
    assert [f.said for f in found] == [f.said[::-1] for f in reach(second, first)]
    for difference in found:
        for text, span, said in zip(
            (first, second), difference.spans, difference.said, strict=True
        ):
            assert span is None or text[slice(*span)] == said or difference.what == ""
    return [difference.about for difference in found]


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        pytest.param(
            "All boat owners signed.", "Most boat owners signed.", "All boat owners", id="all, most"
        ),
        pytest.param(
            "Few members of it came.", "Many members of it came.", "Few members", id="few, many"
        ),
        pytest.param(
            "The town has no economic benefit from it.",
            "The town won’t get any significant economic benefit from it.",
            "significant economic benefit",
            id="none, no great",
        ),
        pytest.param(
            "People are not sure of it.", "People are no longer sure of it.", "no longer", id="yet"
        ),
        pytest.param(
            "It was the first meeting since the start of the war.",
            "It was the first meeting since the beginning of the full-scale war.",
            "full-scale war",
            id="a stage",
        ),
        pytest.param(
            "The EU leaders met in Bonn.", "European leaders met in Bonn.", "EU", id="a part of it"
        ),
        pytest.param(
            "Ann Lee expects that it rains.", "Lee is convinced that it rains.", "is convinced",
            id="how sure",
        ),
        pytest.param(
            "If the bridge is built, it will be long.", "The bridge will be long.",
            "as a condition", id="a condition",
        ),
    ],
)  # fmt: skip
def test_a_difference_in_reach_is_found(first: str, second: str, said: str) -> None:
    found = told(first, second)
    assert len(found) == 1
    assert said in found[0]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("All members came.", "Every member came.", id="all, every"),
        pytest.param("Many members came.", "Several members came.", id="many, several"),
        pytest.param("Not all members came.", "Some members came.", id="not all, some"),
        pytest.param("All members came.", "Some guests came.", id="of other things"),
        pytest.param("It brings no benefit.", "It brings great benefit.", id="only one denies it"),
        pytest.param("It began after the war.", "It began after the second war.", id="after"),
        pytest.param("The EU and Europe met.", "European leaders met.", id="both named"),
        pytest.param("If it rains, we leave.", "We leave should it rain, if at all.", id="both if"),
        pytest.param("If it rains, we leave.", "We may leave in the rain.", id="both unsure"),
        pytest.param("If it rains, we leave.", "When it rains, we leave.", id="when"),
        pytest.param("If it doesn’t rain, we leave.", "Without rain, we leave.", id="without"),
        pytest.param("Will it rain if we leave?", "It rains when we leave.", id="a question"),
        pytest.param("Ann Lee expects rain.", "Ben Stone is convinced of it.", id="other people"),
    ],
)
def test_what_reaches_as_far_is_no_difference(first: str, second: str) -> None:
    assert told(first, second) == []


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("He is here since 2014.", "He is here since 2022.", ("since 2014", "since 2022")),
        ("It came in 2014.", "It came in 2022.", None),
    ],
)
def test_dates_that_bound_a_time_are_a_matter_of_reach(
    first: str, second: str, said: tuple[str, str] | None
) -> None:
    difference = date(first, second)
    assert difference
    bounds = as_bounds(difference, first, second)
    assert (bounds and bounds.said) == said
