"""Answers as text: marks and quotes in one form, and source text that can't act."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import (
    Answer,
    Citation,
    Claim,
    Disagreement,
    LibraryStamp,
    Nearest,
    Side,
    Timings,
    Usage,
    Withheld,
)
from assistant.render import (
    WITHHELD_BECAUSE,
    dollars,
    making,
    markdown,
    marks,
    one_line,
    printable,
    withheld,
)
from assistant.types import WithheldReason

BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
HOSTILE = f"\x1b[31mred\x1b]0;title\x07 \x9b2J \x08\x7f \u202edesrever {BIDI} \r\nnext"


def cited(number: int, quote: str, source_id: str = "text") -> Citation:
    return Citation(
        number=number,
        source_id=source_id,
        source_title=quote,
        source_uri=quote,
        source_sha256="0" * 64,
        paragraph=number,
        start=0,
        end=len(quote),
        quote=quote,
        prefix=quote,
        suffix=quote,
        match="exact",
    )


def make(text: str = "It rained.", **parts: object) -> Answer:
    shown = {"claims": (Claim(text=text, citations=(1,)),), "citations": (cited(1, text),)}
    return Answer.model_validate(
        {
            "id": "1",
            "question": "Did it rain?",
            "standalone_question": "Did it rain?",
            "engine": "extractive",
            "library": LibraryStamp(fingerprint="f", sources=1, paragraphs=2),
            **shown,
            **parts,
        }
    )


NO_ANSWER = make(
    claims=(),
    citations=(),
    nearest=(Nearest(source_id="text", paragraph=4, text="Sun\nall day", score=0.4),),
    unanswered=("Did it rain?",),
)
DISPUTED = make(
    claims=(Claim(text="It rained.", citations=(1,)), Claim(text="Hats help.", citations=(3,))),
    citations=(cited(1, "It rained."), cited(2, "It was dry.", "other"), cited(3, "Hats help.")),
    disagreements=(
        Disagreement(
            kind="polarity",
            about="rain",
            sides=(
                Side(text="It rained.", citations=(1,)),
                Side(text="It was dry.", citations=(2,)),
            ),
        ),
    ),
)


def test_marks_stand_side_by_side() -> None:
    assert marks((1, 3)) == "[1][3]"


def test_an_answer_is_printed_with_its_quotes_below() -> None:
    assert str(make()) == "It rained. [1]\n\n[1] text ¶1, It rained.\n    It rained."


def test_a_page_stands_beside_the_paragraph_wherever_that_is_shown() -> None:
    answer = make(citations=(cited(1, "It rained.").model_copy(update={"page": 3}),))
    assert str(answer) == "It rained. [1]\n\n[1] text ¶1, page 3, It rained.\n    It rained."
    assert "text ¶1, page 3, It rained.: It rained." in markdown(answer)
    document = answer.to_html()
    assert "It rained. ¶1, page 3</a>" in document
    assert "[1] ¶1, page 3, characters 0 to 10" in document


def test_an_abstention_shows_the_nearest_passages_and_no_quotes() -> None:
    assert str(NO_ANSWER) == (
        "The sources don't answer this question.\n\n"
        "Nearest passages (they don't answer it):\n- text ¶4: Sun all day"
    )


def test_what_the_sources_leave_open_is_named() -> None:
    text = make(unanswered=("When did it end?",)).text
    assert text == "It rained. [1]\nThe sources leave open: When did it end?"


def test_what_another_source_says_against_a_claim_follows_the_claims() -> None:
    assert DISPUTED.text == (
        "It rained. [1]\nHats help. [3]\n"
        "The sources disagree on whether it is so. Against [1]:\n"
        "- It was dry. [2]"
    )


def test_both_sides_are_shown_where_no_claim_is_one_of_them() -> None:
    text = DISPUTED.model_copy(update={"claims": DISPUTED.claims[1:]}).text
    assert text == (
        "Hats help. [3]\nThe sources disagree on whether it is so:\n"
        "- It rained. [1]\n- It was dry. [2]"
    )


def test_sides_that_are_both_claims_are_not_repeated() -> None:
    claims = tuple(
        Claim(text=s.text, citations=s.citations) for s in DISPUTED.disagreements[0].sides
    )
    assert DISPUTED.model_copy(update={"claims": claims}).text == (
        "It rained. [1]\nIt was dry. [2]\n"
        "The sources disagree on whether it is so: [1] against [2]."
    )


def test_markdown_has_quotes_as_footnotes() -> None:
    assert DISPUTED.to_markdown() == (
        "**Did it rain?**\n\n"
        "It rained.[^1]\n\nHats help.[^3]\n\n"
        "The sources disagree on whether it is so. Against [^1]:\n\n"
        "- It was dry.[^2]\n\n"
        "[^1]: text ¶1, It rained.: It rained.\n"
        "[^2]: other ¶2, It was dry.: It was dry.\n"
        "[^3]: text ¶3, Hats help.: Hats help.\n"
    )


def test_markdown_of_an_abstention_shows_the_nearest_passages() -> None:
    assert NO_ANSWER.to_markdown() == (
        "**Did it rain?**\n\nThe sources don't answer this question.\n\n\n"
        "Nearest passages (they don't answer it):\n\n- text ¶4: Sun all day\n"
    )


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        pytest.param("<script>alert(1)</script>", r"\<script\>alert(1)\</script\>", id="HTML"),
        pytest.param("[x](javascript:y)", r"\[x\](javascript:y)", id="link"),
        pytest.param("![x](http://y)", r"\!\[x\](http://y)", id="image"),
        pytest.param("# so", r"\# so", id="heading"),
        pytest.param("- so", r"\- so", id="list"),
        pytest.param("+ so", r"\+ so", id="list with a plus"),
        pytest.param("12. so", r"12\. so", id="numbered list"),
        pytest.param("12) so", r"12\) so", id="numbered list with a bracket"),
        pytest.param("---", r"\---", id="rule"),
        pytest.param("a | b", r"a \| b", id="table"),
        pytest.param("`a` ``b``", r"\`a\` \`\`b\`\`", id="code"),
        pytest.param("*a* _b_ ~c~", r"\*a\* \_b\_ \~c\~", id="emphasis"),
        pytest.param("a\n\n# b", r"a \# b", id="newlines"),
        pytest.param("&lt;b&gt;", r"\&lt;b\&gt;", id="entities"),
        pytest.param("\\<b>", r"\\\<b\>", id="backslash"),
        pytest.param("$x$", r"\$x\$", id="formula"),
        pytest.param("[^2]: so", r"\[^2\]: so", id="footnote"),
    ],
)
def test_source_text_cannot_act_as_markdown(text: str, escaped: str) -> None:
    lines = make(text).to_markdown().splitlines()
    assert lines[2] == f"{escaped}[^1]"
    assert lines[4] == f"[^1]: text ¶1, {escaped}: {escaped}"


@given(st.text(max_size=60))
def test_markdown_gives_a_text_back_when_its_escapes_are_undone(text: str) -> None:
    lines = make(question=text).to_markdown().split("\n")
    assert re.sub(r"\\([!-/:-@[-`{-~])", r"\1", lines[0]) == f"**{one_line(text)}**"


def acting(text: str) -> list[str]:
    """The characters that a terminal would obey."""
    return [
        c
        for c in text
        if c in BIDI or (unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t")
    ]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(make(HOSTILE), id="claim and citation"),
        pytest.param(
            make(
                question=HOSTILE,
                claims=(),
                citations=(),
                nearest=(Nearest(source_id="text", paragraph=1, text=HOSTILE, score=0.1),),
            ),
            id="question and nearest passage",
        ),
        pytest.param(
            make(
                unanswered=(HOSTILE,),
                disagreements=(
                    Disagreement(
                        kind="name", about=HOSTILE, sides=(Side(text=HOSTILE, citations=(1,)),) * 2
                    ),
                ),
            ),
            id="open part and sides",
        ),
        pytest.param(make(withheld=(Withheld(text=HOSTILE, reason="name"),)), id="withheld"),
    ],
)
def test_nothing_that_acts_on_a_terminal_is_printed(answer: Answer) -> None:
    assert acting(HOSTILE)
    whole = markdown(answer, show_withheld=True)
    for shown in (str(answer), whole, answer.to_json(), answer.to_json(2)):
        assert not acting(shown)
    assert json.loads(answer.to_json()) == answer.to_dict()


@given(st.text())
def test_printable_text_keeps_its_length_and_harmless_characters(text: str) -> None:
    shown = printable(text)
    assert len(shown) == len(text)
    assert not acting(shown)
    changed = [a for a, b in zip(text, shown, strict=True) if a != b]
    assert changed == [c for c in changed if c in acting(c)]


def test_a_windows_line_end_is_no_stray_sign() -> None:
    assert printable("one\r\ntwo") == "one \ntwo"


# --- what was withheld, and what made the answer -------------------------------------------------

SNOW = Withheld(text="It snowed\non 5 May.", reason="date")
NO_SNOW = make(withheld=(SNOW, Withheld(text="*No.*", reason="negation")))
MODEL = make(engine="model", model="openai:test")
INSTEAD = make(model="openai:test")


def test_how_many_statements_were_withheld_is_always_said() -> None:
    count = "2 statements withheld: not supported by the sources"
    assert str(NO_SNOW) == f"{make()}\n\n{count}"
    assert NO_SNOW.to_markdown() == f"{make().to_markdown()}\n{count}\n"
    one = NO_SNOW.model_copy(update={"withheld": NO_SNOW.withheld[:1]})
    assert str(one).endswith("\n\n1 statement withheld: not supported by the sources")
    assert "withheld" not in str(make())


def test_every_reason_to_withhold_has_a_sentence_of_its_own() -> None:
    assert set(WITHHELD_BECAUSE) == set(get_args(WithheldReason))
    assert len(set(WITHHELD_BECAUSE.values())) == len(WITHHELD_BECAUSE)


def test_a_withheld_statement_is_listed_with_its_reason() -> None:
    assert withheld(SNOW) == "It snowed on 5 May. (a date in it isn't in the sources' words)"
    listed = markdown(NO_SNOW, show_withheld=True).splitlines()[-2:]
    assert listed[0] == f"- {withheld(SNOW)}"
    assert listed[1].startswith("- \\*No.\\* (it says that something is so where")


def test_a_reader_is_told_when_the_sources_sentences_stand_in_for_a_model() -> None:
    told = "Nothing that the model stated is supported by the sources; these are their own"
    assert told in str(INSTEAD)
    assert told in INSTEAD.to_markdown()
    refused = NO_ANSWER.model_copy(update={"model": "openai:test"})
    for answer in (make(), MODEL, refused):
        assert told not in str(answer)
        assert told not in answer.to_markdown()
    assert told not in INSTEAD.to_json()


def test_what_made_an_answer_is_told_with_its_tokens_and_its_cost() -> None:
    usage = Usage(prompt_tokens=1234, completion_tokens=5, cost_usd=0.00043)
    paid = MODEL.model_copy(update={"usage": usage, "timings_ms": Timings(total=812.4)})
    assert making(paid) == (
        "openai:test · 1,234 tokens read, 5 written · $0.00043 · library of 1 source · 812 ms"
    )
    assert making(make()) == "extractive · library of 1 source · 0 ms"
    assert making(INSTEAD).startswith("extractive · openai:test was asked · library")


def test_a_cost_that_is_not_known_is_not_shown() -> None:
    unknown = MODEL.model_copy(update={"usage": Usage(prompt_tokens=9, completion_tokens=9)})
    assert "$" not in making(unknown)


@pytest.mark.parametrize(
    ("usd", "shown"),
    [
        (0.0, "$0.00"),
        (1.2, "$1.20"),
        (0.00043, "$0.00043"),
        (12345.678, "$12,345.678"),
        (3e-9, "less than $0.000001"),
    ],
)
def test_small_sums_keep_their_figures(usd: float, shown: str) -> None:
    assert dollars(usd) == shown
