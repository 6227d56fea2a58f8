"""Drafts in, verified claims out; what fails is withheld with its reason, never shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from assistant.citations import cite
from assistant.drafts import Draft, Quote
from assistant.support import unsupported_because
from assistant.types import Citation, Withheld
from index import Library, SourceError


@dataclass(frozen=True, slots=True)
class VerifiedClaim:
    """A statement with citations that hold and support it; citations aren't numbered yet."""

    text: str
    citations: tuple[Citation, ...]


def verify(
    drafts: Iterable[Draft], library: Library
) -> tuple[tuple[VerifiedClaim, ...], tuple[Withheld, ...]]:
    """Locate every quote in the stored texts and check that the quotes support the statement.

    One draft that fails doesn't affect the others; a statement made twice is kept
    once, with the citations of both.
    """
    claims: dict[str, VerifiedClaim] = {}
    withheld: list[Withheld] = []
    for draft in dict.fromkeys(drafts):
        outcome = verify_draft(draft, library)
        if isinstance(outcome, Withheld):
            withheld.append(outcome)
        elif (known := claims.get(outcome.text)) is not None:
            claims[outcome.text] = replace(known, citations=known.citations + outcome.citations)
        else:
            claims[outcome.text] = outcome
    return tuple(claims.values()), tuple(withheld)


def cite_in(quote: Quote, library: Library) -> Citation | None:
    """The checked citation for `quote`; None where the stored text doesn't have it."""
    try:
        return cite(quote, library.indexed(quote.source_id))
    except SourceError:
        return None


def verify_draft(draft: Draft, library: Library) -> VerifiedClaim | Withheld:
    """The claim that the draft is, with citations that hold and support it, or why it is none."""
    if not draft.quotes:
        return Withheld(text=draft.text, reason="no_citation")
    citations = [found for quote in draft.quotes if (found := cite_in(quote, library))]
    if not citations:
        return Withheld(text=draft.text, reason="quote_not_found")
    reason = unsupported_because(
        draft.text,
        draft.speaker,
        [citation.quote for citation in citations],
        [_paragraph(citation, library) for citation in citations],
    )
    if reason:
        return Withheld(text=_with_speaker(draft), reason=reason)
    return VerifiedClaim(_with_speaker(draft), tuple(citations))


def _with_speaker(draft: Draft) -> str:
    if draft.speaker is None:
        return draft.text
    said = f"“{draft.text}”" if draft.verbatim else draft.text
    return f"{draft.speaker}: {said}"


def _paragraph(citation: Citation, library: Library) -> str:
    indexed = library.indexed(citation.source_id)
    paragraph = indexed.paragraph(citation.paragraph)
    return indexed.source.text[paragraph.start : paragraph.end]
