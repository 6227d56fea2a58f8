"""Different answers that different sources give to one question, however each words them.

Statements about one thing need not look alike: "X was born in Ulm" and "a native of Munich, X".
So a small reader (`assistant.reader`) marks in the best sentences of each source the words that
answer; where those exclude one another (`assistant.exclusion`), and both are probably no
misreadings (`assistant.rival_odds`), the sources disagree. Only sources whose sentences compete as
answers are read, and only a question that can have one short answer is looked at.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from assistant.differences import of_different_periods
from assistant.evidence import Candidate, Evidence, coverage
from assistant.exclusion import AnswerWords, Form, excluding
from assistant.facts import dates
from assistant.highlight import answer_span
from assistant.names import names
from assistant.questions import AnswerKind, Question
from assistant.reading import Found, around, can_be_read, read_pieces
from assistant.rival_odds import FURTHER, SURE, Telling, probability
from assistant.types import DisagreementKind
from index import Sentence
from index.words import content_words

COMPETES = 0.4
"""How far behind the best sentence's score a source's own may be for the source to be read."""
MOST_READ = 8
"""Sources at most, which bounds the time."""
MIN_MARGIN = -5.0
"""The reader's margin below which it holds that a piece doesn't answer at all."""

ONE_ANSWER = frozenset(
    {"person", "organisation", "date", "duration", "number", "place", "other", "none", "statement"}
)
"""Kinds of questions that can have one short answer."""

ASKED: dict[AnswerKind, Form] = {
    "person": "name",
    "place": "name",
    "organisation": "name",
    "date": "date",
    "number": "number",
    "duration": "number",
}
KINDS: dict[Form, DisagreementKind] = {
    "date": "date",
    "number": "number",
    "name": "name",
    "words": "name",
}


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """A sentence that answers, and the words of it that do."""

    candidate: Candidate
    telling: Telling

    @property
    def words(self) -> AnswerWords:
        """The words that answer."""
        return self.telling.words


Side = tuple[Told, ...]
"""The sentences that give one answer."""


@dataclass(frozen=True, slots=True, eq=False)
class Rivalry:
    """Two or more answers that exclude one another, each with the sentences that give it."""

    kind: DisagreementKind
    sides: tuple[Side, ...]
    """The surest first, and within a side the surest sentence first."""

    @property
    def about(self) -> str:
        """For a reader: the answers, "Ulm or Munich"."""
        return " or ".join(dict.fromkeys(side[0].words.told for side in self.sides))

    def sets_apart(self, first: Sentence, second: Sentence) -> bool:
        """Whether the sentences stand on two of its sides."""
        sides = [
            {number for number, side in enumerate(self.sides) if sentence in _sentences(side)}
            for sentence in (first, second)
        ]
        return all(sides) and not sides[0] & sides[1]


def _sentences(side: Side) -> set[Sentence]:
    return {told.candidate.sentence for told in side}


def rivalry(evidence: Evidence) -> Rivalry | None:
    """The answers of the sources to a question that has but one, where they exclude one another."""
    question, told = evidence.question, answers(evidence)
    found: list[Side] = []
    sure = False
    for pair in rival_pairs(grouped(told, question)):
        odds = probability(tellings(pair[0]), tellings(pair[1]), tellings(told), question)
        sure = sure or odds >= SURE
        if odds >= FURTHER:
            found += [side for side in pair if side not in found]
    if not sure:
        return None
    found.sort(key=lambda side: -side[0].telling.margin)
    return Rivalry(KINDS[found[0][0].words.form], tuple(found))


def rival_pairs(sides: Sequence[Side]) -> Iterator[tuple[Side, Side]]:
    """Any two of the sides, unless they tell of two times: "in May 5 percent", "in June 4"."""
    for first, second in combinations(sides, 2):
        ours, theirs = first[0].words, second[0].words
        if ours.form == "date" or not of_different_periods(ours.sentence, theirs.sentence):
            yield first, second


def tellings(told: Sequence[Told]) -> tuple[Telling, ...]:
    """What was told, apart from where."""
    return tuple(each.telling for each in told)


# --- what each source answers --------------------------------------------------------------------


def answers(evidence: Evidence) -> tuple[Told, ...]:
    """What the reader finds in the sources that compete; nothing where there is nothing to compare.

    That is where the question can have several answers, or where one source alone has any.
    """
    question, competing = evidence.question, _competing(evidence)
    has_one = question.kind in ONE_ANSWER and not question.wants_list and not question.about_source
    if len(competing) < 2 or not has_one or not can_be_read(evidence):
        return ()
    pieces = [
        (each.sentence.source_id, around(each, evidence.sources[each.sentence.source_id]))
        for each in competing
    ]
    return tuple(_told(evidence, read_pieces(evidence, pieces)))


def _competing(evidence: Evidence) -> list[Candidate]:
    """Each source's best sentence, where it comes near the best of all."""
    pool = evidence.prose()
    best: dict[str, Candidate] = {}
    for candidate in pool:
        if candidate.score < pool[0].score - COMPETES or len(best) == MOST_READ:
            break
        best.setdefault(candidate.sentence.source_id, candidate)
    return list(best.values())


def _told(evidence: Evidence, readings: Sequence[Found]) -> Iterator[Told]:
    for found in readings:
        candidate = _sentence_at(evidence, found)
        if candidate is None:
            continue
        sentence = candidate.sentence
        span = found.start - sentence.start, min(found.end, sentence.end) - sentence.start
        words = _as_asked(AnswerWords(sentence.text, span), evidence.question)
        if words.span[0] < _dateline(sentence.text) or not words.text:
            continue
        yield Told(
            candidate,
            Telling(
                words=words,
                paragraph=evidence.paragraph_of(candidate),
                margin=found.margin,
                covered=coverage(evidence.rarity, sentence.text),
            ),
        )


def _as_asked(words: AnswerWords, question: Question) -> AnswerWords:
    """The words, or those of the form that is asked for where the reader marked others.

    That is the one name in the words which the question doesn't have, or else the sentence's date,
    number or place that stands nearest to the question's words.
    """
    form = ASKED.get(question.kind)
    if form is None or words.form == form:
        return words
    asked = set(question.content)
    inside = {
        name.text: AnswerWords(words.sentence, (name.start, name.end))
        for name in names(words.sentence)
        if words.span[0] <= name.start
        and name.end <= words.span[1]
        and not set(content_words(name.text)) <= asked
    }
    if form == "name" and inside:
        return next(iter(inside.values())) if len(inside) == 1 else words
    span = answer_span(question, words.sentence)
    return AnswerWords(words.sentence, span) if span else words


def _sentence_at(evidence: Evidence, found: Found) -> Candidate | None:
    return next(
        (
            candidate
            for candidate in evidence.prose()
            if candidate.sentence.source_id == found.source_id
            and candidate.sentence.start <= found.start < candidate.sentence.end
        ),
        None,
    )


def _dateline(text: str) -> int:
    """Where the text goes on behind a date that only says when it was written; 0 without one."""
    first = next(iter(dates(text)), None)
    if first is None or re.search(r"\w", text[: first.start]):
        return 0
    mark = _BEHIND_DATELINE.match(text, first.end)
    return mark.end() if mark else 0


_BEHIND_DATELINE = re.compile(r"\s*(?:\.\.+|[…·•|:–—-])\s*")


# --- which say the same --------------------------------------------------------------------------


def grouped(told: Sequence[Told], question: Question) -> list[Side]:
    """The answers of the form that is asked for, those together that can both be right.

    The surest comes first. One that agrees with several that exclude one another ("in May") is left
    out.
    """
    asked, form = frozenset(question.content), _form(told, question)
    sides: list[list[Told]] = []
    for each in sorted(told, key=lambda each: -each.telling.margin):
        if each.words.form != form or each.telling.margin < MIN_MARGIN:
            continue
        same = [s for s in sides if not all(excluding(each.words, o.words, asked) for o in s)]
        if not same:
            sides.append([each])
        elif len(same) == 1:
            same[0].append(each)
    return [tuple(side) for side in sides]


def _form(told: Sequence[Told], question: Question) -> Form | None:
    """The form of answer asked for; where the question doesn't tell, the one most surely given."""
    if asked := ASKED.get(question.kind):
        return asked
    weights: dict[Form, float] = defaultdict(float)
    for each in told:
        weights[each.words.form] += max(0.0, each.telling.margin)
    return max(weights, key=weights.__getitem__, default=None)
