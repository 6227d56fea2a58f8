"""What two sources say differently, over the whole of their texts.

Sentences that were paired are compared by the rules that answers use, and by some that are worth
telling only where texts are laid side by side. Where a person belongs and how a name is spelled is
gathered from all of a text. What one source merely tells in more detail is no difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from assistant.alignment import CLOSE, share_enough_words
from assistant.differences import Difference, Span, date, differences, number, replaced
from assistant.evidence import is_question
from assistant.mouths import attributions
from assistant.pairing import Pairing, Row
from assistant.people import affiliations, spellings
from assistant.reach import as_bounds, reach
from assistant.spots import Contrast, Spot
from assistant.types import DisagreementKind
from index import IndexedSource, Sentence

KINDS: tuple[DisagreementKind, ...] = (
    "order",
    "date",
    "number",
    "affiliation",
    "attribution",
    "polarity",
    "scope",
    "name",
)
"""In the order in which they are told: what can't be overlooked first."""


def contrasts(pairing: Pairing) -> tuple[Contrast, ...]:
    """All differences between two sources, those of pairs first."""
    attributed = list(attributions(pairing))
    speakers = {contrast.difference.said for contrast in attributed}
    found = [
        contrast
        for contrast in (*_of_pairs(pairing), *affiliations(pairing), *spellings(pairing))
        if contrast.difference.kind != "name" or contrast.difference.said not in speakers
    ]
    return tuple(_merged([*found, *attributed]))


def in_order(contrasts: Iterable[Contrast]) -> list[Contrast]:
    """By kind, and those of one kind in the order of the first source."""
    return sorted(contrasts, key=_place)


def _place(contrast: Contrast) -> tuple[int, int, int]:
    first, second = (side[0].sentence.start for side in contrast.sides)
    return KINDS.index(contrast.difference.kind), first, second


def _merged(contrasts: Iterable[Contrast]) -> list[Contrast]:
    """A date or number that differs in several places as one difference, with all the places."""
    known: dict[tuple[str, str, int], Contrast] = {}
    for contrast in contrasts:
        kind = contrast.difference.kind
        apart = 0 if kind in ("date", "number") else len(known)
        key = kind, contrast.difference.about, apart
        if key in known:
            first, second = (
                tuple(dict.fromkeys([*ours, *more]))
                for ours, more in zip(known[key].sides, contrast.sides, strict=True)
            )
            contrast = replace(known[key], sides=(first, second))
        known[key] = contrast
    return list(known.values())


def _of_pairs(pairing: Pairing) -> Iterator[Contrast]:
    """What paired sentences say differently."""
    for row in pairing.rows:
        texts = _text(pairing.first, row.first), _text(pairing.second, row.second)
        for i, j in _links_in(pairing, row):
            ours, theirs = pairing.first.sentences[i], pairing.second.sentences[j]
            found: Iterable[Difference] = ()
            if _can_be_compared(pairing, i, j):
                found = tuple(_between(ours.text, theirs.text, *texts))
            if not found and _are_told(pairing, i, j):
                found = filter(None, [replaced(ours.text, theirs.text)])
            yield from (_contrast(difference, ours, theirs) for difference in found)


def _links_in(pairing: Pairing, row: Row) -> list[tuple[int, int]]:
    return [(i, j) for i, j in pairing.telling if pairing.first.sentences[i].paragraph in row.first]


def _are_told(pairing: Pairing, i: int, j: int) -> bool:
    """Whether neither is a question."""
    ours, theirs = pairing.first.sentences[i], pairing.second.sentences[j]
    return not is_question(ours.text) and not is_question(theirs.text)


def _can_be_compared(pairing: Pairing, i: int, j: int) -> bool:
    """Whether two paired sentences surely tell of one thing."""
    cosine = float(pairing.first.sentence_vectors[i] @ pairing.second.sentence_vectors[j])
    ours, theirs = pairing.first.sentences[i].text, pairing.second.sentences[j].text
    return (
        _are_told(pairing, i, j)
        and (pairing.are_twins or cosine >= CLOSE)
        and share_enough_words(ours, theirs, twins=pairing.are_twins)
    )


def _text(source: IndexedSource, paragraphs: tuple[int, ...]) -> str:
    return " ".join(
        source.source.text[source.paragraph(n).start : source.paragraph(n).end] for n in paragraphs
    )


def _between(first: str, second: str, around: str, around_too: str) -> Iterator[Difference]:
    """`around` are the aligned paragraphs, where a date or a number may be told nearby."""
    for difference in differences(first, second):
        if difference.kind == "affiliation":
            continue  # gathered from all of the text
        if difference.kind == "date" and not date(around, around_too):
            continue
        if difference.kind == "number" and not number(around, around_too):
            continue
        yield as_bounds(difference, first, second) or difference
    yield from reach(first, second)


def _contrast(difference: Difference, ours: Sentence, theirs: Sentence) -> Contrast:
    spans: tuple[Span | None, Span | None] = difference.spans
    return Contrast(difference, ((Spot(ours, spans[0]),), (Spot(theirs, spans[1]),)))
