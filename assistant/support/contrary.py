"""Where a sentence that tells what a claim tells says something else.

Only sentences with nearly all of a part's words are looked at: in others, a number that isn't the
claim's is the number of another thing. What stands in the place of a word that is missing is found
by the longest common subsequence of the two (Ratcliff and Obershelp's, as in difflib).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import partial

import numpy as np

from assistant.attribution import same_person, told
from assistant.denials import denial, opposites
from assistant.differences import Difference, date, number
from assistant.facts import Date, Number
from assistant.names import Name, names, same_name, spelling_key
from assistant.speakers import speaker_of
from assistant.support.evidence import Laid, Pool
from assistant.support.points import Point
from assistant.types import WithheldReason
from assistant.wording import Term, same, terms
from index import Sentence
from index.words import content_words

NEAR = 0.6
"""Share of a part's words that a sentence has which tells of the same thing."""
ALIKE = 0.85
"""Share of a part that a sentence has which is the same but for a word."""
ALIKE_ELSEWHERE = 0.7
"""Share of a part that a sentence has from which a fact of the part must stand in it."""
LOOKED_AT = 3
"""Sentences that are compared with a part, those first that have most of it."""
MAX_TERMS = 60
"""Of a sentence that is compared: a longer one is a list, or no sentence."""


@dataclass(frozen=True, slots=True)
class Contrary:
    """What a sentence says instead of what the claim says."""

    because: WithheldReason
    ours: str
    """The claim's words."""
    theirs: str
    """The sentence's words."""
    sentence: Sentence
    start: int
    """Where in the sentence they stand."""

    @property
    def is_fact(self) -> bool:
        """Whether both can't be right; a word in another's place may be one for the same."""
        return self.because != "unsupported"


def contraries(laid: Laid, missing: Sequence[Point], pool: Pool) -> tuple[Contrary, ...]:
    """What the sentences nearest to the part say instead, of what is `missing` or at all."""
    near = sorted(_near(laid), key=lambda row: (-laid.shares[row], row))[:LOOKED_AT]
    comparable = [row for row in near if len(terms(pool.sentences[row].text)) <= MAX_TERMS]
    found: dict[str, Contrary] = {}
    for row in comparable:
        sentence = pool.sentences[row]
        is_alike = bool(laid.shares[row] >= ALIKE)
        for contrary in _instead_of(missing, laid.part.text, sentence, is_alike=is_alike):
            found.setdefault(contrary.ours, contrary)
    for rule in (_denied, partial(_said_by_another, pool)):
        if comparable and (denied := rule(laid.part.text, pool.sentences[comparable[0]])):
            found.setdefault(denied.ours, denied)
    return tuple(found.values())


def astray(laid: Laid, missing: Sequence[Point], claim: str, pool: Pool) -> Iterator[Point]:
    """Numbers, dates and names that stand elsewhere, not in the sentence that has most of the part.

    Only where that has another one which the claim doesn't have: what it leaves out, another
    sentence may add, but "Ann met Ben" and a Carl elsewhere don't make that Ann met Carl.
    """
    row = int(np.argmax(laid.shares))
    points = tuple(zip(laid.part.points, laid.stands[row], strict=True))
    lacking = [point for point, stands in points if not stands and _is_fact(point)]
    lost = sum(
        point.weight for point, stands in points if not stands and not _goes_on(point, lacking)
    )
    told_of = sum(point.weight for point, stands in points if stands)
    if told_of < ALIKE_ELSEWHERE * (told_of + lost):
        return
    sentence = pool.sentences[row]
    ours, theirs = terms(claim), terms(sentence.text)
    told = set(spelling_key(claim))
    kinds = {
        term.kind
        for term in theirs
        if term.value is not None and not any(same(each, term, theirs) for each in ours)
    }
    others = any(not set(spelling_key(name.text)) & told for name in names(sentence.text))
    for point in lacking:
        if point not in missing and (point.term.kind in kinds if point.is_value else others):
            yield point


def _goes_on(point: Point, lacking: Sequence[Point]) -> bool:
    """Whether it is a further word of a name that is lacking: a name counts once."""
    return point.is_name and any(
        other.is_name and 0 < point.term.start - other.term.end <= 1 for other in lacking
    )


def _is_fact(point: Point) -> bool:
    return point.is_value or point.is_name


def _near(laid: Laid) -> Iterator[int]:
    """The rows of the sentences that tell of what the part tells of."""
    for row, stands in enumerate(laid.stands):
        values = [point.is_value for point in laid.part.points]
        others = [i for i, is_value in enumerate(values) if not is_value]
        told = sum(laid.weights[i] for i in others if stands[i])
        if others and told >= NEAR * sum(laid.weights[i] for i in others):
            yield row


def _instead_of(
    missing: Sequence[Point], part: str, sentence: Sentence, *, is_alike: bool
) -> Iterator[Contrary]:
    """What the sentence has in the place of what is missing.

    A name or a word may be told otherwise, so only of sentences that are alike it is said that one
    stands in another's place.
    """
    text = sentence.text
    lacking = {point.text for point in missing}
    for ours, theirs in _replaced(part, text):
        is_value = ours.term.value is not None
        if ours.text in lacking and (is_value or is_alike):
            yield from _instead(ours, theirs, sentence)
    for kind, rule in _RULES:
        apart = rule(part, text)
        if apart and apart.spans[1] and any(each in apart.said[0] for each in lacking):
            yield Contrary(kind, *apart.said, sentence, apart.spans[1][0])


_RULES: tuple[tuple[WithheldReason, Callable[[str, str], Difference | None]], ...] = (
    ("number", number),
    ("date", date),
)


def _denied(part: str, sentence: Sentence) -> Contrary | None:
    """Where the sentence denies what the part states, or the reverse."""
    text = sentence.text
    spans = denial(part, text, frozenset(content_words(part))) or opposites(part, text)
    if spans is None:
        return None
    said = part[slice(*spans[0])], text[slice(*spans[1])]
    return Contrary("negation", *said, sentence, spans[1][0])


def _said_by_another(pool: Pool, part: str, sentence: Sentence) -> Contrary | None:
    """Where the part has somebody say what somebody else says in the sentence."""
    account = told(part)
    speaker = speaker_of(sentence, pool.sources[sentence.source_id])
    if account.speaker is None or speaker is None or same_person(account.speaker, speaker.name):
        return None
    return Contrary("speaker", account.speaker, speaker.name, sentence, 0)


@dataclass(frozen=True, slots=True)
class _Written:
    term: Term
    text: str
    name: Name | None


def _replaced(part: str, sentence: str) -> Iterator[tuple[_Written, _Written]]:
    """Pairs of terms of which one stands where the other text has the other."""
    ours, theirs = _written(part), _written(sentence)
    a, b = ([_key(each.term) for each in listed] for listed in (ours, theirs))
    for tag, i, j, k, m in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag != "replace" or (i == 0 and j == len(a)):
            continue
        length = min(j - i, m - k)
        # What stands beside words that are the same is in their place; more may stand further off.
        if i > 0:
            yield from zip(ours[i : i + length], theirs[k : k + length], strict=True)
        else:
            yield from zip(ours[j - length : j], theirs[m - length : m], strict=True)


def _written(text: str) -> list[_Written]:
    named = names(text)
    return [
        _Written(
            term,
            text[term.start : term.end],
            next((n for n in named if n.start <= term.start < n.end), None),
        )
        for term in terms(text)
        if term.kind in ("word", "number", "date")
    ]


def _key(term: Term) -> str:
    if term.value is None:
        return " ".join(term.name) or term.key
    return repr(term.value).partition("start")[0]


def _instead(ours: _Written, theirs: _Written, sentence: Sentence) -> Iterator[Contrary]:
    """The difference, if the two are of one kind and so can stand for one thing."""
    if ours.term.kind != theirs.term.kind or _is_equal(ours.term, theirs.term):
        return
    kind: WithheldReason = "unsupported"
    said = ours.text, theirs.text
    start = theirs.term.start
    if ours.term.kind == "number":
        kind = "number"
    elif ours.term.kind == "date":
        kind = "date"
    elif ours.name and theirs.name:
        if same_name(ours.name.text, theirs.name.text):
            return
        kind, said, start = "name", (ours.name.text, theirs.name.text), theirs.name.start
    elif ours.name or theirs.name:
        return
    yield Contrary(kind, *said, sentence, start)


def _is_equal(ours: Term, theirs: Term) -> bool:
    """Whether two numbers differ in what they count alone, or two dates in how much they give."""
    if isinstance(ours.value, Number) and isinstance(theirs.value, Number):
        return ours.value.value == theirs.value.value
    if isinstance(ours.value, Date) and isinstance(theirs.value, Date):
        return not ours.value.contradicts(theirs.value)
    return False
