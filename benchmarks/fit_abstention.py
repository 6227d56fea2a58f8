"""Fits the model that decides whether the sources answer, and writes assistant/abstention.json.

    python benchmarks/fit_abstention.py DATA WORK

DATA holds the sets xquad_en, squad2_dev_half, multihop_rag_facts, rgb_fact, ramdocs and xquad_cross
(see corpora.py); WORK keeps the libraries built from them. Learnt from are questions that the sets'
authors wrote to have no answer, and answerable ones asked over another article. Where the reader is
asked, only articles count that it wasn't trained on, as it will meet no others.

Prints cross-validated figures (folds by article, so that no article is in both halves), what each
strictness costs and gains, and how well the probabilities are calibrated, before it fits on all.
"""

from __future__ import annotations

import json
import math
import random
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from corpora import Asked, library_of, questions
from reader_examples import unseen
from reliability import Bin, diagram
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from assistant.abstain import ModelName, features, model_for
from assistant.reading import retrieve
from index import Library

READ = (
    "cosine", "passage_cosine", "runner_up_cosine", "length", "rarest_word_absent",
    "names_absent", "negation_missing", "margin", "answerable",
)  # fmt: skip
WORDS = (
    "cosine", "passage_cosine", "runner_up_cosine", "length", "rarest_word_absent",
    "names_absent", "numbers_absent", "kind_missing", "negation_missing",
)  # fmt: skip
FEATURES: dict[ModelName, tuple[str, ...]] = {
    "read": READ,
    "competing": (
        "cosine", "length", "names_absent", "negation_missing", "margin", "confirmed", "rivals",
    ),
    "same_language": WORDS,
    "other_language": ("cosine", "passage_cosine"),
}  # fmt: skip
SQUAD = "squad2_dev_half"
MAX_REFUSED: dict[ModelName, float] = {
    "read": 0.03,
    "competing": 0.3,  # one in forty of the deciding set's questions is one of these
    "same_language": 0.04,
    "other_language": 0.05,
}
"""Share of the answerable questions of the deciding set that the default strictness may refuse."""
STRICTNESSES = (0.1, 0.3, 0.5, 0.7, 0.9)
SHARES: dict[ModelName, dict[str, float]] = {
    "read": {
        "far": 0.1,
        "everywhere": 0.1,
        "multihop_rag_facts": 0.05,
        "rgb_fact": 0.1,
        "ramdocs": 0,
    },
    "competing": {"xquad_en": 1.0, "everywhere": 0.3, "ramdocs": 0.2},
    "same_language": {
        "far": 0.1,
        "multihop_rag_facts": 0.05,
        "rgb_fact": 0.1,
        "everywhere": 0,
        "ramdocs": 0,
    },
    "other_language": {"far": 0.1},
}
"""What a set weighs; 0.5 if it isn't named here."""
ROOT = Path(__file__).parent.parent
TARGET = ROOT / "assistant" / "abstention.json"
PICTURE = ROOT / "docs" / "images" / "reliability.svg"


@dataclass(frozen=True)
class Row:
    values: dict[str, float]
    answerable: bool
    article: str
    set_name: str
    model: ModelName


def rows(
    library: Library, asked: Iterable[Asked], articles: Mapping[str, str], set_name: str
) -> list[Row]:
    """What decides about each of the questions; `articles` has what each is about, by its id."""
    found = []
    for each in asked:
        evidence = retrieve(library, each.text, each.scope)
        if pool := evidence.prose():
            values, model = features(evidence, pool), model_for(evidence, pool[0])
            found.append(Row(values, each.answerable, articles[each.id], set_name, model))
    return found


def articles_of(asked: Iterable[Asked], titles: Mapping[str, str]) -> dict[str, str]:
    """The title of the article that each question is about, or its id where it is about none."""
    homes = {each.id: min(each.gold)[0] if each.gold else min(each.scope or {""}) for each in asked}
    return {id: titles.get(home, id) for id, home in homes.items()}


def elsewhere(asked: Iterable[Asked], documents: Sequence[str]) -> Iterable[Asked]:
    """Answerable questions asked over an article that doesn't answer them."""
    dice = random.Random(0)
    for each in asked:
        if each.answerable:
            own = min(each.gold)[0]
            other = dice.choice([document for document in documents if document != own])
            yield replace(each, answerable=False, scope=frozenset([other]))


def everywhere(asked: Iterable[Asked]) -> Iterable[Asked]:
    """Unanswerable questions asked over all articles, as the answerable ones are."""
    return (replace(each, scope=None) for each in asked if not each.answerable)


def within_article(asked: Iterable[Asked]) -> Iterable[Asked]:
    for each in asked:
        yield replace(each, scope=each.scope or frozenset(document for document, _ in each.gold))


def weights(data: Sequence[Row], kind: ModelName) -> np.ndarray[Any, Any]:
    """The sets weigh what SHARES says, and in each its two halves the same."""
    given = np.zeros(len(data))
    for name in {row.set_name for row in data}:
        for answerable in (True, False):
            picked = [r.set_name == name and r.answerable == answerable for r in data]
            given[picked] = SHARES[kind].get(name, 0.5) / max(1, sum(picked))
    return given / given.mean()


def matrix(data: Sequence[Row], kind: ModelName) -> np.ndarray[Any, Any]:
    return np.array([[row.values[name] for name in FEATURES[kind]] for row in data])


def fitted(data: Sequence[Row], kind: ModelName) -> Any:
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.5, max_iter=1000))
    answerable = [row.answerable for row in data]
    weight = weights(data, kind)
    return model.fit(matrix(data, kind), answerable, logisticregression__sample_weight=weight)


def cross_validated(data: Sequence[Row], kind: ModelName) -> np.ndarray[Any, Any]:
    """Log odds of each row's being answerable, by a model that never saw its article."""
    odds = np.zeros(len(data))
    articles = [row.article for row in data]
    for train, test in GroupKFold(8).split(articles, groups=articles):
        model = fitted([data[i] for i in train], kind)
        odds[test] = model.decision_function(matrix([data[i] for i in test], kind))
    return odds


def report(
    kind: ModelName, data: Sequence[Row], odds: np.ndarray[Any, Any], threshold: float
) -> None:
    """Print, set by set, what the default strictness and others cost and gain."""
    sets = np.array([row.set_name for row in data])
    answerable = np.array([row.answerable for row in data])
    for name in sorted(set(sets)):
        yes, no = odds[(sets == name) & answerable], odds[(sets == name) & ~answerable]
        line = f"{kind}, {name}: {len(yes)} answerable, {len(no)} not"
        if len(yes) and len(no):
            line += f"; AUC {roc_auc_score(answerable[sets == name], odds[sets == name]):.3f}"
        print(line)
        for strictness in STRICTNESSES:
            at = threshold + math.log(strictness / (1 - strictness))
            told = [f"strictness {strictness}:"]
            if len(yes):
                told.append(f"{np.mean(yes < at):.3f} of the answerable refused")
            if len(no):
                told.append(f"{np.mean(no < at):.3f} of the others refused")
            print("   ", ", ".join(told))


def calibration(
    kind: ModelName, data: Sequence[Row], odds: np.ndarray[Any, Any], threshold: float
) -> list[Bin]:
    """How often it is so, where a tenth of probability is said.

    The default shifts the odds: as if exp(-threshold) questions had an answer for each that hasn't.
    """
    answerable = np.array([row.answerable for row in data])
    weight = weights(data, kind)
    weight[~answerable] *= math.exp(threshold)
    said = 1 / (1 + np.exp(threshold - odds))
    tenths = np.minimum((said * 10).astype(int), 9)
    return [
        Bin(
            said=float(np.average(said[tenths == tenth], weights=weight[tenths == tenth])),
            true=float(np.average(answerable[tenths == tenth], weights=weight[tenths == tenth])),
            questions=int((tenths == tenth).sum()),
        )
        for tenth in sorted(set(tenths))
    ]


def fit_and_report(data: Sequence[Row], kind: ModelName, decider: str) -> Any:
    """The model as it is written: raw coefficients, and odds that are even at the default.

    Told of and decided by are those rows alone for which the model is asked.
    """
    own = [i for i, row in enumerate(data) if row.model == kind]
    odds, asked = cross_validated(data, kind)[own], [data[i] for i in own]
    deciding = [
        o for o, r in zip(odds, asked, strict=True) if r.set_name == decider and r.answerable
    ]
    threshold = float(np.quantile(deciding, MAX_REFUSED[kind]))
    report(kind, asked, odds, threshold)
    bins = calibration(kind, asked, odds, threshold)
    print("    said, true:", ", ".join(f"{each.said:.2f} {each.true:.2f}" for each in bins))
    if kind == "read":
        PICTURE.write_text(diagram(bins, "Do the sources answer?"), encoding="utf-8")
    scale, regression = (step for _, step in fitted(data, kind).steps)
    raw = regression.coef_[0] / scale.scale_
    intercept = float(regression.intercept_[0] - raw @ scale.mean_) - threshold
    return {
        "coefficients": {n: round(float(c), 4) for n, c in zip(FEATURES[kind], raw, strict=True)},
        "intercept": round(intercept, 4),
    }


def titles_of(folder: Path) -> dict[str, str]:
    with (folder / "corpus.jsonl").open(encoding="utf-8") as lines:
        found = (json.loads(line) for line in lines)
        return {row["doc_id"]: row["title"].replace("_", " ") for row in found}


def english(data: Path, work: Path) -> list[Row]:
    """Of articles that the reader hasn't seen."""
    found: list[Row] = []
    squad_titles = titles_of(data / SQUAD)
    for name in ("xquad_en", SQUAD):
        asked = list(questions(data / name))
        if name == SQUAD:
            asked = list(within_article(asked))
        library, articles = (
            library_of(data / name, work),
            articles_of(asked, titles_of(data / name)),
        )
        found += rows(library, asked, articles, name)
        if name == SQUAD:
            far = elsewhere(asked[::4], sorted(library.content()))
            found += rows(library, far, articles, "far")
        else:
            found += rows(library, everywhere(asked), articles, "everywhere")
    left_out = {squad_titles[article] for article in unseen(squad_titles)}
    seen = {*squad_titles.values()} - left_out
    found = [row for row in found if row.article not in seen]
    for name in ("multihop_rag_facts", "rgb_fact", "ramdocs"):
        # Their texts belong to one question each, or to many: a fold leaves out questions.
        asked = list(questions(data / name))
        found += rows(library_of(data / name, work), asked, articles_of(asked, {}), name)
    return found


def foreign(data: Path, work: Path) -> list[Row]:
    library, titles = library_of(data / "xquad_cross", work), titles_of(data / "xquad_cross")
    asked = list(questions(data / "xquad_cross"))
    far, articles = elsewhere(asked, sorted(library.content())), articles_of(asked, titles)
    return rows(library, asked, articles, "xquad_cross") + rows(library, far, articles, "far")


def as_unread(data: Iterable[Row]) -> list[Row]:
    """As if the reader couldn't be asked."""
    return [replace(row, model="same_language") for row in data]


def main(data: Path, work: Path) -> None:
    told, other = english(data, work), foreign(data, work)
    result = {
        "about": "Logistic regressions on the features of assistant/abstain.py; "
        "written by benchmarks/fit_abstention.py.",
        "fitted_on": "xquad_en, squad2_dev_half, multihop_rag_facts, rgb_fact, ramdocs, "
        "xquad_cross",
        "date": date.today().isoformat(),
        "read": fit_and_report([r for r in told if "margin" in r.values], "read", "xquad_en"),
        "competing": fit_and_report(
            [r for r in told if r.model == "competing"], "competing", "xquad_en"
        ),
        "same_language": fit_and_report(as_unread(told), "same_language", "xquad_en"),
        "other_language": fit_and_report(other, "other_language", "xquad_cross"),
    }
    TARGET.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python benchmarks/fit_abstention.py DATA WORK")
    main(*map(Path, sys.argv[1:]))
