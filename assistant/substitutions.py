"""Two sentences that are the same but for a name or a number: one has it in place of the other.

Only where all the rest is word for word the same can it be told that two names stand for the same
thing: "Ann Lee won the cup in May", "Ben Stone won the cup in May".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from importlib import resources

from assistant.facts import numbers
from assistant.names import is_one_organisation, is_one_person, names, romanised, same_name
from assistant.wording import terms
from index.words import content_words

Span = tuple[int, int]

MIN_SAME_WORDS = 4
"""Content words that both sentences must have."""
MIN_SAME = 0.7
"""Of the words of the longer sentence, the share that must be the same."""
MAX_WORDS = 6
"""Of what stands in place of something else."""
MAX_COMPARED = 120
"""Words of a sentence that is looked at: a longer one is a list, or no sentence."""

SHORT = 4
"""Letters up to which what stands for a country is no beginning of another word: "US"."""

_WORD = re.compile(r"\w+(?:['’.,/:-]\w+)*")


@dataclass(frozen=True, slots=True)
class Substitution:
    """What stands in one sentence where the other has something else."""

    is_name: bool
    """Whether these are names; numbers if not."""
    spans: tuple[Span, Span]


def substitution(first: str, second: str) -> Substitution | None:
    """The name or number that is the only thing that differs; None where there is none."""
    replaced = list(_replaced(first, second))
    if len(replaced) != 1:
        return None
    ours, theirs = replaced[0]
    a, b = first[slice(*ours)], second[slice(*theirs)]
    counted = _number(first, ours), _number(second, theirs)
    if counted[0] and counted[1]:
        return Substitution(False, (counted[0], counted[1]))
    if _is_name(first, ours) and _is_name(second, theirs) and not _can_be_one(a, b):
        return Substitution(True, (ours, theirs))
    return None


def _replaced(first: str, second: str) -> Iterator[tuple[Span, Span]]:
    """The places where sentences differ that are otherwise the same."""
    ours, theirs = list(_WORD.finditer(first)), list(_WORD.finditer(second))
    longest = max(len(ours), len(theirs))
    if longest > MAX_COMPARED or min(len(ours), len(theirs)) < MIN_SAME * longest:
        return
    a, b = ([match[0].casefold() for match in found] for found in (ours, theirs))
    if (Counter(a) & Counter(b)).total() < MIN_SAME * longest:
        return
    blocks = SequenceMatcher(None, a, b, autojunk=False).get_opcodes()
    same = [word for tag, i, j, _, _ in blocks if tag == "equal" for word in a[i:j]]
    if len(same) < MIN_SAME * longest or len(content_words(" ".join(same))) < MIN_SAME_WORDS:
        return
    for tag, i, j, k, m in blocks:
        if tag == "equal":
            continue
        if tag != "replace" or max(j - i, m - k) > MAX_WORDS:
            yield (0, 0), (0, 0)  # something is added: not the same sentence
            continue
        yield (ours[i].start(), ours[j - 1].end()), (theirs[k].start(), theirs[m - 1].end())


def _number(text: str, span: Span) -> Span | None:
    """Where the number stands, with its unit, of which the span is all or a part."""
    if len(_WORD.findall(text[slice(*span)])) != 1:
        return None
    inside = ((n.start, n.end) for n in numbers(text))
    return next((n for n in inside if n[0] <= span[0] and span[1] <= n[1]), None)


def _is_name(text: str, span: Span) -> bool:
    """Whether all words of the span are of names, or lead to one: "the Hill Club"."""
    covered = [(name.start, name.end) for name in names(text)]
    inside = [match.span() for match in _WORD.finditer(text, *span)]
    capitalised = [s for s in inside if text[s[0]].isupper()]
    return bool(capitalised) and all(
        not content_words(text[start:end])
        or any(first <= start and end <= last for first, last in covered)
        for start, end in inside
    )


def _can_be_one(first: str, second: str) -> bool:
    """Whether two names may stand for one thing, as those that have a word in common may."""
    a, b = set(romanised(first).split()), set(romanised(second).split())
    if a & b & {word for word in a if content_words(word)} or "".join(sorted(a)) == "":
        return True
    return may_name_one(first, second)


def may_name_one(first: str, second: str) -> bool:
    """Whether two names are spellings or rewordings of one, or of a country and its government."""
    if is_one_person(first, second) or same_name(first, second):
        return True
    keys = {term.key for term in terms(first)} & {term.key for term in terms(second)}
    return (
        bool(keys)
        or bool(_countries(first) & _countries(second))
        or is_one_organisation(first, second)
    )


def _countries(text: str) -> frozenset[str]:
    """The countries that the text names, or whose capital or government it names."""
    seats = _seats()
    return frozenset(seats[found[0].casefold()] for found in _seat_pattern().finditer(text))


@cache
def _seat_pattern() -> re.Pattern[str]:
    """A long name may go on ("Germany's", "Kazakhstani"); a short one is a word of its own."""
    longest_first = sorted(_seats(), key=lambda name: (-len(name), name))
    goes_on = "|".join(re.escape(name) for name in longest_first if len(name) > SHORT)
    whole = "|".join(re.escape(name) for name in longest_first if len(name) <= SHORT)
    return re.compile(rf"\b(?:{goes_on}|(?:{whole})\b)", re.IGNORECASE)


@cache
def _seats() -> dict[str, str]:
    """For each country and what may stand for it, the country."""
    lines = resources.files(__package__).joinpath("seats.txt").read_text("utf-8").splitlines()
    found: dict[str, str] = {}
    for line in lines:
        if line and not line.startswith("#"):
            country, _, others = line.partition(":")
            for name in (country, *others.split(",")):
                found[name.strip()] = country.strip()
    return found
