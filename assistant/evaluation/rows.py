"""What became of each question, as a plain value: figures are computed from rows alone."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from assistant.evaluation.asked import Support
from assistant.types import Value

Outcome = Literal[
    "right",
    "partly_right",
    "wrong_place",
    "refused",
    "false_alarm",
    "left_open",
    "answered_anyway",
    "both_told",
    "not_reported",
    "one_sided",
    "verdict_right",
    "verdict_wrong",
    "failed",
]

OUTCOMES: dict[Outcome, str] = {
    "right": "answered from the right place",
    "partly_right": "answered in part",
    "wrong_place": "answered from the wrong place",
    "refused": "refused although the sources answer",
    "false_alarm": "said to be disputed although the sources agree",
    "left_open": "rightly left unanswered",
    "answered_anyway": "answered although the sources don't",
    "both_told": "both sides cited and the disagreement told",
    "not_reported": "both sides cited, the disagreement not told",
    "one_sided": "not both sides cited",
    "verdict_right": "verdict right",
    "verdict_wrong": "verdict wrong",
    "failed": "failed",
}
"""Each outcome in words."""
GOOD: frozenset[Outcome] = frozenset({"right", "left_open", "both_told", "verdict_right"})


class Cited(Value):
    """A citation of an answer."""

    source_id: str
    paragraph: int
    quote: str
    gold: bool
    """Whether the paragraph is one of the right ones."""
    exact: bool
    """Whether the quote is the source's own text at its offsets, within the paragraph."""


class Row(Value):
    """One question, what came of it, and how that compares with what is known of its answer.

    None stands for what doesn't apply: a question without an answer can't be cited rightly.
    """

    id: str
    type: str
    question: str
    groups: dict[str, str] = Field(default_factory=dict)
    """The fields of its `meta` that figures are asked for by."""
    accepted: tuple[str, ...] = ()
    gold: tuple[str, ...] = ()
    """Where its answer stands, such as "whats-at-stake ¶8"."""
    outcome: Outcome
    worth: float
    """How good the outcome is, from 0 to 1; two runs are compared by it."""
    status: str
    """The answer's status, "failed", or the verdict on a claim."""
    text: str = ""
    failure: str | None = None
    cited: tuple[Cited, ...] = ()
    milliseconds: float | None = None

    answerable: bool | None = None
    """Whether its sources answer it; None for a claim."""
    answered: bool = False
    probability: float | None = None
    """That its sources answer it, as the assistant judges before it answers."""
    wrong: bool | None = None
    """Whether the answer is wrong; where none was given, whether it would have been."""

    ranks: tuple[tuple[int | None, ...], ...] | None = None
    """See `Gold.ranks`."""

    facts: float | None = None
    """Share of what the answer needs that is cited."""
    statements: float | None = None
    """Share of the statements that cite a right paragraph."""
    precision: float | None = None
    """Share of the cited paragraphs that are right ones."""
    contained: bool | None = None
    """Whether an accepted string is in the text or in a quote."""
    f1: float | None = None
    """SQuAD's F1 of the text, or of the quote that fits best."""
    emphasis_f1: float | None = None
    """The same of the words that are emphasised first."""

    sides_cited: bool | None = None
    """For a conflict: whether each side is cited."""
    reported: bool | None = None
    """For a conflict: whether a disagreement is told."""
    false_alarm: bool | None = None
    """Whether a disagreement is told although the sources agree."""

    support: Support | None = None
    """For a claim: how far its texts support it; `status` is the verdict."""
    support_score: float | None = None
    evidence: float | None = None
    """Share of the supporting sentences that are cited."""
