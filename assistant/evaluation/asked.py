"""A question whose right answer is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from assistant.chat import Turn
from assistant.evaluation.gold import NO_GOLD, Fact, Gold, Span

Support = Literal["supported", "partly", "not"]
"""How far the texts support a claim."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a set and what is known of its answer."""

    id: str
    question: str
    type: str
    """Such as "factoid"; "unanswerable", "conflict" and "claim" mean something to us."""
    answers: tuple[str, ...] = ()
    """Strings of which any is an accepted answer."""
    gold: Gold = NO_GOLD
    sides: tuple[Fact, ...] = ()
    """Where each side of a conflict is told."""
    evidence: tuple[tuple[Span, ...], ...] = ()
    """For a claim: alternative lists of the sentences that support it."""
    support: Support | None = None
    """For a claim: how far the texts support it."""
    sources: tuple[str, ...] | None = None
    """Ids of the sources to search; None for all."""
    history: tuple[Turn, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_claim(self) -> bool:
        """Whether it is a statement to be checked, and no question."""
        return self.type == "claim"

    @property
    def answerable(self) -> bool:
        """Whether its sources answer it."""
        return self.type not in ("claim", "unanswerable")
