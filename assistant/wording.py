"""The units of meaning in a sentence, in order: what a claim and its evidence are compared by.

A term is a content word, a number, a date, a negation or a pronoun. Words are compared by stem,
numbers and dates by value, names across spellings; plain rewordings ("US", "United States") are one
word. Function words are no terms, but those that carry a relation ("before", "only") are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

from assistant.facts import SYMBOLS, Date, Number, dates, numbers, weekdays
from assistant.lexicon import any_of, lexicon, pattern, words
from assistant.names import spelling_key
from index.words import content_words, stop_words
from index.words import words as stems

TermKind = Literal["word", "number", "date", "negation", "pronoun"]

REMEMBERED = 4096
COUNTED_WITHIN = 3
"""How many words behind a number the thing that it counts may stand: "300 tired workers"."""


@dataclass(frozen=True, slots=True)
class Term:
    """One unit of meaning and where it stands in its text."""

    kind: TermKind
    key: str
    """What words are compared by: the stem, or the name of a group of plain rewordings.

    Of a negation or a pronoun it is the word.
    """
    start: int
    end: int
    value: Number | Date | None = None
    name: tuple[str, ...] = ()
    """For a capitalised word, its spelling key."""


_WORD = re.compile(r"[^\W_]+(?:[’'.,-][^\W_]+)*")


@lru_cache(maxsize=REMEMBERED)
def terms(text: str) -> tuple[Term, ...]:
    """The terms of `text`, in order; they don't overlap."""
    found = [*_values(text), *_reworded(text)]
    taken = [(term.start, term.end) for term in found]
    taken += [match.span() for match in pattern("wording", "light_phrases").finditer(text)]
    for match in _WORD.finditer(text):
        for start, end in _outside(taken, *match.span()):
            found += _word_terms(text, start, end)
    return tuple(sorted(found, key=lambda term: term.start))


def _outside(taken: list[tuple[int, int]], start: int, end: int) -> Iterator[tuple[int, int]]:
    """The parts of a word that aren't taken: "thirds" of "two-thirds", where "two" is a number."""
    for first, last in sorted(taken):
        if first < end and start < last:
            if start < first:
                yield start, first
            start = last
    if start < end:
        yield start, end


def _values(text: str) -> Iterator[Term]:
    for date in dates(text):
        yield Term("date", "", date.start, date.end, date)
    for number in numbers(text):
        yield Term("number", "", number.start, number.end, number)


def _word_terms(text: str, start: int, end: int) -> Iterator[Term]:
    """The terms of one written word; the parts of a hyphenated one count singly."""
    written = text[start:end]
    if written[0] in "-’'":
        start, written = start + 1, written[1:]
    if not written:
        return
    if _is_negation(written):
        yield Term("negation", written.replace("’", "'").casefold(), start, end)
    elif "-" in written and not written.replace("-", "").isdigit():
        for part in re.finditer(r"[^-]+", written):
            yield from _word_terms(text, start + part.start(), start + part.end())
    elif written.casefold() in words("anaphora", "all"):
        yield Term("pronoun", written.casefold(), start, end)
    elif key := _key(written) or _foreign_function_word(text, start, written):
        name = spelling_key(_bare(written)) if written[0].isupper() else ()
        yield Term("word", key, start, end, None, name)


def _bare(written: str) -> str:
    return re.sub(r"[’']s?$", "", written)


def _key(written: str) -> str:
    """The stem of a content word or of a word that carries a relation; "" for other words."""
    lowered = _bare(written).casefold()
    if lowered in words("wording", "carrying"):
        return lowered
    if lowered in words("wording", "light"):
        return ""
    # Capitals make a name of what is a function word otherwise: "US", "WHO".
    acronym = written.isupper() and len(written) > 1
    found = stems(_bare(written)) if acronym else content_words(_bare(written))
    return _groups().get(found[0], found[0]) if found else ""


def _foreign_function_word(text: str, start: int, written: str) -> str:
    """The stem of a name such as "Seine", which in another language is a function word."""
    if not written[0].isupper() or written.casefold() in stop_words()["en"]:
        return ""
    if written.casefold() in words("wording", "light"):
        return ""
    goes_on = re.search(r"[\w,;]\W*$", text[max(0, start - 4) : start])
    return stems(written)[0] if goes_on else ""


def _is_negation(written: str) -> bool:
    return written.replace("’", "'").casefold() in words("negation", "words")


@cache
def _groups() -> dict[str, str]:
    """For the stem of each single word that has plain rewordings, the name of its group."""
    groups = lexicon()["rewordings"]["groups"]
    return {
        stems(entry)[0]: f"={number}"
        for number, group in enumerate(groups)
        for entry in group
        if " " not in entry
    }


@cache
def _phrases() -> dict[str, str]:
    groups = lexicon()["rewordings"]["groups"]
    return {
        entry: f"={number}"
        for number, group in enumerate(groups)
        for entry in group
        if " " in entry
    }


def _reworded(text: str) -> Iterator[Term]:
    for match in any_of(tuple(_phrases())).finditer(text):
        phrase = re.sub(r"\s+", " ", match[0].casefold())
        if key := _phrases().get(phrase):
            yield Term("word", key, match.start(), match.end())


def same(ours: Term, theirs: Term, sentence: tuple[Term, ...]) -> bool:
    """Whether a claim's term says no more than this term of the sentence `sentence`."""
    if ours.kind != theirs.kind:
        return False
    if isinstance(ours.value, Date) and isinstance(theirs.value, Date):
        return theirs.value.covers(ours.value)
    if isinstance(ours.value, Number) and isinstance(theirs.value, Number):
        return _same_number(ours.value, theirs.value, theirs, sentence)
    if ours.name and theirs.name and ours.name == theirs.name:
        return True
    return ours.key == theirs.key


def _same_number(ours: Number, theirs: Number, term: Term, sentence: tuple[Term, ...]) -> bool:
    """Equal values that count the same: "2100 tonnes" isn't "2100 views"."""
    if ours.value != theirs.value:
        return False
    if ours.unit in SYMBOLS or theirs.unit in SYMBOLS:
        return ours.unit == theirs.unit
    if not ours.unit or ours.unit == theirs.unit:
        return True
    following = [each for each in sentence if each.start >= term.end][:COUNTED_WITHIN]
    counted = _key(ours.unit)
    return not counted or any(each.key == counted for each in following)


def same_weekdays(claim: str, sentence: str) -> bool:
    """Whether every weekday of the claim stands in the sentence."""
    return weekdays(claim) <= weekdays(sentence)
