"""The figures that can be had of every system, and the table of them.

As docs/evaluation.md defines them, but for what is said here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.evaluation.asked import Asked
from assistant.evaluation.bootstrap import Interval, intervals
from assistant.evaluation.estimators import Estimator, Quantile, Ratio
from assistant.evaluation.gold import tells
from assistant.evaluation.wording import contains, is_bare
from benchmarks.peers_replies import Reply, cited, marks, spots, standing, without_marks

ALL = "all sets"


@dataclass(frozen=True)
class Pair:
    """A question and a system's reply to it."""

    asked: Asked
    reply: Reply

    @property
    def refused(self) -> bool:
        return standing(self.reply) == "refused"


Number = Callable[[Pair], float | None]
"""A number that a reply has; None where it doesn't apply."""
Estimate = Callable[[Sequence[Pair]], Estimator | None]


@dataclass(frozen=True)
class Figure:
    title: str
    estimate: Estimate
    form: str = "share"

    def of(self, pairs: Sequence[Pair]) -> Interval | None:
        """None where it doesn't apply to any of them."""
        estimator = self.estimate(pairs)
        return intervals([estimator], len(pairs))[0] if estimator else None


def _share(over: Number, under: Number | None = None) -> Estimate:
    """The sum of one number over that of another, or the mean over those that have it."""

    def estimate(pairs: Sequence[Pair]) -> Estimator | None:
        above = [over(pair) for pair in pairs]
        below = [under(pair) for pair in pairs] if under else [a is not None for a in above]
        return Ratio(np.array([a or 0.0 for a in above]), np.array([b or 0.0 for b in below]))

    return estimate


def _median(number: Number) -> Estimate:
    def estimate(pairs: Sequence[Pair]) -> Estimator | None:
        numbers = [number(pair) for pair in pairs]
        return None if all(each is None for each in numbers) else Quantile(numbers, 0.5)

    return estimate


# --- numbers of a reply --------------------------------------------------------------------------


def _facts(pair: Pair) -> float | None:
    if not (pair.asked.answerable and pair.asked.gold):
        return None
    return 0.0 if pair.refused else pair.asked.gold.share(spots(pair.reply))


def _precision(pair: Pair) -> float | None:
    found = spots(pair.reply)
    if pair.refused or not found or not (pair.asked.answerable and pair.asked.gold):
        return None
    return sum(map(pair.asked.gold.has, found)) / len(found)


def _sides(pair: Pair) -> float | None:
    if not pair.asked.sides:
        return None
    found = spots(pair.reply)
    return float(not pair.refused and all(tells(side, found) for side in pair.asked.sides))


def _contained(pair: Pair) -> float | None:
    answers = pair.asked.answers
    if not pair.asked.answerable or not answers or is_bare(answers):
        return None
    return float(not pair.refused and contains(without_marks(pair.reply.text), answers))


def _stands(name: str, answerable: bool) -> Number:
    def is_so(pair: Pair) -> float | None:
        if pair.asked.answerable != answerable:
            return None
        return float(standing(pair.reply) == name)

    return is_so


def _uncited(pair: Pair) -> float | None:
    return None if pair.refused else float(not cited(pair.reply))


def _marks(pair: Pair) -> float:
    return len(marks(pair.reply.text))


def _citations(pair: Pair) -> float:
    return 0.0 if pair.refused else len(cited(pair.reply))


def _verbatim(pair: Pair) -> float:
    return 0.0 if pair.refused else sum(each.verbatim for each in cited(pair.reply))


def _placed(pair: Pair) -> float:
    return 0.0 if pair.refused else sum(each.placed for each in cited(pair.reply))


def _characters(pair: Pair) -> float | None:
    found = cited(pair.reply)
    return None if pair.refused or not found else sum(each.characters for each in found)


def _words(pair: Pair) -> float | None:
    return None if pair.refused else len(without_marks(pair.reply.text).split())


FIGURES = (
    Figure("facts cited (recall of gold paragraphs)", _share(_facts)),
    Figure("cited paragraphs that are gold (precision)", _share(_precision)),
    Figure("conflicts with both sides cited", _share(_sides)),
    Figure("citations that say where their words stand, rightly", _share(_placed, _citations)),
    Figure("citations whose words stand in the source", _share(_verbatim, _citations)),
    Figure(
        "marks that lead nowhere",
        _share(lambda pair: _marks(pair) - len(cited(pair.reply)), _marks),
    ),
    Figure("answers without a citation", _share(_uncited)),
    Figure("characters cited in an answer, median", _median(_characters), "count"),
    Figure("an accepted string is in the answer's words", _share(_contained)),
    Figure("words in an answer, median", _median(_words), "count"),
    Figure("unanswerable: refused", _share(_stands("refused", False))),
    Figure("unanswerable: unsure", _share(_stands("unsure", False))),
    Figure("answerable: refused", _share(_stands("refused", True))),
    Figure("answerable: unsure", _share(_stands("unsure", True))),
    Figure("seconds, median", _median(lambda pair: pair.reply.seconds), "seconds"),
    Figure("tokens read, mean", _share(lambda pair: pair.reply.prompt_tokens), "count"),
    Figure("tokens written, mean", _share(lambda pair: pair.reply.completion_tokens), "count"),
)


# --- the table -----------------------------------------------------------------------------------


def table(sets: Mapping[str, Mapping[str, Sequence[Pair]]]) -> str:
    """The figures as a table in Markdown; those of all sets have intervals (95 %, bootstrap).

    `sets` are, by the set's name, the replies of each system to the same questions.
    """
    systems = list(next(iter(sets.values())))
    lines = [_line(["", "", *systems]), _line(["---"] * (2 + len(systems)))]
    for name, replies in sets.items():
        lines += _rows(name, replies, systems, _value)
    if len(sets) > 1:
        every = {each: [p for replies in sets.values() for p in replies[each]] for each in systems}
        lines += _rows(ALL, every, systems, _with_interval)
    return "\n".join(lines)


def _rows(
    name: str,
    replies: Mapping[str, Sequence[Pair]],
    systems: Sequence[str],
    show: Callable[[Interval | None, str], str],
) -> Iterator[str]:
    count = len(replies[systems[0]])
    label = f"{name}, {count} question{'s' * (count != 1)}"
    for figure in FIGURES:
        row = [figure.of(replies[system]) for system in systems]
        if any(row):
            yield _line([label, figure.title, *(show(each, figure.form) for each in row)])
            label = ""


def _value(interval: Interval | None, form: str) -> str:
    return "–" if interval is None else _number(interval.value, form)


def _with_interval(interval: Interval | None, form: str) -> str:
    if interval is None or interval.low is None or interval.high is None:
        return _value(interval, form)
    low, high = (_number(each, form) for each in (interval.low, interval.high))
    return f"{_number(interval.value, form)} ({low} to {high})"


def _number(value: float, form: str) -> str:
    if form == "count":
        return f"{value:,.0f}"
    if form == "seconds":
        return f"{value:.2f}" if value < 1 else f"{value:.1f}"
    return f"{value:.2f}".removeprefix("0")


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
