"""Retrieves evidence, and reads its most promising pieces for the answer to the question."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from assistant.evidence import Candidate, Evidence, best_first, gather
from assistant.language import same_language
from assistant.questions import read_question
from assistant.reader import read
from index import IndexedSource, Library, Sentence
from index.language import language

PIECES = 3
"""Pieces that are read for a question, which bounds its time."""
PIECE_CHARS = 380
"""About 80 tokens; a sentence that is longer is read to here."""

MARGIN_WEIGHT = 0.006
ANSWER_WEIGHT = 0.03
"""What a sentence's score gains for each unit of its piece's margin, and for having the answer."""
MOST_MARGIN = 10.0
LEAST_MARGIN = -5.0
"""Margins count up to there, and answers from there."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Found:
    """The likeliest answer that the reader finds in one piece of a source."""

    source_id: str
    piece: Span
    """What was read, by its offsets in the source's text."""
    start: int
    end: int
    """The answer's offsets in the source's text."""
    margin: float
    """The score of that span less the score of there being no answer in the piece."""
    answerable: float
    """Logit of the piece answering the question at all."""


def retrieve(library: Library, question: str, sources: frozenset[str] | None = None) -> Evidence:
    """The evidence for a question that stands alone, from these sources or all, and read."""
    vector = library.embed_question(question)
    return with_readings(gather(library, read_question(question), vector, sources))


def with_readings(evidence: Evidence) -> Evidence:
    """The evidence with what the reader finds in its best pieces, likeliest answer first.

    The reader knows English alone: there are no readings where the question or the best evidence
    is in another language. Nor for a yes or a no, which stands nowhere in a text.
    """
    if not can_be_read(evidence) or evidence.question.kind == "yesno":
        return evidence
    found = read_pieces(evidence, list(islice(_pieces(evidence), PIECES)))
    found.sort(key=lambda each: -each.margin)
    rescored = [_rescored(candidate, found) for candidate in evidence.candidates]
    rescored.sort(key=best_first)
    return replace(evidence, candidates=tuple(rescored), readings=tuple(found))


def can_be_read(evidence: Evidence) -> bool:
    """Whether the question and the best of the evidence are in English."""
    pool = evidence.prose()
    return bool(pool) and _are_english(evidence.question.text, evidence.paragraph_of(pool[0]))


def read_pieces(evidence: Evidence, pieces: Sequence[tuple[str, Span]]) -> list[Found]:
    """What the reader finds in each of the pieces; one that was read before isn't read again."""
    known = {(each.source_id, each.piece): each for each in evidence.readings}
    unread = [piece for piece in pieces if piece not in known]
    texts = [evidence.sources[source_id].source.text[slice(*span)] for source_id, span in unread]
    readings = read(evidence.question.text, texts)
    for (source_id, span), reading in zip(unread, readings, strict=True):
        known[source_id, span] = Found(
            source_id=source_id,
            piece=span,
            start=span[0] + reading.start,
            end=span[0] + reading.end,
            margin=reading.margin,
            answerable=reading.answerable,
        )
    return [known[piece] for piece in pieces]


def _rescored(candidate: Candidate, found: Sequence[Found]) -> Candidate:
    """The candidate, better or worse by what the reader finds in it."""
    sentence = candidate.sentence
    score = candidate.score
    margins = [each.margin for each in found if _is_within(sentence, each.source_id, each.piece)]
    if margins:
        score += MARGIN_WEIGHT * min(max(*margins, -MOST_MARGIN), MOST_MARGIN)
    if any(
        each.source_id == sentence.source_id
        and sentence.start <= each.start < sentence.end
        and each.margin > LEAST_MARGIN
        for each in found
    ):
        score += ANSWER_WEIGHT
    return replace(candidate, score=score)


def _is_within(sentence: Sentence, source_id: str, piece: Span) -> bool:
    start, end = piece
    return sentence.source_id == source_id and start <= sentence.start and sentence.end <= end


def _are_english(question: str, text: str) -> bool:
    return language(text) == "en" and same_language(question, text)


def _pieces(evidence: Evidence) -> Iterator[tuple[str, Span]]:
    """Stretches of text around the best candidates, none inside another."""
    given: list[tuple[str, Span]] = []
    for candidate in evidence.prose():
        source_id, sentence = candidate.sentence.source_id, candidate.sentence
        if any(_is_within(sentence, *piece) for piece in given):
            continue
        piece = source_id, around(candidate, evidence.sources[source_id])
        given.append(piece)
        yield piece


def around(candidate: Candidate, indexed: IndexedSource) -> Span:
    """The sentence with as many neighbours of its paragraph as fit, those before it first."""
    sentences = indexed.sentences
    sentence = candidate.sentence
    first = last = bisect_left(sentences, sentence.start, key=lambda s: s.start)

    def fits(start: int, end: int) -> bool:
        return sentences[end].end - sentences[start].start <= PIECE_CHARS

    def beside(at: int) -> bool:
        return 0 <= at < len(sentences) and sentences[at].paragraph == sentence.paragraph

    grown = True
    while grown:
        grown = False
        if beside(first - 1) and fits(first - 1, last):
            first, grown = first - 1, True
        if beside(last + 1) and fits(first, last + 1):
            last, grown = last + 1, True
    start = sentences[first].start
    return start, min(sentences[last].end, max(sentence.end, start + PIECE_CHARS))
