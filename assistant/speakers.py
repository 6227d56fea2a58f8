"""Who says it: finds the speaker of a quoted sentence where the text names one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from assistant.facts import REMEMBERED, Name, names
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
    """Spans of `text` inside quotation marks.

    One that isn't closed runs to the end; one that is closed but not opened, as in the last
    sentence of a quotation, runs from the beginning.
    """
    spans: list[tuple[int, int]] = []
    opened: int | None = None
    for position, character in enumerate(text):
        if opened is None:
            if character in _OPENING or (character == '"' and not _looks_closing(text, position)):
                opened = position
            elif character in f'{_CLOSING}"' and not spans:
                spans.append((0, position + 1))
        elif character == '"' or (character in _CLOSING and character != text[opened]):
            spans.append((opened, position + 1))
            opened = None
    if opened is not None:
        spans.append((opened, len(text)))
    return tuple(spans)


def _looks_closing(text: str, position: int) -> bool:
    before, after = text[max(0, position - 1) : position], text[position + 1 : position + 2]
    return bool(before.strip()) and not after.isalnum()


@cache
def _verbs() -> str:
    verbs = sorted(lexicon()["reporting"]["verbs"], key=lambda v: (-len(v), v))
    return "|".join(re.escape(verb).replace(r"\ ", r"\s+") for verb in verbs)


@cache
def _verb() -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{_verbs()})(?!\w)", re.IGNORECASE)


@lru_cache(maxsize=REMEMBERED)
def attributed_name(text: str) -> Name | None:
    """The name to which a reporting verb or "according to" attributes words in `text`."""
    outside = _without_quotations(text)
    prefix = pattern("reporting", "prefixes").search(outside)
    if prefix:
        after = [n for n in names(outside[prefix.end() :]) if n.start <= 2]
        if after:
            start = prefix.end() + after[0].start
            return Name(after[0].text, start, start + len(after[0].text))
    found = names(outside)
    for verb in _verb().finditer(outside):
        speaker = _subject(outside, verb, found) or _inverted_subject(outside, verb, found)
        if speaker:
            return speaker
    return None


def _without_quotations(text: str) -> str:
    """The text with each quotation replaced by as many closing marks."""
    for start, end in quoted_spans(text):
        text = text[:start] + "”" * (end - start) + text[end:]
    return text


def _subject(text: str, verb: re.Match[str], found: tuple[Name, ...]) -> Name | None:
    """The name that leads to the verb: "Ann Lee, the mayor, said"; not "the mayor of Lee said"."""
    for name in reversed(found):
        if not 0 < verb.start() - name.end <= _GAP or _GOVERNED.search(text[: name.start]):
            continue
        if _leads().fullmatch(text, name.end, verb.start()):
            return name
    return None


def _inverted_subject(text: str, verb: re.Match[str], found: tuple[Name, ...]) -> Name | None:
    """The name right behind the verb of "so it is, said Ann Lee"; "he told Ann Lee" has none."""
    before = text[: verb.start()].rstrip()
    if before and before[-1] not in _INVERTING:
        return None
    return next((n for n in found if _ROLE.fullmatch(text, verb.end(), n.start)), None)


_ROLE = re.compile(r"\s{1,2}(?:(?!that\b)[a-z][\w-]*\s+){0,4}")
"""What may stand between the verb and the name: nothing, or a role ("harbour master")."""

_INVERTING = "”,.;:!?…-–—)"
_GOVERNED = re.compile(r"(?<!\w)(?:of|at|from|for|with|in|by|to)\s+(?:the\s+)?$", re.IGNORECASE)


@cache
def _leads() -> re.Pattern[str]:
    """What may stand between a name and its verb: "of the Post", ", the mayor,", "has also"."""
    helpers = "|".join(lexicon()["reporting"]["helpers"])
    return re.compile(
        r"(?:\s+(?:of|at|from|for)\s+(?:the\s+)?"
        r"(?:[^\W\d_a-z][\w’'.-]*\s+(?:(?:of|for|and|the)\s+)*)+"
        rf"|\s*,[^.;:!?”]*,\s*|\s+)(?:(?:{helpers}|\w+ly)\s+){{0,2}}"
    )
