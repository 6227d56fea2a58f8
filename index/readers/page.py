"""Reads HTML pages: the paragraphs of the article, as the page shows them.

trafilatura tells which paragraphs are the article's and which are the site's. The text itself is
taken from the page by `blocks`, so that nothing is rewritten or marked up on the way.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from copy import deepcopy

from lxml.html import HtmlElement

from index.encodings import Decoded, decode
from index.errors import SourceError
from index.readers.article import Article, Job, Pieces, ReadError
from index.readers.blocks import Block, parsed, visible_blocks
from index.readers.page_claims import page_address, page_claims

_META_CHARSET = re.compile(
    rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]{1,40})""", re.I
)
_XML_ENCODING = re.compile(rb"""^\s*<\?xml[^>]{0,100}encoding\s*=\s*["']([A-Za-z0-9_:.-]{1,40})""")
_HEAD_BYTES = 4096
_LONG = 25
"""Characters without white space: so much isn't found in another place by chance."""


def read(data: bytes, job: Job) -> Iterator[Article]:
    """The article of a page."""
    decoded = decoded_page(data, job.charset)
    tree = parsed(decoded.text)
    claims = page_claims(tree)
    base = job.name if job.name.startswith(("http://", "https://")) else None
    address = page_address(tree, base)
    blocks = visible_blocks(tree)
    chosen = _article(tree, blocks, claims.get("title", ("", ""))[0])
    pieces = Pieces()
    for block in chosen:
        pieces.add(block.text, element=block.element)
    if not pieces.text:
        raise ReadError(
            "The page shows no text: it may need scripts, so save what you see instead."
        )
    yield Article(pieces.text, claims, tuple(pieces.places), address, encoding=decoded.encoding)


def decoded_page(data: bytes, charset: str | None) -> Decoded:
    """The page's characters: by the server's word, the page's own, or found out."""
    head = data[:_HEAD_BYTES]
    stated = _XML_ENCODING.search(head) or _META_CHARSET.search(head)
    own = stated[1].decode("ascii") if stated else None
    if own and own.lower().startswith("utf-16"):  # it couldn't be read if it were
        own = None
    try:
        return decode(data, "It", charset or own)
    except SourceError as error:
        raise ReadError(str(error)) from error


def _article(tree: HtmlElement, blocks: list[Block], title: str) -> list[Block]:
    """The blocks that are the article's; all of them where trafilatura finds no article."""
    from trafilatura import bare_extraction

    try:
        found = bare_extraction(deepcopy(tree), include_comments=False, deduplicate=False)
    except (ValueError, TypeError, AttributeError, AssertionError, IndexError, KeyError):
        found = None  # it fails on some broken pages; then the page is taken as a whole
    if found is None or isinstance(found, dict) or found.body is None:
        return blocks
    chosen = _matching(blocks, found.body)
    if not chosen:
        return blocks
    first = min(chosen)
    for number, block in enumerate(blocks[:first]):
        if title and _key(block.text) == _key(title):
            chosen.add(number)
            break
    return [blocks[number] for number in sorted(chosen)]


def _matching(blocks: list[Block], body: HtmlElement) -> set[int]:
    """The numbers of the blocks whose text is in the extracted article."""
    ends: list[int] = []
    parts = [_key(block.text) for block in blocks]
    for part in parts:
        ends.append((ends[-1] if ends else 0) + len(part))
    starts = [end - len(part) for end, part in zip(ends, parts, strict=True)]
    page, cursor = "".join(parts), 0
    bounds = set(starts), set(ends)
    chosen: set[int] = set()
    waiting: list[HtmlElement | str] = list(reversed(body))
    while waiting:
        piece = waiting.pop()
        key = _key(piece if isinstance(piece, str) else "".join(piece.itertext()))
        at = _find(page, key, cursor, bounds)
        if at >= 0:
            cursor = at + len(key)
            chosen.update(range(bisect_right(ends, at), bisect_left(starts, cursor)))
        elif not isinstance(piece, str):
            waiting += reversed(_parts(piece))
    return chosen


def _parts(element: HtmlElement) -> list[HtmlElement | str]:
    """What an element consists of, for one in which something was left out."""
    parts: list[HtmlElement | str] = [element.text or ""]
    for child in element:
        parts += [child, child.tail or ""]
    return parts


def _find(page: str, key: str, cursor: int, bounds: tuple[set[int], set[int]]) -> int:
    """Where it stands, behind the cursor or else anywhere; a short one only as a whole block."""
    if not key:
        return -1
    if len(key) >= _LONG:
        at = page.find(key, cursor)
        return at if at >= 0 else page.find(key)
    at = page.find(key, cursor)
    while at >= 0 and not (at in bounds[0] and at + len(key) in bounds[1]):
        at = page.find(key, at + 1)
    return at


def _key(text: str) -> str:
    return "".join(text.split())
