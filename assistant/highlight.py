"""The shortest span of a quote that answers, where the kind of answer lets us tell."""

from __future__ import annotations

import re

from assistant.facts import dates, names, numbers
from assistant.questions import Question
from assistant.speakers import attributed_name
from index.words import content_words, words

Span = tuple[int, int]

_PLACED = re.compile(r"\b(?:in|at|from|to|like)\s+(?:the\s+)?$")


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
            return [(name.start, name.end) for name in names(text)]
        case "place":
            found = [(name.start, name.end) for name in names(text)]
            placed = [s for s in found if _PLACED.search(text[max(0, s[0] - 12) : s[0]])]
            return placed or found
        case _:
            return []


def _is_news(question: Question, text: str, span: Span) -> bool:
    """Whether the span says something that the question doesn't say itself."""
    told = content_words(text[span[0] : span[1]]) or words(text[span[0] : span[1]])
    return not set(told) <= set(question.content)


def _distance(question: Question, text: str, span: Span) -> int:
    """Characters between the span and the nearest words of the question, over all of them."""
    asked = set(question.content)
    places = [match.start() for match in re.finditer(r"\w+", text) if set(words(match[0])) & asked]
    return sum(sorted(abs(place - span[0]) for place in places)[:3])
