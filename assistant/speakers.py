"""Who says it: finds the speaker of a quoted sentence where the text names one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from assistant.facts import Name, names
from assistant.lexicon import lexicon, pattern
from index.types import IndexedSource, Sentence

QUOTATION_MARKS = '“”„«»"'
_OPENING = "“„«"
_CLOSING = "”“»"
_GAP = 90
"""Farthest that a speaker's role may push name and verb apart, in characters."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """A speaker's name and the sentence that attributes the words to them."""

    name: str
    sentence: Sentence


def speaker_of(sentence: Sentence, indexed: IndexedSource) -> Speaker | None:
    """Who the source says said this sentence; None where it isn't quoted speech or nobody is named.

    Looked for in the sentence, then in the rest of its quotation, then before it in the paragraph
    (consecutive quotations without a new attribution go on with the same speaker).
    """
    neighbours = [s for s in indexed.sentences if s.paragraph == sentence.paragraph]
    utterance = [
        s
        for s in neighbours
        if sentence.utterance_start <= s.start and s.end <= sentence.utterance_end
    ]
    earlier = [s for s in neighbours if s.end <= sentence.utterance_start]
    in_quotation = quoted_spans(_paragraph_text(sentence, indexed))
    offset = indexed.paragraph(sentence.paragraph).start
    quoted = any(
        start + offset <= sentence.start + 1 and sentence.start < end + offset
        for start, end in in_quotation
    )
    for candidate in [sentence, *utterance] if quoted else [sentence]:
        name = attributed_name(candidate.text)
        if name:
            return Speaker(name.text, candidate)
    if quoted:
        for candidate in reversed(earlier):
            name = attributed_name(candidate.text)
            if name:
                return Speaker(name.text, candidate)
    return None


def _paragraph_text(sentence: Sentence, indexed: IndexedSource) -> str:
    paragraph = indexed.paragraph(sentence.paragraph)
    return indexed.source.text[paragraph.start : paragraph.end]


def quoted_spans(text: str) -> tuple[tuple[int, int], ...]:
    """Spans of `text` inside quotation marks; one that isn't closed runs to the end."""
    spans: list[tuple[int, int]] = []
    opened: int | None = None
    for position, character in enumerate(text):
        if opened is None:
            if character in _OPENING or character == '"':
                opened = position
        elif character == '"' or (character in _CLOSING and character != text[opened]):
            spans.append((opened, position + 1))
            opened = None
    if opened is not None:
        spans.append((opened, len(text)))
    return tuple(spans)


@cache
def _verbs() -> str:
    verbs = sorted(lexicon()["reporting"]["verbs"], key=lambda v: (-len(v), v))
    return "|".join(re.escape(verb).replace(r"\ ", r"\s+") for verb in verbs)


@cache
def _verb() -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{_verbs()})(?!\w)", re.IGNORECASE)


def attributed_name(text: str) -> Name | None:
    """The name to which a reporting verb or "according to" attributes words in `text`."""
    outside = _blank_quotations(text)
    found = names(outside)
    prefix = pattern("reporting", "prefixes").search(outside)
    if prefix:
        after = [n for n in found if prefix.end() <= n.start <= prefix.end() + 2]
        if after:
            return after[0]
    for verb in _verb().finditer(outside):
        after = [n for n in found if n.start - verb.end() in (1, 2)]
        if after:
            return after[0]
        before = [n for n in found if 0 < verb.start() - n.end <= _GAP]
        if before and _leads_to(outside[before[-1].end : verb.start()]):
            return before[-1]
    return None


def _blank_quotations(text: str) -> str:
    for start, end in quoted_spans(text):
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def _leads_to(between: str) -> bool:
    """Whether only an adverb or a phrase between commas stands between a name and its verb."""
    return bool(re.fullmatch(r"\s+(?:\w+\s+)?|\s*,[^.;:!?]*,\s*(?:\w+\s+)?", between))
