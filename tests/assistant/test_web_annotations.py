"""Answers as Web Annotations: what the Recommendation demands of them, and what they say."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import (
    Answer,
    Assistant,
    Citation,
    Claim,
    Disagreement,
    LibraryStamp,
    Side,
)
from assistant.web_annotations import annotations_of, collection

# --- the rules of the Web Annotation Data Model, as far as they concern what is used here --------

CONTEXT = "http://www.w3.org/ns/anno.jsonld"
MOTIVATIONS = set(
    "assessing bookmarking classifying commenting describing editing highlighting identifying "
    "linking moderating questioning replying tagging".split()
)
FORBIDDEN_IN_IRI = re.compile(r"[\x00-\x20<>\"{}|\\^`\ud800-\udfff]|%(?![0-9A-Fa-f]{2})")


def check_iri(value: Any) -> None:
    """Absolute, and free of the characters that RFC 3987 leaves out."""
    assert isinstance(value, str)
    assert re.match(r"[A-Za-z][A-Za-z0-9+.-]*:.", value), value
    assert not FORBIDDEN_IN_IRI.search(value), value
    assert value.isprintable()


def check_motivations(value: Any) -> None:
    for each in value if isinstance(value, list) else [value]:
        assert each in MOTIVATIONS


def check_collection(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Section 5: collections and pages. The annotations in it."""
    assert document["@context"] == CONTEXT
    check_iri(document["id"])
    assert document["type"] == "AnnotationCollection"
    assert isinstance(document["label"], str)
    assert type(document["total"]) is int
    if not document["total"]:
        assert "first" not in document, "a page must have at least one annotation"
        return []
    page = document["first"]
    assert "@context" not in page, "an embedded page should have none"
    check_iri(page["id"])
    assert page["type"] == "AnnotationPage"
    assert page["startIndex"] == 0
    assert document["last"] == page["id"]
    items: list[dict[str, Any]] = page["items"]
    assert len(items) == document["total"]
    return items


def check_annotation(item: dict[str, Any]) -> None:
    """Section 3: annotations, bodies, agents and motivations."""
    assert "@context" not in item
    check_iri(item["id"])
    assert item["type"] == "Annotation"
    check_motivations(item["motivation"])
    assert item["generator"]["type"] == "Software"
    assert isinstance(item["generator"]["name"], str)
    bodies = item["body"] if isinstance(item["body"], list) else [item["body"]]
    assert bodies
    for body in bodies:
        assert body["type"] == "TextualBody"
        assert isinstance(body["value"], str)
        assert re.fullmatch(r"\w+/\w+", body["format"])
        check_motivations(body["purpose"])
    check_target(item["target"])
    known = {"id", "type", "motivation", "generator", "body", "target"}
    assert set(item) == known, "nothing that isn't known, such as a date"


def check_target(target: dict[str, Any]) -> None:
    """Section 4: specific resources, their state and selectors."""
    assert target["type"] == "SpecificResource"
    check_iri(target["source"])
    if state := target.get("state"):
        assert state["type"] == "TimeState"
        check_iri(state["cached"])
    quote, position = target["selector"]
    assert quote["type"] == "TextQuoteSelector"
    assert all(isinstance(quote[name], str) for name in ("exact", "prefix", "suffix"))
    assert position["type"] == "TextPositionSelector"
    assert type(position["start"]) is type(position["end"]) is int
    assert 0 <= position["start"] <= position["end"]


def ids(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (each for name, each in value.items() if name == "id")
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from ids(each)


def checked(answer: Answer) -> list[dict[str, Any]]:
    """The annotations as they are read back, once all the rules hold."""
    document = json.loads(answer.to_web_annotations())
    items = check_collection(document)
    for item in items:
        check_annotation(item)
    every = list(ids(document))
    assert len(every) == len(set(every))
    return items


# --- answers -------------------------------------------------------------------------------------

TEXT = "\U0001f409 Before. It rained on May 3. After."
SHA256 = hashlib.sha256(TEXT.encode()).hexdigest()
RAIN = "It rained on May 3."


def cited(number: int = 1, quote: str = RAIN, **parts: object) -> Citation:
    start = TEXT.find(quote) % 100
    return Citation.model_validate(
        {
            "number": number,
            "source_id": "text",
            "source_title": None,
            "source_uri": None,
            "source_sha256": SHA256,
            "paragraph": 1,
            "start": start,
            "end": start + len(quote),
            "quote": quote,
            "prefix": "Before. ",
            "suffix": " After.",
            "match": "exact",
            **parts,
        }
    )


def make(**parts: object) -> Answer:
    return Answer.model_validate(
        {
            "id": "1",
            "question": "Did it rain?",
            "standalone_question": "Did it rain?",
            "engine": "extractive",
            "library": LibraryStamp(fingerprint="f", sources=1, paragraphs=9),
            "claims": (Claim(text=RAIN, citations=(1,)),),
            "citations": (cited(),),
            **parts,
        }
    )


def test_a_statement_is_attached_to_the_words_that_support_it() -> None:
    (item,) = checked(make())
    assert item["motivation"] == ["describing"]
    assert [body["value"] for body in item["body"]] == [RAIN]
    quote, position = item["target"]["selector"]
    assert (quote["exact"], quote["prefix"], quote["suffix"]) == (RAIN, "Before. ", " After.")
    assert TEXT[position["start"] : position["end"]] == RAIN, "counted in code points"


def test_there_is_one_annotation_for_each_statement_and_citation() -> None:
    claims = (Claim(text="A.", citations=(1, 2)), Claim(text="B.", citations=(2, 2, 9)))
    items = checked(make(claims=claims, citations=(cited(1), cited(2, "May 3"))))
    assert [
        (item["body"][0]["value"], item["target"]["selector"][0]["exact"]) for item in items
    ] == [("A.", RAIN), ("A.", "May 3"), ("B.", "May 3")]


def test_both_sides_of_a_disagreement_are_attached_too_and_say_what_it_is_about() -> None:
    sides = (Side(text="May 3.", citations=(1,)), Side(text="May 4.", citations=(2,)))
    dispute = Disagreement(kind="date", about="rain", sides=sides)
    items = checked(make(citations=(cited(1), cited(2, "May 3")), disagreements=(dispute,)))
    assert [[body["value"] for body in item["body"]] for item in items] == [
        [RAIN],
        ["May 3.", "The sources disagree on a date"],
        ["May 4.", "The sources disagree on a date"],
    ]
    assert items[1]["motivation"] == ["describing", "commenting"]


def test_the_same_statement_as_claim_and_as_side_has_two_ids() -> None:
    sides = (Side(text=RAIN, citations=(1,)),) * 2
    same = Disagreement(kind="date", about="rain", sides=sides)
    assert len(checked(make(disagreements=(same, same)))) == 5


def test_a_text_without_an_address_goes_by_the_name_of_its_content() -> None:
    (item,) = checked(make())
    algorithm, _, digest = item["target"]["source"].removeprefix("ni:///").partition(";")
    assert algorithm == "sha-256"
    assert base64.urlsafe_b64decode(f"{digest}=").hex() == SHA256
    assert "state" not in item["target"]


@pytest.mark.parametrize("uri", ["https://a.example/b?c#d", "file:///texts/a.txt", "urn:x:y"])
def test_a_text_with_an_address_has_its_content_as_state(uri: str) -> None:
    plain = checked(make())[0]["target"]["source"]
    (item,) = checked(make(citations=(cited(source_uri=uri),)))
    assert item["target"]["source"] == uri
    assert item["target"]["state"] == {"type": "TimeState", "cached": plain}


@pytest.mark.parametrize(
    "uri", ["", "texts/a.txt", "https://a b", "a:\u202eb", "x:<y>", "x:%y", "3:a"]
)
def test_what_is_no_iri_is_not_taken_for_one(uri: str) -> None:
    (item,) = checked(make(citations=(cited(source_uri=uri),)))
    assert item["target"]["source"].startswith("ni:///")


def test_an_abstention_is_an_empty_collection() -> None:
    answer = make(claims=(), citations=())
    assert checked(answer) == annotations_of(answer) == []
    assert collection(answer)["label"] == "Did it rain?"


def test_the_same_answer_gives_the_same_document_and_another_one_other_ids() -> None:
    first, again = collection(make()), collection(make())
    assert first == again
    other = collection(make(citations=(cited(start=30, end=49),)))
    assert set(ids(first)).isdisjoint(ids(other))


def test_a_real_answer_follows_the_rules(sample: Assistant) -> None:
    answer = sample.ask("Which centre does Max Bergman work for?")
    assert answer.status == "disputed"
    for item in checked(answer):
        quote, position = item["target"]["selector"]
        (text,) = {
            sample.library.indexed(c.source_id).source.text
            for c in answer.citations
            if c.quote == quote["exact"]
        }
        assert text[position["start"] : position["end"]] == quote["exact"]


@given(st.text(), st.text())
def test_any_text_stays_text(text: str, uri: str) -> None:
    citation = cited(quote=text, prefix=text, suffix=text, source_uri=uri, start=0, end=len(text))
    answer = make(id=text, question=text, claims=(Claim(text=text, citations=(1,)),))
    (item,) = checked(answer.model_copy(update={"citations": (citation,)}))
    assert item["body"][0]["value"] == item["target"]["selector"][0]["exact"] == text
