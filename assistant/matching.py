"""Lays a claim's words against a sentence's: all must be there, in an order that says the same.

A word that the sentence lacks may stand there as a pronoun that can only mean it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby

from assistant.lexicon import words
from assistant.names import Name, names, spelling_key
from assistant.word_order import Laid, lay
from assistant.wording import Term, same, terms

MAX_TERMS = 60
"""A claim with more is no statement of one thing; it isn't compared."""


@dataclass(frozen=True, slots=True)
class Match:
    """Where each term of a claim stands in the sentence."""

    positions: tuple[int, ...]
    """For each compared term of the claim (negations aren't) an index into the sentence's."""
    missing: tuple[Term, ...]
    """The claim's terms that stand nowhere in the sentence."""
    ordered: bool
    """Whether there is a way to lay the words that says the same; False where some are missing."""


def match(claim: str, sentence: str, before: str = "") -> Match:
    """Lay `claim` against `sentence`; `before` is what precedes it in its paragraph.

    Time is linear in the length of the claim times the squared number of repetitions of a word.
    """
    ours = [term for term in terms(claim) if term.kind not in ("negation", "pronoun")]
    theirs = terms(sentence)
    places = [[i for i, term in enumerate(theirs) if same(wanted, term, theirs)] for wanted in ours]
    _refer(places, ours, theirs, claim, before)
    missing = tuple(term for term, found in zip(ours, places, strict=True) if not found)
    if missing or not ours or len(ours) > MAX_TERMS:
        return Match((), missing, False)
    wanted = frozenset(place for found in places for place in found)
    positions = lay(ours, places, Laid(claim, sentence, theirs, wanted))
    return Match(positions or (), (), positions is not None)


# --- pronouns ------------------------------------------------------------------------------------


def _refer(
    places: list[list[int]], ours: list[Term], theirs: tuple[Term, ...], claim: str, before: str
) -> None:
    """Lets words that the sentence lacks stand where it has a pronoun that can only mean them."""
    free = [i for i, term in enumerate(theirs) if term.kind == "pronoun"]
    numbered = list(range(len(ours)))
    for absent, run in groupby(numbered, key=lambda i: not places[i]):
        if not absent or not free or not before:
            continue
        indices = list(run)
        text = claim[ours[indices[0]].start : ours[indices[-1]].end]
        for pronoun in free:
            if _can_mean(theirs[pronoun].key, text, before):
                for i in indices:
                    places[i] = [pronoun]
                free.remove(pronoun)
                break


def _can_mean(pronoun: str, text: str, before: str) -> bool:
    """Whether nothing else in `before` could be meant by the pronoun."""
    if pronoun in words("anaphora", "one_person"):
        people = _people(before)
        return len(people) == 1 and set(spelling_key(text)) <= people[0]
    several = {term.key for term in terms(before) if _is_plural(before[term.start : term.end])}
    meant = {term.key for term in terms(text)}
    return len(several) == 1 and meant == several


def _people(text: str) -> list[frozenset[str]]:
    """The spelling keys of those named in `text`, the same person's as one; no places."""
    found: list[frozenset[str]] = []
    for name in names(text):
        if _is_place(text, name):
            continue
        key = frozenset(spelling_key(name.text))
        alike = [other for other in found if other <= key or key <= other]
        found = [other for other in found if other not in alike]
        found.append(key.union(*alike))
    return found


_PLACED = re.compile(r"\b(?:in|at|from|near|of)\s+(?:the\s+)?$")


def _is_place(text: str, name: Name) -> bool:
    return bool(_PLACED.search(text[max(0, name.start - 10) : name.start]))


def _is_plural(written: str) -> bool:
    return written[:1].islower() and len(written) > 3 and written.endswith("s")
