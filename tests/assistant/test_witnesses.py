"""Who else tells of what is asked: with the true embedding and reader."""

import pytest

from assistant.reading import retrieve
from assistant.witnesses import has_competitors, is_confirmed

CHRONICLE = "The Ring Bridge was opened in 1931 by the mayor before a large crowd of the town."
AGREEING = "Many people of the town came when the mayor opened the Ring Bridge in 1931."
SILENT = "Nobody knows in what year the Ring Bridge was opened: the archive burned in 1950."
ELSEWHERE = "Apples are picked in autumn, and pears a little earlier in most of the valleys."
QUESTION = "In what year was the Ring Bridge opened?"


@pytest.mark.parametrize(
    ("others", "competes", "confirmed"),
    [
        pytest.param([], False, False, id="nobody"),
        pytest.param([AGREEING], True, True, id="a source that says the same"),
        pytest.param([SILENT], True, False, id="a source that leaves it open"),
        pytest.param([ELSEWHERE], False, False, id="a source about something else"),
    ],
)
def test_other_sources_are_heard(own_library, others, competes, confirmed):
    texts = {f"other-{number}": text for number, text in enumerate(others)}
    found = retrieve(own_library({"chronicle": CHRONICLE, **texts}), QUESTION)
    assert found.readings
    assert has_competitors(found) == competes
    assert is_confirmed(found) == confirmed


def test_a_twin_is_no_other_witness(own_library):
    paragraphs = [
        CHRONICLE,
        "The bridge of stone and steel cost the town two million crowns in all.",
        "Its architect, who had built three others, didn't live to see it finished.",
        "Stones for its piers came by boat from a quarry that has long been closed.",
        "A toll of two pennies was asked until the last debts were paid off.",
        "On Sundays no carts were allowed on it, so that families could walk there.",
    ]
    library = own_library(
        {"first": "\n\n".join(paragraphs), "second": "\n\n".join(paragraphs) + "\n\nThe end."}
    )
    assert library.twins("first") == {"second"}
    found = retrieve(library, QUESTION)
    assert not has_competitors(found)
    assert not is_confirmed(found)
