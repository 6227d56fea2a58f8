"""Cuts paragraphs into passages: what is embedded and retrieved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from index.tokens import count_tokens
from index.types import Paragraph, Passage, Sentence, Source

MAX_PASSAGE_TOKENS = 320
"""Of cl100k_base; a single sentence may have more, it is never cut for this."""
PASSAGES_VERSION = 1
"""Raise it when the same sentences give other passages: libraries must then be reindexed."""


def split_passages(
    source: Source, paragraphs: Iterable[Paragraph], sentences: Iterable[Sentence]
) -> tuple[Passage, ...]:
    """One passage a paragraph; a long paragraph becomes several runs of whole sentences.

    The ids carry the text's hash, so that those of an earlier version are never mistaken for it.
    """
    by_paragraph = {
        number: list(group) for number, group in groupby(sentences, key=lambda s: s.paragraph)
    }
    version = f"{source.id}@{source.sha256[:12]}"
    return tuple(
        Passage(
            id=f"{version}:{paragraph.number}.{run}",
            source_id=source.id,
            paragraph=paragraph.number,
            start=start,
            end=end,
            tokens=count_tokens(source.text[start:end]),
        )
        for paragraph in paragraphs
        for run, (start, end) in enumerate(
            _runs(source.text, paragraph, by_paragraph.get(paragraph.number, [])), start=1
        )
    )


def _runs(
    text: str, paragraph: Paragraph, sentences: Sequence[Sentence]
) -> Iterator[tuple[int, int]]:
    whole = text[paragraph.start : paragraph.end]
    # A token is at least one byte, so a short text needs no counting.
    if len(whole.encode()) <= MAX_PASSAGE_TOKENS or count_tokens(whole) <= MAX_PASSAGE_TOKENS:
        yield paragraph.start, paragraph.end
        return
    start, end, tokens = sentences[0].start, sentences[0].end, 0
    for sentence in sentences:
        # The white space before a sentence may cost a token of its own.
        cost = count_tokens(sentence.text) + 1
        if tokens and tokens + cost > MAX_PASSAGE_TOKENS:
            yield start, end
            start, tokens = sentence.start, 0
        end, tokens = sentence.end, tokens + cost
    yield start, end
