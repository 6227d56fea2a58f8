"""Whether quotes support a claim: cheap, literal checks that a made-up statement fails.

A claim passes when every number, date, name and negation in it stands in its quotes and most of
its content words do. The checks can only reject; none of them lifts trust.
"""

from __future__ import annotations

from assistant.citations import find
from assistant.facts import SYMBOLS, dates, negations, numbers, weekdays
from assistant.names import names, spelling_key
from assistant.speakers import attributed_name
from assistant.types import WithheldReason
from index.words import content_words

MIN_CONTENT_SHARE = 0.6
"""Share of a claim's content words that its quotes and their paragraphs must have."""


def unsupported_because(
    claim: str, speaker: str | None, quotes: list[str], surroundings: list[str]
) -> WithheldReason | None:
    """The first check that the claim fails against its quotes; None when it passes all.

    Args:
        claim: the statement, without citation marks.
        speaker: to whom it is attributed, if not by its own words.
        quotes: the quoted sentences.
        surroundings: the paragraphs that they stand in, which may name who or what is meant.
    """
    if speaker and not any(_attributes_to(speaker, quote) for quote in quotes):
        return "speaker"
    if any(find(claim, quote) and _negated(claim) == _negated(quote) for quote in quotes):
        return None
    quoted, context = " ".join(quotes), " ".join([*quotes, *surroundings])
    if missing := missing_fact(claim, quoted, context):
        return missing
    content = set(content_words(claim))
    known = set(content_words(context))
    if content and len(content & known) / len(content) < MIN_CONTENT_SHARE:
        return "unsupported"
    return None


def missing_fact(claim: str, quoted: str, context: str) -> WithheldReason | None:
    """The first kind of fact in the claim that the quoted text lacks; None when it has all.

    Names may stand in `context`, what the quoted text stands in.
    """
    if not _numbers_stand(claim, quoted):
        return "number"
    if not _dates_stand(claim, quoted):
        return "date"
    if not _names_stand(claim, f"{quoted} {context}"):
        return "name"
    if _negated(claim) != _negated(quoted):
        return "negation"
    return None


def _attributes_to(speaker: str, quote: str) -> bool:
    """Whether the quote says that the speaker says it, not just mentions them."""
    name = attributed_name(quote)
    return name is not None and name.text == speaker


def _negated(text: str) -> bool:
    return bool(negations(text))


def _numbers_stand(claim: str, quoted: str) -> bool:
    """Equal values; money and percentages only in the currency, or as the share, that is quoted."""
    stated = numbers(quoted)
    return all(
        any(
            ours.value == theirs.value and (ours.unit == theirs.unit or ours.unit not in SYMBOLS)
            for theirs in stated
        )
        for ours in numbers(claim)
    )


def _dates_stand(claim: str, quoted: str) -> bool:
    if not weekdays(claim) <= weekdays(quoted):
        return False
    stated = dates(quoted)
    return all(any(date.covers(ours) for date in stated) for ours in dates(claim))


def _names_stand(claim: str, context: str) -> bool:
    known = set(spelling_key(context))
    return all(set(spelling_key(name.text)) <= known for name in names(claim))
