"""An evaluation in words and numbers, the same on the terminal and in the report."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.evaluation.changes import FigureChange, RunComparison
from assistant.evaluation.figures import Figure, Group
from assistant.evaluation.kinds import KINDS, SECTIONS, Kind
from assistant.evaluation.result import Evaluation

BY_TYPE = (
    "recall_at_5",
    "facts",
    "citation_precision",
    "contained",
    "answerable_answered",
    "refusal_recall",
    "cited_and_reported",
    "false_alarms",
    "claim_f1",
    "verdicts",
    "evidence",
)
"""The figures that are told of each type on the terminal; the report has all."""


def number(value: float, kind: Kind, *, signed: bool = False) -> str:
    """Such as "0.889", "48 ms" or, with its sign, "+0.020"."""
    sign = "+" if signed and value else ""
    if kind.unit == "milliseconds":
        return f"{value:{sign},.0f} ms"
    return f"{value:{sign}.3f}"


def interval(figure: Figure | FigureChange, *, signed: bool = False) -> str:
    """Such as "0.750 to 1.000"; "" where there is none."""
    if figure.low is None or figure.high is None:
        return ""
    kind = KINDS[figure.name]
    low, high = (number(each, kind, signed=signed) for each in (figure.low, figure.high))
    return f"{low.removesuffix(' ms')} to {high}"


def by_section(group: Group) -> Iterator[tuple[str, list[tuple[Kind, Figure]]]]:
    """The figures of each section that has some, under its title."""
    for section, title in SECTIONS.items():
        found = [
            (kind, figure)
            for figure in group.figures
            if (kind := KINDS[figure.name]).section == section
        ]
        if found:
            yield title, found


def compared_kinds(evaluation: Evaluation) -> list[Kind]:
    """The kinds of figures that one of the groups behind the first has."""
    names = {figure.name for group in evaluation.summary[1:] for figure in group.figures}
    return [kind for name, kind in KINDS.items() if name in names]


def asked(evaluation: Evaluation) -> str:
    """Such as "60 of the 1,598 questions of xquad_en, with the engine extractive"."""
    stamp = evaluation.set
    which = (
        f"the {stamp.asked:,} questions"
        if stamp.asked == stamp.questions
        else f"{stamp.asked:,} of the {stamp.questions:,} questions"
    )
    return f"{which[:1].upper()}{which[1:]} of {stamp.name}, answered by {engine(evaluation)}"


def engine(evaluation: Evaluation) -> str:
    """What answered: a model's name, or "extractive"."""
    return str(evaluation.settings.get("model"))


def changed_figures(comparison: RunComparison) -> list[tuple[Kind, FigureChange]]:
    """The figures that aren't the same, each with its kind."""
    return [(KINDS[each.name], each) for each in comparison.figures if each.difference]


def counted(comparison: RunComparison) -> str:
    """Such as "Against the old run, of 35 questions: 3 better, 1 worse, 2 otherwise"."""
    parts = [
        f"{count:,} {word}"
        for count, word in (
            (len(comparison.better), "better"),
            (len(comparison.worse), "worse"),
            (comparison.otherwise, "with another text or other quotes only"),
        )
        if count
    ]
    line = f"Against the old run, of {comparison.questions:,} questions: "
    line += ", ".join(parts) or "none changed"
    left = [
        f"{count:,} only in the {which}"
        for count, which in ((comparison.only_old, "old"), (comparison.only_new, "new"))
        if count
    ]
    return f"{line} ({', '.join(left)})" if left else line
