"""How far a statement goes: of how many, of what area, since when, on what condition.

A statement about all isn't one about some, "no benefit" isn't "no great benefit", and what holds
if something happens isn't told as a fact. These are differences worth telling where two whole
texts are compared; an answer doesn't call them a disagreement.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from assistant.denials import nearby
from assistant.differences import Difference, Span
from assistant.facts import dates
from assistant.lexicon import any_of, lexicon, pattern
from assistant.names import is_one_person, names
from index.words import content_words, words

WHAT = "how far it goes"

_WORD = re.compile(r"[^\W_]+(?:[’'-][^\W_]+)*")


def reach(first: str, second: str) -> tuple[Difference, ...]:
    """The differences in reach between two sentences that tell of the same thing."""
    rules = (_amount, _degree, _any_more, _stage, _area, _sureness, _condition)
    return tuple(found for rule in rules if (found := rule(first, second)))


def as_bounds(difference: Difference, first: str, second: str) -> Difference | None:
    """A difference of dates as one of scope, where both say since or until when; None else."""
    bounds = [
        span and re.search(r"\b(?:since|until|till|from)\s+$", text[: span[0]], re.IGNORECASE)
        for span, text in zip(difference.spans, (first, second), strict=True)
    ]
    ours, theirs = difference.spans
    if difference.kind != "date" or not ours or not theirs or not bounds[0] or not bounds[1]:
        return None
    return _difference(first, second, (bounds[0].start(), ours[1]), (bounds[1].start(), theirs[1]))


def _difference(first: str, second: str, ours: Span, theirs: Span) -> Difference:
    return Difference("scope", WHAT, (first[slice(*ours)], second[slice(*theirs)]), (ours, theirs))


# --- of how many ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Amount:
    word: str
    noun: str
    span: Span


def _amount(first: str, second: str) -> Difference | None:
    """All of them and some of them, or few and many, of the same."""
    for a in _amounts(first):
        for b in _amounts(second):
            if a.noun == b.noun and (_exclude(a.word, b.word) or _exclude(b.word, a.word)):
                return _difference(first, second, a.span, b.span)
    return None


def _exclude(one: str, other: str) -> bool:
    table = lexicon()["reach"]
    return (one in table["all"] and other in table["some"]) or (
        one in table["few"] and other in table["many"]
    )


def _amounts(text: str) -> Iterator[_Amount]:
    for match in _amount_pattern().finditer(text):
        noun = _WORD.match(text, match.end())
        stem = content_words(noun[0]) if noun else []
        if noun and stem:
            head = re.compile(r"\s+([^\W_]+)").match(text, noun.end())
            end = head.end() if head and content_words(head[1]) else noun.end()
            yield _Amount(_bare(match["amount"]), stem[0], (match.start("amount"), end))


@cache
def _amount_pattern() -> re.Pattern[str]:
    table = lexicon()["reach"]
    listed = any_of((*table["all"], *table["some"], *table["few"], *table["many"]))
    return re.compile(
        rf"(?<!\bat )(?<!\bafter )(?<!\babove )(?<!\bnot )(?P<amount>{listed.pattern})\s+"
        r"(?:of\s+)?(?:(?:the|these|those|its|his|her|their|our)\s+)?",
        re.IGNORECASE,
    )


def _bare(text: str) -> str:
    return " ".join(text.casefold().split())


# --- how much of it ------------------------------------------------------------------------------


def _degree(first: str, second: str) -> Difference | None:
    """Both deny it, but one only a high degree of it: "no benefit", "no great benefit"."""
    for a, b, swapped in ((first, second, False), (second, first, True)):
        if pattern("reach", "degrees").search(b):
            continue
        for limited in _limited_denials(a):
            for plain in _denials(b):
                if limited.stems & plain.stems:
                    ours, theirs = (
                        (plain.span, limited.span) if swapped else (limited.span, plain.span)
                    )
                    return _difference(first, second, ours, theirs)
    return None


@dataclass(frozen=True, slots=True)
class _Denied:
    stems: frozenset[str]
    span: Span


_DENIED_WORDS = 2
_NOT_ANY = r"\b(?:no|(?:not|\w+n[’']t)\s+(?:(?P<verb>\w+)\s+)?(?:any|an?)|without(?:\s+any)?)"


def _denials(text: str) -> Iterator[_Denied]:
    """What each "no" or "not any" denies: the next content words."""
    for match in re.finditer(rf"{_NOT_ANY}\s+", text, re.IGNORECASE):
        if denied := _denied_from(text, match):
            yield denied


def _limited_denials(text: str) -> Iterator[_Denied]:
    degrees = pattern("reach", "degrees").pattern
    for match in re.finditer(rf"{_NOT_ANY}\s+{degrees}\s+", text, re.IGNORECASE):
        if denied := _denied_from(text, match):
            yield denied


def _denied_from(text: str, match: re.Match[str]) -> _Denied | None:
    """The next content words behind a denial, and its verb."""
    stems = content_words(match["verb"] or "")[:1]
    most = len(stems) + _DENIED_WORDS
    end = match.end()
    for word in _WORD.finditer(text, end):
        if re.search(r"[,.;:()]", text[end : word.start()]) or len(stems) == most:
            break
        if found := content_words(word[0]):
            stems.append(found[0])
            end = word.end()
    return _Denied(frozenset(stems), (match.start(), end)) if stems else None


def _any_more(first: str, second: str) -> Difference | None:
    """It isn't so, and it isn't so any more: "not sure", "no longer sure"."""
    for a, b, swapped in ((first, second, False), (second, first, True)):
        for ended in _NO_LONGER.finditer(a):
            for never in _NOT.finditer(b):
                if content_words(ended["word"])[:1] == content_words(never["word"])[:1] != []:
                    spans = (
                        (never.span(), ended.span()) if swapped else (ended.span(), never.span())
                    )
                    return _difference(first, second, *spans)
    return None


_NO_LONGER = re.compile(r"\b(?:no\s+longer|not\s+any\s*more)\s+(?P<word>[\w’'-]+)", re.IGNORECASE)
_NOT = re.compile(r"\b(?:not|never)\s+(?P<word>(?!any\s*more)[\w’'-]+)", re.IGNORECASE)


# --- how sure ------------------------------------------------------------------------------------


def _sureness(first: str, second: str) -> Difference | None:
    """The same person expects it, and is convinced of it."""
    for a, b, swapped in ((first, second, False), (second, first, True)):
        sure, unsure = _held(a, "sure"), _held(b, "unsure")
        if not sure or not unsure or not is_one_person(sure[0], unsure[0]):
            continue
        spans = (unsure[1], sure[1]) if swapped else (sure[1], unsure[1])
        return _difference(first, second, *spans)
    return None


def _held(text: str, how: str) -> tuple[str, Span] | None:
    """Who holds something that way by the sentence, and the words that say so."""
    for name in names(text):
        if verb := re.compile(rf"\s+({pattern('reach', how).pattern})").match(text, name.end):
            return name.text, verb.span(1)
    return None


# --- since when ----------------------------------------------------------------------------------


def _stage(first: str, second: str) -> Difference | None:
    """Since something began, and since a stage of it did: "the war", "the full-scale war"."""
    for a in _bounded(first):
        for b in _bounded(second):
            if a.word != b.word or not a.leading & b.leading or a.is_stage == b.is_stage:
                continue
            return _difference(first, second, a.span, b.span)
    return None


@dataclass(frozen=True, slots=True)
class _Bounded:
    word: str
    leading: frozenset[str]
    """The words before it, which tell what is bounded."""
    is_stage: bool
    span: Span


_LEADING_WORDS = 4
_BOUND = re.compile(
    r"\b(?P<word>since|until|before|after)\s+(?:the\s+)?"
    r"(?:(?:start|beginning|outbreak|onset|end)\s+of\s+)(?:the\s+)?(?P<event>[^,.;:()–—]{3,60})",
    re.IGNORECASE,
)


def _bounded(text: str) -> Iterator[_Bounded]:
    for match in _BOUND.finditer(text):
        if dates(match["event"]):
            continue
        leading = words(text[: match.start()])[-_LEADING_WORDS:]
        yield _Bounded(
            match["word"].casefold(),
            frozenset(word for word in leading if word not in ("the", "a", "an")),
            bool(pattern("reach", "stages").match(match["event"])),
            (match.start(), match.start() + len(match[0].rstrip(" -"))),
        )


# --- where ---------------------------------------------------------------------------------------


def _area(first: str, second: str) -> Difference | None:
    """One tells of an area, the other of a part of it: "Europe", "the EU"."""
    for part, whole in lexicon()["reach"]["areas"]:
        ours, theirs = (_only(part, whole, text) for text in (first, second))
        if not ours or not theirs or ours[0] == theirs[0]:
            continue
        if nearby(first, ours[1]) & nearby(second, theirs[1]):
            return _difference(first, second, ours[1], theirs[1])
    return None


def _only(part: list[str], whole: list[str], text: str) -> tuple[str, Span] | None:
    """Whether the text names only the part or only the whole, and where."""
    found = [m.span() for m in any_of(tuple(part)).finditer(text)]
    inside = any_of(tuple(part)).sub(lambda m: " " * len(m[0]), text)
    wider = [m.span() for m in any_of(tuple(whole)).finditer(inside)]
    if bool(found) == bool(wider):
        return None
    return ("part", found[0]) if found else ("whole", wider[0])


# --- on what condition ---------------------------------------------------------------------------


_OPENING_IF = re.compile(r"^\W*(?:if|unless|provided that|assuming|in case)\b", re.IGNORECASE)


def _condition(first: str, second: str) -> Difference | None:
    """What is a condition in one sentence is told as a fact in the other."""
    for a, b, swapped in ((first, second, False), (second, first, True)):
        opening = _OPENING_IF.match(a)
        if opening is None or "?" in a or not _is_told_as_a_fact(b):
            continue
        if not set(content_words(_if_clause(a, opening.end()))) & set(content_words(b)):
            continue
        said = ("as a condition", "as a fact")
        start = len(opening[0]) - len(opening[0].lstrip("\"'“”„«‘( "))
        spans: tuple[Span, Span | None] = ((start, opening.end()), None)
        if swapped:
            return Difference("scope", "", said[::-1], spans[::-1])
        return Difference("scope", "", said, spans)
    return None


def _if_clause(text: str, start: int) -> str:
    return re.split(r",\s+(?:then\b|it\b|this\b)|\bthen\b", text[start:])[0]


def _is_told_as_a_fact(text: str) -> bool:
    if "?" in text or _OTHER_CONDITION.search(text):
        return False
    kinds = ("condition", "possible", "conditional")
    return not any(pattern("operators", kind).search(text) for kind in kinds)


_OTHER_CONDITION = re.compile(
    r"\b(?:when|whenever|without|once|should|as (?:soon|long) as|in (?:the event|case)|assuming)\b",
    re.IGNORECASE,
)
"""These may say in other words that something depends on something."""
