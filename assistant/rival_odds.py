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

from rapidfuzz import fuzz

from assistant.exclusion import AnswerWords
from assistant.questions import Question
from index.words import content_words, words

SURE = 0.7
"""Probability from which a disagreement is told."""
FURTHER = 0.35
"""Probability from which another answer is told too, once a disagreement is."""
AROUND = 80
"""Characters on each side of an answer that are compared with those around another."""
LEAST_AROUND = 15
"""Characters that must stand around both answers for this to tell anything."""


@dataclass(frozen=True, slots=True, eq=False)
class Telling:
    """Words that answer, and how much speaks for it that they do."""

    words: AnswerWords
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
    return {
        "margin": margin,
        "behind": max(each.margin for each in told) - margin,
        "sources": math.log(len(told)),
        "covered": min(side[0].covered for side in sides),
        "frame": max(_frame(a, b, asked) for a in first for b in second),
        "told_too": float(_tell(first, second[0].words) or _tell(second, first[0].words)),
        "number_missing": float(any(_number_missing(side, asked) for side in sides)),
    }


def _frame(first: Telling, second: Telling, asked: frozenset[str]) -> float:
    """How far two sentences are one but for what they answer, by what stands around the answers.

    0 to 1; 0 where half of the characters differ (by the normalised indel similarity), or a word of
    the question: what colour the sea is doesn't contradict what colour the sky is.
    """
    around = []
    if not asked.isdisjoint(set(words(first.words.sentence)) ^ set(words(second.words.sentence))):
        return 0.0
    for telling in (first, second):
        sentence, (start, end) = telling.words.sentence, telling.words.span
        around.append(f"{sentence[max(0, start - AROUND) : start]} {sentence[end : end + AROUND]}")
    if min(map(len, around)) < LEAST_AROUND:
        return 0.0
    return max(0.0, fuzz.ratio(*around) / 50 - 1)


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
