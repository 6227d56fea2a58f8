"""Fits the model that decides whether rival answers are told, and writes assistant/rival_odds.json.

    python benchmarks/fit_rivals.py DATA WORK

DATA holds the sets rgb_fact, ramdocs and xquad_en (see corpora.py); WORK keeps the libraries built
from them. A pair of answers that exclude one another is a true one where the set says that the
paragraphs stand on two sides of a conflict. Sources that agree are learnt from, too: those of
rgb_fact without the altered ones, and the paragraphs of an article as sources of their own. Of
what was read for a question, parts are learnt from as well, as if there had been fewer sources.

Prints what each threshold brings and costs on questions that the model was not fitted on (two
halves), before it fits on all.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from corpora import library_of
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from assistant.evaluation.asked import Asked
from assistant.evaluation.sets import read_folder
from assistant.evidence import Evidence, gather
from assistant.questions import Question, read_question
from assistant.reading import with_readings
from assistant.rival_answers import Told, answers, grouped, rival_pairs, tellings
from assistant.rival_odds import FURTHER, features
from index import Library

PARTS = (2, 3, 4, 5)
"""How many of the sources are left in the parts that are learnt from as well."""
OF_ARTICLES = 240
"""Questions about the paragraphs of articles."""
THRESHOLDS = (0.4, 0.5, 0.6, 0.7, 0.8)
TARGET = Path(__file__).parent.parent / "assistant" / "rival_odds.json"


@dataclass(frozen=True)
class Read:
    """A question with what was read for it."""

    asked: Asked
    group: str
    question: Question
    told: tuple[Told, ...]


@dataclass(frozen=True)
class Pair:
    """Two answers that exclude one another."""

    read: int
    """Number of the question."""
    values: dict[str, float]
    is_true: bool
    sides: tuple[frozenset[tuple[str, int]], frozenset[tuple[str, int]]]


def reads(data: Path, work: Path) -> Iterator[Read]:
    for name in ("rgb_fact", "ramdocs"):
        library = library_of(data / name, work)
        for asked in read_folder(data / name).questions:
            if asked.answerable:
                yield _read(library, asked)
    library = library_of(data / "xquad_en", work)
    for asked in read_folder(data / "xquad_en").spread(OF_ARTICLES):
        if asked.answerable:
            home = tuple(sorted({source for source, _ in asked.gold.places}))
            yield _read(library, replace(asked, sources=home), apart=True)


def _read(library: Library, asked: Asked, apart: bool = False) -> Read:
    question = read_question(asked.question)
    scope = None if asked.sources is None else frozenset(asked.sources)
    evidence = gather(library, question, library.embed_question(question.text), scope)
    told = answers(_apart(evidence) if apart else with_readings(evidence))
    kind = asked.meta.get("conflict_kind", "conflict" if asked.sides else "agree")
    return Read(asked, f"{asked.id[:3]} {kind}", question, told)


def _apart(evidence: Evidence) -> Evidence:
    """The evidence with each paragraph as a source of its own."""
    named = {
        (
            c.sentence.source_id,
            c.sentence.paragraph,
        ): f"{c.sentence.source_id} {c.sentence.paragraph}"
        for c in evidence.candidates
    }
    candidates = (
        replace(
            c,
            sentence=replace(
                c.sentence, source_id=named[c.sentence.source_id, c.sentence.paragraph]
            ),
        )
        for c in evidence.candidates
    )
    sources = {own: evidence.sources[source] for (source, _), own in named.items()}
    return replace(evidence, candidates=tuple(candidates), sources=sources)


def pairs(number: int, read: Read) -> Iterator[Pair]:
    if not read.told:
        return
    for first, second in rival_pairs(grouped(read.told, read.question)):
        sides = _spots(first), _spots(second)
        on = [{i for i, side in enumerate(read.asked.sides) if side & spots} for spots in sides]
        yield Pair(
            number,
            features(tellings(first), tellings(second), tellings(read.told), read.question),
            bool(on[0] and on[1]) and not on[0] & on[1],
            sides,
        )


def _spots(side: Sequence[Told]) -> frozenset[tuple[str, int]]:
    sentences = (told.candidate.sentence for told in side)
    return frozenset((sentence.source_id, sentence.paragraph) for sentence in sentences)


def parts(read: Read) -> Iterator[Read]:
    """What was read from some of the sources alone."""
    dice = random.Random(read.asked.id)
    for size in PARTS:
        if size < len(read.told):
            yield replace(read, told=tuple(dice.sample(read.told, size)))


def fitted(data: Sequence[Pair]) -> Any:
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=1000))
    return model.fit(matrix(data), [pair.is_true for pair in data])


def matrix(data: Sequence[Pair]) -> np.ndarray[Any, Any]:
    return np.array([list(pair.values.values()) for pair in data])


def learnt_from(data: Sequence[Read]) -> list[Pair]:
    return [
        pair
        for number, read in enumerate(data)
        for each in (read, *parts(read))
        for pair in pairs(number, each)
    ]


def half(read: Read) -> bool:
    """In which half it is; the questions that were made of one are in the same."""
    return bool(crc32(read.asked.question.casefold().encode()) % 2)


def report(data: Sequence[Read]) -> None:
    odds: list[tuple[Pair, float]] = []
    for held_out in (False, True):
        model = fitted(learnt_from([read for read in data if half(read) != held_out]))
        for number, read in enumerate(data):
            if half(read) == held_out and (found := list(pairs(number, read))):
                odds += zip(found, model.predict_proba(matrix(found))[:, 1], strict=True)
    for threshold in THRESHOLDS:
        told, whole = Counter[str](), Counter[str]()
        for number, read in enumerate(data):
            own = [(pair, p) for pair, p in odds if pair.read == number]
            sure = any(p >= threshold for _, p in own)
            cited = {
                spot for pair, p in own if p >= FURTHER for side in pair.sides for spot in side
            }
            told[read.group] += sure
            whole[read.group] += sure and all(side & cited for side in read.asked.sides)
        counts = Counter(read.group for read in data)
        print(f"from {threshold}:")
        for group, count in sorted(counts.items()):
            line = f"    {group}: told {told[group]} of {count} ({told[group] / count:.2f})"
            print(line + f", all sides {whole[group]} ({whole[group] / count:.2f})")


def main(data: Path, work: Path) -> None:
    read = list(reads(data, work))
    report(read)
    learnt = learnt_from(read)
    scale, regression = (step for _, step in fitted(learnt).steps)
    raw = regression.coef_[0] / scale.scale_
    result = {
        "about": "Logistic regression on the features of assistant/rival_odds.py; "
        "written by benchmarks/fit_rivals.py.",
        "fitted_on": "rgb_fact, ramdocs, xquad_en",
        "date": date.today().isoformat(),
        "coefficients": {
            name: round(float(weight), 4)
            for name, weight in zip(learnt[0].values, raw, strict=True)
        },
        "intercept": round(float(regression.intercept_[0] - raw @ scale.mean_), 4),
    }
    TARGET.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python benchmarks/fit_rivals.py DATA WORK")
    main(*map(Path, sys.argv[1:]))
