"""Links to a quote on the web page that it was taken from: `https://…#:~:text=the quoted words`.

The form is that of the "URL Fragment Text Directives" of the Web Incubator Community Group:
`text=[prefix-,]start[,end][,-suffix]`. A browser that knows it scrolls to the words and marks
them; any other opens the page. A part is matched inside one block of the page, in whole words, with
each run of white space as one space.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote as percent_encoded

from assistant.render import printable

if TYPE_CHECKING:
    from assistant.types import Citation

MAX_EXACT_CHARACTERS = 300
"""A longer quote is given by its first and last words, so that the address stays short."""
END_WORDS, MAX_END_WORDS = 5, 40
"""Of a longer quote at each end, at least and at most."""

_WEB_ADDRESS = re.compile(r"https?://[^\s/]\S*", re.IGNORECASE)
_LINE_END = re.compile(r"[\r\n]")


def is_web_address(uri: str) -> bool:
    """Whether it is an address for a browser, with nothing in it that acts on a reader."""
    return _WEB_ADDRESS.fullmatch(uri) is not None and printable(uri) == uri


def fragment_link(citation: Citation) -> str | None:
    """The address of the cited words on their web page; None where the source has none.

    A fragment that the source's address has stays in front of the words; words that it pointed to
    itself are left out.
    """
    if citation.source_uri is None or not is_web_address(citation.source_uri):
        return None
    page, _, fragment = citation.source_uri.partition("#")
    fragment = fragment.partition(":~:")[0]
    return f"{page}#{fragment}:~:text={_directive(citation)}"


def _directive(citation: Citation) -> str:
    words = citation.quote.split()
    parts = [_encoded(" ".join(part)) for part in _ends(words) or [words]]
    if before := _before(citation):
        parts.insert(0, f"{_encoded(before)}-")
    if after := _after(citation):
        parts.append(f"-{_encoded(after)}")
    return ",".join(parts)


def _ends(words: list[str]) -> list[list[str]] | None:
    """The first and the last words of a long quote; None where it is to be given whole.

    A browser takes the first occurrence of the last words behind the first ones, so they must not
    stand in between.
    """
    if len(" ".join(words)) <= MAX_EXACT_CHARACTERS:
        return None
    folded = [word.casefold() for word in words]
    for count in range(END_WORDS, min(MAX_END_WORDS, len(words) // 2) + 1):
        last = folded[-count:]
        between = range(count, len(words) - count)
        if not any(folded[at : at + count] == last for at in between):
            return [words[:count], words[-count:]]
    return None


def _before(citation: Citation) -> str:
    """What stands before the quote on its line, without the word that may be cut."""
    line = _LINE_END.split(citation.prefix)[-1]
    if line == citation.prefix and len(line) < citation.start:
        line = line[_first_space(line) :]
    return _context(line, citation.quote[:1], line[-1:])


def _after(citation: Citation) -> str:
    """What follows the quote on its line, without the word that may be cut."""
    line = _LINE_END.split(citation.suffix)[0]
    if line == citation.suffix:
        line = line[: len(line) - _first_space(line[::-1])]
    return _context(line, citation.quote[-1:], line[:1])


def _context(text: str, *meeting: str) -> str:
    """The text if it has a word in it and none that goes on in the quote, which it meets there."""
    in_one_word = all(map(str.isalnum, meeting))
    return " ".join(text.split()) if re.search(r"\w", text) and not in_one_word else ""


def _first_space(text: str) -> int:
    """Where the first white space is; the length of the text where there is none."""
    found = re.search(r"\s", text)
    return found.start() if found else len(text)


def _encoded(text: str) -> str:
    """Percent-encoded; the hyphen too, as it tells what is context."""
    return percent_encoded(text, safe="", errors="replace").replace("-", "%2D")
