"""Names and persons over two whole texts: how a name is spelled, and to whom a person belongs.

Two spellings are one name's only where paired sentences have one in place of the other. Words must
be equal once what transcriptions differ in is evened out, so that "Iran" is never taken for "Iraq";
a family name may also be nearly so, behind the same first name, where neither text has both. From
there the other spellings of the same name are looked for in all of both texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from rapidfuzz.distance import JaroWinkler

from assistant.differences import Difference
from assistant.names import (
    MIN_KEY,
    Name,
    employers,
    is_one_organisation,
    is_one_person,
    names,
    romanised,
    spelling_key,
)
from assistant.pairing import Pairing
from assistant.spots import Contrast, Spot
from index import IndexedSource, Sentence

MIN_ALIKE = 0.88
"""Jaro-Winkler similarity of family names from which they may be one, spelled in two ways."""


@dataclass(frozen=True, slots=True)
class _Mention:
    """A name as it stands in a sentence."""

    name: Name
    sentence: Sentence

    def spot(self, *, is_words_only: bool = True) -> Spot:
        return Spot(self.sentence, (self.name.start, self.name.end), is_words_only)


def _mentions(source: IndexedSource) -> list[_Mention]:
    return [
        _Mention(name, sentence)
        for sentence in source.sentences
        if source.paragraph(sentence.paragraph).kind == "body"
        for name in names(sentence.text)
    ]


# --- how a name is spelled -----------------------------------------------------------------------


def spellings(pairing: Pairing) -> Iterator[Contrast]:
    """Names that the two sources spell differently, once for each, with every spelling."""
    ours, theirs = _mentions(pairing.first), _mentions(pairing.second)
    for a, b in _respelled(pairing):
        first = _spelled(ours, a, b)
        second = _spelled(theirs, b, a)
        said = _spelling(first), _spelling(second)
        if set(_words(first)) == set(_words(second)):
            continue
        difference = Difference("name", "", said)
        sides = tuple(m.spot() for m in first), tuple(m.spot() for m in second)
        yield Contrast(difference, sides)


def _respelled(pairing: Pairing) -> Iterator[tuple[_Mention, _Mention]]:
    """Each name that stands in paired sentences in two spellings, once, where it first does."""
    texts = pairing.first.source.text, pairing.second.source.text
    known: list[str] = []
    for a, b in _in_each_others_place(pairing):
        if any(is_one_person(a.name.text, name) for name in known):
            continue
        if _is_respelled(a.name.text, b.name.text) or _is_nearly(a.name.text, b.name.text, *texts):
            known.append(a.name.text)
            yield a, b


def _in_each_others_place(pairing: Pairing) -> Iterator[tuple[_Mention, _Mention]]:
    """All names of paired sentences, each with each of the other sentence's."""
    for i, j in pairing.telling:
        first, second = pairing.first.sentences[i], pairing.second.sentences[j]
        for a, b in product(names(first.text), names(second.text)):
            yield _Mention(a, first), _Mention(b, second)


def _is_nearly(first: str, second: str, text: str, other_text: str) -> bool:
    """Whether two full names differ a little in the family name, and no text has both."""
    a, b = first.split(), second.split()
    if min(len(a), len(b)) < 2 or [*map(spelling_key, a[:-1])] != [*map(spelling_key, b[:-1])]:
        return False
    if a[-1] == b[-1] or b[-1] in text or a[-1] in other_text:
        return False
    return JaroWinkler.similarity(romanised(a[-1]), romanised(b[-1])) >= MIN_ALIKE


def _is_respelled(first: str, second: str) -> bool:
    """Whether a word of one name is in the other in another spelling only."""
    if not is_one_person(first, second) or first.isupper() or second.isupper():
        return False  # an abbreviation isn't spelled, but chosen
    a, b = romanised(first).split(), romanised(second).split()
    alike = list(zip(reversed(a), reversed(b), strict=False))
    return any(
        x != y and spelling_key(x) == spelling_key(y) and len(spelling_key(x)[0]) >= MIN_KEY
        for x, y in alike
    )


def _spelled(mentions: Iterable[_Mention], own: _Mention, other: _Mention) -> list[_Mention]:
    """The first mention of each spelling; one that adds no spelled word to those before is none."""
    found: list[_Mention] = []
    for mention in mentions:
        text = mention.name.text
        if not is_one_person(text, own.name.text) and not is_one_person(text, other.name.text):
            continue
        if not set(_words([mention])) <= set(_words(found)):
            found.append(mention)
    return found


def _words(mentions: Iterable[_Mention]) -> list[str]:
    return [word for mention in mentions for word in romanised(mention.name.text).split()]


def _spelling(mentions: list[_Mention]) -> str:
    return " / ".join(dict.fromkeys(mention.name.text for mention in mentions))


# --- where a person belongs ----------------------------------------------------------------------


def affiliations(pairing: Pairing) -> Iterator[Contrast]:
    """Persons whom the two sources give to organisations of which none is the same."""
    first, second = _introduced(pairing.first), _introduced(pairing.second)
    spelled = [(a.name.text, b.name.text) for a, b in _respelled(pairing)]
    seen: list[str] = []
    for person, _ in first:
        name = person.name.text
        if any(is_one_person(name, each) for each in seen):
            continue
        seen.append(name)
        there = {name, *(b for a, b in spelled if is_one_person(a, name))}
        ours = [o for p, o in first if is_one_person(p.name.text, name)]
        theirs = [o for p, o in second if any(is_one_person(p.name.text, n) for n in there)]
        if not theirs or any(
            is_one_organisation(a.name.text, b.name.text) for a, b in product(ours, theirs)
        ):
            continue
        a, b = _most_alike(ours, theirs)
        said = a.name.text, b.name.text
        difference = Difference("affiliation", f"the affiliation of {name}", said)
        yield Contrast(difference, ((a.spot(is_words_only=False),), (b.spot(is_words_only=False),)))


def _introduced(source: IndexedSource) -> list[tuple[_Mention, _Mention]]:
    """Each mention of a person with an organisation, and that organisation."""
    return [
        (mention, _Mention(organisation, mention.sentence))
        for mention in _mentions(source)
        for organisation in employers(mention.sentence.text, mention.name)
    ]


def _most_alike(ours: list[_Mention], theirs: list[_Mention]) -> tuple[_Mention, _Mention]:
    def shared(pair: tuple[_Mention, _Mention]) -> int:
        a, b = (set(romanised(each.name.text).split()) for each in pair)
        return len(a & b)

    return max(product(ours, theirs), key=shared)
