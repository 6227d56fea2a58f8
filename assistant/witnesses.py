"""Whether other sources give the same answer as the one that most likely has it."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.evidence import Evidence
from index.words import content_words, words

COMPETES = 0.3
"""How far behind the best sentence's score a source's own may be for the source to be heard."""


@dataclass(frozen=True, slots=True)
class Witnesses:
    """The originals, besides that of the likeliest answer, that tell of what is asked."""

    heard: int
    agreeing: int
    """How many of them have the words of that answer in the paragraph that tells of it."""


def witnesses(evidence: Evidence) -> Witnesses:
    """Who else tells of what is asked, by what was read; nobody where nothing was."""
    if not evidence.readings:
        return Witnesses(0, 0)
    found = evidence.readings[0]
    answer = evidence.sources[found.source_id].source.text[found.start : found.end]
    asked = set(evidence.question.content)
    wanted = set(content_words(answer)) - asked or set(words(answer))
    own = _original(evidence, found.source_id)
    agrees: dict[str, bool] = {}
    pool = evidence.prose()
    for candidate in pool:
        if candidate.score < pool[0].score - COMPETES:
            break
        original = _original(evidence, candidate.sentence.source_id)
        if original != own:
            told = wanted <= set(words(evidence.paragraph_of(candidate)))
            agrees[original] = told or agrees.get(original, False)
    return Witnesses(len(agrees), sum(agrees.values()))


def _original(evidence: Evidence, source_id: str) -> str:
    """One name for a source and its twins, which are one witness."""
    return min({source_id, *evidence.twins.get(source_id, ())})
