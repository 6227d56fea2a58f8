"""Whether one sentence denies what another says: by a negation, or by a word's opposite."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache

from assistant.facts import REMEMBERED
from assistant.lexicon import lexicon, pattern, words
from index.words import content_words

Span = tuple[int, int]

MIN_SHARED_WORDS = 2
"""Content words that two sentences must share before one can deny the other."""
DENIED_WITHIN = 40
"""Characters behind a negation within which the word stands that it denies."""
NEIGHBOURS = 5
"""Content words on either side of a word and its opposite, one of which they must share."""

_WORD = re.compile(r"\w+(?:['’]\w+)*")
_CLAUSE_END = re.compile(
    r"[,;:()“”„\"–—?!]|\s-\s|"
    r"\b(?:and|but|while|whereas|because|although|though|so|which|who|where|when)\b",
    re.IGNORECASE,
)
_NO_DENIAL = re.compile(
    r"\s+(?:only|just|merely|simply|least|until|since|before|after|so much|even|yet|always|very|"
    r"\w+ly|\d[\d.,]*)\b",
    re.IGNORECASE,
)
"""Behind these "not" adds, bounds or weakens: "not only A but also B", "not until", "not fully"."""


def denial(first: str, second: str, about: frozenset[str]) -> tuple[Span, Span] | None:
    """Where one sentence negates a word of `about` that the other states: "can't be held", "held".

    The spans are the first sentence's and the second's.
    """
    if found := _denied_by(first, second, about):
        return found
    found = _denied_by(second, first, about)
    return (found[1], found[0]) if found else None


def _denied_by(denying: str, stating: str, about: frozenset[str]) -> tuple[Span, Span] | None:
    denied = list(_denied_words(denying))
    if not denied:
        return None
    stated = set(content_words(stating)) & about
    if len(stated & set(content_words(denying))) < MIN_SHARED_WORDS:
        return None
    for span, stem in denied:
        if stem not in stated or _has_opposite(stem, stating):
            continue
        if stem in _held() and pattern("negation", "words").search(stating.replace("’", "'")):
            continue  # who doesn't believe that it is, believes that it isn't
        places = [place for place, word in _stems(stating) if word == stem]
        if not any(_is_denied(stating, start) for start, _ in places):
            return span, places[0]
    return None


@cache
def _held() -> frozenset[str]:
    """The stems of the verbs for what somebody holds."""
    return frozenset(content_words(" ".join([*words("operators", "held"), "expect", "expects"])))


def _denied_words(text: str) -> Iterator[tuple[Span, str]]:
    """The stem of the first content word behind each negation, and the span of both."""
    even = text.replace("’", "'")
    for match in pattern("negation", "words").finditer(even):
        if _NO_DENIAL.match(even, match.end()):
            continue
        behind = even[match.end() : match.end() + DENIED_WITHIN]
        following = next(_stems(behind), None)
        if following is not None:
            (_, end), stem = following
            yield (match.start(), match.end() + end), stem


def _stems(text: str) -> Iterator[tuple[Span, str]]:
    """The stems of the content words of `text`, and where the words stand."""
    for match in _WORD.finditer(text):
        for stem in content_words(match[0])[:1]:
            yield match.span(), stem


def _is_denied(text: str, start: int) -> bool:
    """Whether a negation stands in the clause of the word that starts there."""
    even = text.replace("’", "'")
    begin = max((m.end() for m in _CLAUSE_END.finditer(even, 0, start)), default=0)
    ending = _CLAUSE_END.search(even, start)
    clause = even[begin : ending.start() if ending else len(even)]
    return bool(pattern("negation", "words").search(clause))


def _has_opposite(stem: str, text: str) -> bool:
    """Whether `text` negates the word by a prefix: "not elected" and "unelected" agree."""
    return bool(re.search(rf"\b(?:un|in|im|il|ir|dis|non-?){re.escape(stem)}", text.casefold()))


def opposites(first: str, second: str) -> tuple[Span, Span] | None:
    """Where one sentence has a word and the other its opposite: "rose" and "fell".

    Near them must stand a word that both sentences have there, so that they tell of one thing.
    """
    ours, theirs = _first_places(first), _first_places(second)
    only_ours, only_theirs = ours.keys() - theirs.keys(), theirs.keys() - ours.keys()
    for one, other in lexicon()["opposites"]["pairs"]:
        for a, b in ((one, other), (other, one)):
            if a in only_ours and b in only_theirs and a not in theirs and b not in ours:
                spans = ours[a], theirs[b]
                if nearby(first, spans[0]) & nearby(second, spans[1]):
                    return spans
    return None


def is_opposite(word: str, text: str) -> bool:
    """Whether the text has an opposite of the word."""
    there = _first_places(text).keys()
    return any(
        other in there
        for pair in lexicon()["opposites"]["pairs"]
        for one, other in (pair, reversed(pair))
        if one == word.casefold()
    )


@lru_cache(maxsize=REMEMBERED)
def _first_places(text: str) -> Mapping[str, Span]:
    """Where each word, in lower case, stands first."""
    places: dict[str, Span] = {}
    for match in re.finditer(r"\w+", text):
        places.setdefault(match[0].casefold(), match.span())
    return places


def in_context(first: str, second: str, spans: tuple[Span, Span]) -> tuple[Span, Span]:
    """The spans with the word right before or behind each that both sentences have nearby.

    "Holding" and "cannot be held" become "holding elections" and "elections cannot be held".
    """
    ours, theirs = spans
    shared = nearby(first, ours) & nearby(second, theirs)
    return _widened(first, ours, shared), _widened(second, theirs, shared)


def _widened(text: str, span: Span, shared: set[str]) -> Span:
    """The span, longer by a shared content word that stands next to it in its clause."""
    start, end = span
    before = [place for place, _ in _stems(text[:start])][-1:]
    behind = next((place for place, _ in _stems(text[end:])), None)
    if behind is not None:
        first, last = end + behind[0], end + behind[1]
        if {*content_words(text[first:last])} & shared and not _CLAUSE_END.search(text, end, first):
            return start, last
    for first, last in before:
        if {*content_words(text[first:last])} & shared and not _CLAUSE_END.search(
            text, last, start
        ):
            return first, end
    return span


def nearby(text: str, span: Span) -> set[str]:
    """The stems of the nearest content words before and behind the span."""
    before, behind = content_words(text[: span[0]]), content_words(text[span[1] :])
    return {*before[-NEIGHBOURS:], *behind[:NEIGHBOURS]}
