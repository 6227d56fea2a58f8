"""Whether texts support a statement.

`strict` has the literal checks that every statement of an answer passes; `support_of` grades a
claim of any wording: supported, partly or not, with the evidence.
"""

from assistant.support.grading import Graded, Support, support_of, verdict_of
from assistant.support.strict import (
    contradicted_because,
    furthest,
    is_whole,
    missing_fact,
    unsupported_because,
)

__all__ = [
    "Graded",
    "Support",
    "contradicted_because",
    "furthest",
    "is_whole",
    "missing_fact",
    "support_of",
    "unsupported_because",
    "verdict_of",
]
