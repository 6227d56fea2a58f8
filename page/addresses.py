"""Addresses of places in sources, which open the page with the quote marked."""

from __future__ import annotations

from urllib.parse import urlencode

MAX_QUOTE_CHARACTERS = 1500
"""A longer quote would make an address that servers refuse; its paragraph is opened instead."""


def page_address(
    source_id: str,
    paragraph: int | None = None,
    *,
    start: int | None = None,
    quote: str | None = None,
) -> str:
    """The address, relative to the page, that opens a source, a paragraph or a quote."""
    parts: dict[str, str | int] = {"source": source_id}
    if paragraph is not None:
        parts["p"] = paragraph
    if quote and len(quote) <= MAX_QUOTE_CHARACTERS:
        if start is not None:
            parts["at"] = start
        parts["q"] = quote
    return f"?{urlencode(parts, errors='replace')}"
