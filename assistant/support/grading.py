"""Given a claim and sentences: supported, partly or not, part by part, with the evidence.

What says a part literally, by the strict checks, supports it for certain. What has all its words
and says something else, by the same checks, doesn't. Between the two a calibrated model decides by
how much of the part the evidence has; but a part with a number, a date or a name that the texts
don't have, or with something else in its place, is never supported.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from assistant.attribution import names_someone, same_person, told
from assistant.denials import is_opposite
from assistant.evidence import PROSE, is_question
from assistant.speakers import speaker_of
from assistant.support.contrary import Contrary, astray, contraries
from assistant.support.evidence import BEARS, Laid, Pool, Rows, choose, lay
from assistant.support.model import features, probability, threshold
from assistant.support.points import STATING, Point, Rarity, parts_of
from assistant.support.strict import contradicted_because
from assistant.types import WithheldReason
from assistant.wording import same, terms
from index import (
    IndexedSource,
    Sentence,
    Source,
    source_from_text,
    split_paragraphs,
    split_sentences,
)
from index.words import words

Support = Literal["supported", "partly", "not"]
"""How far texts support a claim."""

MIN_TOLD = 6
"""Points of a part from which a sentence that has all of them tells of the same thing."""
MIN_BY_ONE = 0.3
"""Share of a part that one sentence has at least where it is supported."""
SHORT, SHORTEST = 6, 4
"""Words, numbers and dates up to which a claim is short: each of them may turn what it says. None
may be missing then, and of the shortest one sentence must have all."""
SAME_SENTENCE = 0.75
"""Share of a claim that a sentence has, and of the sentence that the claim has, where both are
one sentence but for a few words: then these words decide, and degree says nothing."""
SAYING = 2
"""Sentences shown of those that say a claim as it stands."""


@dataclass(frozen=True, slots=True)
class Examined:
    """A part of a claim laid against the texts, before it is judged."""

    text: str
    features: Mapping[str, float]
    evidence: tuple[Sentence, ...]
    """The sentences that bear on it, best first."""
    points: int
    """How many words, numbers and dates the whole claim states."""
    is_literal: bool = False
    """Whether one of them says it as it stands."""
    missing: tuple[Point, ...] = ()
    """What none of them has."""
    astray: tuple[Point, ...] = ()
    """Numbers, dates and names that stand elsewhere, where a sentence like it has another one."""
    contraries: tuple[Contrary, ...] = ()
    """What the texts say instead."""
    is_opposed: bool = False
    """Whether a sentence that bears on it has the opposite of one of its words."""
    because: WithheldReason | None = None
    """Why a sentence with all its words doesn't say it."""

    @property
    def is_contradicted(self) -> bool:
        """Whether the texts say something that can't be right as well."""
        return self.because == "negation" or any(each.is_fact for each in self.contraries)

    @property
    def is_ruled_out(self) -> bool:
        """Whether it can't be called supported, however likely it is."""
        lacks_fact = any(point.is_value or point.is_name for point in self.missing)
        least = 1.0 if self.points <= SHORTEST else MIN_BY_ONE
        too_little = self.features["by_one_sentence"] < least
        lacks_word = self.points <= SHORT and bool(self.missing)
        return (
            too_little
            or lacks_word
            or lacks_fact
            or bool(self.astray)
            or self.is_opposed
            or self.because is not None
            or bool(self.contraries)
        )


@dataclass(frozen=True, slots=True)
class GradedPart:
    """A part of a claim, and what the texts say of it."""

    examined: Examined
    verdict: Support
    probability: float
    """That it is supported: 1.0 where a sentence says so, 0.0 where one says otherwise."""


@dataclass(frozen=True, slots=True)
class Graded:
    """A claim's parts; what holds of all of them holds of the claim."""

    parts: tuple[GradedPart, ...]

    @property
    def verdict(self) -> Support:
        """Supported where all parts are, not where none is so even partly."""
        return verdict_of([part.verdict for part in self.parts])

    @property
    def probability(self) -> float:
        """That of the weakest part."""
        return min((part.probability for part in self.parts), default=0.0)


def verdict_of(parts: Sequence[Support]) -> Support:
    """The verdict on the whole of which these are the parts."""
    if parts and all(part == "supported" for part in parts):
        return "supported"
    return "partly" if any(part != "not" for part in parts) else "not"


def grade(claim: str, pool: Pool, rarity: Rarity) -> Graded:
    """How far the pool's sentences support the claim."""
    return Graded(tuple(map(_graded, examine(claim, pool, rarity))))


def _graded(part: Examined) -> GradedPart:
    if part.is_literal:
        return GradedPart(part, "supported", 1.0)
    if part.is_contradicted:
        return GradedPart(part, "not", 0.0)
    likely = probability("supported", part.features)
    if likely >= threshold("supported") and not part.is_ruled_out:
        return GradedPart(part, "supported", likely)
    is_partly = probability("partly", part.features) >= threshold("partly")
    return GradedPart(part, "partly" if is_partly else "not", likely)


def examine(claim: str, pool: Pool, rarity: Rarity) -> tuple[Examined, ...]:
    """What the pool's sentences have of each part of the claim."""
    laid = [lay(part, pool) for part in parts_of(claim, rarity)]
    if not pool.sentences or not laid:
        return ()
    points = sum(len(each.part.points) for each in laid)
    complete = np.logical_and.reduce([each.complete for each in laid])
    saying, because = _saying(claim, complete, pool)
    if saying:
        return tuple(_said(each, saying, points, pool) for each in laid)
    if because is None and _is_altered(claim, laid, pool):
        because = "unsupported"
    chosen = choose(laid)
    return tuple(_examined(claim, each, chosen, points, because, pool) for each in laid)


def _is_altered(claim: str, laid: Sequence[Laid], pool: Pool) -> bool:
    """Whether a sentence is the claim but for a few words, which the literal checks don't pass."""
    whole = sum(float(each.weights.sum()) for each in laid)
    shares = sum(each.shares * float(each.weights.sum()) for each in laid) / whole
    ours = terms(claim)
    for row in map(int, np.flatnonzero(shares >= SAME_SENTENCE)):
        theirs = [term for term in terms(pool.sentences[row].text) if term.kind in STATING]
        told = sum(any(same(term, each, ours) for each in ours) for term in theirs)
        if told >= SAME_SENTENCE * len(theirs):
            return True
    return False


def _saying(text: str, complete: Rows, pool: Pool) -> tuple[tuple[int, ...], WithheldReason | None]:
    """Of the sentences with all the words those that say the text; or why none of them does."""
    because: WithheldReason | None = None
    saying = []
    for row in map(int, np.flatnonzero(complete)):
        sentence = pool.sentences[row]
        reason = contradicted_because(text, sentence.text, pool.before(sentence))
        if reason is None:
            saying.append(row)
        because = because or reason
    return tuple(saying), None if saying else because


def _said(laid: Laid, rows: Sequence[int], points: int, pool: Pool) -> Examined:
    evidence = tuple(pool.sentences[row] for row in rows[:SAYING])
    return Examined(laid.part.text, features(laid, rows), evidence, points, is_literal=True)


def _examined(
    claim: str,
    laid: Laid,
    chosen: Sequence[int],
    points: int,
    whole: WithheldReason | None,
    pool: Pool,
) -> Examined:
    """`whole` is why a sentence with all words of the claim doesn't say it."""
    saying, because = _saying(laid.part.text, laid.complete, pool)
    if saying and not whole:
        return _said(laid, saying, points, pool)
    bearing = sorted(
        (row for row in chosen if laid.shares[row] >= BEARS), key=lambda row: -laid.shares[row]
    )
    if len(laid.part.points) < MIN_TOLD:
        because = None  # so few words stand in many sentences that tell of something else
    if not because and not _is_attributed(laid.part.text, bearing, pool):
        because = "speaker"
    missing = laid.lacking(chosen)
    return Examined(
        text=laid.part.text,
        features=features(laid, chosen),
        evidence=tuple(pool.sentences[row] for row in bearing),
        points=points,
        is_opposed=any(
            is_opposite(point.text, pool.sentences[row].text)
            for row in bearing
            for point in missing
        ),
        missing=missing,
        astray=tuple(astray(laid, missing, claim, pool)),
        contraries=contraries(laid, missing, pool),
        because=whole or because,
    )


def _is_attributed(part: str, bearing: Sequence[int], pool: Pool) -> bool:
    """Whether those whom the part has say something are said to say what bears on it."""
    speaker = told(part).speaker
    return speaker is None or any(
        names_someone(pool.sentences[row].text, speaker)
        or _is_said_by(speaker, pool.sentences[row], pool)
        for row in bearing[:1]
    )


def _is_said_by(speaker: str, sentence: Sentence, pool: Pool) -> bool:
    found = speaker_of(sentence, pool.sources[sentence.source_id])
    return found is not None and same_person(found.name, speaker)


# --- texts without a library ---------------------------------------------------------------------


def support_of(claim: str, texts: Sequence[str]) -> Graded:
    """How far the texts support the claim; nothing is embedded, every sentence is looked at.

    The texts are called "text-1", "text-2" and so on; paragraphs are apart by a blank line.
    """
    pool = pool_of_sources(
        source_from_text(text, id=f"text-{number}")
        for number, text in enumerate(texts, 1)
        if text.strip()
    )
    return grade(claim, pool, rarity_in(pool))


def pool_of_sources(sources: Iterable[Source]) -> Pool:
    """All that these sources state."""
    split = {source.id: _split(source) for source in sources}
    stated = (
        sentence
        for indexed in split.values()
        for sentence in indexed.sentences
        if indexed.paragraph(sentence.paragraph).kind in PROSE and not is_question(sentence.text)
    )
    return Pool(tuple(stated), split)


def _split(source: Source) -> IndexedSource:
    paragraphs = split_paragraphs(source.id, source.text)
    sentences = tuple(s for p in paragraphs for s in split_sentences(source.id, p, source.text))
    nothing = np.zeros((0, 1), dtype=np.float32)
    return IndexedSource(source, paragraphs, sentences, nothing, ())


def rarity_in(pool: Pool) -> Rarity:
    """Rarity by the paragraphs of the pool's sources."""
    counts: Counter[str] = Counter()
    total = 0
    for indexed in pool.sources.values():
        for paragraph in indexed.paragraphs:
            total += 1
            counts.update(set(words(indexed.source.text[paragraph.start : paragraph.end])))
    return lambda wanted: rarity({word: counts[word] for word in wanted}, total)


def rarity(frequencies: Mapping[str, int], total: int) -> dict[str, float]:
    """BM25's inverse document frequency, as a share of that of a word never seen."""
    most = _idf(0, total)
    return {word: _idf(count, total) / most for word, count in frequencies.items()}


def _idf(count: int, total: int) -> float:
    return math.log(1 + (total - count + 0.5) / (count + 0.5))
