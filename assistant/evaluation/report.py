"""An evaluation as one HTML document: figures, pictures, and every question to filter.

It fetches nothing, and its script can do nothing but filter. Every text in it, question, answer or
quote, is escaped by the templates.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from assistant.evaluation import told
from assistant.evaluation.charts import HEIGHT, WIDTH, Curve, curve
from assistant.evaluation.kinds import KINDS
from assistant.evaluation.result import SUPPORTS, Evaluation
from assistant.evaluation.rows import GOOD, OUTCOMES, Outcome, Row
from assistant.hypertext import asset, digest, markup, templates

SHOWN_CHARACTERS = 2_000
"""Of a text in a row."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An outcome with those rows that have it."""

    name: Outcome
    words: str
    count: int
    good: bool


def evaluation_document(evaluation: Evaluation) -> str:
    """The document."""
    style = asset("report.css") + asset("evaluation.css") + _filters()
    script = asset("report.js")
    policy = (
        f"default-src 'none'; style-src '{digest(style)}'; script-src '{digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        templates()
        .get_template("evaluation.html")
        .render(
            run=evaluation,
            against=evaluation.against,
            told=told,
            kinds=KINDS,
            supports=SUPPORTS,
            outcomes=_outcomes(evaluation),
            good=GOOD,
            words=OUTCOMES,
            curve=_curve(evaluation),
            width=WIDTH,
            height=HEIGHT,
            numbers=_numbers,
            shortened=_shortened,
            policy=policy,
            style=markup(style),
            script=markup(script),
        )
    )


def _filters() -> str:
    """The rules by which a chosen outcome hides the rows of all others."""
    return "\n".join(
        f"body:has(#only-{name}:checked) .row:not([data-status={name!r}]) {{ display: none; }}"
        for name in OUTCOMES
    )


def _outcomes(evaluation: Evaluation) -> list[Shown]:
    counts = Counter(row.outcome for row in evaluation.rows)
    shown = [
        Shown(name, words, counts[name], name in GOOD)
        for name, words in OUTCOMES.items()
        if counts[name]
    ]
    return sorted(shown, key=lambda each: (each.good, -each.count))


def _curve(evaluation: Evaluation) -> Curve | None:
    if not evaluation.curve:
        return None
    coverage, risk = (evaluation.all.figure(name) for name in ("coverage", "risk"))
    return curve(evaluation.curve, (coverage.value, risk.value) if coverage and risk else None)


def _numbers(row: Row) -> list[tuple[str, str]]:
    """What was measured of a row, each with its name."""
    shares = (
        ("probability that the sources answer", row.probability),
        ("facts cited", row.facts),
        ("citation recall", row.statements),
        ("citation precision", row.precision),
        ("F1", row.f1),
        ("support", row.support_score),
        ("supporting sentences cited", row.evidence),
    )
    found = [(name, f"{value:.3f}") for name, value in shares if value is not None]
    if row.ranks is not None:
        best = "; ".join(
            ", ".join("not found" if rank is None else str(rank) for rank in facts)
            for facts in row.ranks
        )
        found.append(("retrieved at rank", best))
    if row.milliseconds is not None:
        found.append(("time", f"{row.milliseconds:,.0f} ms"))
    return found


def _shortened(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"
