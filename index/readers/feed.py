"""Reads feeds (RSS and Atom): each item with its text, as far as the feed has it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import feedparser

from index.readers.article import (
    Article,
    Claims,
    Job,
    Pieces,
    Problem,
    ReadError,
    claim,
    date_claim,
    first_claims,
    web_address,
)
from index.readers.blocks import parsed, visible_blocks
from index.readers.xml_safety import check_xml

MAX_ITEMS = 20_000


def read(data: bytes, job: Job) -> Iterator[Article | Problem]:
    """The items of a feed."""
    check_xml(data)
    headers = {"content-type": f"application/xml; charset={job.charset}"} if job.charset else {}
    # A stream: a string would be taken for an address or a file's name. The page's text is taken
    # from its HTML by `blocks`, which needs neither cleaning nor resolved links.
    found = feedparser.parse(
        io.BytesIO(data), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
    )
    if not found.version:
        raise ReadError("It is XML, but no feed (RSS or Atom): save it as .html or .txt.")
    if not found.entries:
        raise ReadError("The feed holds no items: it may be cut off or empty.")
    if len(found.entries) > MAX_ITEMS:
        raise ReadError(f"The feed holds more than {MAX_ITEMS:,} items: split it.")
    for number, entry in enumerate(found.entries, start=1):
        item = f"item {number}"
        try:
            yield _article(entry, found.feed, item, found.encoding or "utf-8")
        except ReadError as error:
            yield Problem(str(error), item)


def _article(entry: Any, feed: Any, item: str, encoding: str) -> Article:
    pieces = Pieces()
    for block in _text(entry):
        pieces.add(block, element=item)
    if not pieces.text:
        raise ReadError("The item has no text, only a title or a link: add the page itself.")
    return Article(
        pieces.text,
        _claims(entry, feed),
        tuple(pieces.places),
        web_address(entry.get("link")),
        item,
        encoding.lower(),
    )


def _text(entry: Any) -> list[str]:
    """The paragraphs of the item's longest text: its content, else its summary."""
    texts: list[Any] = [*entry.get("content", ()), entry.get("summary_detail") or {}]
    best: Any = max(texts, key=lambda each: len(each.get("value") or ""), default={})
    value = best.get("value") or ""
    if best.get("type") == "text/plain" and "<" not in value:
        return [value]
    if not value.strip():
        return []
    return [block.text for block in visible_blocks(parsed(value))]


def _claims(entry: Any, feed: Any) -> Claims:
    return first_claims(
        [
            ("title", claim(_plain(entry.get("title_detail")), "feed item title")),
            ("author", claim(entry.get("author"), "feed item author")),
            ("published", date_claim(entry.get("published"), "feed item published")),
            ("published", date_claim(entry.get("updated"), "feed item updated")),
            ("publisher", claim((entry.get("source") or {}).get("title"), "feed item source")),
            ("publisher", claim(_plain(feed.get("title_detail")), "feed title")),
            (
                "lang",
                claim((entry.get("content") or [{}])[0].get("language"), "feed item language"),
            ),
            ("lang", claim(feed.get("language"), "feed language")),
        ]
    )


def _plain(detail: Any) -> str:
    value = str((detail or {}).get("value") or "")
    if "<" not in value and "&" not in value:
        return value
    try:
        return " ".join(block.text for block in visible_blocks(parsed(value)))
    except ReadError:
        return ""
