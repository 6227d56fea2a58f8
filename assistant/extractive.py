"""The engine without a model: it answers with the sources' own sentences.

Its claims are quotations, so what they say is certain; its work is to choose the sentences that
answer, to say once what several sources say, and to name who is speaking.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from assistant.about_source import stating
from assistant.alignment import backing, similarity
from assistant.drafts import Draft, Quote
from assistant.evidence import Candidate, Evidence
from assistant.highlight import answer_span
from assistant.names import names, romanised
from assistant.quoted_people import asks_for_quoted_people, introductions
from assistant.speakers import (
    QUOTATION_MARKS,
    attributed_name,
    is_nothing_but_quoted,
    quoted_spans,
    speaker_of,
)
from index import Sentence

NAME = "extractive"

MARGIN = 0.03
MAX_CLAIMS = 2
LIST_MARGIN = 0.06
MAX_LIST_CLAIMS = 5
"""A further claim must score within the margin of the best; a list is given more room."""

REPEATED = 0.89
"""Cosine similarity from which a sentence adds too little to one that was chosen before it."""


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """A chosen sentence and the sentences of other sources that say the same."""

    main: Candidate
    backing: tuple[Candidate, ...]


def compose(evidence: Evidence) -> tuple[Draft, ...]:
    """The drafts that answer the question, best first; none where there are no candidates."""
    by_form = answered_by_form(evidence)
    return by_form or tuple(_draft(evidence, statement) for statement in choose(evidence))


def answered_by_form(evidence: Evidence) -> tuple[Draft, ...]:
    """The lines that answer a question about a text itself or about whom it quotes, if it is one.

    A byline or an attribution is the answer as it stands; no wording makes it better.
    """
    if evidence.question.about_source and (lines := stating(evidence)):
        return tuple(_told_by(evidence, line) for line in lines)
    if asks_for_quoted_people(evidence.question):
        people = introductions(evidence)
        return tuple(_told_by(evidence, sentence) for person in people for sentence in person)
    return ()


def _told_by(evidence: Evidence, sentence: Sentence) -> Draft:
    """The sentence as a statement of its own."""
    return Draft(
        _whole_quotation(sentence.text, bare=False), (_quote(evidence, sentence, answers=True),)
    )


def choose(evidence: Evidence) -> tuple[Statement, ...]:
    """Pick the answering sentences; one that repeats a picked one only backs it."""
    question, pool = evidence.question, evidence.prose()
    if not pool:
        return ()
    margin, most = (LIST_MARGIN, MAX_LIST_CLAIMS) if question.wants_list else (MARGIN, MAX_CLAIMS)
    chosen: list[Candidate] = []
    for candidate in pool:
        if len(chosen) == most or candidate.score < pool[0].score - margin:
            break
        if _adds(candidate, chosen, evidence):
            chosen.append(candidate)
    return tuple(Statement(each, backing(each, evidence)) for each in chosen)


def _adds(candidate: Candidate, chosen: list[Candidate], evidence: Evidence) -> bool:
    """Whether it says what no chosen sentence says; in a list of persons, names another one."""
    if chosen and chosen[0].has_kind and not candidate.has_kind:
        return False
    if any(_repeats(candidate, other, evidence) for other in chosen):
        return False
    question = evidence.question
    if question.kind != "person" or not question.wants_list:
        return True
    return candidate.has_kind and not _persons(candidate) <= {
        person for other in chosen for person in _persons(other)
    }


def _repeats(candidate: Candidate, chosen: Candidate, evidence: Evidence) -> bool:
    """Whether it adds too little to a chosen sentence.

    Another source may say in much the same words what the chosen sentence lacks: that is added.
    """
    if similarity(candidate, chosen) < REPEATED:
        return False
    same_source = candidate.sentence.source_id == chosen.sentence.source_id
    return same_source or candidate in backing(chosen, evidence)


def _persons(candidate: Candidate) -> set[str]:
    """The last words of the names in a sentence: family names, mostly."""
    return {romanised(name.text).split()[-1] for name in names(candidate.sentence.text)}


def _draft(evidence: Evidence, statement: Statement) -> Draft:
    alone = with_speaker(evidence, statement.main.sentence)
    backing_quotes = (_quote(evidence, each.sentence, answers=True) for each in statement.backing)
    return replace(alone, quotes=(*alone.quotes, *backing_quotes))


def with_speaker(evidence: Evidence, sentence: Sentence) -> Draft:
    """The sentence as a statement; where it is all quotation, with its speaker if that is plain."""
    quotes = [_quote(evidence, sentence, answers=True)]
    indexed = evidence.sources[sentence.source_id]
    names_speaker = attributed_name(sentence.text) is not None
    bare = is_nothing_but_quoted(sentence, indexed) and not names_speaker
    speaker = speaker_of(sentence, indexed) if bare else None
    if speaker:
        quotes.append(_quote(evidence, speaker.sentence, answers=False))
    return Draft(
        text=_whole_quotation(sentence.text, bare=speaker is not None),
        quotes=tuple(quotes),
        speaker=speaker.name if speaker else None,
    )


def _quote(evidence: Evidence, sentence: Sentence, answers: bool) -> Quote:
    return Quote(
        source_id=sentence.source_id,
        paragraph=sentence.paragraph,
        text=sentence.text,
        start=sentence.start,
        highlight=answer_span(evidence.question, sentence.text) if answers else None,
    )


def _whole_quotation(text: str, bare: bool) -> str:
    """The sentence without the single quotation mark that a longer quotation leaves it with.

    `bare` takes off all outer marks: the statement gets marks of its own, behind its speaker.
    """
    if bare:
        return text.strip(QUOTATION_MARKS)
    spans = quoted_spans(text)
    unclosed = spans and spans[-1][0] == 0 and spans[-1][1] == len(text)
    return text[1:] if unclosed and text[-1] not in QUOTATION_MARKS else text
