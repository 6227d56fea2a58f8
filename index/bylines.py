"""Recognises the lines that say who wrote a text and when it was published."""

from __future__ import annotations

import re

from index.dates import FoundDate, find_date

MAX_BYLINE_CHARS = 120
_MAX_NAME_WORDS = 12

_LABELLED = re.compile(
    r"(?:author|written\s+by|by|autor(?:in)?|geschrieben\s+von|von|auteur|автори?|автор[ъа])"
    r"\s*:\s*(?P<name>\S.*)",
    re.IGNORECASE,
)
_UNLABELLED = re.compile(r"(?:by|BY|By|[Ww]ritten\s+by|Von|Geschrieben\s+von)\s+(?P<name>\S.*)")
_JOINING = frozenset("and und & of de del da di la le van von der den zu bin al el y et и".split())
_NAME_END = re.compile(r"\s*(?:[|•·;(\[]|\s[-–—]\s|,\s).*", re.DOTALL)


def is_byline(line: str) -> bool:
    """Whether the line names the author, or is mostly a full date."""
    return author_of(line) is not None or dateline(line) is not None


def author_of(line: str) -> str | None:
    """The name in a line such as "By Jane Doe" or "Author: Jane Doe"; None for other lines."""
    if len(line) > MAX_BYLINE_CHARS:
        return None
    if match := _LABELLED.fullmatch(line):
        name = _name(match["name"])
        return name if any(character.isalpha() for character in name) else None
    if match := _UNLABELLED.fullmatch(line):
        name = _name(match["name"])
        return name if _looks_like_a_name(name) else None
    return None


def dateline(line: str) -> FoundDate | None:
    """The date of a line that consists mostly of it; None for other lines."""
    if len(line) > MAX_BYLINE_CHARS:
        return None
    found = find_date(line)
    if found is None:
        return None
    return found if 2 * _signs(line[found.start : found.end]) >= _signs(line) else None


def _name(rest: str) -> str:
    found = find_date(rest)
    name = rest[: found.start] if found else rest
    return _NAME_END.sub("", name.strip()).strip(" ,;|.-–—")


def _looks_like_a_name(name: str) -> bool:
    """Whether all words are capitalised: "By Jane Doe", not "By the end of the month"."""
    words = name.split()
    proper = [word for word in words if word not in _JOINING]
    return (
        1 < len(words) <= _MAX_NAME_WORDS
        and len(proper) > 1
        and all(word[0].isupper() for word in proper)
        and not any(character.isdigit() for character in name)
    )


def _signs(text: str) -> int:
    return sum(character.isalnum() for character in text)
