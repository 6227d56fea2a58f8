"""Puts an answer together: numbers the citations in order of appearance and says what is open."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence

from assistant.disagreement import Conflict
from assistant.engines import Making
from assistant.evidence import PROSE, Evidence
from assistant.types import (
    Answer,
    Citation,
    Claim,
    ClaimEvent,
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


class Assembly:
    """The answer in the making: takes verified claims one by one and numbers their citations.

    What it has handed out doesn't change: later claims and sides only add to it.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._numbering = _Numbering()
        self._claims: dict[str, Claim] = {}
        self._withheld: dict[tuple[str, str], Withheld] = {}
        self.verified: list[VerifiedClaim] = []
        """The claims as they were taken."""

    def states(self, text: str) -> bool:
        """Whether a claim with this text was taken already."""
        return text in self._claims

    def take(self, outcome: VerifiedClaim | Withheld) -> ClaimEvent | None:
        """Add a claim, or note what was withheld; None for that, and for a claim made before."""
        if isinstance(outcome, Withheld):
            self._withheld.setdefault((outcome.text, outcome.reason), outcome)
            return None
        if outcome.text in self._claims:
            return None
        numbers = self._numbering.numbers(outcome.citations)
        claim = Claim(text=outcome.text, citations=numbers)
        self._claims[claim.text] = claim
        self.verified.append(outcome)
        cited = tuple(c for c in self._numbering.citations() if c.number in numbers)
        return ClaimEvent(claim=claim, citations=cited)

    def answer(
        self,
        *,
        question: str,
        standalone_question: str,
        scope: frozenset[str] | None,
        conflicts: Sequence[Conflict],
        left_open: Sequence[Evidence],
        left_open_by_model: Sequence[str] = (),
        made: Making,
        timings: Timings,
    ) -> Answer:
        """The finished answer; with no claims it abstains and shows what is nearest."""
        disagreements = tuple(map(self._disagreement, conflicts))
        open_parts = [evidence.question.text for evidence in left_open]
        if self._claims:
            open_parts += left_open_by_model
        return Answer(
            id=_answer_id(self._library, standalone_question, scope, made),
            question=question,
            standalone_question=standalone_question,
            engine=made.engine,
            model=made.model,
            claims=tuple(self._claims.values()),
            citations=self._numbering.citations(),
            disagreements=disagreements,
            withheld=tuple(self._withheld.values()),
            nearest=_nearest(left_open),
            unanswered=tuple(dict.fromkeys(open_parts)),
            usage=made.usage,
            timings_ms=timings,
            library=stamp(self._library),
            prompt_version=made.prompt_version,
        )

    def _disagreement(self, conflict: Conflict) -> Disagreement:
        return Disagreement(
            kind=conflict.kind,
            about=conflict.about,
            sides=tuple(
                Side(text=side.text, citations=self._numbering.numbers(side.citations))
                for side in conflict.sides
            ),
        )


def stamp(library: Library) -> LibraryStamp:
    """Which library was asked, in which state."""
    return LibraryStamp(
        fingerprint=library.fingerprint,
        sources=library.source_count,
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


def _answer_id(library: Library, question: str, scope: frozenset[str] | None, made: Making) -> str:
    identity = {
        "question": question,
        "scope": sorted(scope) if scope is not None else None,
        "engine": [made.engine, made.model, made.prompt_version],
        "library": [library.fingerprint, library.content_digest],
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]
