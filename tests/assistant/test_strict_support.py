"""What a sentence says, and what only looks as if it said it: claims against one sentence each."""

from __future__ import annotations

import pytest

from assistant.support import contradicted_because, unsupported_because

SAYS = [
    ("On May 3, Ann Lee met Bob Stone in Bonn.", "Ann Lee met Bob Stone in Bonn on May 3."),
    ("On May 3, Ann Lee met Bob Stone in Bonn.", "Ann Lee met Bob Stone."),
    ("On May 3, Ann Lee spoke by phone with Bob Stone.", "Ann Lee and Bob Stone spoke by phone."),
    ("The bridge, which cost $5 million, was closed in 2019.", "The bridge was closed in 2019."),
    ("Acme hired 300 people and opened a plant.", "Acme opened a plant."),
    ("Built in the United States for 20 percent less.", "Built in the US for 20% less."),
    ("President Ann Lee resigned.", "Ann Lee resigned."),
    ("The talks began on 12 May 2024.", "The talks started on May 12, 2024."),
    ("The mayor said that the bridge was safe.", "The bridge was safe."),
    ("He was not angry but sad.", "He was sad."),
    ("Visitors paid 5.4 million euros.", "Visitors paid €5.4 million."),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "claim"), SAYS)
def test_a_sentence_says_what_it_says_in_other_order_and_spelling(
    sentence: str, claim: str
) -> None:
    assert contradicted_because(claim, sentence) is None


SAYS_NOT = [
    # who did it to whom
    ("The dog bit the man.", "The man bit the dog.", "unsupported"),
    ("Ann Lee accused Bob Stone.", "Bob Stone accused Ann Lee.", "unsupported"),
    ("Ann Lee accused Bob Stone.", "Ann Lee was accused by Bob Stone.", None),
    ("The director of Acme resigned.", "Acme resigned.", "unsupported"),
    ("Acme’s director resigned.", "Acme resigned.", "unsupported"),
    ("Acme officials resigned.", "Acme resigned.", "unsupported"),
    ("The firm that bought Acme sold its shares.", "Acme sold its shares.", "unsupported"),
    ("Ann Lee hit Bob Stone and Eve Fox fell.", "Ann Lee fell.", "unsupported"),
    ("Ann lives in Bonn and Bob lives in Rome.", "Ann lives in Rome.", "unsupported"),
    ("The US has no benefit from trade with Chad.", "Chad has no benefit from trade with the US.",
     "unsupported"),
    ("Ann flew to Rome.", "Ann flew from Rome.", "unsupported"),
    ("The bridge was built by Ann for Bob.", "The bridge was built by Bob.", "unsupported"),
    # what is left out
    ("The bridge was not safe.", "The bridge was safe.", "negation"),
    ("He did not, however, win.", "He did win.", "negation"),
    ("It is not true that the bridge fell.", "The bridge fell.", None),
    ("The town denied that the bridge fell.", "The bridge fell.", "unsupported"),
    ("If it rains, the bridge closes.", "The bridge closes.", "unsupported"),
    ("The bridge may close.", "The bridge closes.", "unsupported"),
    ("The bridge nearly fell.", "The bridge fell.", "unsupported"),
    ("Ann Lee plans to close the bridge.", "Ann Lee closes the bridge.", "unsupported"),
    ("Critics falsely claim that the bridge fell.", "The bridge fell.", "unsupported"),
    ("The bridge fell, critics claim.", "The bridge fell.", "speaker"),
    ("According to the Post, the bridge fell.", "The bridge fell.", "speaker"),
    ("Did the bridge fall?", "The bridge did fall.", "unsupported"),
    ("Talks were held in Bonn instead of Rome.", "Talks were held in Rome.", "unsupported"),
    # what is put in
    ("The bridge was safe.", "The bridge was not safe.", "negation"),
    ("He won but was not happy.", "He was happy.", "negation"),
    ("He did not win but was happy.", "He won but was not happy.", None),
    ("The bridge fell.", "The old bridge fell.", "unsupported"),
    ("The bridge fell.", "The bridge may have fallen.", None),
    # numbers and dates
    ("The page had 2100 views.", "The page had 2100 tonnes.", "number"),
    ("About 300 workers came.", "300 workers came.", "number"),
    ("It cost $5 million.", "It cost €5 million.", "number"),
    ("He was born in 1900 and died in Bonn.", "He died in 1900.", None),
    ("It opened on 12 May.", "It opened on 12 May 2024.", "date"),
    ("It opened on Monday.", "It opened on Tuesday.", "date"),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "claim", "reason"), SAYS_NOT)
def test_a_sentence_does_not_say_what_it_does_not_say(
    sentence: str, claim: str, reason: str | None
) -> None:
    because = contradicted_because(claim, sentence)
    assert because is not None
    assert reason in (None, because)


BEFORE = "Ann Lee built seven bridges. "


@pytest.mark.parametrize(
    ("before", "claim", "supported"),
    [
        pytest.param(BEFORE, "Ann Lee sold them.", True, id="the only person"),
        pytest.param(BEFORE, "Ann Lee sold bridges.", True, id="the only plural"),
        pytest.param(BEFORE + "Eve Fox helped. ", "Ann Lee sold them.", False, id="two persons"),
        pytest.param("", "Ann Lee sold them.", False, id="nobody named"),
        pytest.param(BEFORE, "Eve Fox sold them.", False, id="another"),
    ],
)
def test_a_pronoun_stands_for_what_alone_it_can_mean(
    before: str, claim: str, supported: bool
) -> None:
    sentence = "She sold them soon after."
    assert (contradicted_because(claim, sentence, before) is None) is supported


QUOTES = ["The bridge was closed in 2019.", "It cost $5 million."]


def test_a_claim_may_be_put_together_of_whole_sentences() -> None:
    claim = "The bridge was closed in 2019, and it cost $5 million."
    assert unsupported_because(claim, None, QUOTES, []) is None


def test_a_claim_may_not_be_put_together_of_halves() -> None:
    quotes = ["The bridge was closed in 2019.", "The tower in Bonn cost $5 million."]
    assert unsupported_because("The bridge cost $5 million.", None, quotes, []) is not None
    assert unsupported_because("The bridge was closed and cost $5 million.", None, quotes, [])


SPOKEN = "“The bridge isn’t safe,” warns Ann Lee, the town’s engineer."


@pytest.mark.parametrize(
    ("claim", "supported"),
    [
        ("Ann Lee says that the bridge isn’t safe.", True),
        ("Ann Lee warns that the bridge isn’t safe.", True),
        ("According to Ann Lee, the bridge isn’t safe.", True),
        ("Ann Lee, the town’s engineer, says the bridge isn’t safe.", True),
        ("Ann Lee announces that the bridge isn’t safe.", False),
        ("Ann Lee, the mayor, says the bridge isn’t safe.", False),
        ("Ann Lee does not say that the bridge isn’t safe.", False),
        ("Bob Stone says that the bridge isn’t safe.", False),
        ("Ann Lee says that the bridge is safe.", False),
    ],
)
def test_what_somebody_says_is_theirs(claim: str, supported: bool) -> None:
    assert (unsupported_because(claim, None, [SPOKEN], []) is None) is supported
