"""Compares two sources: paired sentences in, verified differences out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from assistant.comparison import AlignedParagraphs, ComparedSource, Comparison, OnlyIn
from assistant.contrasts import contrasts, in_order
from assistant.drafts import Quote
from assistant.pairing import Pairing, pair
from assistant.render import printable
from assistant.spots import Contrast, Spot
from assistant.types import Citation, Disagreement, Side
from assistant.verify import cite_in
from index import IndexedSource, Library, Sentence, SettingsError


def compare(library: Library, first: str, second: str) -> Comparison:
    """Compare the sources with these ids.

    Raises:
        SettingsError: both are the same source, or one is too long.
        SourceError: the library doesn't have one of them.
    """
    sources = library.indexed(first), library.indexed(second)
    if first == second:
        raise SettingsError(f"{printable(first)} is the same source twice: name two.")
    pairing, found = _compared(*sources, are_twins=second in library.twins(first))
    cited = _Cited(library)
    differences = [_verified(contrast, cited) for contrast in in_order(found)]
    only_in = [each for each in _alone(pairing) if cited.holds(each)]
    return Comparison(
        sources=(_named(sources[0]), _named(sources[1])),
        twins=pairing.are_twins,
        aligned=tuple(AlignedParagraphs(first=r.first, second=r.second) for r in pairing.rows),
        differences=tuple(difference for difference in differences if difference),
        only_in=tuple(OnlyIn(source_id=q.source_id, **cited.side(q).model_dump()) for q in only_in),
        citations=cited.citations(),
    )


def _compared(
    first: IndexedSource, second: IndexedSource, *, are_twins: bool
) -> tuple[Pairing, Iterable[Contrast]]:
    """The same pairs and differences whichever is named first: where scores are equal, and where
    a rule takes the first of several, the order would decide.
    """
    swapped = (first.source.sha256, first.source.id) > (second.source.sha256, second.source.id)
    if not swapped:
        pairing = pair(first, second, are_twins=are_twins)
        return pairing, contrasts(pairing)
    pairing = pair(second, first, are_twins=are_twins)
    return pairing.mirrored(), (contrast.mirrored() for contrast in contrasts(pairing))


def _named(indexed: IndexedSource) -> ComparedSource:
    source = indexed.source
    return ComparedSource(
        id=source.id,
        title=source.title.value if source.title else None,
        uri=source.uri,
        sha256=source.sha256,
        paragraphs=len(indexed.paragraphs),
    )


class _Cited:
    """Citations, checked against the stored texts and numbered in order of appearance."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._numbers: dict[Citation, int] = {}

    def holds(self, quote: Quote) -> bool:
        """Whether the stored text has the quote."""
        return cite_in(quote, self._library) is not None

    def side(self, *quotes: Quote) -> Side:
        """The quotes with the numbers of their citations; all of them must hold."""
        citations = [found for quote in quotes if (found := cite_in(quote, self._library))]
        numbers = [self._numbers.setdefault(c, len(self._numbers) + 1) for c in citations]
        text = " … ".join(dict.fromkeys(citation.quote for citation in citations))
        return Side(text=text, citations=tuple(numbers))

    def citations(self) -> tuple[Citation, ...]:
        """All of them, each with its number."""
        return tuple(c.model_copy(update={"number": n}) for c, n in self._numbers.items())


def _verified(contrast: Contrast, cited: _Cited) -> Disagreement | None:
    """The difference with both sides cited; None where a place can't be cited."""
    first, second = ([_quote(spot) for spot in side] for side in contrast.sides)
    if not all(map(cited.holds, [*first, *second])):
        return None
    return Disagreement(
        kind=contrast.difference.kind,
        about=contrast.difference.about,
        sides=(cited.side(*first), cited.side(*second)),
    )


def _quote(spot: Spot) -> Quote:
    sentence = spot.sentence
    begin, end = spot.words if spot.words and spot.is_words_only else (0, len(sentence.text))
    highlight = spot.words if spot.words and not spot.is_words_only else None
    text, start = sentence.text[begin:end], sentence.start + begin
    return Quote(sentence.source_id, sentence.paragraph, text, start, highlight)


# --- what only one of them tells -----------------------------------------------------------------


def _alone(pairing: Pairing) -> Iterator[Quote]:
    """What only one source tells: its sentences that have no counterpart; neighbours together."""
    yield from _without_counterpart(pairing)
    yield from _without_counterpart(pairing.mirrored())


def _without_counterpart(pairing: Pairing) -> Iterator[Quote]:
    source, paired = pairing.first, {i for i, _ in pairing.links}
    elsewhere = {" ".join(sentence.text.split()) for sentence in pairing.second.sentences}
    run: list[Sentence] = []
    for position, sentence in enumerate(source.sentences):
        is_prose = source.paragraph(sentence.paragraph).kind == "body"
        is_alone = position not in paired and " ".join(sentence.text.split()) not in elsewhere
        goes_on = is_prose and is_alone
        if run and not (goes_on and sentence.paragraph == run[0].paragraph):
            yield _run(run, source)
            run = []
        if goes_on:
            run.append(sentence)
    if run:
        yield _run(run, source)


def _run(run: list[Sentence], indexed: IndexedSource) -> Quote:
    start, end = run[0].start, run[-1].end
    return Quote(indexed.source.id, run[0].paragraph, indexed.source.text[start:end], start)
