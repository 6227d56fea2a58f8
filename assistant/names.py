"""Names in a text: found by their capitals, compared across spellings, tied to introductions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from anyascii import anyascii
from rapidfuzz.distance import JaroWinkler

from assistant.facts import REMEMBERED, month_numbers
from assistant.lexicon import pattern, words
from index.words import content_words

SAME_NAME = 0.84
SAME_FIRST_NAME = 0.75
"""Jaro-Winkler similarity of romanised names from which they may be one person's."""
MIN_KEY = 3
"""Letters that are left of a name's word, once evened out, for it to be compared by them."""


@dataclass(frozen=True, slots=True)
class Name:
    """A run of capitalised words, such as a person or an organisation."""

    text: str
    start: int
    end: int


_CAPITALISED = r"[^\W\d_a-zß-öø-ÿа-яё][\w’'.-]*\w|[^\W\d_a-zß-öø-ÿа-яё]"
_NAME = re.compile(
    rf"(?<![\w’'])(?:{_CAPITALISED})(?:(?:\s+(?:of|for|de|von|van|der|del|la|al|bin|and)){{0,2}}"
    rf"\s+(?:{_CAPITALISED}))*"
)


@lru_cache(maxsize=REMEMBERED)
def names(text: str) -> tuple[Name, ...]:
    """Runs of capitalised words; a capital that only begins a sentence doesn't count."""
    found = []
    for match in _NAME.finditer(text):
        start, end = match.span()
        if _begins_sentence(text, start):
            first = re.match(r"[\w’'-]+", match[0])
            if first and _is_function_word(first[0]):
                rest = match[0][first.end() :]
                start += first.end() + len(rest) - len(rest.lstrip())
                if start >= end or not text[start].isupper():
                    later = next((m for m in _NAME.finditer(text, start, end)), None)
                    if later is None:
                        continue
                    start, end = later.span()
        name = re.sub(r"[’']s?$", "", text[start:end]).rstrip(".")
        if name and not _is_calendar_word(name):
            found.append(Name(name, start, start + len(name)))
    return tuple(found)


def _is_calendar_word(name: str) -> bool:
    return name.casefold() in month_numbers() or name.casefold() in words("weekdays", "all")


def _is_function_word(word: str) -> bool:
    return not content_words(word) or word.casefold() in words("negation", "words")


def _begins_sentence(text: str, start: int) -> bool:
    before = text[:start].rstrip(" \t\n\"'“”„«»‘’(–—-")
    return not before or before[-1] in ".!?:…"


_TRANSCRIPTIONS = (
    ("kh", "h"), ("ch", "k"), ("ph", "f"), ("ck", "k"), ("ts", "z"), ("tz", "z"), ("cz", "z"),
    ("h", ""), ("y", "i"), ("j", "i"), ("w", "v"), ("c", "k"),
)  # fmt: skip


@lru_cache(maxsize=1024)
def spelling_key(name: str) -> tuple[str, ...]:
    """The words of a name with what transcriptions differ in evened out: equal for one name.

    "Yuri", "Juri" and "Iuri" have one key; "Mali" and "Malta" have two.
    """
    return tuple(_evened(word) for word in romanised(name).split())


@lru_cache(maxsize=20_000)
def _evened(word: str) -> str:
    for written, evened in _TRANSCRIPTIONS:
        word = word.replace(written, evened)
    word = re.sub(r"(.)\1", r"\1", word)
    return re.sub(r"(?<=[aeou])i(?=[aeou])", "", word).rstrip("ae")


@lru_cache(maxsize=4096)
def romanised(text: str) -> str:
    """`text` in lower-case ASCII letters, words apart by one space: "Зеленски" -> "zelenski"."""
    plain = text if text.isascii() else anyascii(text)  # which goes through any text in Python
    return " ".join(re.findall(r"[a-z0-9]+", plain.casefold()))


_ORGANISATION_GAP = 110
"""How far behind a person's name its affiliation may stand, in characters."""


def organisations(text: str, person: Name) -> tuple[Name, ...]:
    """Names of several words that a preposition ties to the person within the same clause."""
    clause = re.split(r"[.;:!?”\"]", text[person.end : person.end + _ORGANISATION_GAP])[0]
    if not re.match(r",? (?:\w+ ){0,8}(?:of|at|from|for|with)\b", clause):
        return ()
    # The "x" keeps the clause from looking like the beginning of a sentence.
    offset = person.end - 1
    return tuple(
        Name(name.text, offset + name.start, offset + name.end)
        for name in names("x" + clause)
        if " " in name.text
    )


def employers(text: str, person: Name) -> tuple[Name, ...]:
    """The organisations to which a person is said to belong: by their name, or right behind.

    "Ann Lee, mayor of New Haven" belongs to none that could be told from a place.
    """
    return tuple(
        organisation
        for organisation in organisations(text, person)
        if pattern("organisations", "words").search(organisation.text)
        or _BELONGS.fullmatch(text, person.end, organisation.start)
    )


def is_one_organisation(first: str, second: str) -> bool:
    """Whether two names are one organisation's: the same words, more behind, or the initials."""
    a, b = romanised(first), romanised(second)
    return (
        a.startswith(b)
        or b.startswith(a)
        or set(content_words(first)) == set(content_words(second))
        or _initials(first) == second
        or _initials(second) == first
    )


def _initials(text: str) -> str:
    return "".join(word[0] for word in text.split() if word[0].isupper())


_BELONGS = re.compile(r"\s+(?:of|at|from|with)\s+(?:the\s+)?")
_APPOSITION = re.compile(r"\s*,\s+(?:(?:an?|the)\s+)?[^\W\d_]+\s+(?:of|at|in|for|from|to)\b|\s*\(")


def is_introduced(text: str, person: Name) -> bool:
    """Whether `text` says who the person is: by an organisation, an apposition or a title."""
    if organisations(text, person) or _APPOSITION.match(text[person.end :]):
        return True
    before = text[: person.start].split()[-1:]
    return bool(before) and before[0][:1].isupper() and not _begins_sentence(text, person.start)


@lru_cache(maxsize=20_000)
def same_name(first: str, second: str) -> bool:
    """Whether two spellings can name one person: every word of the shorter has its like.

    Family names, which come last, must be close; first names are changed more by transcription.
    """
    a, b = romanised(first).split(), romanised(second).split()
    if not a or not b:
        return False
    if len(a) > len(b):
        a, b = b, a
    if JaroWinkler.similarity(a[-1], b[-1]) < SAME_NAME:
        return False
    return all(max(JaroWinkler.similarity(x, y) for y in b) >= SAME_FIRST_NAME for x in a)


def is_one_person(first: str, second: str) -> bool:
    """Whether two spellings can be one person's: family names equal when evened out.

    First names, where both have one, are alike; a name of one word is a family name.
    """
    a, b = spelling_key(first), spelling_key(second)
    if not a or not b or a[-1] != b[-1]:
        return False
    x, y = romanised(first).split(), romanised(second).split()
    if len(a[-1]) < MIN_KEY and x[-1] != y[-1]:
        return False
    if len(a) == 1 or len(b) == 1:
        return True
    return a[0] == b[0] or JaroWinkler.similarity(x[0], y[0]) >= SAME_FIRST_NAME
