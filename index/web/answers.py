"""What an answer's head says: a page to read, another address, or why there is nothing to read."""

from __future__ import annotations

import re
from datetime import UTC
from email.message import Message
from email.utils import parsedate_to_datetime
from pathlib import PurePosixPath
from urllib.parse import unquote

from index.errors import SourceError
from index.web.addresses import Address, resolve_reference
from index.web.exchange import Response

_REDIRECTS = (301, 302, 303, 307, 308)

READABLE = frozenset(
    """
    text/html application/xhtml+xml
    text/plain text/markdown text/x-markdown
    application/pdf application/epub+zip
    application/vnd.openxmlformats-officedocument.wordprocessingml.document
    application/rss+xml application/atom+xml application/rdf+xml application/xml text/xml
    application/json application/jsonl application/x-ndjson
    text/csv application/csv
    message/rfc822 application/mbox
    application/zip application/x-zip-compressed
    """.split()
)
"""The media types that there are readers for."""

# What servers call files whose type they don't know.
_UNKNOWN = ("", "application/octet-stream", "binary/octet-stream", "application/x-download")
_BY_ENDING = {
    ".html": "text/html",
    ".htm": "text/html",
    ".xhtml": "application/xhtml+xml",
    ".txt": "text/plain",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".epub": "application/epub+zip",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".rss": "application/rss+xml",
    ".atom": "application/atom+xml",
    ".xml": "application/xml",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".csv": "text/csv",
    ".eml": "message/rfc822",
    ".mbox": "application/mbox",
    ".zip": "application/zip",
}
_CHARSET = re.compile(r"[a-z0-9._:+-]{1,40}")


def redirect(response: Response) -> Address | None:
    """The address that the server sends to; SourceError when that may not be followed."""
    if response.status not in _REDIRECTS:
        return None
    # Header bytes are read as latin-1; what isn't ASCII in a Location is UTF-8.
    location = response.headers.get("location", "").encode("latin-1").decode("utf-8", "replace")
    if not location:
        raise SourceError(
            f"{str(response.address)!r} leads on without saying where: check the address."
        )
    target = resolve_reference(response.address, location)
    if (response.address.scheme, target.scheme) == ("https", "http"):
        raise SourceError(
            f"{str(response.address)!r} leads to an address without encryption: "
            f"if that will do, add {str(target)!r} instead."
        )
    return target


def check_status(response: Response) -> None:
    """Raises SourceError, saying what to do, unless the answer holds what was asked for."""
    status, address = response.status, repr(str(response.address))
    host = repr(response.address.host)
    match status:
        case 200 | 203:
            return
        case 404 | 410:
            reason = f"There is nothing at {address} (status {status}): check the address."
        case 401 | 402 | 403 | 407 | 451:
            reason = (
                f"The server {host} doesn't show {address} to programs or without signing in "
                f"(status {status}): save the page and add the file."
            )
        case 429:
            reason = f"The server {host} asks for fewer requests (status 429): {_when(response)}."
        case _ if 500 <= status < 600:
            reason = f"The server {host} has a fault (status {status}): {_when(response)}."
        case _:
            reason = (
                f"The server {host} answers with status {status} in place of {address}: "
                "check the address."
            )
    raise SourceError(reason)


def media_type(response: Response) -> str:
    """The media type of the answer; SourceError for one that Pincite has no reader for."""
    stated = _content_type(response)
    found = stated.get_content_type() if stated["content-type"] else ""
    if found in _UNKNOWN:
        path = unquote(response.address.target.partition("?")[0])
        found = _BY_ENDING.get(PurePosixPath(path).suffix.lower(), found)
    if found not in READABLE:
        raise SourceError(
            f"{str(response.address)!r} holds {found[:80] or 'something of no stated type'}, "
            "which Pincite doesn't read: save its text as a file and add that."
        )
    return found


def charset(response: Response) -> str | None:
    """The charset that the server states, in lower case, if that can be the name of one."""
    name = _content_type(response).get_content_charset()
    return name if name is not None and _CHARSET.fullmatch(name) else None


def _content_type(response: Response) -> Message:
    message = Message()
    if stated := response.headers.get("content-type"):
        message["content-type"] = stated
    return message


def _when(response: Response) -> str:
    """When to try again, as the server says in Retry-After."""
    stated = response.headers.get("retry-after", "").strip()
    if stated.isdecimal():
        return f"try again in {stated[:9]} seconds"
    try:
        return f"try again after {parsedate_to_datetime(stated).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError):
        return "try again later"
