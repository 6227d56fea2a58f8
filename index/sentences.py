"""Splits paragraphs into sentences and tells which of them were uttered together.

sentencex keeps a quotation of several sentences with its attribution in one piece: the utterance.
Inside it the sentences are found by looking once more with the quotation marks blanked out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from sentencex import get_sentence_boundaries

from index.types import Paragraph, Sentence

MAX_SENTENCE_CHARS = 1500
"""A longer sentence is cut at white space, so that nothing downstream sees a monster."""
MIN_UTTERED_WORDS = 6
"""Inside a quotation a shorter sentence ("Or that?" she asks) stays with the one before it."""
SENTENCES_VERSION = 1
"""Raise it when the same text gives other sentences: libraries must then be reindexed."""

_WINDOW_CHARS = 4000
"""sentencex takes quadratic time on some texts (unclosed quotes), so it gets bounded pieces."""
_BLANKED_QUOTES = str.maketrans(dict.fromkeys('"“”„«»‟', " "))
_OPENING_QUOTES = "“„«‟‘'"
_SPACES = re.compile(r"\s+")

Span = tuple[int, int]


def split_sentences(
    source_id: str, paragraph: Paragraph, text: str, lang: str = "en"
) -> list[Sentence]:
    """The sentences of `paragraph`, with offsets into `text`, the whole text of the source.

    They are in order, don't overlap, and only white space is left between them. In every kind of
    paragraph but the body each line stands for itself.
    """
    found = []
    for start, end in _units(paragraph, text):
        for utterance in _segments(text, start, end, lang):
            for span in _inside(text, utterance, lang):
                found += [
                    Sentence(source_id, paragraph.number, *piece, *utterance, text[slice(*piece)])
                    for piece in _bounded(text, *span)
                ]
    return found


def _units(paragraph: Paragraph, text: str) -> Iterator[Span]:
    """What is split by itself: the paragraph, or each line of one that isn't prose."""
    if paragraph.kind == "body":
        yield paragraph.start, paragraph.end
        return
    start = paragraph.start
    for line in text[paragraph.start : paragraph.end].split("\n"):
        if line and not line.isspace():
            yield _stripped(text, start, start + len(line))
        start += len(line) + 1


def _segments(text: str, start: int, end: int, lang: str) -> Iterator[Span]:
    """What sentencex takes for sentences of `text[start:end]`, without outer white space."""
    cuts = [*_cuts(text[start:end], lang), end - start]
    yield from _joined(text, [(start + a, start + b) for a, b in pairwise(cuts)])


def _cuts(text: str, lang: str) -> list[int]:
    """The offsets where a sentence begins, the first always 0; in linear time."""
    cuts = [0]
    while True:
        base = cuts[-1]
        window = text[base : base + _WINDOW_CHARS]
        starts = [found["start_index"] for found in get_sentence_boundaries(lang, window)]
        new = [base + start for start in starts if start > 0]
        if base + len(window) == len(text):
            return cuts + new
        # The last one may go on behind the window: look at it again from its beginning.
        cuts += new or [base + len(window)]


def _joined(text: str, spans: list[Span]) -> list[Span]:
    """The spans stripped; one without a letter or digit belongs to the one before it."""
    joined: list[Span] = []
    for start, end in spans:
        start, end = _stripped(text, start, end)
        if start == end:
            continue
        if joined and not any(character.isalnum() for character in text[start:end]):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _inside(text: str, utterance: Span, lang: str) -> list[Span]:
    """The sentences of an utterance: where one begins when quotation marks are disregarded."""
    start, end = utterance
    segment = text[start:end]
    masked = segment.translate(_BLANKED_QUOTES)
    if masked == segment:
        return [utterance]
    cuts = [0]
    for masked_start, _ in _segments(masked, 0, len(masked), lang):
        first = masked[masked_start]
        if not first.isalnum() or first.islower():
            continue  # the rest of a sentence, such as its attribution
        cut = _before_opening_quotes(segment, masked_start)
        if cut > cuts[-1]:
            cuts.append(cut)
    ends = [*cuts[1:], len(segment)]
    kept = [0]
    kept += [a for a, b in zip(cuts, ends, strict=True) if a and _stands_alone(segment[a:b])]
    return _joined(text, [(start + a, start + b) for a, b in pairwise([*kept, len(segment)])])


def _stands_alone(piece: str) -> bool:
    """Whether a piece of an utterance tells anything without the piece before it."""
    return len(piece.split()) >= MIN_UTTERED_WORDS


def _before_opening_quotes(segment: str, cut: int) -> int:
    while cut > 0 and (
        segment[cut - 1] in _OPENING_QUOTES
        or (segment[cut - 1] == '"' and (cut == 1 or segment[cut - 2].isspace()))
    ):
        cut -= 1
    return cut


def _bounded(text: str, start: int, end: int) -> Iterator[Span]:
    """The span in pieces of at most MAX_SENTENCE_CHARS, cut at white space where there is some."""
    while end - start > MAX_SENTENCE_CHARS:
        limit = start + MAX_SENTENCE_CHARS
        spaces = [match.start() for match in _SPACES.finditer(text, start, limit)]
        cut = spaces[-1] if spaces else limit
        yield _stripped(text, start, cut)
        start = _stripped(text, cut, end)[0]
    yield start, end


def _stripped(text: str, start: int, end: int) -> Span:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end
