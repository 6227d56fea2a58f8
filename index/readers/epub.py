"""Reads EPUB books: the chapters in their order, each with its file as its place."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from urllib.parse import unquote

from lxml import etree

from index.readers.archive import content, opened
from index.readers.article import (
    Article,
    Claims,
    Job,
    Pieces,
    ReadError,
    claim,
    date_claim,
    first_claims,
)
from index.readers.blocks import parsed, visible_blocks
from index.readers.page import decoded_page
from index.readers.xml_safety import check_xml, xml_root

_CONTAINER = "META-INF/container.xml"
_RIGHTS = "META-INF/encryption.xml"
_PAGES = ("application/xhtml+xml", "text/html")


def read(data: bytes, job: Job) -> Iterator[Article]:
    """The text of a book, chapter after chapter."""
    with opened(data) as archive:
        package_name = _package_name(archive)
        package = xml_root(content(archive, package_name))
        folder = posixpath.dirname(package_name)
        pieces = Pieces()
        for name in _chapters(package, folder):
            page = content(archive, name)
            check_xml(page)
            for block in _blocks(page):
                pieces.add(block, element=name)
        if not pieces.text:
            locked = _RIGHTS in archive.namelist()
            raise ReadError(
                "The book is protected against copying: it can't be read."
                if locked
                else "The book holds no text: leave it out."
            )
    yield Article(pieces.text, _claims(package), tuple(pieces.places))


def _package_name(archive: zipfile.ZipFile) -> str:
    for rootfile in xml_root(content(archive, _CONTAINER)).iter("{*}rootfile"):
        if path := rootfile.get("full-path"):
            return str(path)
    raise ReadError("The book doesn't say what it consists of: it is damaged.")


def _chapters(package: etree._Element, folder: str) -> Iterator[str]:
    """The names in the archive of the book's pages, in reading order, each once."""
    names = {
        item.get("id"): item.get("href", "")
        for item in package.iter("{*}item")
        if item.get("media-type") in _PAGES
    }
    seen: set[str] = set()
    for reference in package.iter("{*}itemref"):
        if href := names.get(reference.get("idref")):
            name = posixpath.normpath(posixpath.join(folder, unquote(href.partition("#")[0])))
            if name not in seen:
                seen.add(name)
                yield name


def _blocks(page: bytes) -> list[str]:
    try:
        return [block.text for block in visible_blocks(parsed(decoded_page(page, None).text))]
    except ReadError as error:
        if "holds no HTML" in str(error):  # a cover that is a picture
            return []
        raise


def _claims(package: etree._Element) -> Claims:
    def said(name: str) -> list[str]:
        elements = package.iter(f"{{http://purl.org/dc/elements/1.1/}}{name}")
        texts = ((element.text or "").strip() for element in elements)
        return [text for text in texts if text]

    return first_claims(
        [
            *(("title", claim(title, "EPUB dc:title")) for title in said("title")),
            ("author", claim(", ".join(said("creator")), "EPUB dc:creator")),
            *(("published", date_claim(date, "EPUB dc:date")) for date in said("date")),
            *(("publisher", claim(name, "EPUB dc:publisher")) for name in said("publisher")),
            *(("lang", claim(name, "EPUB dc:language")) for name in said("language")),
        ]
    )
