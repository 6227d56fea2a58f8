"""A claim that tells who says something is taken apart into the speaker and what they say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.attribution import (
    Told,
    names_someone,
    same_person,
    says_that_somebody_says,
    told,
)


@pytest.mark.parametrize(
    ("claim", "speaker", "said"),
    [
        pytest.param("Ann Lee says that it rains.", "Ann Lee", "it rains.", id="that"),
        pytest.param("Ann Lee said it rains.", "Ann Lee", "it rains.", id="without that"),
        pytest.param("Ann Lee says: it rains.", "Ann Lee", "it rains.", id="colon"),
        pytest.param("Ann Lee noted, that it rains.", "Ann Lee", "it rains.", id="comma"),
        pytest.param("Ann Lee warns that it rains.", "Ann Lee", "it rains.", id="another verb"),
        pytest.param("Ann Lee said “it rains”.", "Ann Lee", "“it rains”.", id="words quoted"),
        pytest.param("It rains, says Ann Lee.", "Ann Lee", "It rains", id="verb last"),
        pytest.param("“It rains,” says Ann Lee.", "Ann Lee", "“It rains,”", id="quotation first"),
        pytest.param(
            "It rains, said the mayor Ann Lee.", "Ann Lee", "It rains", id="role, verb last"
        ),
        pytest.param(
            "Ann Lee of the School says that it rains.", "Ann Lee", "it rains.", id="affiliation"
        ),
        pytest.param(
            "Ann Lee, the mayor, says that it rains.", "Ann Lee", "it rains.", id="role in commas"
        ),
        pytest.param("Ann Lee has also said that it rains.", "Ann Lee", "it rains.", id="helpers"),
        pytest.param("According to Ann Lee, it rains.", "Ann Lee", "it rains.", id="according to"),
        pytest.param(
            "According to Ann Lee, the mayor, it rains.", "Ann Lee", "it rains.", id="with a role"
        ),
        pytest.param(
            "According to Ann Lee of the School, it rains.", "Ann Lee", "it rains.", id="of a place"
        ),
        pytest.param("It rains, according to Ann Lee.", "Ann Lee", "It rains", id="prefix last"),
        pytest.param("In the words of Ann Lee: it rains.", "Ann Lee", "it rains.", id="words of"),
        pytest.param(
            "Ann Lee said that Ben Stone says that it rains.",
            "Ann Lee",
            "Ben Stone says that it rains.",
            id="somebody's account of another's words",
        ),
        pytest.param(
            "Ann Lee said that it rains,\nand it snows.",
            "Ann Lee",
            "it rains,\nand it snows.",
            id="over two lines",
        ),
    ],
)
def test_a_claim_is_taken_apart(claim: str, speaker: str, said: str) -> None:
    account = told(claim)
    assert (account.speaker, account.said) == (speaker, said)


@pytest.mark.parametrize(
    "claim",
    [
        pytest.param("It rains.", id="nobody"),
        pytest.param("He says that it rains.", id="a pronoun"),
        pytest.param("The mayor says that it rains.", id="a role"),
        pytest.param("“Ann Lee says that it rains.”", id="all of it quoted"),
        pytest.param("Ann Lee says it.", id="hardly anything said"),
        pytest.param("Ann Lee says.", id="nothing said"),
        pytest.param("According to Ann Lee.", id="nothing behind the prefix"),
        pytest.param("Ann Lee denied that it rains.", id="a verb that denies"),
        pytest.param("Ann Lee accused Ben Stone of lying.", id="a verb that blames"),
        pytest.param("Ann Lee does not say that it rains.", id="not said"),
        pytest.param("Ann Lee was told that it rains.", id="the one who is told"),
        pytest.param("", id="no claim"),
    ],
)
def test_a_claim_that_attributes_nothing_is_all_that_is_said(claim: str) -> None:
    assert told(claim) == Told(None, claim)


@pytest.mark.parametrize(
    ("claim", "verb"),
    [
        ("Ann Lee says that it rains.", ""),
        ("Ann Lee stated that it rains.", ""),
        ("It rains, explains Ann Lee.", ""),
        ("According to Ann Lee, it rains.", ""),
        ("Ann Lee warns that it rains.", "warns"),
        ("Ann Lee believes that it rains.", "believes"),
        ("It rains, insists Ann Lee.", "insists"),
    ],
)
def test_a_verb_is_kept_where_it_says_more_than_said(claim: str, verb: str) -> None:
    assert told(claim).verb == verb


@pytest.mark.parametrize(
    ("claim", "frame"),
    [
        pytest.param("Ann Lee says that it rains.", "Ann Lee that", id="nothing more"),
        pytest.param(
            "Ann Lee, the tired mayor, says that it rains.",
            "Ann Lee, the tired mayor, that",
            id="who they are",
        ),
        pytest.param(
            "Ann Lee reluctantly said that it rains.", "Ann Lee reluctantly that", id="how"
        ),
        pytest.param(
            "According to Ann Lee of the School, it rains.",
            "Ann Lee of the School,",
            id="according to",
        ),
        pytest.param(
            "It rains, says Ann Lee of the School.", ", Ann Lee of the School.", id="verb last"
        ),
    ],
)
def test_the_frame_is_what_the_claim_tells_of_its_speaker(claim: str, frame: str) -> None:
    assert told(claim).frame == frame


PARTS = st.lists(
    st.sampled_from(
        "Ann Lee|Ben Stone|says|said|warns|that|it rains|according to|According to|the mayor|"
        'of the School|not|,|.|:|“|”|"'.split("|")
    )
    | st.text(max_size=5),
    max_size=10,
)


@given(PARTS)
def test_whatever_the_claim_its_parts_stand_in_it(parts: list[str]) -> None:
    claim = " ".join(parts)
    account = told(claim)
    assert account.said in claim
    assert account.verb in claim
    if account.speaker is None:
        assert account == Told(None, claim)
    else:
        assert account.speaker in claim
        assert any(c.isalnum() for c in account.said)
        kept = account.said + account.frame
        assert all(kept.count(c) <= claim.count(c) for c in set(kept) - {" "})


# --- who it is -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        pytest.param("Ann Lee", "Ann Lee", True, id="one name"),
        pytest.param("ANN LEE", "Ann Lee", True, id="capitals"),
        pytest.param("Lee", "Ann Lee", True, id="family name"),
        pytest.param("Ann", "Ann Lee", True, id="first name"),
        pytest.param("Ann Maria Lee", "Ann Lee", True, id="second first name"),
        pytest.param("Lee Ann", "Ann Lee", True, id="other order"),
        pytest.param("Juri Petrow", "Yuri Petrov", True, id="transcription"),
        pytest.param("Юрий Петров", "Yuri Petrov", True, id="script"),
        pytest.param("Bergmann", "Max Bergman", True, id="double letter"),
        pytest.param("Ben Lee", "Ann Lee", False, id="other first name"),
        pytest.param("Ann Stone", "Ann Lee", False, id="other family name"),
        pytest.param("Mali", "Malta", False, id="alike"),
        pytest.param("Stone", "Stonehouse", False, id="part of a word"),
        pytest.param("", "Ann Lee", False, id="no name"),
        pytest.param("…", "Ann Lee", False, id="no letters"),
        pytest.param("", "", False, id="no names"),
    ],
)
def test_one_person_is_known_by_a_part_of_the_name(first: str, second: str, same: bool) -> None:
    assert same_person(first, second) is same
    assert same_person(second, first) is same


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("It rains, says Lee.", True),
        ("Ann Lee says that it rains.", True),
        ("It rains on Ben Stone.", False),
        ("It rains.", False),
        ("lee side", False),
    ],
)
def test_a_text_names_a_person(text: str, named: bool) -> None:
    assert names_someone(text, "Ann Lee") is named


# --- that somebody says it -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("Ann Lee says that it rains.", True, id="a name"),
        pytest.param("He said so.", True, id="a pronoun"),
        pytest.param("The mayor warned that it rains.", True, id="a role"),
        pytest.param("“It rains,” he said.", True, id="beside a quotation"),
        pytest.param("According to the mayor, it rains.", True, id="according to"),
        pytest.param("Said the mayor: “It rains.”", True, id="verb first"),
        pytest.param("It was said to rain.", True, id="passive"),
        pytest.param("It rains.", False, id="nobody"),
        pytest.param("“He said so.”", False, id="only inside the quotation"),
        pytest.param("“He said", False, id="inside a quotation that goes on"),
        pytest.param("She called him “old”.", False, id="a verb that tells no clause"),
        pytest.param("The writer left.", False, id="part of a word"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_a_text_that_puts_words_into_a_mouth_is_known(text: str, says: bool) -> None:
    assert says_that_somebody_says(text) is says
