"""Who else tells of what is asked, and whether they give the same answer."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.evidence import Candidate, Evidence
from index.words import content_words, words

COMPETES = 0.08
"""How far behind the best sentence's score another original's may be to compete with it."""


def has_competitors(evidence: Evidence) -> bool:
    """Whether another original has a sentence nearly as good as the best.

    Another, that is, than that of the likeliest answer; False where nothing was read.
    """
    pool = evidence.prose()
    return any(each.score > pool[0].score - COMPETES for each in _others(evidence))


def is_confirmed(evidence: Evidence) -> bool:
    """Whether another original has the words of the likeliest answer, in a paragraph found."""
    others = list(_others(evidence))
    if not others:
        return False
    found = evidence.readings[0]
    answer = evidence.sources[found.source_id].source.text[found.start : found.end]
    asked = set(evidence.question.content)
    wanted = set(content_words(answer)) - asked or set(words(answer))
    paragraphs = dict.fromkeys(map(evidence.paragraph_of, others))
    return any(wanted <= set(words(paragraph)) for paragraph in paragraphs)


def _others(evidence: Evidence) -> Iterator[Candidate]:
    if evidence.readings:
        found = evidence.readings[0]
        own = {found.source_id, *evidence.twins.get(found.source_id, ())}
        yield from (each for each in evidence.prose() if each.sentence.source_id not in own)
