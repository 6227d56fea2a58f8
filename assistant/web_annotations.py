"""An answer as W3C Web Annotations: each statement, attached to the words that support it.

The form is that of the Web Annotation Data Model (W3C Recommendation of 23 February 2017) in
JSON-LD. Its positions count characters as ours do: Unicode code points from 0, the end not
included. A text is named by its hash (RFC 6920) wherever its content is meant, and by its address
where it has one. Nothing is dated, so that the same answer gives the same document.
"""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from assistant.render import disagree_on, one_line

if TYPE_CHECKING:
    from assistant.types import Answer, Citation, Claim, Side

CONTEXT = "http://www.w3.org/ns/anno.jsonld"
GENERATOR = {"type": "Software", "name": "Pincite"}

_NAMES = uuid.UUID("6a2f6a58-1e0b-5a5e-9d3c-0f6f8f1d7c11")
"""The name space of the ids; any constant would do."""
_ABSOLUTE_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?:[^ <>\"{}|\\^`%]|%[0-9A-Fa-f]{2})+")


def collection(answer: Answer) -> dict[str, Any]:
    """The answer's annotations as an AnnotationCollection named after its question.

    The collection's only page is embedded; an answer without citations has none.
    """
    items = annotations_of(answer)
    about: dict[str, Any] = {
        "@context": CONTEXT,
        "id": _id("collection", answer.id, items),
        "type": "AnnotationCollection",
        "label": one_line(answer.question),
        "generator": GENERATOR,
        "total": len(items),
    }
    if items:
        page = {"id": _id("page", about["id"]), "type": "AnnotationPage", "startIndex": 0}
        about |= {"first": {**page, "items": items}, "last": page["id"]}
    return about


def annotations_of(answer: Answer) -> list[dict[str, Any]]:
    """One Annotation for each claim and citation, and for each side of a disagreement and citation.

    They are items of a page and have no "@context" of their own. A number that no citation has is
    passed over.
    """
    return list(_annotations(answer))


def _annotations(answer: Answer) -> Iterator[dict[str, Any]]:
    cited = {citation.number: citation for citation in answer.citations}
    for position, claim in enumerate(answer.claims):
        key: tuple[object, ...] = ("claim", answer.id, position)
        yield from _of_statement(claim, cited, [_body(claim.text, "describing")], key)
    for about, disagreement in enumerate(answer.disagreements):
        comment = _body(disagree_on(disagreement), "commenting")
        for position, side in enumerate(disagreement.sides):
            key = ("side", answer.id, about, position)
            bodies = [_body(side.text, "describing"), comment]
            yield from _of_statement(side, cited, bodies, key)


def _of_statement(
    statement: Claim | Side,
    cited: dict[int, Citation],
    bodies: list[dict[str, str]],
    key: tuple[object, ...],
) -> Iterator[dict[str, Any]]:
    for citation in filter(None, map(cited.get, dict.fromkeys(statement.citations))):
        target = _target(citation)
        yield {
            "id": _id(*key, bodies, target),
            "type": "Annotation",
            "motivation": [body["purpose"] for body in bodies],
            "generator": GENERATOR,
            "body": bodies,
            "target": target,
        }


def _body(text: str, purpose: str) -> dict[str, str]:
    return {"type": "TextualBody", "value": text, "format": "text/plain", "purpose": purpose}


def _target(citation: Citation) -> dict[str, Any]:
    """The quoted words in their text."""
    content = _content_name(citation.source_sha256)
    address = citation.source_uri or ""
    target: dict[str, Any] = {"type": "SpecificResource", "source": content}
    if _ABSOLUTE_IRI.fullmatch(address) and address.isprintable():
        target["source"] = address
        # What is at the address may change; the positions are those in the text as it was read.
        target["state"] = {"type": "TimeState", "cached": content}
    target["selector"] = [
        {
            "type": "TextQuoteSelector",
            "exact": citation.quote,
            "prefix": citation.prefix,
            "suffix": citation.suffix,
        },
        {"type": "TextPositionSelector", "start": citation.start, "end": citation.end},
    ]
    return target


def _content_name(sha256: str) -> str:
    """The name of a text by its SHA-256: `ni:///sha-256;…` (RFC 6920)."""
    try:
        digest = bytes.fromhex(sha256)
    except ValueError:  # a stored answer may say anything
        digest = sha256.encode(errors="replace")
    return f"ni:///sha-256;{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def _id(*parts: object) -> str:
    """An IRI that is the same for the same parts and no others."""
    return uuid.uuid5(_NAMES, json.dumps(parts)).urn
