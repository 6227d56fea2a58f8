"""Fits the model that decides whether the sources answer, and writes assistant/abstention.json.

    python benchmarks/fit_abstention.py DATA WORK

DATA holds the sets xquad_en, squad2_dev_half and xquad_cross (see corpora.py); WORK keeps the
libraries built from them. Three kinds of questions without an answer are learnt from: those that
the sets' authors wrote to be near misses, and, for each language model, answerable ones asked over
another article. Prints cross-validated figures (folds by article, so that no article is in both
halves) before it fits on everything.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from corpora import Asked, library_of, questions
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from assistant.abstain import features
from assistant.evidence import gather
from assistant.questions import read_question
from index import Library

SAME_LANGUAGE = (
    "cosine", "passage_cosine", "runner_up_cosine", "rarest_word_absent",
    "names_absent", "numbers_absent", "kind_missing", "negation_missing",
)  # fmt: skip
OTHER_LANGUAGE = ("cosine", "passage_cosine")
MAX_REFUSED = {"same_language": 0.08, "other_language": 0.05}
"""Share of the answerable questions of the deciding set that may be refused."""
FAR_WEIGHT = 0.1
EVERY = 2
"""Of squad2_dev_half, every how many-th question is used."""
TARGET = Path(__file__).parent.parent / "assistant" / "abstention.json"


@dataclass(frozen=True)
class Row:
    values: dict[str, float]
    answerable: bool
    article: str
    set_name: str


def rows(
    library: Library, asked: Iterable[Asked], titles: dict[str, str], set_name: str
) -> list[Row]:
    found = []
    for each in asked:
        question = read_question(each.text)
        vector = library.embed_question(each.text)
        pool = (evidence := gather(library, question, vector, each.scope)).prose()
        if pool:
            home = min(each.gold)[0] if each.gold else min(each.scope or {""})
            found.append(Row(features(evidence, pool), each.answerable, titles[home], set_name))
    return found


def elsewhere(asked: Iterable[Asked], documents: Sequence[str]) -> Iterable[Asked]:
    """Answerable questions asked over an article that doesn't answer them."""
    dice = random.Random(0)
    for each in asked:
        if each.answerable:
            own = min(each.gold)[0]
            other = dice.choice([document for document in documents if document != own])
            yield replace(each, answerable=False, scope=frozenset([other]))


def within_article(asked: Iterable[Asked]) -> Iterable[Asked]:
    for each in asked:
        yield replace(each, scope=each.scope or frozenset(document for document, _ in each.gold))


def weights(data: Sequence[Row]) -> np.ndarray[Any, Any]:
    """Each set weighs the same, and in each its two halves; far questions weigh FAR_WEIGHT."""
    given = np.zeros(len(data))
    for name in {row.set_name for row in data}:
        for answerable in (True, False):
            picked = [r.set_name == name and r.answerable == answerable for r in data]
            share = FAR_WEIGHT if name == "far" else 0.5
            given[picked] = share / max(1, sum(picked))
    return given / given.mean()


def matrix(data: Sequence[Row], names: Sequence[str]) -> np.ndarray[Any, Any]:
    return np.array([[row.values[name] for name in names] for row in data])


def model() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.5, max_iter=1000))


def fit(fitted: Any, x: Any, y: Any, weight: Any) -> Any:
    return fitted.fit(x, y, logisticregression__sample_weight=weight)


def cross_validated(data: Sequence[Row], names: Sequence[str]) -> np.ndarray[Any, Any]:
    x, y, weight = matrix(data, names), np.array([r.answerable for r in data]), weights(data)
    probability = np.zeros(len(data))
    for train, test in GroupKFold(8).split(x, y, [row.article for row in data]):
        fitted = fit(model(), x[train], y[train], weight[train])
        probability[test] = fitted.predict_proba(x[test])[:, 1]
    return probability


def fit_and_report(data: Sequence[Row], names: Sequence[str], kind: str, decider: str) -> Any:
    y = np.array([row.answerable for row in data])
    held_out = cross_validated(data, names)
    sets = np.array([row.set_name for row in data])
    deciding = held_out[(sets == decider) & y]
    threshold = float(np.quantile(deciding, MAX_REFUSED[kind]))
    for name in sorted(set(sets)):
        yes, no = held_out[(sets == name) & y], held_out[(sets == name) & ~y]
        line = f"{kind} {name}: {len(yes)} answerable"
        if len(yes):
            line += f", {np.mean(yes < threshold):.3f} refused"
        if len(no):
            line += f"; {len(no)} not, {np.mean(no < threshold):.3f} abstained"
        if len(yes) and len(no):
            line += f"; AUC {roc_auc_score(y[sets == name], held_out[sets == name]):.3f}"
        print(line)
    fitted = fit(model(), matrix(data, names), y, weights(data))
    scale, regression = fitted[0], fitted[-1]
    raw = regression.coef_[0] / scale.scale_
    return {
        "coefficients": {n: round(float(c), 4) for n, c in zip(names, raw, strict=True)},
        "intercept": round(float(regression.intercept_[0] - raw @ scale.mean_), 4),
        "threshold": round(threshold, 4),
    }


def titles_of(folder: Path) -> dict[str, str]:
    with (folder / "corpus.jsonl").open(encoding="utf-8") as lines:
        found = (json.loads(line) for line in lines)
        return {row["doc_id"]: row["title"].replace("_", " ") for row in found}


def main(data: Path, work: Path) -> None:
    xquad, squad = data / "xquad_en", data / "squad2_dev_half"
    xquad_library, squad_library = library_of(xquad, work), library_of(squad, work)
    xquad_titles, squad_titles = titles_of(xquad), titles_of(squad)
    asked = list(questions(xquad))
    near = list(within_article(list(questions(squad))[::EVERY]))
    far = elsewhere(near[::2], sorted(squad_library.content()))
    english = rows(xquad_library, asked, xquad_titles, "xquad_en")
    english += rows(squad_library, near, squad_titles, "squad2_dev_half")
    english += rows(squad_library, far, squad_titles, "far")
    foreign = list(questions(data / "xquad_cross"))
    documents = sorted(xquad_library.content())
    other = rows(xquad_library, foreign, xquad_titles, "xquad_cross")
    other += rows(xquad_library, elsewhere(foreign, documents), xquad_titles, "far")
    result = {
        "about": "Logistic regressions on the features of assistant/abstain.py; "
        "written by benchmarks/fit_abstention.py.",
        "fitted_on": "xquad_en, squad2_dev_half, xquad_cross",
        "date": date.today().isoformat(),
        "same_language": fit_and_report(english, SAME_LANGUAGE, "same_language", "xquad_en"),
        "other_language": fit_and_report(other, OTHER_LANGUAGE, "other_language", "xquad_cross"),
    }
    TARGET.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python benchmarks/fit_abstention.py DATA WORK")
    main(Path(sys.argv[1]), Path(sys.argv[2]))
