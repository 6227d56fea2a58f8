"""What an HTML page says about itself: title, author, date, publisher, language, address."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from lxml.html import HtmlElement

from index.readers.article import Claims, claim, date_claim, first_claims, web_address

Found = Iterator[tuple[str, tuple[str, str] | None]]

_META = {
    "og:title": "title",
    "article:author": "author",
    "author": "author",
    "dc.creator": "author",
    "dcterms.creator": "author",
    "parsely-author": "author",
    "citation_author": "author",
    "article:published_time": "published",
    "og:article:published_time": "published",
    "datepublished": "published",
    "date": "published",
    "dc.date": "published",
    "dcterms.date": "published",
    "dc.date.issued": "published",
    "pubdate": "published",
    "publishdate": "published",
    "parsely-pub-date": "published",
    "citation_publication_date": "published",
    "og:site_name": "publisher",
    "publisher": "publisher",
    "dc.publisher": "publisher",
    "dcterms.publisher": "publisher",
}
_ARTICLE = re.compile(r"(?:\w*Article|\w*Posting|Report|Review|WebPage)\Z")
_MAX_OBJECTS = 500
_MAX_JSON_CHARS = 1_000_000


def page_claims(tree: HtmlElement) -> Claims:
    """The claims of a page, each with where it was read from, such as "meta og:title"."""
    return first_claims(
        each for read in (_from_json, _from_meta, _from_elements) for each in read(tree)
    )


def page_address(tree: HtmlElement, base: str | None) -> str | None:
    """The address that the page says is its own."""
    for link in tree.iter("link"):
        canonical = "canonical" in link.get("rel", "").lower().split()
        if canonical and (address := web_address(link.get("href"), base)):
            return address
    for meta in tree.iter("meta"):
        if meta.get("property", "").strip().lower() == "og:url":
            return web_address(meta.get("content"), base)
    return None


def _from_meta(tree: HtmlElement) -> Found:
    for meta in tree.iter("meta"):
        key = (meta.get("property") or meta.get("name") or meta.get("itemprop") or "").strip()
        name = _META.get(key.lower())
        value = meta.get("content", "")
        if name == "published":
            yield name, date_claim(value, f"meta {key}")
        elif name and not (name == "author" and value.strip().startswith(("http:", "https:"))):
            yield name, claim(value, f"meta {key}")


def _from_elements(tree: HtmlElement) -> Found:
    headings = [" ".join(each.text_content().split()) for each in tree.iter("h1")]
    if len(set(headings)) == 1:
        yield "title", claim(headings[0], "h1")
    for title in tree.iter("title"):
        yield "title", claim(title.text or "", "title element")
    for element in tree.xpath("//*[@itemprop='datePublished'] | //time[@pubdate]"):
        value = element.get("datetime") or element.get("content") or element.text_content()
        yield "published", date_claim(value, "datePublished of the page")
    for element in tree.xpath("//a[@rel='author'] | //*[@itemprop='author']"):
        yield (
            "author",
            claim(element.get("content") or element.text_content(), "author of the page"),
        )
    yield (
        "lang",
        claim(
            tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang"), "html lang"
        ),
    )


def _from_json(tree: HtmlElement) -> Found:
    for script in tree.iter("script"):
        if script.get("type", "").partition(";")[0].strip().lower() != "application/ld+json":
            continue
        for stated in _objects(script.text or ""):
            yield "title", claim(stated.get("headline"), "JSON-LD headline")
            yield "author", claim(_names(stated.get("author")), "JSON-LD author")
            yield "published", date_claim(stated.get("datePublished"), "JSON-LD datePublished")
            yield "publisher", claim(_names(stated.get("publisher")), "JSON-LD publisher")
            yield "lang", claim(stated.get("inLanguage"), "JSON-LD inLanguage")


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The objects of JSON-LD that tell of an article."""
    if len(text) > _MAX_JSON_CHARS:
        return
    try:
        waiting = [json.loads(text)]
    except (ValueError, RecursionError):
        return
    for _ in range(_MAX_OBJECTS):
        if not waiting:
            return
        each = waiting.pop(0)
        if isinstance(each, list):
            waiting += each
        elif isinstance(each, dict):
            kinds = each.get("@type")
            kinds = kinds if isinstance(kinds, list) else [kinds]
            if any(isinstance(kind, str) and _ARTICLE.match(kind) for kind in kinds):
                yield each
            waiting.append(each.get("@graph"))


def _names(value: Any) -> str | None:
    """The name or names of a person or organisation in JSON-LD."""
    values = value if isinstance(value, list) else [value]
    names = [each.get("name") if isinstance(each, dict) else each for each in values]
    said = [name.strip() for name in names if isinstance(name, str) and name.strip()]
    return ", ".join(name for name in said if not name.startswith(("http:", "https:"))) or None
