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
from index import IndexedSource, ParagraphKind, Sentence, Stated
from index.words import content_words

APPARATUS: frozenset[ParagraphKind] = frozenset({"title", "byline", "caption", "boilerplate"})

MATTER = "front matter"
"""Where the fields of a Markdown file are read from."""

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
            return _stated_in(source.author, lines)
        case "publisher":
            return _stated_in(source.publisher, lines)
        case "title":
            return _stated_in(source.title, lines)
        case "published":
            return _stated_in(source.published, lines)
        case _:
            return _about(question, lines)


def _stated_in(stated: Stated | None, lines: list[Sentence]) -> Sentence | None:
    """The line that a piece of metadata was read from: by its words, or for a date by being one."""
    if stated is None:
        return None
    there = [line for line in lines if stated.read_from in (f"paragraph {line.paragraph}", MATTER)]
    named = (line for line in there if find(stated.value, line.text))
    return next(named, next((line for line in there if dates(line.text)), None))


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
