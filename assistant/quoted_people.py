"""Questions for the people whom the sources quote: "Which experts are quoted?"

Similarity can't find them, as each quotation is about something else; the attributions can.
"""

from __future__ import annotations

from collections.abc import Iterable

from assistant.evidence import Evidence
from assistant.lexicon import pattern
from assistant.names import Name, organisations, same_name
from assistant.questions import Question, answer_kind, wants_list
from assistant.speakers import attributed_name
from index import IndexedSource, Sentence

MAX_PEOPLE = 8


def asks_for_quoted_people(question: Question) -> bool:
    """Whether it, or the question that it leans on, asks who speaks in the sources."""
    if question.names:
        return False
    own, _, leant_on = question.text.partition(" (")
    return any(
        pattern("quoted", "verbs").search(text)
        and (answer_kind(text) == "person" or wants_list(text))
        for text in (own, leant_on)
    )


def introductions(evidence: Evidence) -> tuple[tuple[Sentence, ...], ...]:
    """For each person quoted the sentences that introduce them, one a source that does.

    A question for experts leaves out those who are given no organisation.
    """
    experts_only = bool(pattern("quoted", "experts").search(evidence.question.text))
    people: list[list[tuple[Name, Sentence]]] = []
    for _, indexed in sorted(evidence.sources.items()):
        for name, sentence in _attributions(indexed):
            if experts_only and not organisations(sentence.text, name):
                continue
            known = next((p for p in people if same_name(p[0][0].text, name.text)), None)
            if known is None:
                people.append([(name, sentence)])
            elif all(s.source_id != sentence.source_id for _, s in known):
                known.append((name, sentence))
    return tuple(tuple(sentence for _, sentence in person) for person in people[:MAX_PEOPLE])


def _attributions(indexed: IndexedSource) -> Iterable[tuple[Name, Sentence]]:
    for sentence in indexed.sentences:
        if indexed.paragraph(sentence.paragraph).kind == "body":
            name = attributed_name(sentence.text)
            if name:
                yield name, sentence
