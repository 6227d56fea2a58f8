"""The shortest span of a quote that answers, where the kind of answer lets us tell."""

from __future__ import annotations

import re

from assistant.facts import dates, numbers
from assistant.lexicon import pattern
from assistant.names import Name, names
from assistant.questions import Question
from assistant.speakers import attributed_name
from index.words import content_words, words

Span = tuple[int, int]

_PLACED = re.compile(r"\b(?:in|at|from|to|like|near)\s+(?:the\s+)?$")

_THE = re.compile(r"\b(?:the|an?)\s+$", re.IGNORECASE)


def answer_span(question: Question, text: str) -> Span | None:
    """Offsets in `text` of the date, number, person or place asked for; None when unsure."""
    spans = [span for span in _spans_of_kind(question, text) if _is_news(question, text, span)]
    if not spans:
        return None
    return min(spans, key=lambda span: (_distance(question, text, span), span))


def _spans_of_kind(question: Question, text: str) -> list[Span]:
    match question.kind:
        case "date":
            return [(date.start, date.end) for date in dates(text)]
        case "number" | "duration":
            return [(number.start, number.end) for number in numbers(text)]
        case "person":
            speaker = attributed_name(text)
            if speaker and _is_news(question, text, (speaker.start, speaker.end)):
                return [(speaker.start, speaker.end)]
            if not question.about_source and pattern("reporting", "verbs").search(question.text):
                return []  # the names in what is said aren't who says it
            return [(name.start, name.end) for name in names(text) if _may_be_person(text, name)]
        case "place":
            found = [(name.start, name.end) for name in names(text)]
            return [s for s in found if _PLACED.search(text[max(0, s[0] - 12) : s[0]])]
        case _:
            return []


def _may_be_person(text: str, name: Name) -> bool:
    """Not "the Senate", an abbreviation, or a label such as "Author:"."""
    labels = text[name.end : name.end + 1] == ":"
    return not labels and not name.text.isupper() and not _THE.search(text[: name.start])


def _is_news(question: Question, text: str, span: Span) -> bool:
    """Whether the span says something that the question doesn't say itself."""
    told = content_words(text[span[0] : span[1]]) or words(text[span[0] : span[1]])
    return not set(told) <= set(question.content)


def _distance(question: Question, text: str, span: Span) -> int:
    """Characters between the span and the nearest words of the question, over all of them."""
    asked = set(question.content)
    places = [match.start() for match in re.finditer(r"\w+", text) if set(words(match[0])) & asked]
    return sum(sorted(abs(place - span[0]) for place in places)[:3])
