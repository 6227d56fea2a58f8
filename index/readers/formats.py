"""Which format a document is in, by its first bytes, what a server says, and its name."""

from __future__ import annotations

import io
import zipfile
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

MEDIA_TYPES = {
    "text": "text/plain",
    "markdown": "text/markdown",
    "html": "text/html",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "epub": "application/epub+zip",
    "mail": "message/rfc822",
    "mbox": "application/mbox",
    "feed": "application/xml",
    "json": "application/json",
    "jsonl": "application/jsonl",
    "csv": "text/csv",
    "zip": "application/zip",
}
"""By format, what a document is said to be where no server said it."""

_BY_SUFFIX = {
    ".txt": "text",
    ".md": "markdown",
    ".html": "html",
    ".htm": "html",
    ".pdf": "pdf",
    ".docx": "docx",
    ".epub": "epub",
    ".eml": "mail",
    ".mbox": "mbox",
    ".rss": "feed",
    ".atom": "feed",
    ".xml": "feed",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".zip": "zip",
}
SUPPORTED_SUFFIXES = frozenset(_BY_SUFFIX)
PLAIN_FORMATS = frozenset({"text", "markdown"})
"""Those that are stored as they are; all others are read in the sandbox."""

_BY_MEDIA_TYPE = {media_type: name for name, media_type in MEDIA_TYPES.items()} | {
    "application/xhtml+xml": "html",
    "application/x-pdf": "pdf",
    "text/x-markdown": "markdown",
    "application/rss+xml": "feed",
    "application/atom+xml": "feed",
    "application/rdf+xml": "feed",
    "text/xml": "feed",
    "application/feed+json": "json",
    "application/x-ndjson": "jsonl",
    "application/ndjson": "jsonl",
    "application/x-zip-compressed": "zip",
}
_SAYS_NOTHING = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LOOKED_AT = 1024


def format_of(data: bytes, name: str, media_type: str | None) -> str | None:
    """The format, a key of `MEDIA_TYPES`, of a document; None for one that can't be read."""
    if signed := _by_signature(data, name):
        return signed
    said = (media_type or "").partition(";")[0].strip().lower()
    if said in _SAYS_NOTHING:
        return _BY_SUFFIX.get(suffix_of(name)) or _by_first_words(data)
    found = _BY_MEDIA_TYPE.get(said)
    if found == "text":  # many servers say this of everything
        return _BY_SUFFIX.get(suffix_of(name), "text")
    return found


def why_unknown(data: bytes, name: str, media_type: str | None) -> str:
    """The sentence that says why a document of no known format is refused."""
    kinds = " ".join(sorted(SUPPORTED_SUFFIXES))
    if data.startswith(_OLD_OFFICE):
        return "It is a file of an old office program: save it as .docx or .pdf."
    if media_type and not suffix_of(name):
        return f"It is {media_type.partition(';')[0]!r}, which can't be read: name one of {kinds}."
    ending = suffix_of(name)
    said = f"Its ending {ending!r} isn't one that" if ending else "It has no ending, and isn't what"
    return f"{said} can be read: save it as one of {kinds}."


def suffix_of(name: str) -> str:
    """The ending of a file's name or of the path of an address, such as ".pdf", in lower case."""
    return PurePosixPath(file_name(name)).suffix.lower()


def file_name(name: str) -> str:
    """The last part of a path or address, or the host of an address without a path."""
    if name.startswith(("http://", "https://")):
        try:
            parts = urlsplit(name)
        except ValueError:
            return "page"
        path = unquote(parts.path, errors="replace").rstrip("/")
        return path.rpartition("/")[2] or parts.hostname or "page"
    return name.replace("\\", "/").rstrip("/").rpartition("/")[2]


def charset_of(media_type: str | None) -> str | None:
    """The charset parameter of a media type."""
    for parameter in (media_type or "").split(";")[1:]:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "charset":
            return value.strip().strip("\"'") or None
    return None


def _by_signature(data: bytes, name: str) -> str | None:
    if data.startswith(b"%PDF-"):
        return "pdf"
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        named = _BY_SUFFIX.get(suffix_of(name))
        return named if named in ("docx", "epub", "zip") else _kind_of_zip(data)
    return None


def _kind_of_zip(data: bytes) -> str | None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return "zip"
    if "word/document.xml" in entries:
        return "docx"
    if "META-INF/container.xml" in entries:
        return "epub"
    office = "[Content_Types].xml" in entries  # a workbook or slides: no archive of articles
    return None if office else "zip"


def _by_first_words(data: bytes) -> str | None:
    start = data[:_LOOKED_AT].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "html"
    if start.startswith((b"<?xml", b"<rss", b"<feed")):
        return "html" if b"<html" in start else "feed"
    return None
