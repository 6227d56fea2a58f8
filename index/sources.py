"""Makes sources of texts, or says in one sentence why a text can't be one."""

from __future__ import annotations

import hashlib
import re

from anyascii import anyascii

from index.errors import SourceError
from index.metadata import read_metadata
from index.types import Source, Stated

MAX_SOURCE_BYTES = 20_000_000
MAX_ORIGINAL_BYTES = 500_000_000
"""SQLite takes twice as much."""
MAX_SLUG_CHARS = 80

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]")
_MAX_CONTROL_SHARE = 0.01


def slug(name: str) -> str:
    """An id for `name`: at most 80 characters of a-z, 0-9 and single hyphens, never empty."""
    plain = re.sub(r"[^a-z0-9]+", "-", anyascii(name).lower())
    return plain.strip("-")[:MAX_SLUG_CHARS].strip("-") or "source"


def source_from_text(
    text: str,
    *,
    id: str,
    uri: str | None = None,
    title: Stated | None = None,
    publisher: Stated | None = None,
    author: Stated | None = None,
    published: Stated | None = None,
    lang: Stated | None = None,
) -> Source:
    """A source of this text; metadata that aren't given are read from it where it states them.

    Raises SourceError for a text that is empty, too large, binary or not encodable, or when `id`
    isn't a slug.
    """
    if id != slug(id):
        raise SourceError(f"{id!r} can't be the id of a source: use {slug(id)!r}.")
    encoded = _checked(text, repr(id))
    stated = read_metadata(text)
    return Source(
        id=id,
        text=text,
        sha256=hashlib.sha256(encoded).hexdigest(),
        title=title or stated.title,
        uri=uri,
        publisher=publisher or stated.publisher,
        author=author or stated.author,
        published=published or stated.published,
        lang=lang or stated.lang,
    )


def check_source(source: Source) -> None:
    """Raises SourceError for a source that can't be stored, however it was made."""
    if source.id != slug(source.id):
        raise SourceError(f"{source.id!r} can't be an id of a source: use {slug(source.id)!r}.")
    if hashlib.sha256(_checked(source.text, repr(source.id))).hexdigest() != source.sha256:
        raise SourceError(f"The sha256 of {source.id!r} isn't that of its text: read it again.")
    end = 0
    for place in source.places:
        if not end <= place.start < place.end <= len(source.text):
            raise SourceError(
                f"The places of {source.id!r} aren't those of its text: read it again."
            )
        end = place.end


def check_original(source: Source, original: bytes) -> None:
    """Raises SourceError for a document that can't be stored as the source's original."""
    if source.origin is None or _sha256(original) != source.origin.sha256:
        raise SourceError(
            f"The sha256 of the document of {source.id!r} isn't that of its bytes: read it again."
        )
    if len(original) > MAX_ORIGINAL_BYTES:
        size = MAX_ORIGINAL_BYTES // 1_000_000
        raise SourceError(
            f"The document of {source.id!r} is larger than {size} MB: split it into several files."
        )


_last: tuple[bytes, str] = (b"", hashlib.sha256(b"").hexdigest())


def _sha256(original: bytes) -> str:
    """The document's hash; many sources in a row may come from one document."""
    global _last
    if _last[0] is not original:
        _last = (original, hashlib.sha256(original).hexdigest())
    return _last[1]


def _checked(text: str, name: str) -> bytes:
    """The text in UTF-8, once it is known to be one that can be stored."""
    if not text or text.isspace():
        raise SourceError(f"{name} is empty: leave it out.")
    if "\0" in text or len(_CONTROL.findall(text)) > _MAX_CONTROL_SHARE * len(text):
        raise SourceError(f"{name} holds binary data, not text: save it as plain UTF-8 text.")
    try:
        encoded = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise SourceError(
            f"{name} holds half a character (a lone surrogate) at offset {error.start}: "
            "repair the text."
        ) from error
    if len(encoded) > MAX_SOURCE_BYTES:
        raise SourceError(_too_large(name))
    return encoded


def _too_large(name: str) -> str:
    return f"{name} is larger than {MAX_SOURCE_BYTES // 1_000_000} MB: split it into several files."
