"""What two aligned sentences say differently: the comparison behind every disagreement.

Each rule is narrow. It fires only where both sentences speak of the same thing in checkable form
(a date, a number with its unit, an order of two events, ...) and can't both be right; what merely
is told in more detail on one side is no difference.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.facts import dates, negations, numbers, periods, weekdays
from assistant.lexicon import lexicon, pattern
from assistant.names import names, organisations, romanised, same_name
from assistant.types import DisagreementKind
from index.words import content_words

MIN_SHARED_WORDS = 2
"""Content words that two sentences must share before one can deny the other."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One point on which two sentences can't both be right."""

    kind: DisagreementKind
    about: str


def differences(first: str, second: str) -> tuple[Difference, ...]:
    """All differences between two sentences that were aligned as telling of the same thing.

    Numbers of two months or years are numbers of two things.
    """
    if _of_different_periods(first, second):
        date = None if _numbers(first, second) else _dates(first, second)
        return (date,) if date else ()
    rules = (
        _order(first, second),
        _dates(first, second),
        _numbers(first, second),
        affiliation(first, second),
        polarity(first, second, about=frozenset(content_words(first))),
        _opposites(first, second),
    )
    return tuple(found for found in rules if found)


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


def _of_different_periods(first: str, second: str) -> bool:
    ours, theirs = periods(first), periods(second)
    return bool(ours and theirs) and not any(_overlap(a, b) for a in ours for b in theirs)


def _overlap(one: tuple[int | None, int | None], other: tuple[int | None, int | None]) -> bool:
    """Whether two (year, month) can be one time, where either may leave a part out."""
    return all(a is None or b is None or a == b for a, b in zip(one, other, strict=True))


def _opposites(first: str, second: str) -> Difference | None:
    """One sentence has a word and the other its opposite: "rose" and "fell"."""
    ours, theirs = (set(re.findall(r"\w+", text.casefold())) for text in (first, second))
    for one, other in lexicon()["opposites"]["pairs"]:
        for a, b in ((one, other), (other, one)):
            if a in ours - theirs and b in theirs - ours and b not in ours and a not in theirs:
                return Difference("polarity", f"whether it is so: {a} or {b}")
    return None


def _dates(first: str, second: str) -> Difference | None:
    ours, theirs = dates(first), dates(second)
    days = weekdays(first), weekdays(second)
    if all(days) and not days[0] & days[1]:
        return Difference("date", " or ".join(min(each) for each in days))
    if not ours or not theirs:
        return None
    if any(not a.contradicts(b) for a in ours for b in theirs):
        return None
    about = f"{first[ours[0].start : ours[0].end]} or {second[theirs[0].start : theirs[0].end]}"
    return Difference("date", about)


def _numbers(first: str, second: str) -> Difference | None:
    for a in numbers(first):
        rivals = [b for b in numbers(second) if a.unit and _stem(b.unit) == _stem(a.unit)]
        agreed = any(a.value == b.value for b in numbers(second))
        contested = any(b.value == c.value for b in rivals for c in numbers(first))
        if rivals and not agreed and not contested:
            b = rivals[0]
            return Difference("number", f"{first[a.start : a.end]} or {second[b.start : b.end]}")
    return None


def _stem(unit: str) -> str:
    return content_words(unit)[0] if unit.isalpha() and content_words(unit) else unit


def polarity(first: str, second: str, about: frozenset[str]) -> Difference | None:
    """One sentence negates a word of `about` that the other states: "can't be held", "holding"."""
    for a, b in ((first, second), (second, first)):
        stated = set(content_words(b)) & about
        if negations(b) or len(stated & set(content_words(a))) < MIN_SHARED_WORDS:
            continue
        negated = [
            word for word in _negated_words(a) if word in stated and not _has_opposite(word, b)
        ]
        if negated:
            return Difference("polarity", f"whether it is so: {negated[0]}")
    return None


def _has_opposite(stem: str, text: str) -> bool:
    """Whether `text` negates the word by a prefix: "not elected" and "unelected" agree."""
    return bool(re.search(rf"\b(?:un|in|im|il|ir|dis|non-?){re.escape(stem)}", text.casefold()))


def _negated_words(text: str) -> list[str]:
    """The stem of the first content word after each negation."""
    even = text.replace("’", "'")
    found = []
    for match in pattern("negation", "words").finditer(even):
        following = content_words(even[match.end() : match.end() + 40])
        found.extend(following[:1])
    return found


def affiliation(first: str, second: str, of: tuple[str, ...] | None = None) -> Difference | None:
    """One person (of those named, if given) is said to belong to different organisations."""
    for person in names(first):
        for other in names(second):
            if not same_name(person.text, other.text):
                continue
            if of is not None and not any(same_name(name, person.text) for name in of):
                continue
            ours = organisations(first, person)
            theirs = organisations(second, other)
            if not ours or not theirs:
                continue
            if any(romanised(a) == romanised(b) for a in ours for b in theirs):
                continue
            return Difference("affiliation", f"the affiliation of {person.text}")
    return None


@dataclass(frozen=True, slots=True)
class _Order:
    earlier: str
    later: str


def _order(first: str, second: str) -> Difference | None:
    """The two sentences put the same two events in opposite order.

    Which event of one is which of the other is told by the words they share; where these don't
    tell, nothing is claimed.
    """
    ours, theirs = _told_order(first), _told_order(second)
    if not ours or not theirs:
        return None
    straight = _shared(ours.earlier, theirs.earlier) + _shared(ours.later, theirs.later)
    crossed = _shared(ours.earlier, theirs.later) + _shared(ours.later, theirs.earlier)
    if crossed <= straight:
        return None
    return Difference("order", f"what came first: {ours.earlier} or {theirs.earlier}")


def _shared(first: str, second: str) -> int:
    return len(set(content_words(first)) & set(content_words(second)))


_CLAUSE_END = re.compile(r"[.;!?]| - | – |, (?=which|who|where|at which|the first)")


def _told_order(sentence: str) -> _Order | None:
    """The two events that an order phrase ("was followed by", "after") stands between."""
    for key, swapped in (("second_then_first", True), ("first_then_second", False)):
        for match in pattern("order", key).finditer(sentence):
            left = re.sub(
                r"\s+(?:was|were|is|are|has been|had been)$", "", sentence[: match.start()].strip()
            )
            right = _CLAUSE_END.split(sentence[match.end() :])[0].strip(" ,")
            if not left and "," in right:
                right, left = (part.strip() for part in right.split(",", 1))
            if len(content_words(left)) < 1 or len(content_words(right)) < 1:
                continue
            if match[0].casefold() in ("followed", "preceded") or not left:
                continue
            return _Order(right, left) if swapped else _Order(left, right)
    return None
