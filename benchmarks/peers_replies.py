"""What a system replied, and how free text is read: what it cites, and whether it refuses.

A program that only writes text never says that it refuses, so that is read from its words, by the
rule of `standing`. Replies that the rule can't tell are counted apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from assistant.evaluation.gold import Spot
from assistant.types import Value
from index import IndexedSource, Paragraph
from index.language import language

Standing = Literal["answered", "refused", "unsure"]


class Passage(Value):
    """What a mark such as [1] leads the reader to."""

    source_id: str
    paragraphs: tuple[int, ...]
    """The numbers, from 1, of the paragraphs that it shows."""
    characters: int
    verbatim: bool
    """Whether it stands in the source, word for word."""
    placed: bool
    """Whether the system says where, and it stands there."""


class Reply(Value):
    """What came of one question."""

    set: str
    question: str
    """Its id."""
    system: str
    text: str
    refused: bool | None
    """What the system itself says; None for one that only writes text."""
    passages: tuple[Passage, ...]
    """What the marks 1, 2, ... in the text stand for."""
    seconds: float
    prompt_tokens: int
    completion_tokens: int
    made: dict[str, str]
    """Names and versions of what made it."""


# --- what it cites -------------------------------------------------------------------------------

_NUMBER = r"\d{1,2}(?!\d)"
_NUMBERS = rf"{_NUMBER}(?:(?:\s*(?:[,;&–-]|and)\s*)+(?:source\s+)?{_NUMBER})*"
_MARK = re.compile(
    rf"\[\s*(?:sources?:?\s+)?({_NUMBERS})\s*\]|\bsources?:?\s+({_NUMBERS})", re.IGNORECASE
)
"""[1], [1, 2], [1-3], [Source 1], and "Source 1" without brackets, as models often write it."""


def marks(text: str) -> list[int]:
    """The numbers of the sources that a text names, each once."""
    return list(dict.fromkeys(_numbers(text)))


def without_marks(text: str) -> str:
    return _MARK.sub(" ", text)


def cited(reply: Reply) -> list[Passage]:
    """The passages that the text of a reply cites."""
    count = len(reply.passages)
    return [reply.passages[mark - 1] for mark in marks(reply.text) if 1 <= mark <= count]


def spots(reply: Reply) -> set[Spot]:
    """The paragraphs that it cites."""
    return {(each.source_id, number) for each in cited(reply) for number in each.paragraphs}


def passage_of(words: str, indexed: IndexedSource) -> Passage:
    """Words that a system took from a source without saying where they stand."""
    start = indexed.source.text.find(words)
    end = start + len(words)
    found = [] if start < 0 else [p.number for p in indexed.paragraphs if _shows(p, start, end)]
    return Passage(
        source_id=indexed.source.id,
        paragraphs=tuple(found),
        characters=len(words),
        verbatim=start >= 0,
        placed=False,
    )


def _shows(paragraph: Paragraph, start: int, end: int) -> bool:
    """Whether the span has half of the paragraph at least, or the paragraph half of the span.

    A few words at the edge of a chunk don't count, neither for it nor against it.
    """
    shared = min(end, paragraph.end) - max(start, paragraph.start)
    return 2 * shared >= min(end - start, paragraph.end - paragraph.start)


def _numbers(text: str) -> Iterator[int]:
    for match in _MARK.finditer(text):
        last = 0
        for link, digits in re.findall(r"([–-]?)\s*(\d+)", match[1] or match[2]):
            number = int(digits)
            yield from range(last + 1, number) if link else ()
            yield number
            last = number


# --- whether it refuses --------------------------------------------------------------------------

_SOURCES = r"(?:sources?|texts?|passages?|articles?|documents?|context|information|excerpts?)"
_NOT = r"(?:not|n['’]t)"
_TELL = (
    r"(?:\w+ly |any |been |be |to )*"
    r"(?:mention|name|sa(?:y|id)|state|specif(?:y|ied)|provide|contain|include|answer|address|"
    r"give|given|indicate|tell|told|discuss|refer|explain|list|have|reveal|disclose|"
    r"identif(?:y|ied)|cover|enough|sufficient|helpful|relevant|available|known|clear|found|"
    r"possible)"
)
_NO_ANSWER = (
    rf"\b{_SOURCES}\b(?!:?\s*\d)[^.]*?\b(?:do|does|did|is|are|was|were)\s*{_NOT}\s+{_TELL}",
    rf"\b{_NOT} {_TELL}[^.]*?\b(?:in|by|from) (?:any of )?(?:the|these) (?:\w+ )?{_SOURCES}\b",
    rf"\bnone of (?:the|these|those)\b[^.]*?\b{_SOURCES}\b",
    rf"\bno (?:\w+ )?{_SOURCES} {_TELL}",
    rf"\b(?:no|insufficient|{_NOT} enough) (?:\w+ )?information\b",
    rf"\b(?:i|we) (?:can(?:not|['’]t)|do{_NOT}|do {_NOT}|am {_NOT}|am unable|are unable)\b",
    r"\bcan(?:not|['’]t) be (?:answered|determined)\b",
    rf"\b(?:unable|impossible|{_NOT} (?:able|possible)) to (?:answer|determine|find|provide|say)\b",
    r"\A\s*empty response\s*\Z",
)
_PERHAPS_NONE = (
    rf"\b{_NOT} {_TELL}",
    r"\bno (?:\w+ )?(?:mention|evidence|details?|answer|data)\b",
    r"\b(?:unclear|unknown|unspecified)\b",
)
_SURE = re.compile("|".join(_NO_ANSWER), re.IGNORECASE)
"""Words that say that the sources don't answer."""
_MAYBE = re.compile("|".join(_PERHAPS_NONE), re.IGNORECASE)
"""Words that say so, or else report what a source says."""
_BUT = re.compile(r"\b(?:but|however|though)\b[^.]*\[", re.IGNORECASE)
"""The same sentence goes on, and cites."""


def standing(reply: Reply) -> Standing:
    """Whether a reply answers or refuses.

    What the system itself says counts. Otherwise its words do, sentence by sentence. A reply is a
    refusal if it is empty, or if its first sentence says that the sources don't answer, and neither
    it nor a later one goes on to something else with a mark. One that says so elsewhere, that says
    so in words which may be a source's own beside a mark, or that isn't in English, is unsure. All
    others are answers.
    """
    if reply.refused is not None:
        return "refused" if reply.refused else "answered"
    return _read(reply.text)


def _read(text: str) -> Standing:
    if not text.strip():
        return "refused"
    if language(text) not in (None, "en"):
        return "unsure"
    first, *others = [each for each in re.split(r"(?<=[.!?])\s+|\n+", text.strip()) if each]
    if not any(map(_denies, (first, *others))):
        return "answered"
    sure = _SURE.search(first) or (_MAYBE.search(first) and not marks(first))
    goes_on = _BUT.search(first) or any(marks(each) and not _denies(each) for each in others)
    return "refused" if sure and not goes_on else "unsure"


def _denies(sentence: str) -> bool:
    return bool(_SURE.search(sentence) or _MAYBE.search(sentence))
