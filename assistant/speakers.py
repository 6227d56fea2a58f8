"""Who says it: finds the speaker of a quoted sentence where the text names one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from assistant.facts import REMEMBERED
from assistant.lexicon import lexicon, pattern
from assistant.names import Name, names
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
    """Who the source says said this sentence; None where that isn't plain.

    The name stands in the sentence's own quotation or its attribution. A quotation without an
    attribution of its own goes on with the speaker of the one right before it; "she said" or "said
    a resident" is an attribution, and to nobody we could name.
    """
    if not is_quoted(sentence, indexed):
        return _attributed(sentence)
    utterance, before = _own_and_earlier(sentence, indexed)
    found = next(filter(None, map(_attributed, [sentence, *utterance])), None)
    if found or any(has_attribution(each.text) for each in utterance):
        return found
    for earlier in reversed(before):
        found = _attributed(earlier)
        narrates = not is_quoted(earlier, indexed)
        if narrates or found or has_attribution(earlier.text):
            return None if narrates else found
    return None


def is_quoted(sentence: Sentence, indexed: IndexedSource) -> bool:
    """Whether the sentence begins inside quotation marks."""
    first = sentence.start - indexed.paragraph(sentence.paragraph).start
    spans = quoted_spans(_paragraph_text(sentence, indexed))
    return any(start <= first + 1 and first < end for start, end in spans)


def is_nothing_but_quoted(sentence: Sentence, indexed: IndexedSource) -> bool:
    """Whether all of the sentence stands inside one pair of quotation marks."""
    offset = indexed.paragraph(sentence.paragraph).start
    first, last = sentence.start - offset, sentence.end - offset
    spans = quoted_spans(_paragraph_text(sentence, indexed))
    return any(start <= first and last <= end for start, end in spans)


def _own_and_earlier(
    sentence: Sentence, indexed: IndexedSource
) -> tuple[list[Sentence], list[Sentence]]:
    """The sentences of the same utterance, and those before it in the paragraph."""
    neighbours = [s for s in indexed.sentences if s.paragraph == sentence.paragraph]
    first, last = sentence.utterance_start, sentence.utterance_end
    own = [s for s in neighbours if first <= s.start and s.end <= last]
    return own, [s for s in neighbours if s.end <= first]


def _attributed(sentence: Sentence) -> Speaker | None:
    name = attributed_name(sentence.text)
    return Speaker(name.text, sentence) if name else None


def has_attribution(text: str) -> bool:
    """Whether words outside its quotation marks say that somebody says it."""
    outside = without_quotations(text)
    return bool(_verb().search(outside) or pattern("reporting", "prefixes").search(outside))


def _paragraph_text(sentence: Sentence, indexed: IndexedSource) -> str:
    paragraph = indexed.paragraph(sentence.paragraph)
    return indexed.source.text[paragraph.start : paragraph.end]


@lru_cache(maxsize=REMEMBERED)
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
    return re.compile(rf"(?<!\w)(?<!United )(?:{_verbs()})(?!\w)", re.IGNORECASE)


_POSSESSIVE = re.compile(r"[’']s?\b|[’']\s")
_ENGLISH_NOUN = re.compile(r"\s+(?!(?:of|at|from|for|in|who|and|the|on|as|is|are|was|were)\b)[a-z]")


def _names_another(prefix: str, behind: str) -> bool:
    """Whether a name stands for another: "according to Bonn’s charter", "to Bonn officials".

    Where another language's prefix comes first, a verb may follow the name: "Laut Ann Lee wird".
    """
    is_english = prefix.isascii() and " " in prefix
    return bool(_POSSESSIVE.match(behind) or (is_english and _ENGLISH_NOUN.match(behind)))


@lru_cache(maxsize=REMEMBERED)
def attributed_name(text: str) -> Name | None:
    """The name to which a reporting verb or "according to" attributes words in `text`."""
    outside = without_quotations(text)
    prefix = pattern("reporting", "prefixes").search(outside)
    if prefix:
        after = [n for n in names(outside[prefix.end() :]) if n.start <= 2]
        if after:
            start = prefix.end() + after[0].start
            end = start + len(after[0].text)
            if _names_another(prefix[0], outside[end:]):
                return None
            return Name(after[0].text, start, end)
    found = names(outside)
    for verb in _verb().finditer(outside):
        speaker = _subject(outside, verb, found) or _inverted_subject(outside, verb, found)
        if speaker:
            return speaker
    return None


def without_quotations(text: str) -> str:
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
    named: Name | None = None
    for name in found:
        between = verb.end() if named is None else named.end
        role = _ROLE if named is None else _ROLE_OF_NAMED
        if name.start >= verb.end() and role.fullmatch(text, between, name.start):
            named = name
    return named


_ROLE = re.compile(r"\s{1,2}(?:(?!that\b)[a-z][\w-]*\s+){0,4}|\s+the\s+(?:[a-z][\w-]*\s?){1,4},\s+")
"""What may stand between the verb and the name: nothing, or a role ("harbour master")."""
_ROLE_OF_NAMED = re.compile(r"\s+(?!of\b|at\b|and\b|who\b|in\b|on\b|to\b)(?:[a-z]+\s+){1,3}")
"""Between an organisation and its speaker: "Telco manager" Rob Finn."""

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
