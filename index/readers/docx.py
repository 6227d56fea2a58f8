"""Reads Word documents (.docx): paragraphs and rows of tables, but nothing hidden or deleted."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from docx import Document
from docx.oxml.ns import qn

from index.readers.archive import content, opened
from index.readers.article import Article, Claims, Job, Pieces, ReadError, claim, first_claims
from index.readers.xml_safety import check_xml

_PARAGRAPH, _ROW, _CELL, _RUN = qn("w:p"), qn("w:tr"), qn("w:tc"), qn("w:r")
_TEXT, _TAB, _BREAK, _RETURN = qn("w:t"), qn("w:tab"), qn("w:br"), qn("w:cr")
_NO_BREAK_HYPHEN, _PROPERTIES = qn("w:noBreakHyphen"), qn("w:rPr")
_LEFT_OUT = frozenset(
    {
        *(qn("w:del"), qn("w:moveFrom"), qn("w:rPr"), qn("w:pPr"), qn("w:txbxContent")),
        "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
    }
)
_HIDING = (qn("w:vanish"), qn("w:webHidden"))


def read(data: bytes, job: Job) -> Iterator[Article]:
    """The text of a document's body; headers, footers, notes and comments are left out."""
    with opened(data) as archive:
        for name in archive.namelist():
            if name.endswith((".xml", ".rels")):
                check_xml(content(archive, name))
    document = Document(io.BytesIO(data))
    pieces = Pieces()
    number = 0
    for element in document.element.body.iter(_PARAGRAPH, _ROW):
        if _inside(element, _ROW):
            continue
        number += element.tag == _PARAGRAPH
        where = f"paragraph {number}" if element.tag == _PARAGRAPH else "table"
        pieces.add(_row(element) if element.tag == _ROW else _text(element), element=where)
    if not pieces.text:
        raise ReadError("The document holds no text: leave it out.")
    yield Article(pieces.text, _claims(document), tuple(pieces.places))


def _inside(element: Any, tag: str) -> bool:
    return next(element.iterancestors(tag), None) is not None


def _row(row: Any) -> str:
    """The cells of a row, with tabs between them; a table in a cell is part of the cell."""
    cells = [cell for cell in row.iter(_CELL) if next(cell.iterancestors(_ROW)) is row]
    texts = (" ".join(filter(None, map(_text, cell.iter(_PARAGRAPH)))) for cell in cells)
    return "\t".join(texts)


def _text(paragraph: Any) -> str:
    """A paragraph's text as it is seen when all changes are accepted."""
    parts: list[str] = []
    waiting = list(reversed(paragraph))
    while waiting:
        element = waiting.pop()
        if element.tag == _TEXT:
            parts.append(element.text or "")
        elif element.tag == _TAB:
            parts.append("\t")
        elif element.tag in (_BREAK, _RETURN):
            parts.append("\n")
        elif element.tag == _NO_BREAK_HYPHEN:
            parts.append("\u2011")
        elif element.tag not in _LEFT_OUT and not _is_hidden(element):
            waiting += reversed(element)
    return "".join(parts).strip()


def _is_hidden(run: Any) -> bool:
    properties = run.find(_PROPERTIES) if run.tag == _RUN else None
    marks = [] if properties is None else [properties.find(tag) for tag in _HIDING]
    return any(
        mark is not None and mark.get(qn("w:val"), "true") not in ("0", "false", "off")
        for mark in marks
    )


def _claims(document: Any) -> Claims:
    stated = document.core_properties
    return first_claims(
        [
            ("title", claim(stated.title, "document property title")),
            ("author", claim(stated.author, "document property author")),
            ("lang", claim(stated.language, "document property language")),
        ]
    )
