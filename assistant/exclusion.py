"""Whether two short answers to one question exclude one another.

"12 February" and "February", "Paris" and "Paris, France", two spellings of a name, a length in
miles and in kilometres: answers that differ can both be right. What isn't plainly of one kind (two
dates, two numbers, two names) is held to be compatible, as only what can't both be right is told.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from assistant.differences import can_be_equal
from assistant.facts import SYMBOLS, Date, Number, dates, numbers
from assistant.lexicon import words as listed
from assistant.names import is_one_organisation, is_one_person, same_name
from assistant.substitutions import may_name_one
from index.words import content_words

Span = tuple[int, int]
Form = Literal["date", "number", "name", "words"]

_WORD = re.compile(r"[^\W_]+(?:[’'.-][^\W_]+)*")

MOST_SHARED = 0.5
"""Of the shorter answer's words, the share from which the other may be a rewording of it."""


@dataclass(frozen=True)
class AnswerWords:
    """Words of a sentence that answer."""

    sentence: str
    span: Span
    """Offsets within the sentence."""

    @property
    def text(self) -> str:
        """The words alone."""
        return self.sentence[slice(*self.span)]

    @property
    def form(self) -> Form:
        """What kind of thing the words are; only answers of one form are compared."""
        return (
            "date"
            if self.date
            else "number"
            if self.number
            else "name"
            if self.is_name
            else "words"
        )

    @property
    def told(self) -> str:
        """The words, or the date or number among them alone."""
        value = self.date or self.number
        return self.sentence[value.start : value.end] if value else self.text

    @cached_property
    def date(self) -> Date | None:
        """The date that the words are or stand in."""
        return next((d for d in dates(self.sentence) if self._meets(d.start, d.end)), None)

    @cached_property
    def number(self) -> Number | None:
        """The number that the words are or stand in, where they hold no name besides."""
        for number in numbers(self.sentence):
            if self._meets(number.start, number.end):
                before = self.sentence[self.span[0] : max(self.span[0], number.start)]
                behind = self.sentence[min(self.span[1], number.end) : self.span[1]]
                return None if _is_name(before) or _is_name(behind) else number
        return None

    @cached_property
    def is_name(self) -> bool:
        """Whether all words that carry meaning begin with a capital letter."""
        return _is_name(self.text)

    def _meets(self, start: int, end: int) -> bool:
        return start < self.span[1] and self.span[0] < end


def excluding(first: AnswerWords, second: AnswerWords, asked: frozenset[str]) -> bool:
    """Whether two answers of one form can't both be right; False for answers of different forms.

    `asked` are the question's content words: an answer that repeats them says nothing by that.
    """
    if first.form != second.form:
        return False
    if first.date and second.date:
        return first.date.contradicts(second.date)
    if first.number and second.number:
        return _apart(first, first.number, second, second.number)
    return _other_words(first, second, asked)


def _apart(first: AnswerWords, a: Number, second: AnswerWords, b: Number) -> bool:
    measures = [_measure(number) for number in (a, b)]
    if measures[0] != measures[1] and all(measures):
        return False
    return not can_be_equal(a, b, first.sentence, second.sentence)


def _measure(number: Number) -> str:
    """The unit, where it is one of measuring; else what is counted may be called by any word."""
    units = listed("durations", "units") | listed("lengths", "units")
    return number.unit if number.unit in SYMBOLS or number.unit in units else ""


def _other_words(first: AnswerWords, second: AnswerWords, asked: frozenset[str]) -> bool:
    a, b = (_telling(text, asked) for text in _heads(first.text, second.text))
    if not a or not b or _may_be_one(a, b):
        return False
    ours, theirs = ([word.casefold() for word in words] for words in (a, b))
    shared, shorter = len({*ours} & {*theirs}), min(len({*ours}), len({*theirs}))
    if shared == MOST_SHARED * shorter:
        return ours[-1] != theirs[-1]
    return shared < MOST_SHARED * shorter


def _may_be_one(a: list[str], b: list[str]) -> bool:
    """Whether the names, or what they don't have in common of them, may stand for one thing."""
    names = " ".join(a), " ".join(b)
    rests = (
        " ".join(word for word in a if word not in b),
        " ".join(word for word in b if word not in a),
    )
    return (
        is_one_person(*names)
        or same_name(*names)
        or is_one_organisation(*names)
        or (all(rests) and may_name_one(*rests))
    )


def _telling(text: str, asked: frozenset[str]) -> list[str]:
    """The words that tell something which the question doesn't say itself."""
    return [word for word in _WORD.findall(text) if not set(content_words(word)) <= asked]


def _heads(*texts: str) -> tuple[str, ...]:
    """Of "Salem, Ohio" and "Canton, Ohio" what comes first; other texts as they are."""
    heads = tuple(text.split(",")[0] for text in texts)
    return heads if all("," in text for text in texts) else texts


def _is_name(text: str) -> bool:
    told = [word.lstrip("\"'“‘(«„") for word in text.split() if content_words(word)]
    letters = [word for word in told if word[:1].isalpha()]
    return bool(letters) and not any(word[:1].islower() for word in letters)
