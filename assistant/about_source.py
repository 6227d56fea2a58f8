"""Questions about a text itself: who wrote it, when it appeared, how often it was read.

They are answered by what surrounds the article (byline, dateline, title, counters, captions), never
by what the article tells.
"""

from __future__ import annotations

from assistant.citations import find
from assistant.evidence import Evidence
from assistant.facts import dates
from assistant.lexicon import any_of, lexicon
from assistant.questions import Question
from index import IndexedSource, ParagraphKind, Sentence
from index.words import content_words

APPARATUS: frozenset[ParagraphKind] = frozenset({"title", "byline", "caption", "boilerplate"})

CLEARLY_MEANT = 0.015
"""Cosine by which a text's title must be nearer to the question than the next one's."""
MAX_SOURCES = 3


def stating(evidence: Evidence) -> tuple[Sentence, ...]:
    """The lines that state what is asked, one for each text that the question can mean."""
    found = (_line(evidence.question, indexed) for indexed in _meant(evidence))
    return tuple(line for line in found if line)


def _meant(evidence: Evidence) -> list[IndexedSource]:
    """The text that the question is about; several where it doesn't single one out.

    Where it names a topic, a text whose title shares no word with it isn't meant if another's does.
    """
    ranked = sorted(
        evidence.sources.values(),
        key=lambda indexed: (-_title_similarity(evidence, indexed), indexed.source.id),
    )
    topic = _topic(evidence.question)
    if len(ranked) < 2 or not topic:
        return ranked[:MAX_SOURCES]
    titled = [indexed for indexed in ranked if topic & _title_words(indexed)]
    if not titled:
        return ranked[:1]
    similarities = [_title_similarity(evidence, indexed) for indexed in titled]
    return [
        indexed
        for indexed, similarity in zip(titled, similarities, strict=True)
        if similarity > similarities[0] - CLEARLY_MEANT
    ][:MAX_SOURCES]


def _title_words(indexed: IndexedSource) -> set[str]:
    return set(content_words(indexed.source.title.value)) if indexed.source.title else set()


def _topic(question: Question) -> set[str]:
    """What tells which text is meant: "bread" in "the article on bread"; nothing as a rule."""
    source = lexicon()["source"]
    form = [*source["nouns"], *(word for words in source["aspects"].values() for word in words)]
    return set(question.content) - {stem for entry in form for stem in content_words(entry)}


def _title_similarity(evidence: Evidence, indexed: IndexedSource) -> float:
    """Cosine of the question and the text's title, or its first sentence where it has no title."""
    rows = [
        row
        for row, sentence in enumerate(indexed.sentences)
        if indexed.paragraph(sentence.paragraph).kind == "title"
    ]
    return float(max(indexed.sentence_vectors[rows or [0]] @ evidence.vector))


def _line(question: Question, indexed: IndexedSource) -> Sentence | None:
    """The line of the text's apparatus that states the aspect asked for; None where none does."""
    source = indexed.source
    lines = [s for s in indexed.sentences if indexed.paragraph(s.paragraph).kind in APPARATUS]
    match question.about_source:
        case "author":
            return _naming(source.author.value, lines) if source.author else None
        case "publisher":
            return _naming(source.publisher.value, lines) if source.publisher else None
        case "title":
            return _naming(source.title.value, lines) if source.title else None
        case "published":
            return next((s for s in lines if dates(s.text)), None) if source.published else None
        case _:
            return _about(question, lines)


def _naming(value: str, lines: list[Sentence]) -> Sentence | None:
    return next((line for line in lines if find(value, line.text)), None)


def _about(question: Question, lines: list[Sentence]) -> Sentence | None:
    """The line that shares most words with the question, one of them naming the aspect."""
    aspects = any_of(tuple(lexicon()["source"]["aspects"]["other"])).findall(question.text)
    wanted = {stem for aspect in aspects for stem in content_words(aspect)}
    named = [line for line in lines if wanted & set(content_words(line.text))]
    return max(
        named,
        key=lambda line: len(set(question.content) & set(content_words(line.text))),
        default=None,
    )
