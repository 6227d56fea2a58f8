"""Which sentences of different sources tell of the same thing, and which say the same.

Embeddings bring similar sentences together ("The sky is blue." and "The sea is green."), so
closeness alone proves nothing. Two sentences are aligned when each is the other source's nearest
and all but a few of their words are the same; one backs the other only when nothing that it says is
missing there. Twins render one original in different words: for them fewer shared words will do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache

from assistant.differences import differences
from assistant.evidence import Candidate, Evidence
from assistant.facts import REMEMBERED, negations
from assistant.highlight import answer_span
from assistant.names import names, spelling_key
from assistant.speakers import quoted_spans
from assistant.support import missing_fact
from index.words import content_words

CLOSE = 0.89
"""Cosine from which two sentences can tell of the same thing."""
MIN_SHARED_WORDS = 2
MIN_QUOTED_WORDS = 4
MIN_SHARED = 0.75
MIN_SHARED_BY_TWINS = 0.3
"""Of the content words of the shorter sentence, the share that the other must have."""
MIN_NAMES = 0.6
"""Of a sentence's names, the share that must stand in the paragraph of one that backs it."""


def similarity(first: Candidate, second: Candidate) -> float:
    """Cosine similarity of two candidates' sentences."""
    return float(first.vector @ second.vector)


def counterparts(candidate: Candidate, evidence: Evidence) -> tuple[Candidate, ...]:
    """From each other source the sentence that tells of the same thing, if there is one."""
    return tuple(
        other
        for other in nearest_to_each_other(candidate, evidence)
        if tell_of_the_same(candidate, other, evidence)
    )


def nearest_to_each_other(candidate: Candidate, evidence: Evidence) -> tuple[Candidate, ...]:
    """From each other source the sentence nearest to this one, if this is nearest to it too."""
    told: dict[str, list[Candidate]] = defaultdict(list)
    for each in evidence.prose():
        told[each.sentence.source_id].append(each)
    own = told.pop(candidate.sentence.source_id, [])
    nearest = [_nearest(candidate, told[source_id]) for source_id in sorted(told)]
    return tuple(other for other in nearest if other and _nearest(other, own) is candidate)


def backing(candidate: Candidate, evidence: Evidence) -> tuple[Candidate, ...]:
    """The counterparts that say the same: nothing differs, and no word of it is missing there.

    Of a twin's sentence less is asked, as it renders the same original: the numbers, dates and the
    answer itself, most of the names, and the same negation.
    """
    return tuple(
        other
        for other in counterparts(candidate, evidence)
        if not differences(candidate.sentence.text, other.sentence.text)
        and (_are_twins(candidate, other, evidence) or _has_all_words(candidate, other))
        and _has_the_answer(candidate, other, evidence)
    )


def _has_all_words(candidate: Candidate, other: Candidate) -> bool:
    return set(content_words(candidate.sentence.text)) <= set(content_words(other.sentence.text))


def _has_the_answer(candidate: Candidate, other: Candidate, evidence: Evidence) -> bool:
    ours, theirs = candidate.sentence.text, other.sentence.text
    paragraph = evidence.paragraph_of(other)
    if missing_fact(ours, theirs, paragraph) in ("number", "date"):
        return False
    span = answer_span(evidence.question, ours)
    if span and missing_fact(ours[slice(*span)], theirs, paragraph) == "name":
        return False
    named = names(ours)
    found = [name for name in named if not missing_fact(name.text, paragraph, "")]
    return len(found) >= MIN_NAMES * len(named) and bool(negations(ours)) == bool(negations(theirs))


def _nearest(candidate: Candidate, pool: Sequence[Candidate]) -> Candidate | None:
    return max(
        pool,
        key=lambda other: (similarity(candidate, other), -other.sentence.start),
        default=None,
    )


def tell_of_the_same(first: Candidate, second: Candidate, evidence: Evidence) -> bool:
    """Whether two sentences are close and share enough words to tell of one thing."""
    return similarity(first, second) >= CLOSE and share_enough_words(
        first.sentence.text, second.sentence.text, twins=_are_twins(first, second, evidence)
    )


def share_enough_words(first: str, second: str, *, twins: bool) -> bool:
    """Whether enough words of two sentences are the same for them to tell of one thing."""
    told = tuple(_quoted_or_all(text) for text in (first, second))
    ours, theirs = map(_words, told)
    shared, shorter = len(ours & theirs), min(len(ours), len(theirs))
    if not twins and _name_different_things(*told):
        return False
    least = MIN_SHARED_BY_TWINS if twins else MIN_SHARED
    return shared >= MIN_SHARED_WORDS and shared >= least * shorter


def _quoted_or_all(text: str) -> str:
    """What is said, without who says it, where the sentence is mainly a quotation."""
    quoted = " ".join(text[start:end] for start, end in quoted_spans(text))
    return quoted if len(content_words(quoted)) >= MIN_QUOTED_WORDS else text


def _name_different_things(first: str, second: str) -> bool:
    """Whether each has a name that the other has in no spelling: two halls, two matches."""
    ours, theirs = (
        {word for name in names(text) for word in spelling_key(name.text)}
        for text in (first, second)
    )
    return bool(ours - theirs) and bool(theirs - ours)


def _are_twins(first: Candidate, second: Candidate, evidence: Evidence) -> bool:
    return second.sentence.source_id in evidence.twins[first.sentence.source_id]


@lru_cache(maxsize=REMEMBERED)
def _words(text: str) -> frozenset[str]:
    """Content words without numbers, which are what aligned sentences may differ in."""
    return frozenset(w for w in content_words(text) if not any(c.isdigit() for c in w))
