"""Examples to train the reader on: a question, a paragraph, and where in it the answer stands.

Besides the sets' own questions without an answer there are those that are made of answerable ones:
another name or number in place of the question's, a word turned into its opposite or exchanged for
one of another question on the same text, and the question over a paragraph that shares its words.
They are wrong now and then; the reader learns from the rest.
"""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Span = tuple[int, int]

SWAPPED_FROM_PARAGRAPH = 0.6
"""How often another name or number is taken from the paragraph itself, not from the article."""
OPPOSITE = 0.6
"""How often a word that has an opposite is turned, where there is one."""
TWISTED = 0.4
"""Questions with a word turned or exchanged, for each one with a name or number swapped."""

_NAME_OR_NUMBER = re.compile(
    r"(?<!^)(?<![.?!] )\b(?:[A-Z][\w'’.-]*(?:\s+(?:of\s+|the\s+)?[A-Z][\w'’.-]*)*|\d[\d,.]*)"
)
_NO_NAMES = set("I The A An In On What Who When Where Why How Which".split())
_WORD = re.compile(r"[A-Za-z][A-Za-z'’-]*")
_COMMON = set(
    """
    what which who whom whose when where why how many much long does did is are was were been
    being have has had the a an of in on at to for from by with and or as that this these those
    it its they their he his she her name type kind would could can will into about according
    after before during between other than there some used called term year people
    """.split()
)
_OPPOSITES = """
first/last before/after most/least more/less more/fewer north/south east/west northern/southern
eastern/western largest/smallest highest/lowest longest/shortest oldest/youngest best/worst
won/lost win/lose increase/decrease increased/decreased begin/end began/ended start/stop
started/stopped early/late earliest/latest born/buried mother/father brother/sister son/daughter
husband/wife always/never above/below inside/outside minimum/maximum male/female men/women
public/private major/minor old/new older/younger higher/lower larger/smaller can/cannot is/isn't
was/wasn't were/weren't did/didn't does/doesn't with/without import/export buy/sell
allowed/forbidden support/oppose supported/opposed founded/dissolved opened/closed rise/fall
upper/lower positive/negative strong/weak modern/ancient common/rare before/during cause/prevent
caused/prevented succeeded/failed
"""


def _turned() -> dict[str, list[str]]:
    pairs = [pair.split("/") for pair in _OPPOSITES.split()]
    turned: dict[str, list[str]] = defaultdict(list)
    for one, other in pairs:
        turned[one].append(other)
        turned[other].append(one)
    return dict(turned)


_TURNED = _turned()


@dataclass(frozen=True)
class Example:
    """Where a paragraph answers a question; nowhere, if there are no spans."""

    question: str
    paragraph: str
    answers: tuple[Span, ...]
    article: str


def unseen(articles: Iterable[str]) -> set[str]:
    """The articles of SQuAD 2.0 that the reader is never trained on: every other one."""
    return set(sorted(set(articles))[::2])


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def paragraphs_of(folder: Path) -> dict[str, list[str]]:
    """The paragraphs of each article."""
    return {row["doc_id"]: row["text"].split("\n\n") for row in read_lines(folder / "corpus.jsonl")}


def examples(folder: Path, dice: random.Random, changed: float) -> list[Example]:
    """The set's questions with their paragraphs; a share `changed` once more, made unanswerable."""
    articles = paragraphs_of(folder)
    questions = list(read_lines(folder / "questions.jsonl"))
    told = {
        article: [match.group().rstrip(".,") for text in texts for match in _facts(text)]
        for article, texts in articles.items()
    }
    asked: dict[str, list[str]] = defaultdict(list)
    for each in questions:
        for gold in each["gold"][:1]:
            asked[gold["doc_id"]] += [m.group() for m in _content(each["question"])]
    made: list[Example] = []
    for each in questions:
        question = each["question"]
        if each["type"] == "unanswerable":
            for near in each["meta"]["near"][:1]:
                text = articles[near["doc_id"]][near["paragraph"]]
                made.append(Example(question, text, (), near["doc_id"]))
            continue
        for (article, number), quotes in _by_paragraph(each["gold"]).items():
            text = articles[article][number]
            places = [(text.find(q), text.find(q) + len(q)) for q in quotes if q in text]
            if not places:
                continue
            made.append(Example(question, text, tuple(places), article))
            changes = []
            if dice.random() < changed * TWISTED:
                changes.append(_twisted(question, asked[article], dice))
            if dice.random() < changed:
                changes.append(_swapped(question, text, told[article], dice))
            made += [Example(change, text, (), article) for change in changes if change]
    return made


def near_misses(folder: Path, dice: random.Random, share: float) -> list[Example]:
    """A share of the questions, each over a paragraph that has its words but not its answer."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = [text for paragraphs in paragraphs_of(folder).values() for text in paragraphs]
    weigh = TfidfVectorizer(sublinear_tf=True, stop_words="english")
    rows = weigh.fit_transform(texts)
    picked = [
        each
        for each in read_lines(folder / "questions.jsonl")
        if each["gold"] and dice.random() < share
    ]
    scores = weigh.transform([each["question"] for each in picked]) @ rows.T
    made = []
    for row, each in enumerate(picked):
        answers = [answer.lower() for answer in each["answers"]]
        best = np.argsort(-scores[row].toarray()[0])[:5]
        others = [texts[i] for i in best if not any(a in texts[i].lower() for a in answers)]
        if others:
            made.append(Example(each["question"], dice.choice(others[:2]), (), ""))
    return made


def _by_paragraph(gold: Sequence[Mapping[str, Any]]) -> dict[tuple[str, int], list[str]]:
    found: dict[tuple[str, int], list[str]] = defaultdict(list)
    for each in gold:
        if each["quote"] not in found[each["doc_id"], each["paragraph"]]:
            found[each["doc_id"], each["paragraph"]].append(each["quote"])
    return found


def _facts(text: str) -> list[re.Match[str]]:
    """Names and numbers, but for a name that begins the text."""
    found = _NAME_OR_NUMBER.finditer(text)
    return [match for match in found if match.group().rstrip(".") not in _NO_NAMES]


def _swapped(
    question: str, paragraph: str, article: Sequence[str], dice: random.Random
) -> str | None:
    """The question with another name or number in place of one of its own."""
    facts = _facts(question)
    if not facts:
        return None
    old = dice.choice(facts)
    number = old.group()[0].isdigit()
    near = [m.group().rstrip(".,") for m in _facts(paragraph) if m.group()[0].isdigit() == number]
    far = [fact for fact in article if fact and fact[0].isdigit() == number]
    pool = near if near and dice.random() < SWAPPED_FROM_PARAGRAPH else far
    new = [fact for fact in pool if fact.lower() not in question.lower()]
    return _replaced(question, old, dice.choice(new)) if new else None


def _twisted(question: str, others: Sequence[str], dice: random.Random) -> str | None:
    """The question with a word turned into its opposite, or exchanged for one of `others`."""
    turns = [m for m in _WORD.finditer(question) if m.start() and m.group() in _TURNED]
    if turns and dice.random() < OPPOSITE:
        old = dice.choice(turns)
        return _replaced(question, old, dice.choice(_TURNED[old.group()]))
    content = _content(question)
    new = [word for word in others if word.lower() not in question.lower()]
    return _replaced(question, dice.choice(content), dice.choice(new)) if content and new else None


def _content(question: str) -> list[re.Match[str]]:
    return [
        match
        for match in _WORD.finditer(question)
        if match.group() not in _COMMON and len(match.group()) > 3 and match.group()[0].islower()
    ]


def _replaced(text: str, old: re.Match[str], new: str) -> str:
    return text[: old.start()] + new + text[old.end() :]
