"""Checking a claim against a library: verdicts, citations that hold, and what isn't checked."""

from __future__ import annotations

import json

import pytest

from assistant import Assistant, Check, QuestionError, SettingsError, SourceError
from assistant.checking import MAX_CLAIM_CHARACTERS, clean_claim

TALKED = "The minister and the envoy talked in Varna on 3 May about the {} prisoners of the war."


def held(check: Check, assistant: Assistant) -> bool:
    texts = {c.source_id: assistant.library.indexed(c.source_id).source for c in check.citations}
    return all(
        texts[c.source_id].text[c.start : c.end] == c.quote
        and texts[c.source_id].sha256 == c.source_sha256
        for c in check.citations
    )


def test_a_claim_of_the_sources_is_supported_with_citations_that_hold(sample: Assistant) -> None:
    check = sample.check("Trump and Putin spoke by phone on February 12.")
    assert check.verdict == "supported"
    assert check.score == 1.0
    assert check.citations
    assert held(check, sample)
    assert [c.number for c in check.citations] == list(range(1, len(check.citations) + 1))


@pytest.mark.parametrize(
    ("claim", "theirs"),
    [
        pytest.param("Trump and Putin spoke by phone on February 13.", "February 12", id="date"),
        pytest.param("Trump and Putin did not speak by phone on February 12.", "spoke", id="not"),
    ],
)
def test_what_the_sources_say_instead_is_cited(sample: Assistant, claim: str, theirs: str) -> None:
    check = sample.check(claim)
    assert check.verdict == "not"
    instead = check.parts[0].instead[0]
    assert instead.sources == theirs
    highlight = check.citation(instead.citations[0]).highlight
    assert highlight is not None
    assert highlight.text == theirs
    assert held(check, sample)


def test_a_claim_about_something_else_shows_the_nearest_passages(sample: Assistant) -> None:
    check = sample.check("Elephants dance on frozen volcanoes.")
    assert check.verdict == "not"
    assert not check.citations
    assert check.nearest


def test_a_claim_in_another_language_is_not_judged_by_its_words(sample: Assistant) -> None:
    check = sample.check("Trump und Putin haben am 12. Februar miteinander telefoniert.")
    assert check.verdict == "not"
    assert not check.comparable
    assert not check.parts
    assert check.nearest
    assert "isn't in the language of the sources" in str(check)


def test_sources_that_disagree_support_a_claim_in_part(own_library) -> None:
    library = own_library(
        {"one": f"{TALKED.format(300)}", "two": f"{TALKED.format(400)} They left on Monday."}
    )
    check = Assistant(library).check(TALKED.format(300))
    assert check.verdict == "partly"
    (disagreement,) = check.disagreements
    assert disagreement.kind == "number"
    assert all(side.citations for side in disagreement.sides)
    assert "The sources disagree on a number" in str(check)


def test_only_the_sources_named_are_looked_at(own_library) -> None:
    library = own_library({"one": TALKED.format(300), "two": TALKED.format(400)})
    assistant = Assistant(library)
    assert assistant.check(TALKED.format(300), sources=["one"]).verdict == "supported"
    assert assistant.check(TALKED.format(300), sources=["two"]).verdict == "not"


def test_an_empty_library_supports_nothing(own_library) -> None:
    check = Assistant(own_library({})).check("Tourists visit the cathedral in summer.")
    assert (check.verdict, check.citations, check.nearest) == ("not", (), ())


def test_sources_that_are_not_there_are_an_error(sample: Assistant) -> None:
    with pytest.raises(SourceError):
        sample.check("Trump and Putin spoke.", sources=["nowhere"])
    with pytest.raises(SettingsError):
        sample.check("Trump and Putin spoke.", sources=[])


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        pytest.param("", "no words", id="empty"),
        pytest.param(" \n\t ", "no words", id="white space"),
        pytest.param("?!…", "no words", id="signs"),
        pytest.param("Did they meet?", "a question", id="question"),
        pytest.param("They met. " * 200, "1,999 characters", id="too long"),
    ],
)
def test_what_is_no_claim_is_refused_in_one_sentence(claim: str, said: str) -> None:
    with pytest.raises(QuestionError, match=said):
        clean_claim(claim)


def test_a_claim_may_be_as_long_as_said() -> None:
    assert clean_claim("a" * MAX_CLAIM_CHARACTERS)


def test_the_same_claim_gets_the_same_check(sample: Assistant) -> None:
    claim = "Trump wants peace, and Berzina works at the German Marshall Fund."
    first, second = (sample.check(claim).to_dict() for _ in range(2))
    assert {**first, "timings_ms": None} == {**second, "timings_ms": None}


def test_the_form_is_stable(sample: Assistant) -> None:
    data = json.loads(sample.check("Trump and Putin spoke by phone on February 13.").to_json())
    assert data["schema"] == "pincite.check/1"
    assert data["verdict"] == "not"
    assert list(data)[:4] == ["schema", "claim", "verdict", "score"]
    assert set(data["parts"][0]) == {
        "text", "verdict", "literal", "score", "citations", "missing", "elsewhere", "instead",
        "because", "said_by",
    }  # fmt: skip


def test_texts_cannot_act_on_the_terminal(own_library) -> None:
    sentence = "The harbour\x1b[31m of Varna\u202e reopened in June, they said."
    library = own_library({"evil": f"{sentence} {'Nothing else is told of it. ' * 9}"})
    shown = str(
        Assistant(library).check("The harbour of Varna reopened in July, they said.\x1b[2J")
    )
    assert not {"\x1b", "\u202e"} & set(shown)
