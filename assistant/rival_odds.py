"""How probable it is that two answers which exclude one another are what the sources say.

A reader errs: the more sources it reads, the likelier one of them has something else where the
answer is sought. A logistic regression weighs how sure it is against that. The coefficients, and
what they were fitted on, are in `rival_odds.json`, which `benchmarks/fit_rivals.py` writes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from assistant.exclusion import AnswerWords
from assistant.questions import Question
from index.words import content_words, words

SURE = 0.65
"""Probability from which a disagreement is told."""
FURTHER = 0.5
"""Probability from which another answer is told too, once a disagreement is."""
MIN_WORDS = 3
"""Words, besides those that ask and answer, that sentences must have to be compared by them."""
MOST_WITNESSES = 3
NEARLY_SAME = 0.6
"""Share of common words from which two sentences are one but for what they answer."""


@dataclass(frozen=True, slots=True, eq=False)
class Telling:
    """Words that answer, and how much speaks for it that they do."""

    words: AnswerWords
    original: str
    """Id of the source, or of one of its twins: theirs is the same for all of them."""
    paragraph: str
    margin: float
    """The reader's."""
    covered: float
    """Share of the question's content words, by weight, that the sentence has."""


def probability(
    first: Sequence[Telling], second: Sequence[Telling], told: Sequence[Telling], question: Question
) -> float:
    """That the two sides, surest first, both answer the question; `told` is all that was read."""
    model = _model()
    values = features(first, second, told, question)
    score = model["intercept"] + sum(
        weight * values[name] for name, weight in model["coefficients"].items()
    )
    return 1 / (1 + math.exp(-score))


def features(
    first: Sequence[Telling], second: Sequence[Telling], told: Sequence[Telling], question: Question
) -> dict[str, float]:
    """What the decision rests on."""
    asked = frozenset(question.content)
    sides = first, second
    margin = min(side[0].margin for side in sides)
    same = max(_same(a, b, asked) for a in first for b in second)
    return {
        "margin": margin,
        "behind": max(each.margin for each in told) - margin,
        "sources": math.log(len(told)),
        "covered": min(side[0].covered for side in sides),
        "same": same,
        "nearly_same": float(same >= NEARLY_SAME),
        "witnesses": min(MOST_WITNESSES, *(len({t.original for t in side}) for side in sides)),
        "told_too": float(_tell(first, second[0].words) or _tell(second, first[0].words)),
        "number_missing": float(any(_number_missing(side, asked) for side in sides)),
    }


def _same(first: Telling, second: Telling, asked: frozenset[str]) -> float:
    """Share of words that two sentences have in common, apart from those that ask and answer."""
    answers = {*content_words(first.words.text), *content_words(second.words.text)}
    ours, theirs = (
        set(content_words(each.words.sentence)) - answers - asked for each in (first, second)
    )
    shorter = min(len(ours), len(theirs))
    return len(ours & theirs) / shorter if shorter >= MIN_WORDS else 0.0


def _tell(side: Sequence[Telling], answer: AnswerWords) -> bool:
    """Whether a paragraph of the side has all words of the other side's answer too."""
    told = set(content_words(answer.text) or words(answer.text))
    return any(told <= set(words(each.paragraph)) for each in side)


def _number_missing(side: Sequence[Telling], asked: frozenset[str]) -> bool:
    """Whether no paragraph of the side has all numbers of the question, such as the year."""
    numbers = {word for word in asked if any(c.isdigit() for c in word)}
    return not any(numbers <= set(words(each.paragraph)) for each in side)


@cache
def _model() -> Mapping[str, Any]:
    text = resources.files(__package__).joinpath("rival_odds.json").read_text("utf-8")
    model: Mapping[str, Any] = json.loads(text)
    return model
