"""Checks the citations of stored answers again: against a library, or against source files.

A citation holds when everything in it is true of the text as it is now. What doesn't hold is looked
for, so that a reader learns what became of it; a quote is found character by character or not at
all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from heapq import nsmallest
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from rapidfuzz import fuzz
from rapidfuzz.distance import Postfix, Prefix

from assistant.citations import cite, holds, page_of
from assistant.drafts import Quote
from assistant.recheck import recheck_in
from assistant.render import one_line
from assistant.stored_answers import StoredAnswer
from assistant.types import Answer, Citation, Claim, Side
from index import (
    Document,
    IndexedSource,
    Library,
    Refused,
    Source,
    SourceError,
    find_texts,
    read_path,
    slug,
    split_paragraphs,
    split_sentences,
)

CitationState = Literal["holds", "moved", "changed", "gone"]
StatementState = Literal["supported", "unsupported"]

MAX_PLACES = 100
"""Places with the characters of a quote that are tried, the likeliest first."""
MAX_COMPARED = 1500
"""Characters of a quote that are compared with sentences."""
MIN_LIKENESS = 70
"""Percent of characters in common; a sentence below isn't shown as the nearest wording."""
MAX_SHOWN = 200

_CACHED_FILES = 64


class Sources(Protocol):
    """Where the texts are that citations are checked against."""

    def find(self, source_id: str, sha256: str) -> IndexedSource | None:
        """The text with this hash, else the one with this id, else None.

        Its id is the one by which it is known now.
        """

    def superseded(self, indexed: IndexedSource) -> Superseded | None:
        """What took the place of a text that was found; None where it is its source's newest."""


@dataclass(frozen=True, slots=True)
class Superseded:
    """A text is no longer that of its source, which has been edited."""

    added: str | None
    """When the text was added, ISO 8601 in UTC; None where that wasn't recorded."""
    newest: IndexedSource
    """The source as it is now."""


@dataclass(frozen=True, slots=True)
class CitationCheck:
    """What became of one citation."""

    place: str
    """Where in its file the answer stands."""
    question: str
    number: int
    source_id: str
    paragraph: int
    start: int
    end: int
    quote: str
    state: CitationState
    """"moved": these characters stand elsewhere; "changed": the source doesn't have them."""
    now: tuple[int, int, int] | None = None
    """Paragraph, start and end where the quote stands, when it has moved or the source was
    edited."""
    note: str = ""
    """What a reader should know of it, in one line; untrusted text in it is printable."""
    page: int | None = None
    edited: bool = False
    """It holds in the version of the source that it cites, but that isn't the newest any more."""


@dataclass(frozen=True, slots=True)
class StatementCheck:
    """Whether a statement of an answer is supported by what it cites."""

    place: str
    question: str
    text: str
    citations: tuple[int, ...]
    state: StatementState
    note: str = ""


class LibrarySources:
    """The texts of a library."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._cited = lru_cache(maxsize=_CACHED_FILES)(library.cited)

    def find(self, source_id: str, sha256: str) -> IndexedSource | None:
        """See `Sources`.

        Raises:
            StorageError: the library can't be read.
        """
        return self._cited(source_id, sha256) or self._indexed(source_id)

    def superseded(self, indexed: IndexedSource) -> Superseded | None:
        """See `Sources`."""
        source = indexed.source
        newest = self._indexed(source.id)
        if newest is None or newest.source.sha256 == source.sha256:
            return None
        versions = self.library.versions(source.id)
        of_it = [version for version in versions if version.sha256 == source.sha256]
        return Superseded(of_it[-1].added if of_it else None, newest)

    def _indexed(self, source_id: str) -> IndexedSource | None:
        try:
            return self.library.indexed(source_id)
        except SourceError:
            return None


class FileSources:
    """The texts in files; a text is known by its hash, whatever its file is called."""

    def __init__(self, paths: Iterable[Path]) -> None:
        """Read the files, and those in folders, once.

        Raises:
            SourceError: a file that is named can't be read, or a folder holds none.
        """
        self.refused: list[Refused] = []
        """What in a folder or file can't be read, so that no citation is checked against it."""
        self._by_hash: dict[str, Path] = {}
        self._by_id: dict[str, Path] = {}
        for given in paths:
            for path in find_texts([given]):
                self._add(path, named=path == given)
        self._read = lru_cache(maxsize=_CACHED_FILES)(_sources_in)

    def _add(self, path: Path, *, named: bool) -> None:
        read = list(read_path(path))
        refused = [each for each in read if isinstance(each, Refused)]
        if named and len(refused) == len(read):
            raise SourceError(f"{refused[0].name}: {refused[0].reason}")
        self.refused += refused
        for source in _sources(read):
            self._by_hash.setdefault(source.sha256, path)
            self._by_id.setdefault(source.id, path)

    def find(self, source_id: str, sha256: str) -> IndexedSource | None:
        """See `Sources`; a file name stands for the id that `pincite add` makes of it.

        Raises:
            SourceError: a file can't be read any more.
        """
        path = self._by_hash.get(sha256) or self._by_id.get(slug(source_id))
        read = self._read(path) if path else ()
        same = [source for source in read if source.sha256 == sha256]
        named = [source for source in read if source.id == slug(source_id)]
        found = next(iter(same + named), None)
        return _split(replace(found, id=source_id)) if found else None

    def superseded(self, indexed: IndexedSource) -> Superseded | None:
        """See `Sources`; a file is as it is."""
        return None


def _sources_in(path: Path) -> tuple[Source, ...]:
    return tuple(_sources(read_path(path)))


def _sources(read: Iterable[Document | Refused]) -> Iterator[Source]:
    return (each.source for each in read if not isinstance(each, Refused))


@lru_cache(maxsize=_CACHED_FILES)
def _split(source: Source) -> IndexedSource:
    """The source with its paragraphs; citations need nothing else."""
    none = np.zeros((0, 1), dtype=np.float32)
    return IndexedSource(source, split_paragraphs(source.id, source.text), (), none, ())


# --- citations -----------------------------------------------------------------------------------


def verify_answers(answers: Iterable[StoredAnswer], sources: Sources) -> Iterator[CitationCheck]:
    """Check every citation of the answers, in order.

    Raises:
        PinciteError: an answer or a source can't be read.
    """
    for stored in answers:
        for citation in stored.answer.citations:
            yield _checked(citation, stored, sources)


def _checked(citation: Citation, stored: StoredAnswer, sources: Sources) -> CitationCheck:
    check = CitationCheck(
        place=stored.place,
        question=stored.answer.question,
        number=citation.number,
        source_id=citation.source_id,
        paragraph=citation.paragraph,
        page=citation.page,
        start=citation.start,
        end=citation.end,
        quote=citation.quote,
        state="holds",
    )
    indexed = sources.find(citation.source_id, citation.source_sha256)
    if indexed is None:
        return replace(check, state="gone", note="there is no such source")
    if _stands(citation, indexed):
        if fault := _false_beside(citation, indexed):
            return replace(check, state="changed", note=fault)
        superseded = sources.superseded(indexed)
        return _edited_since(check, citation, superseded) if superseded else check
    found, places = _elsewhere(citation, indexed)
    if found is None:
        return replace(check, state="changed", note=_what_is_there(citation, indexed))
    now = (found.paragraph, found.start, found.end)
    return replace(check, state="moved", now=now, note=_how_it_moved(citation, found, places))


def _edited_since(
    check: CitationCheck, citation: Citation, superseded: Superseded
) -> CitationCheck:
    """The check of a citation that holds in an earlier version of its source."""
    added = superseded.added
    version = f"the version of {added.partition('T')[0]}" if added else "an earlier version"
    found, _ = _elsewhere(citation, superseded.newest)
    has_it = "has the quote too" if found else "doesn't have these words"
    return replace(
        check,
        edited=True,
        now=(found.paragraph, found.start, found.end) if found else None,
        note=f"it holds in {version}; the source has been edited since, and its newest version "
        f"{has_it}",
    )


def _stands(citation: Citation, indexed: IndexedSource) -> bool:
    """Whether the quote stands where it is said to, and would be cited like this today.

    It is cited anew too, as a quote that begins or ends inside a number would hold, and mislead.
    """
    if not holds(citation.model_copy(update={"highlight": None}), indexed):
        return False
    made = cite(_quote(citation, citation.paragraph, citation.start), indexed)
    return made is not None and (made.start, made.end) == (citation.start, citation.end)


def _quote(citation: Citation, paragraph: int, start: int) -> Quote:
    return Quote(citation.source_id, paragraph, citation.quote, start)


def _false_beside(citation: Citation, indexed: IndexedSource) -> str | None:
    """What is wrong with a citation whose quote stands; None when nothing is."""
    if not holds(citation, indexed):
        return "the quote stands there, but what is marked in it doesn't"
    text, start, end = indexed.source.text, citation.start, citation.end
    if indexed.source.places and citation.page != page_of(indexed, start):
        return "the quote stands there, but on another page than is given"
    before = text[max(0, start - len(citation.prefix)) : start]
    if before == citation.prefix and text.startswith(citation.suffix, end):
        return None
    return "the quote stands there, but the words given before or after it don't"


def _elsewhere(citation: Citation, indexed: IndexedSource) -> tuple[Citation | None, int]:
    """The likeliest place that has the quote character by character, and in how many it stands.

    Of several the one with most of the old words around it is taken, then the one nearest to the
    old start.
    """
    text = indexed.source.text

    def unlikeliness(place: tuple[int, int]) -> tuple[int, int]:
        _, start = place
        return -_shared_context(citation, text, start), abs(start - citation.start)

    found = []
    for paragraph, start in nsmallest(
        MAX_PLACES, _places(citation.quote, indexed), key=unlikeliness
    ):
        made = cite(_quote(citation, paragraph, start), indexed)
        if made is not None and (made.start, made.quote) == (start, citation.quote):
            found.append(made)
    return (found[0] if found else None), len(found)


def _places(quote: str, indexed: IndexedSource) -> Iterator[tuple[int, int]]:
    """Paragraph and start of every place that has the quote's characters."""
    if not quote:
        return
    text = indexed.source.text
    for paragraph in indexed.paragraphs:
        start = text.find(quote, paragraph.start, paragraph.end)
        while start >= 0:
            yield paragraph.number, start
            start = text.find(quote, start + 1, paragraph.end)


def _shared_context(citation: Citation, text: str, start: int) -> int:
    """How many characters around the quote are the same as where it stood."""
    end = start + len(citation.quote)
    before = text[max(0, start - len(citation.prefix)) : start]
    after = text[end : end + len(citation.suffix)]
    return Postfix.similarity(before, citation.prefix) + Prefix.similarity(after, citation.suffix)


def _how_it_moved(citation: Citation, found: Citation, places: int) -> str:
    notes = []
    if found.source_id != citation.source_id:
        notes.append(f"the text is now the source {one_line(found.source_id)}")
    elif found.source_sha256 == citation.source_sha256:
        notes.append("the text is unchanged, but the place given for the quote is wrong")
    if places > 1:
        number = f"at least {places}" if places == MAX_PLACES else places
        notes.append(f"the likeliest of {number} places that have these words")
    return "; ".join(notes)


def _what_is_there(citation: Citation, indexed: IndexedSource) -> str:
    """Why the quote can't be found, and the wording that comes nearest to it."""
    if not citation.quote.strip():
        return "it quotes nothing"
    if next(_places(citation.quote, indexed), None):
        return "its characters stand there only as parts of longer words or numbers"
    nearest = _nearest_wording(citation, indexed.source.text)
    if nearest is None:
        return "no paragraph of the source has these words"
    paragraph, sentence = nearest
    return f"the nearest wording, which isn't the quote, is in ¶{paragraph}: {shortened(sentence)}"


def _nearest_wording(citation: Citation, text: str) -> tuple[int, str] | None:
    """The sentence of the text that is most like the quote, and its paragraph's number."""
    quote = citation.quote[:MAX_COMPARED]
    best, nearest = float(MIN_LIKENESS), None
    for paragraph, sentence in _sentences(text):
        compare = fuzz.partial_ratio if len(sentence) >= len(quote) else fuzz.ratio
        likeness = compare(quote, sentence, score_cutoff=best)
        if likeness > best or (likeness == best and nearest is None):
            best, nearest = likeness, (paragraph, sentence)
    return nearest


@lru_cache(maxsize=8)
def _sentences(text: str) -> tuple[tuple[int, str], ...]:
    """Every sentence with the number of its paragraph."""
    return tuple(
        (paragraph.number, sentence.text)
        for paragraph in split_paragraphs("", text)
        for sentence in split_sentences("", paragraph, text)
    )


def shortened(text: str, limit: int = MAX_SHOWN) -> str:
    """The text for display in one line, at most `limit` characters and then "…"."""
    shown = one_line(text)
    return shown if len(shown) <= limit else f"{shown[:limit]}…"


# --- statements ----------------------------------------------------------------------------------


def uncited_statements(stored: StoredAnswer) -> Iterator[StatementCheck]:
    """The statements of an answer that refer to no citation, or to one that isn't there."""
    numbers = [citation.number for citation in stored.answer.citations]
    in_order = numbers == list(range(1, len(numbers) + 1))
    for statement in _statements(stored.answer):
        if not in_order:
            yield _told(statement, stored, "the answer's citations aren't numbered in order")
        elif not statement.citations:
            yield _told(statement, stored, "it has no citation")
        elif not set(statement.citations).issubset(numbers):
            yield _told(statement, stored, "it refers to a citation that isn't there")


def check_statements(stored: StoredAnswer, sources: LibrarySources) -> Iterator[StatementCheck]:
    """Check each statement of an answer against its quotes.

    One with a quote that no longer holds is left out: the check of the citation tells of it.

    Raises:
        StorageError: the library can't be read.
    """
    uncited = list(uncited_statements(stored))
    yield from uncited
    known = {(check.text, check.citations) for check in uncited}
    lost = {each.number for each in stored.answer.citations if not _is_there(each, sources)}
    for statement in _statements(stored.answer):
        cited = statement.citations
        if (statement.text, cited) in known or not lost.isdisjoint(cited):
            continue
        faults = recheck_in(_only(statement, stored.answer), sources.find).faults
        yield _told(statement, stored, "the quotes don't support it" if faults else "")


def _is_there(citation: Citation, sources: Sources) -> bool:
    indexed = sources.find(citation.source_id, citation.source_sha256)
    return indexed is not None and _stands(citation, indexed)


def _statements(answer: Answer) -> Iterator[Claim | Side]:
    yield from answer.claims
    for disagreement in answer.disagreements:
        yield from disagreement.sides


def _told(statement: Claim | Side, stored: StoredAnswer, fault: str) -> StatementCheck:
    return StatementCheck(
        place=stored.place,
        question=stored.answer.question,
        text=statement.text,
        citations=statement.citations,
        state="unsupported" if fault else "supported",
        note=fault,
    )


def _only(statement: Claim | Side, answer: Answer) -> Answer:
    """The answer with this statement and its citations alone, in the numbering they need."""
    cited = [answer.citation(number) for number in dict.fromkeys(statement.citations)]
    renumbered = [
        # What is marked in a quote is the citation's affair, not the statement's.
        each.model_copy(update={"number": number, "highlight": None})
        for number, each in enumerate(cited, 1)
    ]
    claim = Claim(text=statement.text, citations=tuple(range(1, len(cited) + 1)))
    alone = {
        "claims": (claim,),
        "citations": tuple(renumbered),
        "disagreements": (),
        "nearest": (),
    }
    return answer.model_copy(update=alone)
