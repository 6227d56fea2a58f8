"""What changes whether a statement holds: negations, conditions, hedges, denials.

A claim that repeats a sentence without its "not", "if", "nearly" or "he denied that" says something
else than the sentence. So each such word that bears on the part of the sentence that the claim uses
must be in the claim too, and the claim may add none.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Literal

from assistant.lexicon import lexicon, pattern, words
from assistant.speakers import quoted_spans
from assistant.wording import Term, terms

Changed = Literal["negation", "unsupported", "speaker", "number"]

_WHOLE_SENTENCE = ("condition", "untrue")
_CLAUSE = (
    "possible",
    "reported",
    "future",
    "conditional",
    "able",
    "needed",
    "limiting",
    "intended",
)

_CLAUSE_END = re.compile(
    r"[,;:()“”„\"–—?!]|\s-\s|"
    r"\b(?:and|but|while|whereas|because|although|though|so|which|who|where|when)\b",
    re.IGNORECASE,
)


def changed(claim: str, sentence: str, used: Collection[int]) -> Changed | None:
    """How the claim changes what the sentence says; None where it doesn't.

    Args:
        claim: the statement.
        sentence: what it is laid against.
        used: indices into `terms(sentence)` of those that the claim says (see `matching.match`).
    """
    theirs = terms(sentence)
    clauses = _clauses(sentence, theirs)
    used_at = _UsedAt(sentence, tuple(theirs[i].start for i in used))
    if _negated(claim) != _bearing_negations(theirs, clauses, used):
        return "negation"
    if _misplaced_negation(claim, theirs, clauses, used):
        return "negation"
    if "?" in sentence and "?" not in claim:
        return "unsupported"
    for kind in _WHOLE_SENTENCE:
        bearing = [each for each in _found(kind, sentence) if not _quoted_apart(each, used_at)]
        if len(bearing) > len(_found(kind, claim)):
            return "unsupported"
    concerned = {clauses[i] for i in used if theirs[i].kind != "date"}
    for kind in _CLAUSE:
        if _lost(kind, claim, sentence, theirs, clauses, concerned):
            return "unsupported"
    if _added(claim, sentence):
        return "unsupported"
    if _approximate(sentence, theirs, used) > _approximate(claim, terms(claim)):
        return "number"
    return "speaker" if _put_in_nobodys_mouth(claim, sentence, theirs, used) else None


def _found(kind: str, text: str) -> list[re.Match[str]]:
    """The words of one kind in `text`; the month of May is none."""
    return [
        match
        for match in pattern("operators", kind).finditer(text.replace("’", "'"))
        if not (match[0] == "May" and match.start() > 0)
    ]


def _negated(text: str) -> int:
    return sum(term.kind == "negation" for term in terms(text))


def _clauses(sentence: str, theirs: tuple[Term, ...]) -> list[int]:
    """For each term the number of the clause that it stands in."""
    numbers, clause = [], 0
    for i, term in enumerate(theirs):
        if i and _CLAUSE_END.search(sentence[theirs[i - 1].end : term.start]):
            clause += 1
        numbers.append(clause)
    return numbers


def _borne_on(at: int, theirs: tuple[Term, ...], clauses: list[int]) -> set[int]:
    """The clauses that the word at `at` bears on: its own, and that of the next content word.

    One that has neither ends what was said before: "what they can and cannot do".
    """
    following = next((i for i in range(at + 1, len(theirs)) if theirs[i].kind == "word"), None)
    found = {clauses[at]}
    if following is not None and not _denies_what_precedes(theirs[at]):
        found.add(clauses[following])
    elif clauses.count(clauses[at]) == 1 and at > 0:
        found.add(clauses[at - 1])
    return found


def _denies_what_precedes(term: Term) -> bool:
    """Whether it is a "nothing", which denies what it ends: "It earns nothing, he said"."""
    return term.kind == "negation" and term.key not in words("negation_of", "verbs")


def _bearing_negations(theirs: tuple[Term, ...], clauses: list[int], used: Collection[int]) -> int:
    concerned = {clauses[i] for i in used}
    return sum(
        term.kind == "negation" and bool(_borne_on(i, theirs, clauses) & concerned)
        for i, term in enumerate(theirs)
    )


def _misplaced_negation(
    claim: str, theirs: tuple[Term, ...], clauses: list[int], used: Collection[int]
) -> bool:
    """Whether the claim denies another thing than the sentence does."""
    borne = set[int]()
    for i, term in enumerate(theirs):
        if term.kind == "negation":
            borne |= _borne_on(i, theirs, clauses)
    ours = terms(claim)
    for i, term in enumerate(ours):
        if term.kind != "negation":
            continue
        denied = next((t for t in ours[i + 1 :] if t.kind == "word"), None)
        if denied is None:
            continue
        there = [n for n in used if theirs[n].key == denied.key]
        if there and not any(clauses[n] in borne for n in there):
            return True
    return False


def _lost(
    kind: str,
    claim: str,
    sentence: str,
    theirs: tuple[Term, ...],
    clauses: list[int],
    concerned: set[int],
) -> bool:
    """Whether more words of this kind bear on the clauses that the claim uses than it has."""
    bearing = [
        each
        for each in _found(kind, sentence)
        if _borne_on(_index_at(each.start(), theirs), theirs, clauses) & concerned
    ]
    return len(bearing) > len(_found(kind, claim))


@dataclass(frozen=True, slots=True)
class _UsedAt:
    """Where in the sentence the words stand that the claim says."""

    sentence: str
    offsets: tuple[int, ...]


def _quoted_apart(operator: re.Match[str], used: _UsedAt) -> bool:
    """Whether it stands in a quotation of which the claim says nothing: “If so,” says Ann Lee."""
    return any(
        start <= operator.start() < end and not any(start <= at < end for at in used.offsets)
        for start, end in quoted_spans(used.sentence)
    )


def _index_at(offset: int, theirs: tuple[Term, ...]) -> int:
    """The term at or behind the offset, or the last."""
    return next((i for i, term in enumerate(theirs) if term.end > offset), len(theirs) - 1)


def _added(claim: str, sentence: str) -> bool:
    """Whether the claim has a hedge or a condition that the sentence hasn't."""
    return any(
        _found(kind, claim) and not _found(kind, sentence)
        for kind in (*_WHOLE_SENTENCE, *_CLAUSE)
        if kind != "intended" and not _shares(kind, claim, sentence)
    )


def _shares(kind: str, claim: str, sentence: str) -> bool:
    """Whether a word of this kind in the claim is in the sentence in another sense ("could")."""
    ours = {found[0].casefold() for found in _found(kind, claim)}
    others = {entry for each in lexicon()["operators"] for entry in lexicon()["operators"][each]}
    return all(
        re.search(rf"(?<!\w){re.escape(word)}(?!\w)", sentence, re.I) for word in ours & others
    )


def _approximate(text: str, found: tuple[Term, ...], used: Collection[int] | None = None) -> int:
    """How many numbers of `text` (of those used, if given) are said to be inexact."""
    return sum(
        term.kind == "number"
        and (used is None or i in used)
        and bool(_before_number().search(text[: term.start]))
        for i, term in enumerate(found)
    )


@cache
def _before_number() -> re.Pattern[str]:
    return re.compile(rf"{pattern('operators', 'approximate').pattern}\s+$", re.IGNORECASE)


def _put_in_nobodys_mouth(
    claim: str, sentence: str, theirs: tuple[Term, ...], used: Collection[int]
) -> bool:
    """Whether the sentence tells what somebody holds, and the claim tells it as so."""
    if _is_according_to_somebody(sentence, theirs, used) and not _according().search(claim):
        return True
    holding = [
        verb
        for verb in [*_found("held", sentence), *_found("held_nouns", sentence)]
        if any(theirs[i].start >= verb.end() for i in used)
        or re.search(r",\s*(?:[\w.’'-]+\s+){0,6}$", sentence[: verb.start()])
    ]
    return len(holding) > len(_found("held", claim)) + len(_found("held_nouns", claim))


def _is_according_to_somebody(
    sentence: str, theirs: tuple[Term, ...], used: Collection[int]
) -> bool:
    """Whether the sentence gives what the claim says as somebody's account.

    What stands behind a closing "according to" tells of that somebody, and is nobody's account.
    """
    prefix = _according().search(sentence)
    if prefix is None:
        return False
    closes = bool(re.search(r"\w", sentence[: prefix.start()]))
    return not (closes and all(theirs[i].start >= prefix.end() for i in used))


def _according() -> re.Pattern[str]:
    return pattern("reporting", "prefixes")
