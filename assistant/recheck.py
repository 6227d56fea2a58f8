"""Checks a stored answer again, against the library as it is now.

What was stored may have been edited, and the texts may have changed. So nothing is believed: each
citation must hold, each statement must be supported by what it cites, each passage must stand where
it says it does. What the sources say of themselves (title, address) is taken from the library.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from assistant.citations import cite, holds
from assistant.drafts import Quote
from assistant.render import one_line, place
from assistant.support import unsupported_because
from assistant.types import Answer, Citation, Claim, Nearest, Side
from index import IndexedSource, Library, SourceError

MAX_NAMED = 3
"""Lost citations that are named, and faults that are told."""
MAX_PLACE = 60
MAX_CITED = 100
"""Citations of one statement that are compared with it."""
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


Find = Callable[[str, str], IndexedSource | None]
"""The text of the source with an id, given the hash that is cited; None where there is none."""


def recheck(answer: Answer, library: Library) -> Rechecked:
    """Check every citation, statement and passage of the answer against the library as it is."""

    def newest(source_id: str, sha256: str) -> IndexedSource | None:
        try:
            return library.indexed(source_id)
        except SourceError:
            return None

    return recheck_in(answer, newest)


def recheck_in(answer: Answer, find: Find) -> Rechecked:
    """Check every citation, statement and passage of the answer against these texts."""
    found = {c: _found(c, find) for c in answer.citations}
    lost = [citation for citation in answer.citations if found[citation] is None]
    faults = [_lost(lost)] if lost else list(_faults(answer, find))
    if faults:
        return Rechecked(None, tuple(dict.fromkeys(faults))[:MAX_NAMED])
    citations = tuple(each for each in found.values() if each)
    return Rechecked(answer.model_copy(update={"citations": citations}), ())


def _found(citation: Citation, find: Find) -> Citation | None:
    """The citation as it would be made today; None where it doesn't hold.

    It is made anew too, as a quote that begins or ends inside a number would hold, and mislead.
    """
    indexed = find(citation.source_id, citation.source_sha256)
    if indexed is None or not holds(citation, indexed):
        return None
    quote = Quote(citation.source_id, citation.paragraph, citation.quote, citation.start)
    made = cite(quote, indexed)
    if made is None or made.start != citation.start:
        return None
    own = {name: getattr(citation, name) for name in ("number", "match", "highlight")}
    return made.model_copy(update=own)


def _faults(answer: Answer, find: Find) -> Iterator[str]:
    """What is wrong apart from the citations."""
    if [c.number for c in answer.citations] != list(range(1, len(answer.citations) + 1)):
        yield "its citations aren't numbered in order"
        return
    sides = [side for disagreement in answer.disagreements for side in disagreement.sides]
    statements: list[Claim | Side] = [*answer.claims, *sides]
    for statement in statements:
        if fault := _fault(statement, answer, find):
            yield fault
    for near in answer.nearest:
        if not _stands(near, find):
            yield f"{_named(near)} doesn't have the passage that is shown of it"


def _fault(statement: Claim | Side, answer: Answer, find: Find) -> str | None:
    if not statement.citations:
        return "a statement in it has no citation"
    unknown = [n for n in statement.citations if not 1 <= n <= len(answer.citations)]
    if unknown:
        return "a statement in it refers to a citation that isn't there"
    cited = [answer.citations[n - 1] for n in statement.citations]
    if not _supports(cited, statement.text, find):
        return "a statement in it isn't supported by its quotes"
    return None


def _supports(cited: list[Citation], text: str, find: Find) -> bool:
    """Whether the quotes support the statement, which may name its speaker before a colon."""
    quoted = [_in_context(citation, find) for citation in cited[:MAX_CITED]]
    quotes, paragraphs = zip(*dict.fromkeys(quoted), strict=True)
    if len(text) > sum(map(len, quotes)) + MAX_ADDED:
        return False
    readings: list[tuple[str, str | None]] = [(text, None)]
    if said := _SPEAKER.fullmatch(text):
        readings.append((said["quoted"] or said["told"] or "", said["speaker"]))
    return any(
        unsupported_because(claim, speaker, quotes, paragraphs) is None
        for claim, speaker in readings
    )


def _in_context(citation: Citation, find: Find) -> tuple[str, str]:
    """The whole sentences that the quote stands in, and their paragraph.

    A part of a sentence can say what the sentence denies.
    """
    indexed = find(citation.source_id, citation.source_sha256)
    if indexed is None:  # another process has just removed it
        return "", ""
    paragraph = indexed.paragraph(citation.paragraph)
    start, end = citation.start, citation.end
    for sentence in indexed.sentences:
        if sentence.start < citation.end and citation.start < sentence.end:
            start, end = min(start, sentence.start), max(end, sentence.end)
    text = indexed.source.text
    return text[start:end], text[paragraph.start : paragraph.end]


def _stands(near: Nearest, find: Find) -> bool:
    indexed = find(near.source_id, "")
    try:
        paragraph = indexed.paragraph(near.paragraph) if indexed else None
    except IndexError:
        return False
    if indexed is None or paragraph is None:
        return False
    return near.text != "" and near.text in indexed.source.text[paragraph.start : paragraph.end]


def _lost(lost: list[Citation]) -> str:
    named = [f"[{citation.number}] {_named(citation)}" for citation in lost[:MAX_NAMED]]
    if len(lost) > MAX_NAMED:
        named.append(f"{len(lost) - MAX_NAMED} more")
    verb = "citation no longer holds" if len(lost) == 1 else "citations no longer hold"
    return f"{len(lost)} {verb}: {', '.join(named)}"


def _named(cited: Citation | Nearest) -> str:
    at = place(cited) if isinstance(cited, Citation) else f"{cited.source_id} ¶{cited.paragraph}"
    shown = one_line(at)
    return shown if len(shown) <= MAX_PLACE else f"{shown[:MAX_PLACE]}…"
