"""From claimed quotes to citations: located by strict folding, checked against the stored text.

Every citation in Pincite is made by `cite`, which lets none out that fails `holds`.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from assistant.drafts import Quote
from assistant.folding import Folded, fold_with_offsets
from assistant.types import Citation, Highlight, Match
from index import IndexedSource, Paragraph

CONTEXT_CHARACTERS = 32
MAX_REMEMBERED = 10_000
"""Characters of the longest paragraph whose folding is kept in memory."""


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
    span = _as_claimed(quote, paragraph, text) or _nearest(quote, paragraph, text)
    if span is None:
        return None
    start, end = span
    found = text[start:end]
    match: Match = "exact" if found == quote.text else "folded"
    citation = Citation(
        number=0,
        source_id=indexed.source.id,
        source_title=indexed.source.title.value if indexed.source.title else None,
        source_uri=indexed.source.uri,
        source_sha256=indexed.source.sha256,
        paragraph=paragraph.number,
        page=page_of(indexed, start),
        start=start,
        end=end,
        quote=found,
        prefix=text[max(0, start - CONTEXT_CHARACTERS) : start],
        suffix=text[end : end + CONTEXT_CHARACTERS],
        match=match,
        highlight=_highlight(quote, start, text) if match == "exact" else None,
    )
    return citation if holds(citation, indexed) else None


def page_of(indexed: IndexedSource, offset: int) -> int | None:
    """The page of the original that has the character at this offset; None where none is known."""
    place = indexed.source.place_at(offset)
    return place.page if place else None


def _as_claimed(quote: Quote, paragraph: Paragraph, text: str) -> tuple[int, int] | None:
    """The quote's span where it stands exactly where it is said to start, between white space.

    Only a short cut: numbers, which may go on behind a space, are left to `find`.
    """
    if quote.start is None or not quote.text:
        return None
    start, end = quote.start, quote.start + len(quote.text)
    if not paragraph.start <= start < end <= paragraph.end or text[start:end] != quote.text:
        return None
    apart = all(
        not beside or beside.isspace()
        for beside in (
            text[start - 1 : start] if start > paragraph.start else "",
            text[end : end + 1] if end < paragraph.end else "",
        )
    )
    inside = quote.text[0].isspace() or quote.text[-1].isspace()
    numeric = quote.text[0].isnumeric() or quote.text[-1].isnumeric()
    return (start, end) if apart and not inside and not numeric else None


def _nearest(quote: Quote, paragraph: Paragraph, text: str) -> tuple[int, int] | None:
    """Of the places where the paragraph has these words the one nearest to the claimed start."""
    spans = [
        (start + paragraph.start, end + paragraph.start)
        for start, end in find(quote.text, text[paragraph.start : paragraph.end])
    ]
    if not spans:
        return None
    hint = spans[0][0] if quote.start is None else quote.start
    return min(spans, key=lambda span: (abs(span[0] - hint), span))


def _highlight(quote: Quote, start: int, text: str) -> Highlight | None:
    if quote.highlight is None:
        return None
    first, last = start + quote.highlight[0], start + quote.highlight[1]
    return Highlight(start=first, end=last, text=text[first:last])


def find(wanted: str, text: str) -> list[tuple[int, int]]:
    """All spans of `text` that say `wanted` up to typography, in order; [] for an empty quote."""
    needle = _folded(wanted).text.strip(" ")
    if not needle:
        return []
    haystack = _folded(text)
    return [
        (haystack.starts[start], haystack.ends[end - 1])
        for start, end in _occurrences(needle, haystack.text)
        if haystack.can_split(start)
        and haystack.can_split(end)
        and _whole_words(haystack.text, start, end)
    ]


def _occurrences(needle: str, haystack: str) -> Iterator[tuple[int, int]]:
    """All occurrences, overlapping ones too, in linear time (Knuth, Morris and Pratt)."""
    first = haystack.find(needle)
    if first < 0:
        return
    if haystack.find(needle, first + 1) < 0:
        yield first, first + len(needle)
        return
    borders = [0]
    for character in needle[1:]:
        borders.append(_extended(borders[-1], character, needle, borders))
    matched = 0
    for end, character in enumerate(haystack, 1):
        if matched == len(needle):
            matched = borders[-1]
        matched = _extended(matched, character, needle, borders)
        if matched == len(needle):
            yield end - matched, end


def _extended(matched: int, character: str, needle: str, borders: list[int]) -> int:
    """How much of `needle` is matched after one more character; `borders` say where to go on."""
    while matched and needle[matched] != character:
        matched = borders[matched - 1]
    return matched + (needle[matched] == character)


def _folded(text: str) -> Folded:
    """The folded paragraph; those of a usual length are remembered, as answers share them."""
    return _remembered(text) if len(text) <= MAX_REMEMBERED else fold_with_offsets(text)


@lru_cache(maxsize=1024)
def _remembered(text: str) -> Folded:
    return fold_with_offsets(text)


def _whole_words(folded: str, start: int, end: int) -> bool:
    """Whether neither end of the span cuts a word or a number ("12" in "2012", "1" in "1.5")."""
    before, first = folded[max(0, start - 2) : start], folded[start]
    last, after = folded[end - 1], folded[end : end + 2]
    if before and _in_word(before[-1]) and _in_word(first):
        return False
    if after and _in_word(last) and _in_word(after[0]):
        return False
    if after == "'t":
        return False  # "can" isn't a quote from "can't"
    if _NEGATING_PREFIX.search(folded[max(0, start - 6) : start]):
        return False  # nor "European" from "non-European"
    if first.isdigit() and (_joins(before) or _is_sign(before)):
        return False
    if _GROUPED.match(folded, max(0, start - 2)) and first.isdigit() and before[-1:] == " ":
        return False  # "000" in "10 000"
    if last.isdigit() and _GROUPED.match(folded, end - 1):
        return False
    return not (last.isdigit() and _joins(after[::-1]))


_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)
"""Thai, Lao, Myanmar, Khmer, Japanese and Chinese."""
_NEGATING_PREFIX = re.compile(r"(?:^|\W)(?:non|anti|ex|un)-$")
_GROUPED = re.compile(r"\d \d{3}(?!\d)")
"""A number goes on behind a space: "10 000"."""


def _in_word(character: str) -> bool:
    if _UNSPACED.match(character):
        return False  # a script without spaces has no words whose ends could be seen
    return character.isalnum() or character == "_" or unicodedata.category(character)[0] == "M"


def _joins(beyond: str) -> bool:
    """Whether a number goes on behind a separator: "1.5", "1,000", "12:30", "1/2", "10-12"."""
    return len(beyond) == 2 and beyond[0].isdigit() and beyond[1] in ".,:/-"


def _is_sign(before: str) -> bool:
    """Whether a minus stands before a number; "F-16" has a hyphen."""
    return before[-1:] == "-" and not before[:-1].isalnum()


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
