"""Keeps entities out: XML that defines its own can unpack to gigabytes, or name other files."""

from __future__ import annotations

from typing import Any
from xml.parsers import expat

from lxml import etree

from index.readers.article import ReadError

_ENTITIES = "Its XML defines entities, which aren't read: save it without a document type."


def refuse_entities(data: bytes) -> None:
    """Raises ReadError where the XML defines an entity; malformed XML counts up to its fault."""
    parser = expat.ParserCreate()

    def refuse(*_: Any) -> None:
        raise ReadError(_ENTITIES)

    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError):  # ValueError: an encoding that expat doesn't know
        return


def xml_root(data: bytes) -> etree._Element:
    """The root of an XML document. Raises ReadError where it defines entities, XMLSyntaxError."""
    refuse_entities(data)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    root = etree.fromstring(data, parser=parser)
    defined: Any = root.getroottree().docinfo.internalDTD
    if defined is not None and any(True for _ in defined.iterentities()):
        raise ReadError(_ENTITIES)  # it was in an encoding that only this parser knows
    return root
