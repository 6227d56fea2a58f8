"""The kinds of figures: what each is called, and how it is computed from rows.

docs/evaluation.md defines them and names the papers that they are from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from assistant.evaluation.estimators import Auc, Estimator, FScore, Quantile, Ratio, RiskCoverage
from assistant.evaluation.rows import Row

Section = Literal[
    "retrieval", "citations", "answers", "abstention", "disagreement", "claims", "time"
]

SECTIONS: dict[Section, str] = {
    "retrieval": "Retrieval",
    "citations": "Citations",
    "answers": "Answers",
    "abstention": "Abstention",
    "disagreement": "Disagreement",
    "claims": "Claims",
    "time": "Time",
}

CUTOFFS = (1, 3, 5, 10)

Number = Callable[[Row], float | None]
"""A number that a row has, or None."""
Estimate = Callable[[Sequence[Row]], Estimator | None]
"""How a figure is computed; None for rows that it says nothing of."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a figure is."""

    name: str
    """As it is stored."""
    title: str
    """As it is shown."""
    section: Section
    estimate: Estimate
    better: Literal["higher", "lower"] | None = "higher"
    """Which is better; None where neither is."""
    unit: Literal["share", "milliseconds"] = "share"


def _mean(number: Number) -> Estimate:
    """The mean of a number over those rows that have it."""
    return _ratio(number, lambda row: None if number(row) is None else 1.0)


def _ratio(over: Number, under: Number) -> Estimate:
    """The sum of one number over the sum of another; None counts as nothing."""

    def estimate(rows: Sequence[Row]) -> Estimator | None:
        above, below = (np.array([of(row) or 0.0 for row in rows]) for of in (over, under))
        return Ratio(above, below) if below.any() else None

    return estimate


def _product(first: Number, second: Number) -> Number:
    return lambda row: (first(row) or 0.0) * (second(row) or 0.0)


def _if_mixed(estimate: Estimate) -> Estimate:
    """For what says nothing where all questions are answerable, or none."""

    def mixed(rows: Sequence[Row]) -> Estimator | None:
        return estimate(rows) if {row.answerable for row in rows} >= {True, False} else None

    return mixed


# --- retrieval and citations ---------------------------------------------------------------------


def _recall_at(most: int) -> Number:
    def recall(row: Row) -> float | None:
        if row.ranks is None:
            return None
        return max(
            sum(rank is not None and rank <= most for rank in facts) / len(facts)
            for facts in row.ranks
        )

    return recall


def _reciprocal_rank(row: Row) -> float | None:
    if row.ranks is None:
        return None
    return max((1 / rank for facts in row.ranks for rank in facts if rank), default=0.0)


def _citations(row: Row) -> float:
    return float(len(row.cited))


def _exact_citations(row: Row) -> float:
    return float(sum(each.exact for each in row.cited))


# --- abstention ----------------------------------------------------------------------------------


def _answered(row: Row) -> float | None:
    return None if row.answerable is None else float(row.answered)


def _answered_answerable(row: Row) -> float | None:
    return float(row.answered) if row.answerable else None


def _refused(row: Row) -> float | None:
    """1 for a question that was left unanswered; one that failed wasn't."""
    return None if row.answerable is None else float(row.status == "abstained")


def _unanswerable(row: Row) -> float | None:
    return None if row.answerable is None else float(not row.answerable)


def _wrong_answer(row: Row) -> float | None:
    return float(bool(row.wrong)) if row.answered else None


def _auc(rows: Sequence[Row]) -> Estimator | None:
    scores = [None if row.answerable is None else row.probability for row in rows]
    if all(score is None for score in scores):
        return None
    return Auc(scores, [bool(row.answerable) for row in rows])


def risk_coverage(rows: Sequence[Row]) -> RiskCoverage | None:
    """The risk-coverage curve of these rows; None where none has a probability."""
    scores = [None if row.wrong is None else row.probability for row in rows]
    if all(score is None for score in scores):
        return None
    return RiskCoverage(scores, [bool(row.wrong) for row in rows])


# --- disagreement --------------------------------------------------------------------------------


def _cited_and_reported(row: Row) -> float | None:
    return None if row.sides_cited is None else float(row.sides_cited and bool(row.reported))


# --- claims --------------------------------------------------------------------------------------


def _said_supported(row: Row) -> float | None:
    return None if row.support is None else float(row.status == "supported")


def _supported(row: Row) -> float | None:
    return None if row.support is None else float(row.support == "supported")


def _verdict_right(row: Row) -> float | None:
    return None if row.support is None else float(row.status == row.support)


def _claim_f1(rows: Sequence[Row]) -> Estimator | None:
    counts = np.array([float(row.support is not None) for row in rows])
    if not counts.any():
        return None
    said, true = (
        np.array([of(row) or 0.0 for row in rows]) for of in (_said_supported, _supported)
    )
    return FScore(said, true, counts)


def _claim_auc(rows: Sequence[Row]) -> Estimator | None:
    scores = [row.support_score for row in rows]
    if all(score is None for score in scores):
        return None
    return Auc(scores, [row.support == "supported" for row in rows])


# --- time ----------------------------------------------------------------------------------------


def _time(share: float) -> Estimate:
    def estimate(rows: Sequence[Row]) -> Estimator | None:
        times = [row.milliseconds for row in rows]
        return None if all(each is None for each in times) else Quantile(times, share)

    return estimate


# --- all of them ---------------------------------------------------------------------------------

_RETRIEVAL = (
    *(Kind(f"recall_at_{k}", f"recall@{k}", "retrieval", _mean(_recall_at(k))) for k in CUTOFFS),
    Kind("mrr", "MRR", "retrieval", _mean(_reciprocal_rank)),
)
_CITATIONS = (
    Kind("exact", "quotes exact", "citations", _ratio(_exact_citations, _citations)),
    Kind("facts", "facts cited", "citations", _mean(lambda row: row.facts)),
    Kind("citation_recall", "citation recall", "citations", _mean(lambda row: row.statements)),
    Kind("citation_precision", "citation precision", "citations", _mean(lambda row: row.precision)),
)
_ANSWERS = (
    Kind("contained", "answer contained", "answers", _mean(lambda row: row.contained)),
    Kind("f1", "F1 of text or quote", "answers", _mean(lambda row: row.f1)),
    Kind("emphasis_f1", "F1 of the emphasis", "answers", _mean(lambda row: row.emphasis_f1)),
)
_REFUSED_RIGHTLY = _product(_refused, _unanswerable)
_ABSTENTION = (
    Kind("coverage", "coverage", "abstention", _mean(_answered), better=None),
    Kind("answerable_answered", "answerable answered", "abstention", _mean(_answered_answerable)),
    Kind(
        "refusal_precision",
        "refusal precision",
        "abstention",
        _if_mixed(_ratio(_REFUSED_RIGHTLY, _refused)),
    ),
    Kind("refusal_recall", "refusal recall", "abstention", _ratio(_REFUSED_RIGHTLY, _unanswerable)),
    Kind("auc", "AUC, answerable or not", "abstention", _if_mixed(_auc)),
    Kind("risk", "risk of an answer", "abstention", _mean(_wrong_answer), better="lower"),
    Kind("aurc", "AURC", "abstention", risk_coverage, better="lower"),
)
_DISAGREEMENT = (
    Kind("sides_cited", "both sides cited", "disagreement", _mean(lambda row: row.sides_cited)),
    Kind("reported", "disagreement told", "disagreement", _mean(lambda row: row.reported)),
    Kind("cited_and_reported", "cited and told", "disagreement", _mean(_cited_and_reported)),
    Kind(
        "false_alarms",
        "false alarms",
        "disagreement",
        _mean(lambda row: row.false_alarm),
        better="lower",
    ),
)
_CLAIMS = (
    Kind(
        "claim_precision",
        "supported: precision",
        "claims",
        _ratio(_product(_said_supported, _supported), _said_supported),
    ),
    Kind(
        "claim_recall",
        "supported: recall",
        "claims",
        _ratio(_product(_said_supported, _supported), _supported),
    ),
    Kind("claim_f1", "supported: F1", "claims", _claim_f1),
    Kind("claim_auc", "supported: AUC", "claims", _claim_auc),
    Kind("verdicts", "verdict right, of three", "claims", _mean(_verdict_right)),
    Kind("evidence", "supporting sentences cited", "claims", _mean(lambda row: row.evidence)),
)
_TIME = (
    Kind("median", "median", "time", _time(0.5), better="lower", unit="milliseconds"),
    Kind("p95", "95th percentile", "time", _time(0.95), better="lower", unit="milliseconds"),
)

KINDS: dict[str, Kind] = {
    kind.name: kind
    for section in (
        _RETRIEVAL,
        _CITATIONS,
        _ANSWERS,
        _ABSTENTION,
        _DISAGREEMENT,
        _CLAIMS,
        _TIME,
    )
    for kind in section
}
"""All of them by name, in the order in which they are shown."""


def estimators_of(rows: Sequence[Row]) -> dict[str, Estimator]:
    """The estimators of those figures that apply to these rows, by the figure's name."""
    found = ((name, kind.estimate(rows)) for name, kind in KINDS.items())
    return {name: estimator for name, estimator in found if estimator is not None}
