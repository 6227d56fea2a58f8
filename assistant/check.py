"""What a checked claim is made of: immutable values, `pincite.check/1`.

The verdict is computed from the parts whenever it is read, so it can't contradict them.
"""

from __future__ import annotations

from typing import Any

from pydantic import computed_field

from assistant import render
from assistant.support import Support, verdict_of
from assistant.types import (
    Citation,
    Disagreement,
    LibraryStamp,
    Nearest,
    Timings,
    Value,
    WithheldReason,
)

SCHEMA = "pincite.check/1"


class SaidInstead(Value):
    """Something in a claim in whose place the sources have something else."""

    kind: WithheldReason
    """"unsupported" for a word in the place of another, which may mean the same."""
    claim: str
    """The claim's words."""
    sources: str
    """The sources' words."""
    citations: tuple[int, ...]


class CheckedPart(Value):
    """A clause of the claim, and what the sources say of it."""

    text: str
    verdict: Support
    literal: bool
    """Whether a sentence says it as it stands; if not, a supported part is a matter of degree."""
    score: float
    """How likely it is supported: 1.0 where a sentence says it, 0.0 where one says otherwise."""
    citations: tuple[int, ...]
    """The sentences that bear on it."""
    missing: tuple[str, ...] = ()
    """Its words, numbers, dates and names that none of these sentences has."""
    elsewhere: tuple[str, ...] = ()
    """Its numbers, dates and names that the sentence with most of it lacks, having others."""
    instead: tuple[SaidInstead, ...] = ()
    because: WithheldReason | None = None
    """Why a sentence that has all its words doesn't say it."""
    said_by: tuple[str, ...] = ()
    """Whose words the sentences are, where the part doesn't say so."""


class Check(Value):
    """A claim checked against the sources, with everything needed to check that."""

    claim: str
    parts: tuple[CheckedPart, ...]
    comparable: bool
    """False where the claim isn't in the language of the sources: words can't be compared then."""
    disagreements: tuple[Disagreement, ...] = ()
    """What other sources say against the evidence."""
    citations: tuple[Citation, ...] = ()
    nearest: tuple[Nearest, ...] = ()
    """Where nothing supports the claim, the passages nearest to it."""
    timings_ms: Timings = Timings()
    library: LibraryStamp

    @computed_field  # type: ignore[prop-decorator]
    @property
    def verdict(self) -> Support:
        """Computed: "supported" if all parts are and no source disagrees, "not" if none is."""
        found = verdict_of([part.verdict for part in self.parts])
        return "partly" if found == "supported" and self.disagreements else found

    @computed_field  # type: ignore[prop-decorator]
    @property
    def score(self) -> float:
        """How likely the claim is supported, from 0 to 1: as its weakest part."""
        return min((part.score for part in self.parts), default=0.0)

    def citation(self, number: int) -> Citation:
        """The citation with this number; KeyError when there is none."""
        for citation in self.citations:
            if citation.number == number:
                return citation
        raise KeyError(number)

    def to_dict(self) -> dict[str, Any]:
        """The check as `pincite.check/1`."""
        data = self.model_dump(mode="json")
        first = ("claim", "verdict", "score")
        return {"schema": SCHEMA, **{name: data[name] for name in first}, **data}

    def to_json(self, indent: int | None = None) -> str:
        """`to_dict` as JSON text."""
        return render.as_json(self.to_dict(), indent)

    def __str__(self) -> str:
        from assistant.check_text import plain

        return plain(self)
