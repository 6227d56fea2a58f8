"""Checks a stored answer again, against the library as it is now.

What was stored may have been edited, and the texts may have changed. So nothing is believed: each
citation must hold, each statement must be supported by what it cites, each passage must stand where
it says it does. What the sources say of themselves (title, address) is taken from the library.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.citations import CONTEXT_CHARACTERS, holds
from assistant.render import one_line
from assistant.support import unsupported_because
from assistant.types import Answer, Citation, Claim, Nearest, Side
from index import IndexedSource, Library, SourceError

MAX_NAMED = 3
"""Lost citations that are named, and faults that are told."""
MAX_PLACE = 60
MAX_ADDED = 200
"""Characters that a statement may have beyond its quotes; a longer one isn't worth comparing."""

_SPEAKER = re.compile(r"(?P<speaker>[^:“]+): (?:“(?P<quoted>.*)”|(?P<told>.*))", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Rechecked:
    """What is left of a stored answer."""

    answer: Answer | None
    """With the sources' titles and addresses as the library has them; None with a fault."""
    faults: tuple[str, ...]
    """What doesn't hold; empty when everything does."""


def recheck(answer: Answer, library: Library) -> Rechecked:
    """Check every citation, statement and passage of the answer against the library."""
    lost = [c for c in answer.citations if not _holds(c, library)]
    faults = [_lost(lost)] if lost else list(_faults(answer, library))
    if faults:
        return Rechecked(None, tuple(dict.fromkeys(faults))[:MAX_NAMED])
    citations = tuple(_restated(c, library.indexed(c.source_id)) for c in answer.citations)
    return Rechecked(answer.model_copy(update={"citations": citations}), ())


def _faults(answer: Answer, library: Library) -> Iterator[str]:
    """What is wrong apart from the citations."""
    if [c.number for c in answer.citations] != list(range(1, len(answer.citations) + 1)):
        yield "its citations aren't numbered in order"
        return
    sides = [side for disagreement in answer.disagreements for side in disagreement.sides]
    statements: list[Claim | Side] = [*answer.claims, *sides]
    for statement in statements:
        if fault := _fault(statement, answer, library):
            yield fault
    for near in answer.nearest:
        if not _stands(near, library):
            yield f"{_named(near)} doesn't have the passage that is shown of it"


def _fault(statement: Claim | Side, answer: Answer, library: Library) -> str | None:
    if not statement.citations:
        return "a statement in it has no citation"
    unknown = [n for n in statement.citations if not 1 <= n <= len(answer.citations)]
    if unknown:
        return "a statement in it refers to a citation that isn't there"
    cited = [answer.citations[n - 1] for n in statement.citations]
    if not _supports(cited, statement.text, library):
        return "a statement in it isn't supported by its quotes"
    return None


def _supports(cited: list[Citation], text: str, library: Library) -> bool:
    """Whether the quotes support the statement, which may name its speaker before a colon."""
    quotes = [citation.quote for citation in cited]
    if len(text) > sum(map(len, quotes)) + MAX_ADDED:
        return False
    paragraphs = [_paragraph(c.source_id, c.paragraph, library) or "" for c in cited]
    readings: list[tuple[str, str | None]] = [(text, None)]
    if said := _SPEAKER.fullmatch(text):
        readings.append((said["quoted"] or said["told"] or "", said["speaker"]))
    return any(
        unsupported_because(claim, speaker, quotes, paragraphs) is None
        for claim, speaker in readings
    )


def _holds(citation: Citation, library: Library) -> bool:
    try:
        return holds(citation, library.indexed(citation.source_id))
    except SourceError:
        return False


def _stands(near: Nearest, library: Library) -> bool:
    text = _paragraph(near.source_id, near.paragraph, library)
    return text is not None and bool(near.text) and near.text in text


def _paragraph(source_id: str, number: int, library: Library) -> str | None:
    """The text of a paragraph; None when there is none with this number."""
    try:
        indexed = library.indexed(source_id)
        paragraph = indexed.paragraph(number)
    except (SourceError, IndexError):
        return None
    return indexed.source.text[paragraph.start : paragraph.end]


def _restated(citation: Citation, indexed: IndexedSource) -> Citation:
    """The citation with what surrounds it and what the source is called, as the library has it."""
    source, (start, end) = indexed.source, (citation.start, citation.end)
    return citation.model_copy(
        update={
            "source_title": source.title.value if source.title else None,
            "source_uri": source.uri,
            "prefix": source.text[max(0, start - CONTEXT_CHARACTERS) : start],
            "suffix": source.text[end : end + CONTEXT_CHARACTERS],
        }
    )


def _lost(lost: list[Citation]) -> str:
    named = [f"[{citation.number}] {_named(citation)}" for citation in lost[:MAX_NAMED]]
    if len(lost) > MAX_NAMED:
        named.append(f"{len(lost) - MAX_NAMED} more")
    verb = "citation no longer holds" if len(lost) == 1 else "citations no longer hold"
    return f"{len(lost)} {verb}: {', '.join(named)}"


def _named(cited: Citation | Nearest) -> str:
    shown = one_line(f"{cited.source_id} ¶{cited.paragraph}")
    return shown if len(shown) <= MAX_PLACE else f"{shown[:MAX_PLACE]}…"
