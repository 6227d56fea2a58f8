import pytest

from index.copies import MIN_WORDS, Shares, Wording, shares

STRIKE = [
    "The minister of transport, Anna Zelensky, resigned on Monday after three weeks of strikes.",
    "Trains had stood still since 3 November, and 40,000 people took to the roads each day.",
    '"I have tried what could be tried," Zelensky told reporters in Kiev.',
    "The prime minister thanked her for her work and named nobody in her place.",
    "Talks between the unions and the railways go on next week in the capital.",
]


def replaced(*pairs: tuple[str, str]) -> list[str]:
    told = STRIKE
    for old, new in pairs:
        told = [sentence.replace(old, new) for sentence in told]
    return told


def found(one: list[str], other: list[str]) -> Shares:
    return shares(Wording(one), Wording(other))


@pytest.mark.parametrize(
    "copy",
    [
        pytest.param(STRIKE, id="word for word"),
        pytest.param(STRIKE[:2] + STRIKE[3:], id="a sentence cut"),
        pytest.param(STRIKE[2:] + STRIKE[:2], id="in another order"),
        pytest.param(["Anna Zelensky has gone.", *STRIKE[1:]], id="another lead"),
        pytest.param(replaced(("Zelensky", "Zelenskyy"), ("Kiev", "Kyiv")), id="names respelt"),
        pytest.param(replaced((" thanked her", ", too, has thanked her")), id="words put in"),
        pytest.param(replaced(("40,000", "30,000")), id="one figure changed"),
        pytest.param([sentence.upper() for sentence in STRIKE], id="in capitals"),
    ],
)
def test_the_same_words_slightly_edited_are_a_copy(copy: list[str]):
    assert found(copy, STRIKE).is_copy


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(
            "{} beat {} {}-1 on Saturday at {} before a crowd of {}000. {} put the visitors ahead "
            "in minute {} with a header. {} scored the winner from the penalty spot.",
            ["Lidby", "Marsk", 2, "Orle", 31, "Hansen", 12, "Okafor"],
            id="a match",
        ),
        pytest.param(
            "Shares in {} rose {} percent in early trading in {} on Monday. The company reported a "
            "profit of {} million. Analysts at {} had expected {} million.",
            ["Alfa", 3, "Paris", 120, "Banko", 80],
            id="shares",
        ),
    ],
)
def test_reports_of_one_form_are_no_copies(one: str, other: list[object]):
    others = ["Zumwalt", "Quirke", 4, "Thessal", 77, "Dvorak", 65, "Iwobi"]
    if len(other) == 6:
        others = ["Weygand", 9, "Tokyo", 377, "Hedges", 61]
    first, second = (
        [sentence + "." for sentence in one.format(*told).rstrip(".").split(". ")]
        for told in (other, others)
    )
    told = found(first, second)
    assert not told.is_copy
    assert told.is_of_one_template


def test_a_text_that_goes_on_is_no_copy_of_the_report_that_it_contains():
    longer = [*STRIKE, *(f"Commuter {n} waited {n} hours at platform {n} of it." for n in range(9))]
    assert found(STRIKE, longer).is_copy
    assert not found(longer, STRIKE).is_copy


def test_a_report_in_other_words_is_no_copy():
    other = [
        "Minister Zelensky has stepped down in Kiev, giving in to the railway workers.",
        "For three weeks no train ran; on the roads 40,000 more people jammed the city each day.",
        "She said that she could do no more, and the head of government did not find a successor.",
    ]
    told = found(other, STRIKE)
    assert not told.is_copy
    assert not told.is_of_one_template


def test_very_short_texts_are_no_copies():
    short = ["Rain is expected in the whole country today."]
    assert Wording(short).words < MIN_WORDS
    assert not found(short, short).is_copy
    assert not found([], []).is_copy


def test_a_text_in_a_script_without_spaces_is_compared_by_its_signs():
    text = [
        "运输部长星期一在持续三周的罢工之后宣布辞职。",
        "自11月3日以来火车一直停运，每天有4万人上路。",
    ]
    assert found(text, text).is_copy
    assert not found(text, ["今天天气很好，我们去公园散步，然后回家吃饭睡觉。"]).is_copy
