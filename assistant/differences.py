"""What two aligned sentences say differently: the comparison behind every disagreement.

Each rule is narrow. It fires only where both sentences speak of the same thing in checkable form
(a date, a number with its unit, an order of two events, ...) and can't both be right; what merely
is told in more detail on one side is no difference.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from assistant.denials import denial, in_context, opposites
from assistant.event_order import opposite_orders
from assistant.facts import (
    REMEMBERED,
    Number,
    dates,
    is_inexact,
    negations,
    numbers,
    periods,
    weekdays,
)
from assistant.lexicon import pattern
from assistant.names import Name, employers, is_one_organisation, names, romanised, same_name
from assistant.substitutions import substitution
from assistant.types import DisagreementKind
from index.words import content_words

Span = tuple[int, int]

WHETHER = "whether it is so"
NEARLY = 0.15
"""How far numbers may be apart, as a share of the larger, where one is said to be inexact."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One point on which two sentences can't both be right."""

    kind: DisagreementKind
    what: str
    """What it is about, such as "what came first"; "" where what is said tells that."""
    said: tuple[str, str]
    """What the first sentence says of it, and what the second."""
    spans: tuple[Span | None, Span | None] = (None, None)
    """Where in each sentence the words stand that decide, where there are any."""

    @property
    def about(self) -> str:
        """For a reader: "what came first: the concert or the dinner"."""
        said = " or ".join(dict.fromkeys(self.said))
        return f"{self.what}: {said}" if self.what else said


def _told(
    kind: DisagreementKind, what: str, first: str, second: str, spans: tuple[Span, Span]
) -> Difference:
    ours, theirs = spans
    return Difference(kind, what, (first[slice(*ours)], second[slice(*theirs)]), spans)


@lru_cache(maxsize=REMEMBERED)
def differences(first: str, second: str) -> tuple[Difference, ...]:
    """All differences between two sentences that were aligned as telling of the same thing.

    Numbers of two months or years are numbers of two things.
    """
    if of_different_periods(first, second):
        apart = None if number(first, second) else date(first, second)
        return (apart,) if apart else ()
    rules: tuple[Callable[[str, str], Difference | None], ...] = (
        order,
        date,
        number,
        affiliation,
        _denied,
        _opposed,
    )
    return tuple(found for rule in rules if (found := rule(first, second)))


def name_variants(first: str, second: str) -> tuple[tuple[str, str], ...]:
    """Names of the two texts that are spelled differently but sound like one person's."""
    found = []
    for a in names(first):
        for b in names(second):
            if a.text != b.text and same_name(a.text, b.text) and not _same_words(a.text, b.text):
                found.append((a.text, b.text))
    return tuple(dict.fromkeys(found))


def _same_words(first: str, second: str) -> bool:
    """ "Jane Doe" and "Doe" are spelled alike."""
    a, b = set(romanised(first).split()), set(romanised(second).split())
    return a <= b or b <= a


# --- when ----------------------------------------------------------------------------------------


def order(first: str, second: str) -> Difference | None:
    """The two sentences put the same two events in opposite order."""
    found = opposite_orders(first, second)
    if found is None:
        return None
    ours, theirs = found
    spans = ours.told_by, theirs.told_by
    return Difference("order", "what came first", (ours.earlier, theirs.earlier), spans)


def of_different_periods(first: str, second: str) -> bool:
    """Whether both name months or years, and none of the one can be one of the other."""
    ours, theirs = periods(first), periods(second)
    return bool(ours and theirs) and not any(_overlap(a, b) for a in ours for b in theirs)


def _overlap(one: tuple[int | None, int | None], other: tuple[int | None, int | None]) -> bool:
    """Whether two (year, month) can be one time, where either may leave a part out."""
    return all(a is None or b is None or a == b for a, b in zip(one, other, strict=True))


def date(first: str, second: str) -> Difference | None:
    """No date of the one can be a date of the other, or no weekday."""
    days = weekdays(first), weekdays(second)
    if all(days) and not days[0] & days[1]:
        ours, theirs = (next(pattern("weekdays", "all").finditer(t)) for t in (first, second))
        return _told("date", "", first, second, (ours.span(), theirs.span()))
    given = dates(first), dates(second)
    if not all(given) or any(not a.contradicts(b) for a in given[0] for b in given[1]):
        return None
    a, b = given[0][0], given[1][0]
    return _told("date", "", first, second, ((a.start, a.end), (b.start, b.end)))


# --- how many ------------------------------------------------------------------------------------


def number(first: str, second: str) -> Difference | None:
    """Both count the same thing, and no count of the one can be a count of the other."""
    theirs = numbers(second)
    for a in numbers(first):
        rivals = [b for b in theirs if a.unit and _stem(b.unit) == _stem(a.unit)]
        agreed = any(can_be_equal(a, b, first, second) for b in theirs)
        contested = any(can_be_equal(c, b, first, second) for b in rivals for c in numbers(first))
        if rivals and not agreed and not contested:
            b = rivals[0]
            return _told("number", "", first, second, ((a.start, a.end), (b.start, b.end)))
    return None


def can_be_equal(a: Number, b: Number, first: str, second: str) -> bool:
    """Whether two numbers are equal as far as they are exact: "1.2 million", "1.23 million"."""
    if a.value == b.value:
        return True
    apart = abs(a.value - b.value)
    if apart <= max(_rounding(a, first), _rounding(b, second)):
        return True
    inexact = is_inexact(first, a) or is_inexact(second, b)
    return inexact and apart <= NEARLY * max(abs(a.value), abs(b.value))


def _rounding(number: Number, text: str) -> float:
    """How far from a number with decimals or in millions the true one may be; 0 for any other."""
    digits = re.search(r"\d[\d.,\u00a0\u202f]*", text[number.start : number.end])
    if digits is None:
        return 0.0
    plain = re.sub(r"[,\u00a0\u202f](?=\d{3}(?:\D|$))", "", digits[0]).rstrip(".,")
    whole, _, decimals = plain.replace(",", ".").partition(".")
    shown = float(f"{whole}.{decimals or 0}")
    scale = number.value / shown if shown else 1.0
    is_rounded = bool(decimals) or scale >= 1e6
    return 0.5 * abs(scale) * 10 ** -len(decimals) if is_rounded else 0.0


def _stem(unit: str) -> str:
    return content_words(unit)[0] if unit.isalpha() and content_words(unit) else unit


# --- whether -------------------------------------------------------------------------------------


def polarity(first: str, second: str, about: frozenset[str]) -> Difference | None:
    """One sentence negates a word of `about` that the other states: "can't be held", "holding"."""
    spans = denial(first, second, about)
    if spans is None:
        return None
    return _told("polarity", WHETHER, first, second, in_context(first, second, spans))


def _denied(first: str, second: str) -> Difference | None:
    if not negations(first) and not negations(second):
        return None
    return polarity(first, second, about=frozenset(content_words(first)))


def _opposed(first: str, second: str) -> Difference | None:
    """One sentence has a word and the other its opposite: "rose" and "fell"."""
    spans = opposites(first, second)
    return _told("polarity", WHETHER, first, second, spans) if spans else None


# --- what stands in its place --------------------------------------------------------------------


@lru_cache(maxsize=REMEMBERED)
def replaced(first: str, second: str) -> Difference | None:
    """All is the same but for a name or a number, in whose place the other has another one."""
    found = substitution(first, second)
    if found is None:
        return None
    if found.is_name:
        return _told("name", "", first, second, found.spans)
    (a,), (b,) = (
        [n for n in numbers(text) if (n.start, n.end) == span]
        for text, span in zip((first, second), found.spans, strict=True)
    )
    equal = can_be_equal(a, b, first, second)
    return None if equal else _told("number", "", first, second, found.spans)


# --- who -----------------------------------------------------------------------------------------


@lru_cache(maxsize=REMEMBERED)
def affiliation(first: str, second: str, of: tuple[str, ...] | None = None) -> Difference | None:
    """One person (of those named, if given) is said to belong to different organisations."""
    for person in names(first):
        for other in names(second):
            if not same_name(person.text, other.text):
                continue
            if of is not None and not any(same_name(name, person.text) for name in of):
                continue
            ours, theirs = employers(first, person), employers(second, other)
            if not ours or not theirs or _has_one_in_common(ours, theirs):
                continue
            a, b = ours[-1], theirs[-1]
            said = a.text, b.text
            spans = (a.start, a.end), (b.start, b.end)
            return Difference("affiliation", f"the affiliation of {person.text}", said, spans)
    return None


def _has_one_in_common(ours: tuple[Name, ...], theirs: tuple[Name, ...]) -> bool:
    return any(is_one_organisation(a.text, b.text) for a in ours for b in theirs)
