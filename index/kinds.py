"""Tells what a block of a news text is, by its form alone: title, heading, byline, body, ...

Only lines that look like nothing but page furniture leave the body: a wrong "body" costs a little
precision, a wrong "boilerplate" loses evidence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.bylines import is_byline
from index.types import ParagraphKind

MAX_TITLE_CHARS = 200
MAX_HEADING_CHARS = 90
MAX_HEADING_WORDS = 12
MAX_FURNITURE_CHARS = 250
"""A longer line is never taken for a byline, a caption or boilerplate."""
_MAX_FRONT_MATTER_CHARS = 10_000
_MAX_TITLE_CANDIDATES = 4

_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(?:[^\n]*\n)*?---[ \t]*\r?(?=\n|\Z)")
_MARKDOWN_HEADING = re.compile(r"#{1,6}\s+\S")
_CLOSERS = "\"'”’»“)]*_ "
_COUNTED = (
    r"views?|comments?|comment\(s\)|shares?|likes?|reads?|min(?:ute)?s?\s+read|"
    r"aufrufe|kommentare?|vues|commentaires?|vistas|comentarios?|"
    r"просмотр\w*|комментари\w*|коментар\w*|преглед\w*"
)
_BOILERPLATE = re.compile(
    rf"(?:\d[\d.,]*\s*[km]?\s*(?:{_COUNTED})[\s|·•,/]*)+\Z"
    r"|disclaimer\b\s*(?::|\Z)"
    r"|(?:bonus\s+)?video\s*(?::|\Z)|watch\s*:|bonus\s+video\b"
    r"|share\s+(?:this|on|via)\b|share\s*:?\Z"
    r"|subscribe\s+(?:to|now|here|for)\b|subscribe\Z|sign\s+up\s+(?:for|to|here)\b|follow\s+us\b"
    r"|(?:read\s+(?:more|also|next)|also\s+read|see\s+also|related(?:\s+\w+)?)\s*(?::|\Z)"
    r"|read\s+more\b|click\s+here\b|leave\s+a\s+comment\b|advertisement\b|loading\s*\.*\Z"
    r"|(?:tags?|topics?|keywords?|categor(?:y|ies))\s*:"
    r"|©|\(c\)\s*\d{4}|copyright\s*(?:©|\(c\)|\d{4}|:)|all\s+rights\s+reserved\b",
    re.IGNORECASE,
)
_CAPTION = re.compile(
    r"(?:photo(?:graph)?|image|picture|illustration|pic|foto|bild|imagen|фото|снимка|слика)"
    r"(?:\s+(?:credit|by|courtesy))?\s*:",
    re.IGNORECASE,
)
_BULLET = re.compile(r"[-*•–—+>|]\s")


def front_matter_end(text: str) -> int:
    """The offset behind a leading `---` ... `---` block; 0 where there is none."""
    match = _FRONT_MATTER.match(text[:_MAX_FRONT_MATTER_CHARS])
    return match.end() if match else 0


def block_kinds(text: str, spans: Sequence[tuple[int, int]]) -> list[ParagraphKind]:
    """The kind of each block; `spans` are the blocks' offsets in `text`, in order."""
    matter_end = front_matter_end(text)
    kinds: list[ParagraphKind] = [
        "boilerplate" if start < matter_end else _kind_alone(text[start:end])
        for start, end in spans
    ]
    title = _title_position(text, spans, kinds)
    if title is not None:
        # What stands above the title and isn't its own kind already is the site's, not the text's.
        for above in range(title):
            kinds[above] = "boilerplate" if kinds[above] in ("body", "heading") else kinds[above]
        kinds[title] = "title"
        for other in _repeats(text, spans, title):
            kinds[other] = "caption"
    last_body = max((i for i, kind in enumerate(kinds) if kind == "body"), default=-1)
    return [
        "body" if kind == "heading" and position > last_body else kind
        for position, kind in enumerate(kinds)
    ]


def _kind_alone(block: str) -> ParagraphKind:
    """The kind of a block as far as it can be told without its neighbours."""
    if "\n" not in block:
        return _line_kind(block)
    if len(block) > 20 * MAX_FURNITURE_CHARS:
        return "body"
    kinds = {_line_kind(line.strip()) for line in block.split("\n")}
    if kinds & {"body", "heading"}:
        return "body"
    return kinds.pop() if len(kinds) == 1 else "boilerplate"


def _line_kind(line: str) -> ParagraphKind:
    if len(line) > MAX_FURNITURE_CHARS:
        return "body"
    if not any(character.isalnum() for character in line) or _BOILERPLATE.match(line):
        return "boilerplate"
    if _CAPTION.match(line):
        return "caption"
    if is_byline(line):
        return "byline"
    return "heading" if _is_heading(line) else "body"


def _is_heading(line: str) -> bool:
    if _MARKDOWN_HEADING.match(line):
        return True
    return (
        len(line) <= MAX_HEADING_CHARS
        and len(line.split()) <= MAX_HEADING_WORDS
        and any(character.isalpha() for character in line)
        and not _BULLET.match(line)
        and not line.rstrip(_CLOSERS).endswith(tuple(".!?…。！？।؟:;,"))
    )


def _is_title(block: str) -> bool:
    return (
        "\n" not in block
        and len(block) <= MAX_TITLE_CHARS
        and not _BULLET.match(block)
        and not block.rstrip(_CLOSERS).endswith((".", "。", "।", ":", ";", ","))
    )


def _title_position(
    text: str, spans: Sequence[tuple[int, int]], kinds: Sequence[ParagraphKind]
) -> int | None:
    """Where the title stands: the first block that can be one, if text follows it.

    Of several such lines in a row the title is the one that the text repeats below, as page
    makers do under the picture; the lines above it are the site's.
    """
    candidates = []
    for position, ((start, end), kind) in enumerate(zip(spans, kinds, strict=True)):
        if kind in ("body", "heading"):
            if not _is_title(text[start:end]):
                break
            candidates.append(position)
        elif candidates:
            break
        if len(candidates) == _MAX_TITLE_CANDIDATES:
            break
    candidates = [position for position in candidates if position + 1 < len(spans)]
    repeated = (position for position in candidates if _repeats(text, spans, position))
    return next(repeated, candidates[0] if candidates else None)


def _repeats(text: str, spans: Sequence[tuple[int, int]], title: int) -> list[int]:
    """The blocks below `title` that say it again, with at most a number or a mark added."""
    start, end = spans[title]
    wanted = text[start:end]
    return [
        position
        for position, (start, end) in enumerate(spans)
        if position > title
        and len(wanted) <= end - start <= len(wanted) + 10
        and text.startswith(wanted, start)
        and not any(character.isalpha() for character in text[start + len(wanted) : end])
    ]
