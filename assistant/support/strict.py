"""Whether quotes support a claim: strict, literal checks that a made-up statement fails.

A claim passes when one quoted sentence says it: every number, date, name and content word of the
claim stands there, in an order that says the same, and nothing that bears on them ("not", "if", "he
denied that") is left out. Or it is put together of parts, each of which is a whole quoted sentence.
The checks can only reject; none of them lifts trust.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from assistant.attribution import Told, same_person, told
from assistant.citations import find
from assistant.facts import SYMBOLS, dates, negations, numbers, weekdays
from assistant.matching import match
from assistant.names import names, spelling_key
from assistant.operators import changed
from assistant.speakers import QUOTATION_MARKS, attributed_name
from assistant.types import WithheldReason
from assistant.wording import Term, same_weekdays, terms

MAX_PARTS = 4
"""Quoted sentences that one claim may put together."""
WHOLE = 0.6
"""Share of a sentence's characters that a claim has at least which is all of it."""
MAX_JOINTS = 12
"""Places in a claim where it is tried whether a part ends there."""

_FURTHEST: tuple[WithheldReason, ...] = (
    "speaker",
    "negation",
    "unsupported",
    "name",
    "date",
    "number",
)
"""What a claim fails on, from the last check to the first."""


def unsupported_because(
    claim: str, speaker: str | None, quotes: Sequence[str], surroundings: Sequence[str]
) -> WithheldReason | None:
    """The check that the claim fails against each of its quotes; None when one supports it.

    Args:
        claim: the statement, without citation marks.
        speaker: to whom it is attributed, if not by its own words.
        quotes: the quoted sentences.
        surroundings: for each quote the paragraph that it stands in, which may name who is meant.
    """
    attributed = bool(speaker) and any(_attributes_to(speaker or "", quote) for quote in quotes)
    if speaker and not attributed:
        return "speaker"
    paragraphs = [*surroundings, *[""] * len(quotes)]
    reasons = [
        contradicted_because(claim, quote, _before(quote, paragraph))
        for quote, paragraph in zip(quotes, paragraphs, strict=False)
    ]
    if not reasons:
        return "unsupported"
    if None in reasons or _is_said_in_parts(claim, quotes):
        return None
    if attributed and "speaker" in reasons:
        return None  # who says it stands before the claim
    if (account := told(claim)).speaker:
        return _misreported_because(account, quotes, paragraphs)
    return furthest(reason for reason in reasons if reason)


def furthest(reasons: Iterable[WithheldReason]) -> WithheldReason:
    """Of the checks that a claim failed against several sentences, the one it came farthest to."""
    return min(reasons, key=_FURTHEST.index)


def contradicted_because(claim: str, sentence: str, before: str = "") -> WithheldReason | None:
    """Why this one sentence doesn't say what the claim says; None when it does.

    `before` is the text before it in its paragraph, where its pronouns find what they stand for.
    """
    if is_whole(claim, sentence):
        return None
    laid = match(claim, sentence, before)
    if laid.missing:
        return _missing_because(claim, laid.missing)
    if not same_weekdays(claim, sentence):
        return "date"
    if not laid.ordered:
        denies = len(negations(claim)) > len(negations(sentence))
        return "negation" if denies else "unsupported"
    return changed(claim, sentence, laid.positions)


def _misreported_because(
    account: Told, quotes: Sequence[str], paragraphs: Sequence[str]
) -> WithheldReason | None:
    """Why the quotes don't say that this speaker said this; None when they do."""
    because = unsupported_because(account.said, None, quotes, paragraphs)
    if because not in (None, "speaker"):  # who says it is told
        return because
    speaking = [quote for quote in quotes if _attributes_to(account.speaker or "", quote)]
    if not speaking:
        return "speaker"
    return None if any(_is_framed(account, quote) for quote in speaking) else "unsupported"


def _is_framed(account: Told, quote: str) -> bool:
    """Whether what the claim tells of its speaker, and of how they say it, stands in the quote."""
    if not {term.key for term in terms(account.verb)} <= {term.key for term in terms(quote)}:
        return False
    laid = match(account.frame, quote)
    return laid.ordered and changed(account.frame, quote, laid.positions) in (None, "speaker")


def is_whole(claim: str, sentence: str) -> bool:
    """Whether the claim is the sentence, letter by letter, but for marks at its ends."""
    if len(claim) < WHOLE * len(sentence):
        return False  # not worth looking
    return any(
        not any(c.isalnum() for c in sentence[:start] + sentence[end:])
        for start, end in find(claim.strip(QUOTATION_MARKS), sentence)
    )


def _before(quote: str, paragraph: str) -> str:
    start = paragraph.find(quote)
    return paragraph[:start] if start > 0 else ""


def _missing_because(claim: str, missing: Sequence[Term]) -> WithheldReason:
    """What the claim says that the sentence doesn't, the most telling first."""
    named = [(name.start, name.end) for name in names(claim)]
    kinds = {term.kind for term in missing}
    if "number" in kinds:
        return "number"
    if "date" in kinds or any(weekdays(claim[term.start : term.end]) for term in missing):
        return "date"
    if any(start <= term.start < end for term in missing for start, end in named if term.name):
        return "name"
    return "unsupported"


_JOINT = re.compile(r"[.;!?]\s+|,\s+(?:and\s+|but\s+|while\s+)?|\s+(?:and|but|while)\s+")


def _is_said_in_parts(claim: str, quotes: Sequence[str], most: int = MAX_PARTS) -> bool:
    """Whether the claim falls into parts each of which is a quoted sentence, whole.

    Less than the whole wouldn't do: halves of two sentences put together say what neither says.
    """
    if most < 2 or len(quotes) < 2:
        return False
    for joint in list(_JOINT.finditer(claim))[:MAX_JOINTS]:
        part, rest = claim[: joint.start()], claim[joint.end() :]
        said = [quote for quote in quotes if _says_all(part, quote)]
        if said and any(_says_all(rest, quote) for quote in quotes if quote not in said):
            return True
        if said and _is_said_in_parts(rest, [q for q in quotes if q not in said], most - 1):
            return True
    return False


def _says_all(part: str, quote: str) -> bool:
    laid = match(part, quote)
    said = {i for i, term in enumerate(terms(quote)) if term.kind not in ("negation", "pronoun")}
    return laid.ordered and said <= set(laid.positions) and not contradicted_because(part, quote)


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
    if bool(negations(claim)) != bool(negations(quoted)):
        return "negation"
    return None


def _attributes_to(speaker: str, quote: str) -> bool:
    """Whether the quote says that the speaker says it, not just mentions them."""
    name = attributed_name(quote)
    return name is not None and same_person(name.text, speaker)


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
