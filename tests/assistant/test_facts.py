"""Facts: the numbers, dates, names and negations that a text states, with their places."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.facts import Date, dates, negations, numbers
from assistant.names import names, romanised


@pytest.mark.parametrize(
    ("text", "value", "unit", "span"),
    [
        ("worth about $500 billion", 5e11, "$", "$500 billion"),
        ("some €3bn", 3e9, "€", "€3bn"),
        ("5 million dollars", 5e6, "$", "5 million dollars"),
        ("3 Milliarden Euro", 3e9, "€", "3 Milliarden Euro"),
        ("5 млрд", 5e9, "", "5 млрд"),
        ("1,200 people", 1200, "people", "1,200"),
        ("1\u00a0000 people", 1000, "people", "1\u00a0000"),
        ("version 1.5", 1.5, "", "1.5"),
        ("a rise of 12%", 12, "%", "12%"),
        ("a rise of 12 percent", 12, "%", "12 percent"),
        ("at -5 degrees", -5, "degrees", "-5"),
        ("at −5 degrees", -5, "degrees", "−5"),
        ("three years", 3, "years", "three years"),
        ("twenty soldiers", 20, "soldiers", "twenty"),
        ("twenty-five soldiers", 25, "soldiers", "twenty-five"),
        ("three hundred soldiers", 300, "soldiers", "three hundred"),
        ("one day", 1, "day", "one day"),
        ("2100 views", 2100, "views", "2100"),
    ],
)
def test_a_number_is_read_with_its_scale_and_unit(
    text: str, value: float, unit: str, span: str
) -> None:
    (number,) = numbers(text)
    assert (number.value, number.unit, text[number.start : number.end]) == (value, unit, span)


@pytest.mark.parametrize("text", ["", "one of them", "no number", "in 2016", "12 May 2020", "B2B"])
def test_what_is_no_quantity_is_no_number(text: str) -> None:
    assert numbers(text) == ()


def test_a_range_has_two_positive_numbers() -> None:
    assert [number.value for number in numbers("10-12 people")] == [10, 12]


@pytest.mark.parametrize(
    ("text", "date", "span"),
    [
        ("on February 12, it", (None, 2, 12), "February 12"),
        ("on 12 February.", (None, 2, 12), "12 February"),
        ("on Feb. 12.", (None, 2, 12), "Feb. 12"),
        ("Feb 25, 2025 17:06", (2025, 2, 25), "Feb 25, 2025"),
        ("on 12 Feb. 2025", (2025, 2, 12), "12 Feb. 2025"),
        ("the 3rd of March", (None, 3, 3), "3rd of March"),
        ("2025-02-25T17:06", None, None),
        ("on 2025-02-25.", (2025, 2, 25), "2025-02-25"),
        ("am 12. Februar", (None, 2, 12), "12. Februar"),
        ("am 25.02.2025", (2025, 2, 25), "25.02.2025"),
        ("12 февраля 2025", (2025, 2, 12), "12 февраля 2025"),
        ("12 февруари", (None, 2, 12), "12 февруари"),
        ("12. фебруара", (None, 2, 12), "12. фебруара"),
        ("in May 2025", (2025, 5, None), "May 2025"),
        ("the 2016 election", (2016, None, None), "2016"),
    ],
)
def test_a_date_is_read_in_many_forms(
    text: str, date: tuple[int | None, ...] | None, span: str | None
) -> None:
    found = dates(text)
    if date is None:
        assert all(d.year == 2025 for d in found)
        return
    assert [(d.year, d.month, d.day) for d in found] == [date]
    assert text[found[0].start : found[0].end] == span


@pytest.mark.parametrize(
    "text", ["2100 views", "$2000", "in 20250", "45 May", "13.13.2020", "2000%"]
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert dates(text) == ()


def test_dates_contradict_only_in_parts_that_both_give() -> None:
    def date(year: int | None, month: int | None, day: int | None) -> Date:
        return Date(year, month, day, 0, 0)

    assert date(None, 2, 12).contradicts(date(2025, 2, 13))
    assert not date(None, 2, 12).contradicts(date(2025, 2, 12))
    assert date(2025, 2, 12).covers(date(None, 2, 12))
    assert not date(None, 2, 12).covers(date(2025, 2, 12))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The mayor met Ann Lee.", ["Ann Lee"]),
        ("He left. Then Ben came.", ["Ben"]),
        ("It was Ann’s hat.", ["Ann"]),
        ("It is the Center for Old Studies in Bonn.", ["Center for Old Studies", "Bonn"]),
        ("Not Ann but Ben.", ["Ann", "Ben"]),
        ("Пришел Иван Петров.", ["Пришел Иван Петров"]),
        ("it was the O’Neill-Smith case", ["O’Neill-Smith"]),
        ("nobody came", []),
        ("The rain stopped.", []),
    ],
)
def test_names_are_runs_of_capitalised_words(text: str, found: list[str]) -> None:
    assert [name.text for name in names(text)] == found
    assert all(text[name.start : name.end] == name.text for name in names(text))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It isn’t so.", ("isn't",)),
        ("Nobody can't go without it.", ("nobody", "can't", "without")),
        ("Das ist nicht so.", ("nicht",)),
        ("Это не так.", ("не",)),
        ("a knot and a note", ()),
    ],
)
def test_negations_are_whole_words(text: str, found: tuple[str, ...]) -> None:
    assert negations(text) == found


@pytest.mark.parametrize(
    ("text", "latin"),
    [("Зеленски", "zelenski"), ("Łódź", "lodz"), ("O’Neill-Smith", "o neill smith")],
)
def test_names_are_compared_in_latin_letters(text: str, latin: str) -> None:
    assert romanised(text) == latin


@given(st.text(st.sampled_from("Aa1290.,-−$€% \nfebMay12üЖ’«“tweny-hirdо"), max_size=60))
def test_facts_of_any_text_lie_inside_it_in_order(text: str) -> None:
    for read in (numbers, dates, names):
        found = read(text)
        assert all(0 <= each.start < each.end <= len(text) for each in found)
        assert [each.start for each in found] == sorted(each.start for each in found)
