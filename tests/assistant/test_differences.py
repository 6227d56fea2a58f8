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
        (
            "order",
            "They first signed the treaty, then left the city.",
            "They first left the city, then signed the treaty.",
        ),
        ("number", "About 300 people came.", "About 400 people came."),
        ("number", "It cost $1.2 million.", "It cost $1.4 million."),
        ("polarity", "The port rejected the plan of it.", "The port accepted the plan of it."),
        (
            "polarity",
            "The turn of the court, while surprising, is not wholly new to them.",
            "The turn of the court was not surprising to them.",
        ),
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
        pytest.param("About 300 people came.", "312 people came.", id="a number said to be near"),
        pytest.param("More than 300 people came.", "312 people came.", id="a bound"),
        pytest.param("It cost $1.2 billion.", "It cost $1.23 billion.", id="a rounded number"),
        pytest.param(
            "Ann Lee, mayor of New Haven, spoke.",
            "Ann Lee, mayor of Old River, spoke.",
            id="places are no organisations",
        ),
        pytest.param(
            "Ann Lee of the Technical University of Bonn spoke.",
            "Ann Lee of Bonn’s Technical University spoke.",
            id="an organisation named in another order",
        ),
        pytest.param(
            "Without the bridge, the town loses its jobs by 2030.",
            "If the bridge isn’t built, the town loses its jobs by 2030.",
            id="without, not",
        ),
        pytest.param(
            "The trade of the town will not return, she believes.",
            "She does not believe that the trade of the town will return.",
            id="not believed, believed not",
        ),
        pytest.param(
            "The 2000 census found 887 people.",
            "The 2010 census found 912 people.",
            id="numbers of two years",
        ),
        pytest.param(
            "He never sold the clock, not even to her.",
            "He kept the clock and even gave it to her.",
            id="not even",
        ),
        pytest.param(
            "The lake is emptier than at any time since 1976.",
            "Not since 1976 has the lake been so empty at any time.",
            id="not since",
        ),
        pytest.param(
            "Not only the clock was sold to her.", "The clock was sold to her.", id="not only"
        ),
        pytest.param(
            "The port of the east lost its mayor and its boats rose.",
            "The price of bread in the west fell after the harvest.",
            id="opposites of other things",
        ),
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
