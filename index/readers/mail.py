"""Reads e-mails (.eml) and mailboxes (.mbox): the text that was sent, and attached documents."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart

from index.encodings import decode
from index.errors import SourceError
from index.readers.article import (
    Article,
    Claims,
    Entry,
    Job,
    Outcome,
    Pieces,
    Problem,
    ReadError,
    claim,
    date_claim,
    first_claims,
    web_address,
)
from index.readers.blocks import parsed, visible_blocks
from index.readers.formats import SUPPORTED_SUFFIXES, suffix_of

MAX_MESSAGES = 100_000
MAX_PARTS = 200
"""Of parts that consist of parts; each costs the parser time in all that are in it."""
_START = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From [^\r\n]*\r?\n")
_QUOTED_START = re.compile(rb"^>(>*From )", re.MULTILINE)
_HEADER = re.compile(rb"[A-Za-z][A-Za-z0-9-]*:")


def read(data: bytes, job: Job) -> Iterator[Outcome]:
    """The messages; a mailbox has several."""
    if job.format == "mail":
        yield from _outcomes(data, None)
        return
    starts = list(_START.finditer(data))
    if not starts:
        raise ReadError("It holds no messages: a mailbox begins each with a line 'From ...'.")
    if len(starts) > MAX_MESSAGES:
        raise ReadError(f"It holds more than {MAX_MESSAGES:,} messages: split it.")
    ends = [start.start() for start in starts[1:]] + [len(data)]
    for number, (start, end) in enumerate(zip(starts, ends, strict=True), start=1):
        message = _QUOTED_START.sub(rb"\1", data[start.end() : end])
        yield from _outcomes(message, f"message {number}")


def _outcomes(data: bytes, item: str | None) -> Iterator[Outcome]:
    if not _HEADER.match(data.lstrip()):
        yield Problem("It has no headers as an e-mail has: leave it out.", item)
        return
    if data.lower().count(b"boundary=") > MAX_PARTS:
        yield Problem(f"It has more than {MAX_PARTS} parts in parts: leave it out.", item)
        return
    try:
        message = message_from_bytes(data.lstrip(), policy=policy.default)
        assert isinstance(message, EmailMessage)
        yield _article(message, item)
    except ReadError as error:
        yield Problem(str(error), item)
    except RecursionError:
        yield Problem("It is nested too deeply to be read: leave it out.", item)
        return
    except Exception:  # the standard library's parser fails in many ways on broken headers
        yield Problem("It can't be read as an e-mail: it is damaged, or isn't one.", item)
        return
    yield from _attachments(message, item)


def _article(message: EmailMessage, item: str | None) -> Article:
    body = message.get_body(("plain", "html"))
    if body is None:
        raise ReadError("The e-mail holds no text: leave it out.")
    payload = body.get_payload(decode=True)
    try:
        decoded = decode(payload if isinstance(payload, bytes) else b"", "Its text", _charset(body))
    except SourceError as error:
        raise ReadError(str(error)) from error
    html = body.get_content_type() == "text/html"
    pieces = Pieces()
    for block in _shown(decoded.text) if html else [decoded.text.strip("\r\n")]:
        pieces.add(block, element=item or "message")
    if not pieces.text:
        raise ReadError("The e-mail holds no text: leave it out.")
    address = web_address(str(message.get("Archived-At", "")).strip("<> "))
    return Article(
        pieces.text, _claims(message), tuple(pieces.places), address, item, decoded.encoding
    )


def _charset(body: MIMEPart) -> str | None:
    stated = body.get_content_charset()
    return None if stated in ("us-ascii", "ascii") else stated


def _shown(text: str) -> list[str]:
    return [block.text for block in visible_blocks(parsed(text))]


def _claims(message: EmailMessage) -> Claims:
    return first_claims(
        [
            ("title", claim(str(message.get("Subject", "")), "e-mail Subject")),
            ("author", claim(_sender(message), "e-mail From")),
            ("published", date_claim(str(message.get("Date", "")), "e-mail Date")),
            ("lang", claim(str(message.get("Content-Language", "")), "e-mail Content-Language")),
        ]
    )


def _sender(message: EmailMessage) -> str:
    """The name, or the address where there is none."""
    header = message.get("From", "")
    addresses = getattr(header, "addresses", ())
    names = [each.display_name or each.addr_spec for each in addresses]
    return ", ".join(name for name in names if name) or str(header)


def _attachments(message: EmailMessage, item: str | None) -> Iterator[Outcome]:
    """The attached documents; pictures, signatures and calendars aren't texts and are left out."""
    try:
        parts = list(message.iter_attachments())
    except Exception:  # a part that isn't what its headers say
        return
    for part in parts:
        name = part.get_filename() or ""
        payload = part.get_payload(decode=True)
        if suffix_of(name) in SUPPORTED_SUFFIXES and isinstance(payload, bytes):
            yield Entry(f"{item}/{name}" if item else name, payload)
