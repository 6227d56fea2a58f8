"""How likely a part of a claim is supported: small calibrated models over readable features.

The coefficients, and what they were fitted on, are in `grades.json`, which
`benchmarks/fit_support.py` writes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, Literal

from assistant.support.evidence import Laid

Grade = Literal["supported", "partly"]


def features(laid: Laid, chosen: Sequence[int]) -> dict[str, float]:
    """What the grade of a part rests on, with the sentences chosen for the whole claim."""
    lacking = laid.lacking(chosen)
    absent = sum(point.weight for point in lacking)
    return {
        "covered": float(1 - absent / laid.weights.sum()),
        "by_one_sentence": float(laid.shares[list(chosen)].max(initial=0.0)),
        "values_missing": float(sum(point.is_value for point in lacking)),
        "names_missing": float(sum(point.is_name for point in lacking)),
    }


def probability(grade: Grade, values: Mapping[str, float]) -> float:
    """Of the part being supported, or being so at least in part."""
    model = _models()[grade]
    score = model["intercept"] + sum(
        weight * values[name] for name, weight in model["coefficients"].items()
    )
    return float(1 / (1 + math.exp(-score)))


def threshold(grade: Grade) -> float:
    """The probability from which a part has this grade."""
    return float(_models()[grade]["threshold"])


@cache
def _models() -> Mapping[str, Any]:
    text = resources.files(__package__).joinpath("grades.json").read_text("utf-8")
    models: Mapping[str, Any] = json.loads(text)
    return models
