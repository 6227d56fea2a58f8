"""Two texts side by side: what differs is told with both quotes, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant import Assistant, Comparison, SettingsError, SourceError
from assistant.citations import holds
from assistant.comparing import compare
from tests.assistant.comparing import Shelf, compared, told

FIRST = """The town votes on its harbour

The small port of Lindhaven will decide next month whether it turns its harbour into a terminal.

If the terminal is built, it will be the largest project on the coast since the lighthouse.

“We have lost 340 jobs in four years,” says Mayor Ilse Brandvold of the town.

The plan was presented in March, after the cannery had closed its doors.

Terminals employ few people, according to Mikhail Yefremov, professor at the Baltic Institute.

All boat owners have signed a letter against the terminal.

The channel has been used by the fishing boats of the town since 1987.

The port authority rejected the concerns about the herring.

The council approved the plan in June by nine votes to six, and the vote is on September 14.
"""
SECOND = """A terminal for the town

The small port of Lindhaven will decide next month whether it turns its harbour into a terminal.

The terminal will be the largest project on the coast since the lighthouse was put up.

“In four years we have lost 430 jobs,” says Mayor Ilse Brandvold of the town.

The plan was presented in March, before the cannery had closed its doors.

Terminals employ few people, according to Mikhail Jefremov, professor at the Northern Academy.

Most boat owners have signed a letter against the terminal.

The channel has been used by the fishing boats of the town since 1978.

The port authority accepted the concerns about the herring.

The council approved the plan in June by nine votes to six, and the vote is on September 21.

Nobody asked the children of the town.
"""


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compared(FIRST, SECOND)


def assert_it_holds(comparison: Comparison, shelf: Shelf) -> None:
    """Every citation is right about its text, and every side stands in its own source."""
    for citation in comparison.citations:
        assert holds(citation, shelf.indexed(citation.source_id))
    for difference in comparison.differences:
        assert len(difference.sides) == 2
        for side, source in zip(difference.sides, comparison.sources, strict=True):
            assert side.citations
            cited = [comparison.citation(number) for number in side.citations]
            assert {each.source_id for each in cited} == {source.id}
            assert all(each.quote in side.text for each in cited)
    for alone in comparison.only_in:
        assert [comparison.citation(n).source_id for n in alone.citations] == [alone.source_id]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("order", ("cannery", "plan")),
        ("date", ("September 14", "September 21")),
        ("number", ("340", "430")),
        ("affiliation", ("Baltic Institute", "Northern Academy")),
        ("polarity", ("rejected", "accepted")),
        ("scope", ("All boat owners", "Most boat owners")),
        ("scope", ("since 1987", "since 1978")),
        ("scope", ("as a condition", "as a fact")),
        ("name", ("Mikhail Yefremov", "Mikhail Jefremov")),
    ],
)
def test_each_kind_of_difference_is_found(
    comparison: Comparison, kind: str, said: tuple[str, str]
) -> None:
    of_kind = [about for found, about in told(comparison) if found == kind]
    assert any(all(each in about for each in said) for about in of_kind), of_kind


def test_nothing_else_is_found(comparison: Comparison) -> None:
    assert len(comparison.differences) == 9


def test_the_words_that_decide_are_highlighted(comparison: Comparison) -> None:
    number = next(each for each in comparison.differences if each.kind == "number")
    quotes = [comparison.citation(side.citations[0]) for side in number.sides]
    assert [quote.highlight and quote.highlight.text for quote in quotes] == ["340", "430"]


def test_what_only_one_tells_is_listed_with_its_quote(comparison: Comparison) -> None:
    assert [(each.source_id, each.text) for each in comparison.only_in] == [
        ("second", "Nobody asked the children of the town.")
    ]


def test_paragraphs_are_aligned(comparison: Comparison) -> None:
    rows = [(row.first, row.second) for row in comparison.aligned]
    assert [((n,), (n,)) for n in range(2, 11)] == [row for row in rows if row != ((1,), (1,))]


def test_words_in_another_mouth_are_a_difference() -> None:
    said = (
        "“We have waited long enough for the bridge that was promised to the traders and the "
        "fishermen of this town before the war,” said {} on Tuesday."
    )
    found = compared(said.format("Anton Reisig"), said.format("Ilona Varga"), twins=False)
    assert told(found) == [("attribution", "who says it: Anton Reisig or Ilona Varga")]


def test_a_twin_says_itself_what_the_other_gives_to_a_speaker() -> None:
    first = "The bridge may not bring the traders of the town what they hope for."
    second = (
        "According to Anton Reisig, the bridge may not bring the traders of the town what they "
        "hope for."
    )
    twins = compared(first, second)
    assert told(twins) == [("attribution", "who says it: the text itself or Anton Reisig")]
    assert told(compared(first, second, twins=False)) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(
            "The fair drew 2,000 visitors on 3 May.",
            "About two thousand visitors came to the fair on May 3.",
            id="a number in words, a date in another form",
        ),
        pytest.param(
            "The Kremlin rejected the plan for the border on Monday morning.",
            "Russia rejected the plan for the border on Monday morning.",
            id="a government and its country",
        ),
        pytest.param(
            "The plan for the bridge was not approved by the town council.",
            "The plan for the bridge wasn’t approved by the council of the town.",
            id="both deny it",
        ),
        pytest.param(
            "The mayor opened the new bridge and thanked the engineers.",
            "The mayor opened the new bridge on 3 May and thanked all 40 engineers warmly.",
            id="more detail",
        ),
        pytest.param(
            "The bridge cost 1.2 million euros to build, the mayor said.",
            "The bridge cost 1.23 million euros to build, the mayor said.",
            id="a rounded number",
        ),
        pytest.param(
            "The works on the bridge cost more than 300 workers their sleep.",
            "The works on the bridge cost 312 workers their sleep.",
            id="a bound that holds",
        ),
        pytest.param(
            "Ann Lee of the World Health Organization (WHO) opened the bridge.",
            "Ann Lee of the WHO opened the bridge.",
            id="an organisation's initials",
        ),
    ],
)
@pytest.mark.parametrize("twins", [True, False])
def test_what_is_told_in_other_words_is_no_difference(first: str, second: str, twins: bool) -> None:
    assert told(compared(first, second, twins=twins)) == []


def test_a_name_in_place_of_another_is_a_difference_where_all_else_is_the_same() -> None:
    found = compared(
        "The cup was won by Ann Lee in the last minute of the match.",
        "The cup was won by Rosa Stone in the last minute of the match.",
        twins=False,
    )
    assert told(found) == [("name", "Ann Lee or Rosa Stone")]


def test_the_same_source_twice_is_refused() -> None:
    with pytest.raises(SettingsError, match="the same source twice"):
        compare(Shelf({"a": FIRST}, twins=False), "a", "a")


def test_an_unknown_source_is_refused() -> None:
    with pytest.raises(SourceError):
        compare(Shelf({"a": FIRST}, twins=False), "a", "b")


def test_a_source_that_is_too_long_is_refused() -> None:
    long = "\n\n".join(f"Sentence number {n} is about the bridge." for n in range(3_100))
    with pytest.raises(SettingsError, match="can be compared"):
        compared(FIRST, long)


def test_a_source_without_a_sentence_has_nothing_to_compare() -> None:
    found = compared("* * *", SECOND)
    assert found.aligned == ()
    assert found.differences == ()
    assert {each.source_id for each in found.only_in} == {"second"}


def test_repeated_paragraphs_are_told_once_each() -> None:
    text = "\n\n".join(["The ferry to the island leaves at noon from the old harbour."] * 5)
    for twins in (True, False):
        found = compared(text, text, twins=twins)
        assert found.differences == ()
        assert found.only_in == ()


# --- for any text --------------------------------------------------------------------------------

_SENTENCES = st.sampled_from(
    [
        "The fair {not} opened on {day} May after the {first} day.",
        "“We {not} lost {day} jobs in the town,” says {who}.",
        "According to {who}, {many} boat owners {not} signed the letter.",
        "If the bridge is built, {day} people will work there.",
        "The bridge is built, and {day} people work there.",
        "The dinner was {order} the concert in the town hall.",
        "{who} rejected the plan for the town.",
        "{who} accepted the plan for the town.",
        "Nothing else <b>happened</b> & nobody [2](javascript:x) came\u202e.",
        "He was {not} elected by the town since {day}0{day}.",
    ]
)


@st.composite
def _texts(draw: st.DrawFn) -> str:
    """A text of made-up sentences, in paragraphs, now and then with anything in it."""

    def sentence() -> str:
        if draw(st.integers(0, 9)) == 0:
            return draw(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60))
        return draw(_SENTENCES).format_map(
            {
                "not": draw(st.sampled_from(["", "not", "never"])),
                "day": draw(st.sampled_from(["3", "12", "five"])),
                "first": draw(st.sampled_from(["first", "last"])),
                "who": draw(st.sampled_from(["Pavel Baev", "Pawel Bajev", "Ann Lee of the Club"])),
                "many": draw(st.sampled_from(["all", "most", "few"])),
                "order": draw(st.sampled_from(["before", "after", "followed by"])),
            }
        )

    paragraphs = draw(st.lists(st.integers(1, 3), min_size=1, max_size=6))
    told = [" ".join(sentence() for _ in range(count)) for count in paragraphs]
    return "\n\n".join(["What the town tells", *told])


_SOME = settings(max_examples=60, suppress_health_check=list(HealthCheck))


@_SOME
@given(_texts(), _texts(), st.booleans())
def test_every_citation_holds(first: str, second: str, twins: bool) -> None:
    shelf = Shelf({"first": first, "second": second}, twins=twins)
    assert_it_holds(compare(shelf, "first", "second"), shelf)


@_SOME
@given(_texts(), _texts(), st.booleans())
def test_the_order_of_the_sources_only_mirrors_what_is_found(
    first: str, second: str, twins: bool
) -> None:
    shelf = Shelf({"first": first, "second": second}, twins=twins)
    one, other = compare(shelf, "first", "second"), compare(shelf, "second", "first")

    def sides(comparison: Comparison, step: int) -> list[tuple[str, tuple[str, ...]]]:
        return sorted(
            (each.kind, tuple(side.text for side in each.sides[::step]))
            for each in comparison.differences
        )

    assert sides(one, 1) == sides(other, -1)
    assert {(row.first, row.second) for row in one.aligned} == {
        (row.second, row.first) for row in other.aligned
    }
    assert {each.text for each in one.only_in} == {each.text for each in other.only_in}


@_SOME
@given(_texts(), st.booleans())
def test_a_text_doesnt_differ_from_itself_under_another_id(text: str, twins: bool) -> None:
    found = compared(text, text, twins=twins)
    assert found.differences == ()
    assert found.only_in == ()


# --- with the true embedding ---------------------------------------------------------------------


def test_the_sample_articles_are_worth_comparing(sample: Assistant) -> None:
    found = sample.compare("whats-at-stake", "why-its-dangerous")
    assert found.twins
    kinds = {each.kind for each in found.differences}
    assert {"order", "affiliation", "attribution", "polarity", "scope", "name"} <= kinds
    by_kind = {
        each.kind: {
            (found.citation(n).source_id, found.citation(n).paragraph)
            for side in each.sides
            for n in side.citations
        }
        for each in found.differences
    }
    assert by_kind["order"] == {("whats-at-stake", 9), ("why-its-dangerous", 9)}
    assert by_kind["affiliation"] == {("whats-at-stake", 18), ("why-its-dangerous", 15)}
    assert found.to_json() == sample.compare("whats-at-stake", "why-its-dangerous").to_json()


def test_reports_that_are_no_twins_are_compared_too(own_library) -> None:
    texts = {
        "one": "The ferry sank on 3 May after a fire in the engine room near the island.",
        "two": "The ferry sank on 5 May after a fire in the engine room near the island.",
        "three": "Bakers in the capital ask for higher bread prices before winter.",
    }
    assistant = Assistant(own_library(texts))
    found = assistant.compare("one", "two")
    assert not found.twins
    assert told(found) == [("date", "3 May or 5 May")]
    apart = assistant.compare("one", "three")
    assert apart.aligned == ()
    assert apart.differences == ()
