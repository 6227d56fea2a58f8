"""Fits the models that grade how far texts support a claim; writes assistant/support/grades.json.

    python benchmarks/fit_support.py DATA

DATA holds the set wice_dev (see corpora.py). A claim counts as supported where all its parts are,
so the model is fitted on the weakest part of each: a part is picked, the model fitted, and with it
the weakest picked again (multiple-instance learning; Andrews, Tsochantaridis and Hofmann 2003).
Likewise the model for "at least partly" on the strongest. Prints cross-validated figures (folds by
text) before it fits on everything; the threshold of a fold is chosen on the others.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, f1_score, roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from assistant.evaluation.asked import Asked
from assistant.evaluation.gold import Span, covered
from assistant.evaluation.sets import read_folder
from assistant.support.grading import Examined, examine, pool_of_sources, rarity_in

SET = "wice_dev"
SUPPORTED = ("covered", "by_one_sentence", "values_missing", "names_missing")
PARTLY = ("covered", "by_one_sentence")
FOLDS, ROUNDS = 10, 4
TARGET = Path(__file__).parent.parent / "assistant" / "support" / "grades.json"


@dataclass(frozen=True)
class Row:
    parts: tuple[Examined, ...]
    support: str
    text: str
    evidence: float | None
    """The share of the supporting sentences that were found."""


def rows(folder: Path) -> list[Row]:
    found = read_folder(folder)
    sources = {source.id: source for source in found.corpus or ()}
    rare = rarity_in(pool_of_sources(sources.values()))
    made = []
    for asked in found.questions:
        if asked.is_claim and asked.support and asked.sources:
            pool = pool_of_sources(sources[each] for each in asked.sources)
            parts = examine(asked.question, pool, rare)
            made.append(Row(parts, asked.support, asked.sources[0], _evidence(asked, parts)))
    return made


def _evidence(asked: Asked, parts: Sequence[Examined]) -> float | None:
    cited = {s for part in parts for s in part.evidence}
    spans = [Span(s.source_id, s.start, s.end) for s in cited]
    return covered(asked.evidence, spans) if asked.evidence else None


@dataclass(frozen=True)
class Task:
    """What is fitted: of which part, on which features, and for which verdicts."""

    names: tuple[str, ...]
    pick: Callable[[Any], Any]
    verdicts: tuple[str, ...]
    score: Callable[[Examined, float], float]
    worth: Callable[[Any, Any], float]
    """By which the threshold is chosen."""

    def truth(self, data: Sequence[Row]) -> Any:
        return np.array([row.support in self.verdicts for row in data])

    def features(self, row: Row) -> Any:
        return np.array([[part.features[name] for name in self.names] for part in row.parts])

    def fit(self, data: Sequence[Row]) -> Any:
        picked = [int(self.pick(self.features(row)[:, 0])) for row in data]
        for _ in range(ROUNDS):
            x = np.array([self.features(row)[i] for row, i in zip(data, picked, strict=True)])
            model = make_pipeline(StandardScaler(), LogisticRegression(C=0.3))
            model.fit(x, self.truth(data))
            picked = [int(self.pick(likely)) for likely in self.likely(model, data)]
        return model

    def likely(self, model: Any, data: Sequence[Row]) -> list[Any]:
        """The probability of each part of each row."""
        every = model.predict_proba(np.concatenate([self.features(row) for row in data]))[:, 1]
        ends = np.cumsum([len(row.parts) for row in data])
        return np.split(every, ends[:-1])

    def scores(self, model: Any, data: Sequence[Row]) -> Any:
        found = []
        for row, likely in zip(data, self.likely(model, data), strict=True):
            scores = [self.score(*pair) for pair in zip(row.parts, likely, strict=True)]
            found.append(scores[int(self.pick(scores))])
        return np.array(found)

    def threshold(self, model: Any, data: Sequence[Row]) -> float:
        """The best one; halfway to the next lower score."""
        scores, truth = self.scores(model, data), self.truth(data)
        tried = np.unique(scores[scores > 0])
        best = max(tried, key=lambda t: (round(self.worth(truth, scores >= t), 6), t))
        lower = tried[tried < best]
        return float(best if not len(lower) else (best + lower[-1]) / 2)


def supported(part: Examined, likely: float) -> float:
    """As in grading: what is ruled out is never supported."""
    if part.is_literal:
        return 1.0
    return 0.0 if part.is_ruled_out else likely


def partly(part: Examined, likely: float) -> float:
    if part.is_literal:
        return 1.0
    return 0.0 if part.is_contradicted else likely


TASKS = {
    "supported": Task(SUPPORTED, np.argmin, ("supported",), supported, f1_score),
    "partly": Task(PARTLY, np.argmax, ("supported", "partly"), partly, balanced_accuracy_score),
}


def report(name: str, task: Task, data: Sequence[Row]) -> None:
    """Figures of folds that the model and its threshold weren't fitted on."""
    truth, groups = task.truth(data), [row.text for row in data]
    scores, said = np.zeros(len(data)), np.zeros(len(data), dtype=bool)
    for train, test in GroupKFold(FOLDS).split(scores, truth, groups):
        known, asked = [data[i] for i in train], [data[i] for i in test]
        model = task.fit(known)
        scores[test] = task.scores(model, asked)
        said[test] = scores[test] >= task.threshold(model, known)
    right = (said & truth).sum()
    print(
        f"{name}: {truth.sum()} of {len(data)}; F1 {f1_score(truth, said):.3f}, "
        f"precision {right / said.sum():.3f}, recall {right / truth.sum():.3f}, "
        f"AUC {roc_auc_score(truth, scores):.3f}"
    )


def fitted(task: Task, data: Sequence[Row]) -> dict[str, Any]:
    model = task.fit(data)
    scale, regression = model[0], model[-1]
    raw = regression.coef_[0] / scale.scale_
    return {
        "coefficients": {n: round(float(c), 4) for n, c in zip(task.names, raw, strict=True)},
        "intercept": round(float(regression.intercept_[0] - raw @ scale.mean_), 4),
        "threshold": round(task.threshold(model, data), 4),
    }


def main(data: Path) -> None:
    found = [row for row in rows(data / SET) if row.parts]
    evidence = [row.evidence for row in found if row.evidence is not None]
    print(f"supporting sentences found: {np.mean(evidence):.3f} of {len(evidence)} claims'")
    result: dict[str, Any] = {
        "about": "Logistic regressions on the features of assistant/support/model.py; "
        "written by benchmarks/fit_support.py.",
        "fitted_on": SET,
        "date": date.today().isoformat(),
    }
    for name, task in TASKS.items():
        report(name, task, found)
        result[name] = fitted(task, found)
    TARGET.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python benchmarks/fit_support.py DATA")
    main(Path(sys.argv[1]))
