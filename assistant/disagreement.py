"""Do the sources disagree? Compares what different sources say about the same thing.

Compared are a sentence that the answer cites and its counterpart in each other source, on what the
question asks. Some comparisons are made between sentences that merely answer the same question: how
a name is spelled, where a person belongs, and for a reason or a yes or no, whether one denies it;
and for a question with one short answer, the answers that a reader finds (`rival_answers`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from assistant.alignment import nearest_to_each_other, tell_of_the_same
from assistant.differences import (
    Difference,
    affiliation,
    differences,
    name_variants,
    polarity,
    replaced,
)
from assistant.drafts import Draft, Quote
from assistant.evidence import Candidate, Evidence
from assistant.extractive import choose, with_speaker
from assistant.lexicon import pattern
from assistant.names import same_name
from assistant.questions import AnswerKind, Question
from assistant.quoted_people import asks_for_quoted_people, introductions
from assistant.rival_answers import Rivalry, Told, rivalry
from assistant.speakers import speaker_of
from assistant.types import DisagreementKind
from assistant.verify import VerifiedClaim, verify
from index import Library, Sentence
from index.words import content_words

ANSWERS_TOO = 0.14
"""How far behind the best a source's own best sentence may be to count as its answer."""


TOLD_BY_RIVALS: frozenset[DisagreementKind] = frozenset({"date", "name", "number"})
MOST_WITNESSES = 3
"""Sentences that are cited for one side of rival answers."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Statements of different sources that can't all be right."""

    kind: DisagreementKind
    about: str
    sides: tuple[VerifiedClaim, ...]


def find_conflicts(
    found: Sequence[Evidence],
    claims: Sequence[VerifiedClaim],
    library: Library,
    suggested: Iterable[tuple[Candidate, Candidate]] = (),
) -> tuple[Conflict, ...]:
    """The disagreements that touch the answer, each with both sides cited.

    Compared are the sentences that the claims cite, and those that the sources themselves would
    answer with, as a model may have cited another. `suggested` are pairs of sentences that a model
    says contradict each other: they are reported only if the same rules find that they do.
    """
    if not claims:
        return ()
    cited = {(c.source_id, c.start, c.end) for claim in claims for c in claim.citations}
    conflicts: dict[tuple[DisagreementKind, frozenset[Sentence | str]], Conflict] = {}
    for evidence in found:
        rivals = rivalry(evidence)
        chosen = {_span(each.main.sentence) for each in choose(evidence)}
        pairs = [pair for pair in suggested if tell_of_the_same(*pair, evidence)]
        for first, second, difference in (
            *_compared(evidence, cited | chosen),
            *_differing(pairs, evidence),
        ):
            key = (difference.kind, _dispute(difference, first, second))
            if key in conflicts:
                continue
            if rivals and rivals.sets_apart(first.sentence, second.sentence):
                if difference.kind in TOLD_BY_RIVALS:
                    continue
                rivals = None  # what they say differently is told by what it is about
            if conflict := _conflict(difference, (first, second), evidence, library):
                conflicts[key] = conflict
        if rivals and (told := _told_by_rivals(rivals, cited, evidence, library)):
            conflicts[told.kind, frozenset(side.text for side in told.sides)] = told
    return tuple(conflicts.values())


def _told_by_rivals(
    rivals: Rivalry,
    cited: set[tuple[str, int, int]],
    evidence: Evidence,
    library: Library,
) -> Conflict | None:
    """The rival answers, verified; a sentence that the answer cites speaks for its side."""
    drafts = []
    for side in rivals.sides:
        first = sorted(side, key=lambda told: _span(told.candidate.sentence) not in cited)
        drafts.append(_side(first[:MOST_WITNESSES], evidence))
    sides, _ = verify(drafts, library)
    if len(sides) < len(drafts):
        return None
    return Conflict(rivals.kind, rivals.about, sides)


def _side(witnesses: Sequence[Told], evidence: Evidence) -> Draft:
    """The first witness's sentence, with the quotes of all of them; the answer is highlighted."""
    drafts = [with_speaker(evidence, told.candidate.sentence) for told in witnesses]
    quotes: list[Quote] = []
    for draft, told in zip(drafts, witnesses, strict=True):
        answering, *speaking = draft.quotes
        quotes += [replace(answering, highlight=told.words.span), *speaking]
    return replace(drafts[0], quotes=tuple(quotes))


def _dispute(
    difference: Difference, first: Candidate, second: Candidate
) -> frozenset[Sentence | str]:
    """What tells a dispute from others: the two facts, however many sources tell them."""
    if difference.kind in ("date", "name", "number"):
        return frozenset(difference.said)
    return frozenset((first.sentence, second.sentence))


def _span(sentence: Sentence) -> tuple[str, int, int]:
    return sentence.source_id, sentence.start, sentence.end


def _compared(
    evidence: Evidence, cited: set[tuple[str, int, int]]
) -> Iterable[tuple[Candidate, Candidate, Difference]]:
    prose = evidence.prose()
    for candidate in prose:
        sentence = candidate.sentence
        if _span(sentence) in cited:
            for other in nearest_to_each_other(candidate, evidence):
                yield from _between(candidate, other, evidence)
    if asks_for_quoted_people(evidence.question):
        yield from _introduced_differently(evidence)
        return
    for first, second in combinations(_best_of_each_source(prose), 2):
        for difference in _asked_for(evidence, first.sentence.text, second.sentence.text):
            yield first, second, difference


def _differing(
    pairs: Iterable[tuple[Candidate, Candidate]], evidence: Evidence
) -> Iterable[tuple[Candidate, Candidate, Difference]]:
    """What sentences that tell of the same thing say differently, on what is asked."""
    for first, second in pairs:
        for difference in (
            *differences(first.sentence.text, second.sentence.text),
            *_attributions(first, second, evidence),
        ):
            if _concerns(evidence.question, difference):
                yield first, second, difference


def _between(
    candidate: Candidate, other: Candidate, evidence: Evidence
) -> Iterable[tuple[Candidate, Candidate, Difference]]:
    """What two sentences that are nearest to each other say differently, on what is asked."""
    told: list[Difference] = []
    if tell_of_the_same(candidate, other, evidence):
        for first, second, difference in _differing([(candidate, other)], evidence):
            told.append(difference)
            yield first, second, difference
    instead = replaced(candidate.sentence.text, other.sentence.text)
    if instead is None or any(difference.said == instead.said for difference in told):
        return
    asked = set(evidence.question.content)
    names_it = any(set(content_words(said)) & asked for said in instead.said)
    if _concerns(evidence.question, instead) and not names_it:
        yield candidate, other, instead


def _attributions(
    candidate: Candidate, other: Candidate, evidence: Evidence
) -> tuple[Difference, ...]:
    """The same words put into the mouths of two people."""
    first, second = (
        speaker_of(each.sentence, evidence.sources[each.sentence.source_id])
        for each in (candidate, other)
    )
    if not first or not second or same_name(first.name, second.name):
        return ()
    return (Difference("attribution", "", (first.name, second.name)),)


def _introduced_differently(
    evidence: Evidence,
) -> Iterable[tuple[Candidate, Candidate, Difference]]:
    by_sentence = {candidate.sentence: candidate for candidate in evidence.candidates}
    for person in introductions(evidence):
        found = [by_sentence[sentence] for sentence in person if sentence in by_sentence]
        for first, second in combinations(found, 2):
            apart = affiliation(first.sentence.text, second.sentence.text)
            if apart:
                yield first, second, apart


def _concerns(question: Question, difference: Difference) -> bool:
    """Whether the difference bears on what is asked, not on something told along with it."""
    if difference.kind == "order":
        return bool(pattern("order", "asked").search(question.text))
    concerned = _CONCERNED.get(question.kind)
    return concerned is None or difference.kind in concerned


_CONCERNED: dict[AnswerKind, frozenset[DisagreementKind]] = {
    "date": frozenset({"date"}),
    "number": frozenset({"number"}),
    "duration": frozenset({"number"}),
    "place": frozenset({"polarity", "name"}),
    "person": frozenset({"affiliation", "attribution", "polarity", "name"}),
    "identity": frozenset({"affiliation", "attribution", "name"}),
    "organisation": frozenset({"affiliation", "name"}),
    "yesno": frozenset({"polarity", "affiliation"}),
}


def _best_of_each_source(prose: tuple[Candidate, ...]) -> list[Candidate]:
    best: dict[str, Candidate] = {}
    for candidate in prose:
        if candidate.score >= prose[0].score - ANSWERS_TOO:
            best.setdefault(candidate.sentence.source_id, candidate)
    return list(best.values())


def _asked_for(evidence: Evidence, first: str, second: str) -> Iterable[Difference]:
    """Differences between sentences that merely answer the same question."""
    question = evidence.question
    if question.about_spelling or question.about_name:
        for ours, theirs in name_variants(first, second)[:1]:
            yield Difference("name", "", (ours, theirs))
    if question.names:
        apart = affiliation(first, second, of=question.names)
        if apart:
            yield apart
    if question.kind in ("reason", "yesno"):
        denied = polarity(first, second, about=frozenset(question.content))
        if denied:
            yield denied


def _conflict(
    difference: Difference,
    candidates: tuple[Candidate, Candidate],
    evidence: Evidence,
    library: Library,
) -> Conflict | None:
    """The conflict with both sides verified as any statement is; None where one of them fails."""
    drafts = [with_speaker(evidence, candidate.sentence) for candidate in candidates]
    sides, _ = verify(drafts, library)
    if len(sides) < len(drafts):
        return None
    return Conflict(difference.kind, difference.about, sides)
