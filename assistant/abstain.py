"""Can the evidence answer at all? A small calibrated model over honest features.

Similarity alone doesn't tell an answerable question from a near miss, so the decision also weighs
whether the question's words and names occur in what was found and whether the kind of answer that
is asked for is there. The coefficients, and what they were fitted on, are in `abstention.json`,
which `benchmarks/fit_abstention.py` writes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from assistant.about_source import stating
from assistant.differences import same_name
from assistant.evidence import Candidate, Evidence, coverage
from assistant.facts import names, romanised
from assistant.language import same_language
from index.words import words


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the sources can answer, with the model's probability that they do."""

    answerable: bool
    probability: float


def judge(evidence: Evidence) -> Verdict:
    """Decide on all the evidence for one question; no candidates at all is a clear no."""
    if evidence.question.about_source:
        # Bylines and counters share few words with the question: what counts is that one is there.
        stated = bool(stating(evidence))
        return Verdict(stated, float(stated))
    pool = evidence.prose()
    if not pool:
        return Verdict(False, 0.0)
    model = _models()["same_language" if _comparable(evidence, pool[0]) else "other_language"]
    values = features(evidence, pool)
    score = model["intercept"] + sum(
        weight * values[name] for name, weight in model["coefficients"].items()
    )
    probability = 1 / (1 + math.exp(-score))
    return Verdict(probability >= model["threshold"], probability)


def features(evidence: Evidence, pool: Sequence[Candidate]) -> dict[str, float]:
    """What the decision rests on, for the best-first candidates `pool` (at least one)."""
    best, rarity = pool[0], evidence.rarity
    paragraph = _paragraph(evidence, best)
    retrieved = " ".join({_paragraph(evidence, candidate) for candidate in pool})
    in_paragraph, in_sentence = set(words(paragraph)), set(words(best.sentence.text))
    return {
        "cosine": max(candidate.cosine for candidate in pool),
        "passage_cosine": max(candidate.passage for candidate in pool),
        "coverage_of_paragraph": coverage(rarity, paragraph),
        "coverage_of_sentence": best.coverage,
        "absent": 1 - coverage(rarity, retrieved) if rarity else 0.0,
        "rarest_absent_from_paragraph": _rarest_absent(rarity, in_paragraph),
        "rarest_absent_from_sentence": _rarest_absent(rarity, in_sentence),
        "kind_missing": float(not any(candidate.has_kind for candidate in pool[:3])),
        "names_absent": float(_names_absent(evidence, retrieved)),
        "numbers_absent": float(_numbers_absent(evidence, in_paragraph)),
    }


def _comparable(evidence: Evidence, best: Candidate) -> bool:
    return same_language(evidence.question.text, _paragraph(evidence, best))


def _paragraph(evidence: Evidence, candidate: Candidate) -> str:
    indexed = evidence.sources[candidate.sentence.source_id]
    paragraph = indexed.paragraph(candidate.sentence.paragraph)
    return indexed.source.text[paragraph.start : paragraph.end]


def _rarest_absent(rarity: Mapping[str, float], present: set[str]) -> float:
    """Inverse document frequency of the rarest word that is absent, as a share of 8 (1 in 3000)."""
    return max((weight for word, weight in rarity.items() if word not in present), default=0.0) / 8


def _names_absent(evidence: Evidence, text: str) -> int:
    """How many names of the question are not in `text`, in no spelling."""
    present = set(romanised(text).split())
    stated = [name.text for name in names(text)]
    return sum(
        not set(romanised(name).split()) <= present
        and not any(same_name(name, other) for other in stated)
        for name in evidence.question.names
    )


def _numbers_absent(evidence: Evidence, present: set[str]) -> int:
    return sum(
        any(c.isdigit() for c in word) and word not in present for word in evidence.question.content
    )


@cache
def _models() -> Mapping[str, Any]:
    text = resources.files(__package__).joinpath("abstention.json").read_text("utf-8")
    models: Mapping[str, Any] = json.loads(text)
    return models
