"""Differences: each rule fires on what can't both be right, and on nothing else."""

from __future__ import annotations

import pytest

from assistant.differences import affiliation, differences, name_variants
from assistant.names import same_name


def kinds(first: str, second: str) -> list[str]:
    """The kinds of difference between two sentences, found in both directions."""
    found = [difference.kind for difference in differences(first, second)]
    assert found == [difference.kind for difference in differences(second, first)]
    return list(found)


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        ("date", "They met on 12 May.", "They met on 13 May."),
        ("date", "He came in 2014.", "He came in 2015."),
        ("number", "It cost 5 million dollars.", "It cost $6 million."),
        ("number", "Some 300 people came.", "Some 400 people came."),
        ("number", "It grew by 5%.", "It grew by seven percent."),
        ("affiliation", "Ann Lee of the River College spoke.", "Ann Lee of the Hill Club spoke."),
        ("polarity", "The king was not elected by them.", "The king was elected by them."),
        ("polarity", "Elections can’t be held in war.", "Elections are held in war."),
        ("order", "The concert was followed by a dinner.", "The concert was preceded by a dinner."),
        ("order", "The concert was before the dinner.", "The concert was after the dinner."),
    ],
)
def test_a_contradiction_is_found(kind: str, first: str, second: str) -> None:
    assert kinds(first, second) == [kind]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("They met on 12 May.", "They met on May 12, 2020.", id="date in more detail"),
        pytest.param("They met on 12 May.", "They met in Bonn.", id="date on one side"),
        pytest.param("It cost 5 million dollars.", "It cost $5 million.", id="sum in words"),
        pytest.param("It grew by 5%.", "It grew by five percent.", id="number in words"),
        pytest.param("Some 300 came in 20 buses.", "20 buses brought 300.", id="numbers in order"),
        pytest.param("It took 3 days.", "It cost 5 dollars.", id="numbers of other things"),
        pytest.param(
            "Ann Lee, head of the Stone Institute, spoke.",
            "Ann Lee of the Stone Institute in Paris spoke.",
            id="affiliation in more detail",
        ),
        pytest.param("He is an unelected king of them.", "The king was not elected.", id="un-"),
        pytest.param("It was not elected by them.", "It wasn’t elected by them.", id="both deny"),
        pytest.param("The king did not sing.", "The queen danced in Bonn.", id="other deeds"),
        pytest.param(
            "The concert was before the dinner.", "The dinner was after the concert.", id="order"
        ),
        pytest.param("The concert was long.", "The dinner was after the concert.", id="no order"),
    ],
)
def test_sentences_that_agree_have_no_difference(first: str, second: str) -> None:
    assert kinds(first, second) == []


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("Pavel Baev", "Pavel Bayev", True),
        ("Christine Bertsina", "Kristina Berzina", True),
        ("Max Bergman", "Max Bergmann", True),
        ("Зеленски", "Zelensky", True),
        ("Lee", "Ann Lee", True),
        ("Ann Lee", "Ben Lee", False),
        ("Trump", "Putin", False),
        ("", "Lee", False),
    ],
)
def test_spellings_of_one_name_are_told_from_other_names(
    first: str, second: str, same: bool
) -> None:
    assert same_name(first, second) is same
    assert same_name(second, first) is same


def test_name_variants_are_pairs_that_are_spelled_differently() -> None:
    assert name_variants("Then Pavel Baev came.", "It was Pavel Bayev.") == (
        ("Pavel Baev", "Pavel Bayev"),
    )
    assert name_variants("Then Ann Lee came.", "It was Lee.") == ()


def test_an_affiliation_counts_only_for_the_person_asked_about() -> None:
    first, second = "Ann Lee of the River College spoke.", "Ann Lee of the Hill Club spoke."
    assert affiliation(first, second, of=("Ann Lee",))
    assert affiliation(first, second, of=("Ben Stone",)) is None
