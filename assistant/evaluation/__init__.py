"""Measures answers on questions whose right answers are known: `pincite eval`, `evaluate`.

`sets` reads the questions and `corpus` keeps a library of their texts; `running` asks them and
`scoring` turns each answer into a row; `figures` are computed from rows alone, with intervals from
`bootstrap`, so that stored rows can be summed up and compared (`comparing`) like fresh ones.
"""

from assistant.evaluation.changes import RunComparison
from assistant.evaluation.comparing import compare
from assistant.evaluation.measuring import evaluate
from assistant.evaluation.result import Evaluation, read_evaluation

__all__ = ["Evaluation", "RunComparison", "compare", "evaluate", "read_evaluation"]
