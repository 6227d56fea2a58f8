"""Tells copies of a text, slightly edited, from texts of the same form about something else.

A sentence is copied where the other text has its words in their order, its numbers, and its names
in some spelling. Two reports made from one template have the words but not the facts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property

import regex
from rapidfuzz.distance import Indel, LCSseq

from index.words import stop_words, words

MIN_WORDS = 20
"""Of shorter texts the same words prove nothing."""
MIN_COPIED = 0.6
"""Which share of a text's words must stand in sentences that are copied."""
MIN_ELSE = 0.2
"""From which share of words in sentences with other facts on, if it is more than that of copied
sentences, a text was made from the same template and is no rendering of the other."""

_SAME_WORDS = 0.7
"""Which share of a sentence's words the other must have, in their order, to be worded alike."""
_SAME_NAME = 0.65
"""How alike two names must be to be spellings of one: Lvov and Lviv are (.75)."""
_COMMON = 50
"""Sentences with a pair of words beyond which the pair doesn't help to find one."""
_COMPARED = 3
"""Sentences that are compared with one."""

_NUMBER = regex.compile(r"\p{N}+(?:[.,:]\p{N}+)*")
_WORD = regex.compile(r"\p{L}[\p{L}\p{M}\p{N}]*")
_CAPITAL = regex.compile(rf"\b(?=\p{{Lu}}){_WORD.pattern}")

_Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence as it is compared."""

    words: tuple[str, ...]
    numbers: frozenset[str]
    all_words: frozenset[str]
    """Its words as they are written, case folded."""
    names: frozenset[str]
    """Those of them that may be names: with a capital, and no function words."""


class Wording:
    """The sentences of a text that are compared."""

    def __init__(self, sentences: Iterable[str]) -> None:
        """In the order of the text."""
        self.sentences = tuple(told for told in map(_told, sentences) if told.words)
        self.words = sum(len(told.words) for told in self.sentences)

    def all_words(self) -> list[str]:
        """The words of all sentences, in the order of the text."""
        return [word for told in self.sentences for word in told.words]

    @cached_property
    def _with_pair(self) -> dict[_Pair, list[int]]:
        """The sentences that each pair of words stands in."""
        found: dict[_Pair, list[int]] = defaultdict(list)
        for number, told in enumerate(self.sentences):
            for pair in _pairs(told):
                found[pair].append(number)
        return found

    def most_like(self, told: Told) -> Iterator[Told]:
        """The few sentences that share most pairs of words with this one, best first."""
        shared: Counter[int] = Counter()
        for pair in _pairs(told):
            numbers = self._with_pair.get(pair, [])
            if len(numbers) <= _COMMON:
                shared.update(numbers)
        best = sorted(shared, key=lambda number: (-shared[number], number))
        return (self.sentences[number] for number in best[:_COMPARED])


@dataclass(frozen=True, slots=True)
class Shares:
    """What one text has of another: shares of its words, in [0, 1]."""

    copied: float
    """In sentences that the other has with the same facts."""
    other_facts: float
    """In sentences that the other has with other numbers or names."""

    @property
    def is_copy(self) -> bool:
        """Whether the one text is a copy of the other, or of a part of it."""
        return self.copied >= MIN_COPIED

    @property
    def is_of_one_template(self) -> bool:
        """Whether both are worded alike and tell of different things."""
        return self.other_facts >= MIN_ELSE and self.other_facts > self.copied


def shares(one: Wording, other: Wording) -> Shares:
    """What `one` has of `other`."""
    if one.words < MIN_WORDS:
        return Shares(0.0, 0.0)
    copied = other_facts = 0
    for told in one.sentences:
        alike = [each for each in other.most_like(told) if _are_worded_alike(told, each)]
        if any(_has_facts(told, each) for each in alike):
            copied += len(told.words)
        elif alike:
            other_facts += len(told.words)
    return Shares(copied / one.words, other_facts / one.words)


def _told(sentence: str) -> Told:
    capitals = frozenset(word.casefold() for word in _CAPITAL.findall(sentence))
    written = frozenset(word.casefold() for word in _WORD.findall(sentence))
    return Told(
        tuple(words(sentence)),
        frozenset(_NUMBER.findall(sentence)),
        written,
        capitals - _function_words(),
    )


@cache
def _function_words() -> frozenset[str]:
    return frozenset().union(*stop_words().values())


def _pairs(told: Told) -> set[_Pair]:
    return set(zip(told.words, told.words[1:], strict=False)) or {(told.words[0], "")}


def _are_worded_alike(told: Told, other: Told) -> bool:
    shared = LCSseq.similarity(told.words, other.words)
    return shared >= _SAME_WORDS * len(told.words)


def _has_facts(told: Told, other: Told) -> bool:
    """Whether the other has the numbers of this one, and its names in some spelling."""
    return told.numbers <= other.numbers and all(
        any(Indel.normalized_similarity(name, each) >= _SAME_NAME for each in other.names)
        for name in told.names - other.all_words
    )
