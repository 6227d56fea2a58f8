"""From claimed quotes to citations: located by strict folding, checked against the stored text.

Every citation in Pincite is made by `cite`, which lets none out that fails `holds`.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

from assistant.drafts import Quote
from assistant.folding import Folded, fold, fold_with_offsets
from assistant.types import Citation, Highlight, Match
from index import IndexedSource

CONTEXT_CHARACTERS = 32


def cite(quote: Quote, indexed: IndexedSource) -> Citation | None:
    """The citation for `quote`, or None where its paragraph doesn't have these words.

    The words must be the paragraph's own up to typography (see `assistant.folding`), must not
    begin or end inside a word or number, and are returned as the source spells them. Of several
    occurrences the one nearest to `quote.start` is taken, or the first. Citations are numbered 0
    until the answer is put together.
    """
    try:
        paragraph = indexed.paragraph(quote.paragraph)
    except IndexError:
        return None
    text = indexed.source.text
    spans = find(quote.text, text[paragraph.start : paragraph.end])
    if not spans:
        return None
    shifted = [(start + paragraph.start, end + paragraph.start) for start, end in spans]
    hint = shifted[0][0] if quote.start is None else quote.start
    start, end = min(shifted, key=lambda span: (abs(span[0] - hint), span))
    found = text[start:end]
    match: Match = "exact" if found == quote.text else "folded"
    citation = Citation(
        number=0,
        source_id=indexed.source.id,
        source_title=indexed.source.title.value if indexed.source.title else None,
        source_uri=indexed.source.uri,
        source_sha256=indexed.source.sha256,
        paragraph=paragraph.number,
        start=start,
        end=end,
        quote=found,
        prefix=text[max(0, start - CONTEXT_CHARACTERS) : start],
        suffix=text[end : end + CONTEXT_CHARACTERS],
        match=match,
        highlight=_highlight(quote, start, text) if match == "exact" else None,
    )
    return citation if holds(citation, indexed) else None


def _highlight(quote: Quote, start: int, text: str) -> Highlight | None:
    if quote.highlight is None:
        return None
    first, last = start + quote.highlight[0], start + quote.highlight[1]
    return Highlight(start=first, end=last, text=text[first:last])


def find(wanted: str, text: str) -> list[tuple[int, int]]:
    """All spans of `text` that say `wanted` up to typography, in order; [] for an empty quote."""
    needle = fold(wanted)
    if not needle:
        return []
    haystack = _folded(text)
    spans = []
    position = haystack.text.find(needle)
    while position != -1:
        start, end = haystack.starts[position], haystack.ends[position + len(needle) - 1]
        if _whole_words(text, start, end) and fold(text[start:end]) == needle:
            spans.append((start, end))
        position = haystack.text.find(needle, position + 1)
    return spans


@lru_cache(maxsize=256)
def _folded(text: str) -> Folded:
    return fold_with_offsets(text)


def _whole_words(text: str, start: int, end: int) -> bool:
    """Whether neither end of the span cuts a word or a number ("12" in "2012", "1" in "1.5")."""
    before, first = text[start - 1 : start], text[start]
    last, after = text[end - 1], text[end : end + 1]
    if before and _in_word(before) and _in_word(first):
        return False
    if after and _in_word(last) and _in_word(after):
        return False
    if after in ("'", "’") and text[end + 1 : end + 2].casefold() == "t":
        return False  # "can" isn't a quote from "can't"
    if first.isdigit() and before in (".", ",") and text[max(0, start - 2) : start - 1].isdigit():
        return False
    return not (last.isdigit() and after in (".", ",") and text[end + 1 : end + 2].isdigit())


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def holds(citation: Citation, indexed: IndexedSource) -> bool:
    """Whether the citation is right about the stored text: the promise itself, in code."""
    source, highlight = indexed.source, citation.highlight
    if citation.source_id != source.id or not 1 <= citation.paragraph <= len(indexed.paragraphs):
        return False
    paragraph = indexed.paragraph(citation.paragraph)
    return (
        source.text[citation.start : citation.end] == citation.quote != ""
        and paragraph.start <= citation.start < citation.end <= paragraph.end
        and citation.source_sha256 == source.sha256 == sha256(source.text)
        and (highlight is None or _lies_in(citation, highlight, source.text))
    )


def _lies_in(citation: Citation, highlight: Highlight, text: str) -> bool:
    return (
        citation.start <= highlight.start < highlight.end <= citation.end
        and text[highlight.start : highlight.end] == highlight.text
    )


@lru_cache(maxsize=64)
def sha256(text: str) -> str:
    """Hex digest of `text` in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()
