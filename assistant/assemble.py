"""Puts an answer together: numbers the citations in order of appearance and says what is open."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence

from assistant.disagreement import Conflict
from assistant.evidence import PROSE, Evidence
from assistant.types import (
    Answer,
    Citation,
    Claim,
    Disagreement,
    LibraryStamp,
    Nearest,
    Side,
    Timings,
    Withheld,
)
from assistant.verify import VerifiedClaim
from index import Library

NEAREST = 3


class _Numbering:
    """Gives each quoted span one number, however often it is cited."""

    def __init__(self) -> None:
        self._numbered: dict[tuple[str, int, int], Citation] = {}

    def numbers(self, citations: Iterable[Citation]) -> tuple[int, ...]:
        found = []
        for citation in citations:
            key = (citation.source_id, citation.start, citation.end)
            if key not in self._numbered:
                number = len(self._numbered) + 1
                self._numbered[key] = citation.model_copy(update={"number": number})
            found.append(self._numbered[key].number)
        return tuple(dict.fromkeys(found))

    def citations(self) -> tuple[Citation, ...]:
        return tuple(self._numbered.values())


def assemble(
    *,
    library: Library,
    question: str,
    standalone_question: str,
    scope: frozenset[str] | None,
    engine: str,
    claims: Sequence[VerifiedClaim],
    conflicts: Sequence[Conflict],
    withheld: Sequence[Withheld],
    left_open: Sequence[Evidence],
    timings: Timings,
) -> Answer:
    """The answer from its verified parts; with no claims it abstains and shows what is nearest."""
    numbering = _Numbering()
    numbered = tuple(
        Claim(text=claim.text, citations=numbering.numbers(claim.citations)) for claim in claims
    )
    disagreements = tuple(
        Disagreement(
            kind=conflict.kind,
            about=conflict.about,
            sides=tuple(
                Side(text=side.text, citations=numbering.numbers(side.citations))
                for side in conflict.sides
            ),
        )
        for conflict in conflicts
    )
    return Answer(
        id=_answer_id(library, standalone_question, scope, engine),
        question=question,
        standalone_question=standalone_question,
        engine=engine,
        claims=numbered,
        citations=numbering.citations(),
        disagreements=disagreements,
        withheld=tuple(withheld),
        nearest=_nearest(left_open),
        unanswered=tuple(evidence.question.text for evidence in left_open),
        timings_ms=timings,
        library=stamp(library),
    )


def stamp(library: Library) -> LibraryStamp:
    """Which library was asked, in which state."""
    return LibraryStamp(
        fingerprint=library.fingerprint,
        sources=len(library.content()),
        paragraphs=library.paragraph_count,
    )


def _nearest(left_open: Sequence[Evidence]) -> tuple[Nearest, ...]:
    """The passages nearest to what stays open, each paragraph once, best first."""
    best: dict[tuple[str, int], Nearest] = {}
    for evidence in left_open:
        for hit in evidence.hits:
            passage = hit.passage
            indexed = evidence.sources[passage.source_id]
            if indexed.paragraph(passage.paragraph).kind not in PROSE:
                continue
            near = Nearest(
                source_id=passage.source_id,
                paragraph=passage.paragraph,
                text=indexed.source.text[passage.start : passage.end],
                score=round(hit.dense, 4),
            )
            best.setdefault((passage.source_id, passage.paragraph), near)
    ranked = sorted(best.values(), key=lambda n: (-n.score, n.source_id, n.paragraph))
    return tuple(ranked[:NEAREST])


def _answer_id(library: Library, question: str, scope: frozenset[str] | None, engine: str) -> str:
    identity = {
        "question": question,
        "scope": sorted(scope) if scope is not None else None,
        "engine": engine,
        "library": [library.fingerprint, library.content()],
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]
