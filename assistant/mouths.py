"""Who says it: the same words in two mouths, or in somebody's and in the text's own."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.alignment import CLOSE, share_enough_words
from assistant.differences import Difference
from assistant.lexicon import pattern
from assistant.names import is_one_person, names, organisations, romanised, same_name
from assistant.pairing import Link, Pairing
from assistant.speakers import Speaker, has_attribution, is_quoted, quoted_spans, speaker_of
from assistant.spots import Contrast, Spot
from assistant.wording import terms
from index import IndexedSource, Sentence

WHAT = "who says it"
ITSELF = "the text itself"
MIN_SHARED_TERMS = 2
MIN_QUOTED_TERMS = 4


def attributions(pairing: Pairing) -> Iterator[Contrast]:
    """What is put into the mouths of two people; of twins, also what only one gives a speaker."""
    for i, j in pairing.telling:
        ours, theirs = pairing.first.sentences[i], pairing.second.sentences[j]
        first = speaker_of(ours, pairing.first)
        second = speaker_of(theirs, pairing.second)
        if first and second:
            is_told = _are_two(pairing, (i, j), first, second)
        elif first or second:
            is_told = pairing.are_twins and _has_no_speaker_in_one(pairing, i, j)
        else:
            continue
        if is_told:
            said = first.name if first else ITSELF, second.name if second else ITSELF
            sides = _spots(ours, first), _spots(theirs, second)
            yield Contrast(Difference("attribution", WHAT, said), sides)


def _spots(sentence: Sentence, speaker: Speaker | None) -> tuple[Spot, ...]:
    """The sentence, and the one that says who says it."""
    if speaker is None:
        return (Spot(sentence),)
    start = speaker.sentence.text.find(speaker.name)
    span = (start, start + len(speaker.name)) if start >= 0 else None
    attributing = Spot(speaker.sentence, span)
    return (attributing,) if speaker.sentence == sentence else (Spot(sentence), attributing)


def _are_two(pairing: Pairing, link: Link, first: Speaker, second: Speaker) -> bool:
    """Whether two people are said to have said the same, in about the same words."""
    i, j = link
    ours, theirs = pairing.first.sentences[i], pairing.second.sentences[j]
    if is_one_person(first.name, second.name) or same_name(first.name, second.name):
        return False
    if _names_person(theirs.text, first.name) or _names_person(ours.text, second.name):
        return False
    cosine = float(pairing.first.sentence_vectors[i] @ pairing.second.sentence_vectors[j])
    return cosine >= CLOSE and share_enough_words(ours.text, theirs.text, twins=False)


def _names_person(text: str, person: str) -> bool:
    family = romanised(person).split()[-1:]
    return any(
        is_one_person(name.text, person) or romanised(name.text).split()[-1:] == family
        for name in names(text)
    )


def _has_no_speaker_in_one(pairing: Pairing, i: int, j: int) -> bool:
    """Whether one twin says itself what the other gives to a speaker, and says that plainly."""
    there = speaker_of(pairing.second.sentences[j], pairing.second)
    if there is None:
        pairing, i, j = pairing.mirrored(), j, i
        there = speaker_of(pairing.second.sentences[j], pairing.second)
    own, attributed = pairing.first.sentences[i], pairing.second.sentences[j]
    if there is None or _names_person(own.text, there.name):
        return False
    if _is_conditional(own.text) != _is_conditional(attributed.text):
        return False  # what depends on something is another statement
    return _is_told_by_itself(own, pairing.first) and _tells_most(pairing, i, j, there)


def _is_conditional(text: str) -> bool:
    return bool(pattern("operators", "condition").search(text))


def _is_told_by_itself(sentence: Sentence, source: IndexedSource) -> bool:
    """Whether the text says it itself: it isn't quoted, nobody says it, nor what is before it."""
    if is_quoted(sentence, source) or quoted_spans(sentence.text):
        return False
    before = [
        each
        for each in source.sentences
        if each.paragraph == sentence.paragraph and each.start <= sentence.start
    ]
    return not any(has_attribution(each.text) or is_quoted(each, source) for each in before)


def _tells_most(pairing: Pairing, i: int, j: int, speaker: Speaker) -> bool:
    """Whether of the counterparts of sentence j it is i that tells what the speaker says there."""
    said = _said(pairing.second.sentences[j].text, speaker.name)
    shared = {
        partner: said & _terms(pairing.first.sentences[partner].text)
        for partner, other in pairing.links
        if other == j
    }
    if len(shared[i]) < MIN_SHARED_TERMS:
        return False
    rarity = {
        key: sum(key in _terms(each.text) for each in pairing.first.sentences)
        for key in set().union(*shared.values())
    }
    weight = {
        partner: sum(1 / rarity[key] for key in sorted(keys)) for partner, keys in shared.items()
    }
    return weight[i] >= max(weight.values())


def _terms(text: str) -> set[str]:
    return {term.key for term in terms(text) if term.key and term.kind != "negation"}


def _said(text: str, speaker: str) -> set[str]:
    """The terms of what is said, without those of who says it and where that person belongs."""
    quoted = " ".join(text[start:end] for start, end in quoted_spans(text))
    if len(_terms(quoted)) >= MIN_QUOTED_TERMS:
        return _terms(quoted)
    person = next((name for name in names(text) if name.text == speaker), None)
    who = _terms(speaker)
    if person:
        for organisation in organisations(text, person):
            who |= _terms(organisation.text)
    return _terms(text) - who
