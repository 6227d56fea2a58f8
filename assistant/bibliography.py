"""The sources that answers cite, for reference managers: CSL-JSON and BibTeX.

Only what is known is said. A citation knows its source's title and address; the library knows what
the text states of itself, and is asked only where it still has the very text that was cited.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from assistant.render import one_line
from assistant.text_fragments import is_web_address
from index import Library, slug

if TYPE_CHECKING:
    from assistant.types import Citation

MONTHS = tuple("jan feb mar apr may jun jul aug sep oct nov dec".split())
"""The names that BibTeX styles have for them."""

_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?(?:T.*)?", re.ASCII)
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",  # not "\{": BibTeX counts that brace too
    "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    '"': '{"}',
    **{character: f"\\{character}" for character in "%#&_$"},
}
_IN_ADDRESS = str.maketrans({each: f"%{ord(each):02X}" for each in '{}\\^"<>|`'})


@dataclass(frozen=True, slots=True)
class _Reference:
    """A cited source with what is known of it; each text on one line."""

    id: str
    """Unique among the references of a file, and a slug."""
    source_id: str
    sha256: str
    title: str | None
    url: str | None
    """None unless it is a web address."""
    author: str | None
    publisher: str | None
    published: str | None
    """A date as ISO 8601, or however else the source states it."""
    language: str | None

    @property
    def note(self) -> str:
        """Which text it was, for whoever wants to check."""
        return f"Source {self.source_id}, SHA-256 of its text: {self.sha256}"

    @property
    def date_parts(self) -> tuple[int, ...] | None:
        """Year, month and day as far as they are known; None where it is no date."""
        found = _DATE.fullmatch(self.published or "")
        if found is None:
            return None
        parts = tuple(int(part) for part in found.groups() if part)
        try:
            date(*(*parts, 1, 1)[:3])
        except ValueError:
            return None
        return parts


def csl_json(citations: Iterable[Citation], library: Library | None = None) -> list[dict[str, Any]]:
    """The cited sources as CSL-JSON items, each once, in order of appearance.

    Names are literal: what is a first and what a last name isn't guessed.
    """
    return [_csl_item(reference) for reference in _references(citations, library)]


def bibtex(citations: Iterable[Citation], library: Library | None = None) -> str:
    """The cited sources as BibTeX entries, each once, in order of appearance; in UTF-8."""
    return "\n".join(map(_bibtex_entry, _references(citations, library)))


# --- what is known of the sources ----------------------------------------------------------------


def _references(citations: Iterable[Citation], library: Library | None) -> list[_Reference]:
    firsts: dict[tuple[str, str], Citation] = {}
    for citation in citations:
        firsts.setdefault((citation.source_id, citation.source_sha256), citation)
    taken: set[str] = set()
    stated = _stated(library, {source_id for source_id, _ in firsts})
    return [
        _reference(citation, _free(slug(citation.source_id), taken), stated.get(text, {}))
        for text, citation in firsts.items()
    ]


def _reference(citation: Citation, id: str, stated: dict[str, str | None]) -> _Reference:
    uri = citation.source_uri or ""
    return _Reference(
        id=id,
        source_id=one_line(citation.source_id),
        sha256=one_line(citation.source_sha256),
        title=one_line(citation.source_title or "") or None,
        url=uri if is_web_address(uri) else None,
        author=stated.get("author"),
        publisher=stated.get("publisher"),
        published=stated.get("published"),
        language=stated.get("lang"),
    )


def _stated(
    library: Library | None, ids: Collection[str]
) -> dict[tuple[str, str], dict[str, str | None]]:
    """What the texts of these sources state of themselves, by id and hash."""
    return {
        (source.id, source.sha256): {
            name: one_line(stated.value) or None
            for name in ("author", "publisher", "published", "lang")
            if (stated := getattr(source, name))
        }
        for source in (library.listing(ids=ids).sources if library else ())
    }


def _free(id: str, taken: set[str]) -> str:
    """The id, with a number where it is taken."""
    free, count = id, 1
    while free in taken:
        count += 1
        free = f"{id}-{count}"
    taken.add(free)
    return free


# --- the two forms -------------------------------------------------------------------------------


def _csl_item(reference: _Reference) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": reference.id,
        "type": "webpage" if reference.url else "document",
        "title": reference.title,
        "author": [{"literal": reference.author}] if reference.author else None,
        "publisher": reference.publisher,
        "issued": _csl_date(reference),
        "language": reference.language,
        "URL": reference.url,
        "note": reference.note,
    }
    return {name: value for name, value in item.items() if value}


def _csl_date(reference: _Reference) -> dict[str, Any] | None:
    if parts := reference.date_parts:
        return {"date-parts": [list(parts)]}
    return {"literal": reference.published} if reference.published else None


def _bibtex_entry(reference: _Reference) -> str:
    year, month, day = (*(reference.date_parts or ()), None, None, None)[:3]
    fields = {
        # The second braces keep a style from splitting a name or changing its case.
        "author": _braced(reference.author, "{{", "}}"),
        "title": _braced(reference.title, "{{", "}}"),
        "publisher": _braced(reference.publisher),
        "year": _braced(f"{year:04}" if year else reference.published),
        "month": MONTHS[month - 1] if month else None,
        "day": _braced(str(day)) if day else None,
        "language": _braced(reference.language),
        # Not escaped as text is: styles print an address as it stands.
        "url": reference.url and f"{{{reference.url.translate(_IN_ADDRESS)}}}",
        "note": _braced(reference.note),
    }
    lines = [f"  {name} = {value},\n" for name, value in fields.items() if value]
    return f"@misc{{{reference.id},\n{''.join(lines)}}}\n"


def _braced(text: str | None, opening: str = "{", closing: str = "}") -> str | None:
    if text is None:
        return None
    return f"{opening}{''.join(_SPECIAL.get(each, each) for each in text)}{closing}"
