"""Keeps entities out: XML that defines its own can unpack to gigabytes, or name other files."""

from __future__ import annotations

from typing import Any
from xml.parsers import expat

from lxml import etree

from index.readers.article import ReadError

MAX_DEPTH = 1000
_ENTITIES = "Its XML defines entities, which aren't read: save it without a document type."


def check_xml(data: bytes) -> None:
    """Raises ReadError where the XML defines an entity, or is nested too deeply.

    Malformed XML counts up to its fault: parsers that mend it know no entities.
    """
    parser = expat.ParserCreate()
    depth = 0

    def refuse(*_: Any) -> None:
        raise ReadError(_ENTITIES)

    def enter(*_: Any) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise ReadError("Its XML is nested too deeply to be read: leave it out.")

    def leave(*_: Any) -> None:
        nonlocal depth
        depth -= 1

    parser.EntityDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler = enter, leave
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError):  # ValueError: an encoding that expat doesn't know
        return


def xml_root(data: bytes) -> etree._Element:
    """The root of an XML document. Raises ReadError as `check_xml` does, XMLSyntaxError."""
    check_xml(data)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    root = etree.fromstring(data, parser=parser)
    defined: Any = root.getroottree().docinfo.internalDTD
    if defined is not None and any(True for _ in defined.iterentities()):
        raise ReadError(_ENTITIES)  # it was in an encoding that only this parser knows
    return root
