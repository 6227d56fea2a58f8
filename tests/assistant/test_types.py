"""An answer: computed status and text, and its form as pincite.answer/1."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from assistant import (
    Answer,
    Citation,
    Claim,
    Disagreement,
    LibraryStamp,
    Nearest,
    Side,
    Withheld,
)

CITATION = Citation(
    number=1,
    source_id="text",
    source_title=None,
    source_uri=None,
    source_sha256="0" * 64,
    paragraph=2,
    start=10,
    end=19,
    quote="It rained",
    prefix="",
    suffix="",
    match="exact",
)
CLAIM = Claim(text="It rained.", citations=(1,))
DISAGREEMENT = Disagreement(
    kind="polarity",
    about="whether it is so: rain",
    sides=(Side(text="It rained.", citations=(1,)), Side(text="It was dry.", citations=(2,))),
)
KEYS = [
    *("schema", "id", "question", "standalone_question", "status", "text", "engine", "model"),
    *("claims", "citations", "disagreements", "withheld", "nearest", "unanswered", "usage"),
    *("timings_ms", "library", "prompt_version"),
]


def make(**parts: Any) -> Answer:
    return Answer(
        id="1",
        question="Did it rain?",
        standalone_question="Did it rain?",
        engine="extractive",
        library=LibraryStamp(fingerprint="f", sources=1, paragraphs=2),
        **parts,
    )


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        pytest.param({}, "abstained", id="no claims"),
        pytest.param({"unanswered": ("When?",)}, "abstained", id="no claims and open parts"),
        pytest.param({"claims": (CLAIM,)}, "answered", id="claims"),
        pytest.param({"claims": (CLAIM,), "unanswered": ("When?",)}, "partial", id="open part"),
        pytest.param(
            {"claims": (CLAIM,), "disagreements": (DISAGREEMENT,)}, "disputed", id="sides"
        ),
        pytest.param(
            {"claims": (CLAIM,), "disagreements": (DISAGREEMENT,), "unanswered": ("When?",)},
            "disputed",
            id="a disagreement weighs more than an open part",
        ),
        pytest.param(
            {"claims": (CLAIM,), "withheld": (Withheld(text="No.", reason="negation"),)},
            "answered",
            id="what is withheld doesn't count",
        ),
    ],
)
def test_the_status_is_computed_from_the_parts(parts: dict[str, Any], status: str) -> None:
    assert make(**parts).status == status


def test_status_and_text_follow_the_parts_of_a_copy() -> None:
    answer = make(claims=(CLAIM,), citations=(CITATION,))
    emptied = answer.model_copy(update={"claims": ()})
    assert (answer.status, emptied.status) == ("answered", "abstained")
    assert answer.text != emptied.text


def test_status_and_text_cannot_be_given() -> None:
    with pytest.raises(ValidationError):
        make(status="answered")
    with pytest.raises(ValidationError):
        make(text="It rained.")


def test_an_answer_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        make().question = "Another?"


def test_an_unknown_reason_to_withhold_is_an_error() -> None:
    with pytest.raises(ValidationError):
        Withheld.model_validate({"text": "So.", "reason": "dislike"})


def test_a_citation_is_found_by_its_number() -> None:
    answer = make(claims=(CLAIM,), citations=(CITATION,))
    assert answer.citation(1) is CITATION
    with pytest.raises(KeyError):
        answer.citation(2)


FULL = make(
    claims=(CLAIM,),
    citations=(CITATION, CITATION.model_copy(update={"number": 2})),
    disagreements=(DISAGREEMENT,),
    withheld=(Withheld(text="It snowed.", reason="unsupported"),),
    nearest=(Nearest(source_id="text", paragraph=1, text="Sun", score=0.5),),
    unanswered=("When?",),
)


@pytest.mark.parametrize("answer", [make(), FULL], ids=["empty", "full"])
def test_the_dictionary_has_exactly_the_keys_of_the_schema_in_order(answer: Answer) -> None:
    assert list(answer.to_dict()) == KEYS
    assert answer.to_dict()["schema"] == "pincite.answer/1"


def test_the_parts_have_exactly_the_keys_of_the_schema() -> None:
    data = FULL.to_dict()
    assert list(data["claims"][0]) == ["text", "citations"]
    assert list(data["citations"][0]) == [
        *("number", "source_id", "source_title", "source_uri", "source_sha256", "paragraph"),
        *("start", "end", "quote", "prefix", "suffix", "match", "highlight"),
    ]
    assert list(data["disagreements"][0]) == ["kind", "about", "sides"]
    assert list(data["disagreements"][0]["sides"][0]) == ["text", "citations"]
    assert list(data["withheld"][0]) == ["text", "reason"]
    assert list(data["nearest"][0]) == ["source_id", "paragraph", "text", "score"]
    assert list(data["usage"]) == ["prompt_tokens", "completion_tokens", "cost_usd"]
    assert list(data["timings_ms"]) == ["retrieve", "compose", "verify", "total"]
    assert list(data["library"]) == ["fingerprint", "sources", "paragraphs"]


def test_json_says_the_same_as_the_dictionary() -> None:
    for indent in (None, 2):
        assert json.loads(FULL.to_json(indent)) == FULL.to_dict()


def test_an_answer_comes_back_from_its_json_as_it_was() -> None:
    data = json.loads(FULL.to_json())
    assert data.pop("schema") == "pincite.answer/1"
    computed = {name: data.pop(name) for name in ("status", "text")}
    back = Answer.model_validate_json(json.dumps(data))
    assert back == FULL
    assert computed == {"status": back.status, "text": back.text}


def test_a_page_is_said_where_there_is_one_and_an_answer_without_it_is_read() -> None:
    cited = FULL.citations[0]
    paged = FULL.model_copy(update={"citations": (cited.model_copy(update={"page": 3}),)})
    assert paged.to_dict()["citations"][0]["page"] == 3
    for answer in (FULL, paged):
        assert Answer.from_dict(answer.to_dict()) == answer
