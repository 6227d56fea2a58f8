"""Two runs over the same questions: which questions came out otherwise, and what that makes.

Differences of figures are paired: both runs' figures are computed of the same samples of those
questions that both have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assistant.evaluation.bootstrap import differences, values
from assistant.evaluation.changes import Changed, FigureChange, RunComparison
from assistant.evaluation.kinds import estimators_of
from assistant.evaluation.result import Evaluation
from assistant.evaluation.rows import OUTCOMES, Row
from index import SettingsError


def compare(new: Evaluation, old: Evaluation) -> RunComparison:
    """What changed from `old` to `new`.

    Raises:
        SettingsError: they have no question in common.
    """
    before = {row.id: row for row in old.rows}
    pairs = [
        (before[row.id], row)
        for row in new.rows
        if row.id in before and before[row.id].question == row.question
    ]
    if not pairs:
        raise SettingsError("The two runs have no question in common: name a run of the same set.")
    changed = [_changed(first, second) for first, second in pairs if first.worth != second.worth]
    return RunComparison(
        questions=len(pairs),
        only_old=len(old.rows) - len(pairs),
        only_new=len(new.rows) - len(pairs),
        settings=tuple(_settings(new, old)),
        figures=tuple(_figures([pair[1] for pair in pairs], [pair[0] for pair in pairs])),
        better=tuple(each for each in changed if each.gain > 0),
        worse=tuple(each for each in changed if each.gain < 0),
        otherwise=sum(_differs(first, second) for first, second in pairs),
    )


def _settings(new: Evaluation, old: Evaluation) -> Iterator[str]:
    parts = [{**each.settings, **each.versions, **_stamps(each)} for each in (old, new)]
    for name in dict.fromkeys([*parts[0], *parts[1]]):
        before, now = (part.get(name) for part in parts)
        if before != now:
            yield f"{name}: {before}, now {now}"


def _stamps(run: Evaluation) -> dict[str, str]:
    return {"questions": run.set.sha256[:16], "library": run.library.fingerprint}


def _figures(new: Sequence[Row], old: Sequence[Row]) -> Iterator[FigureChange]:
    """The figures that both runs have."""
    after, before = estimators_of(new), estimators_of(old)
    names = [name for name in after if name in before]
    now, then = [after[name] for name in names], [before[name] for name in names]
    found = zip(
        names,
        values(then, len(new)),
        values(now, len(new)),
        differences(now, then, len(new)),
        strict=True,
    )
    for name, first, second, difference in found:
        if difference is not None:
            yield FigureChange(
                name=name,
                old=first,
                new=second,
                difference=difference.value,
                low=difference.low,
                high=difference.high,
            )


def _changed(old: Row, new: Row) -> Changed:
    return Changed(
        id=new.id,
        type=new.type,
        question=new.question,
        old=OUTCOMES[old.outcome],
        new=OUTCOMES[new.outcome],
        gain=new.worth - old.worth,
    )


def _differs(old: Row, new: Row) -> bool:
    said = ("status", "text", "cited", "outcome")
    same = all(getattr(old, name) == getattr(new, name) for name in said)
    return old.worth == new.worth and not same
