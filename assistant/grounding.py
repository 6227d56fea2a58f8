"""Finds the sentences that support what a model says; what nothing supports is withheld.

The numbers that a model gives are hints. A sentence is cited only if it passes the support check,
whether the model pointed at it or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assistant.attribution import (
    names_someone,
    reports_anothers_words,
    same_person,
    says_that_somebody_says,
    told,
)
from assistant.citations import find
from assistant.drafts import Draft, Quote
from assistant.evidence import Candidate, is_question
from assistant.replies import Stated
from assistant.speakers import QUOTATION_MARKS, Speaker, is_quoted, quoted_spans, speaker_of
from assistant.support import (
    contradicted_because,
    furthest,
    is_whole,
    unsupported_because,
)
from assistant.types import Withheld, WithheldReason
from assistant.wording import terms
from index import IndexedSource

MAX_CITED = 4
"""Sentences cited for one claim."""
MIN_PIECE_WORDS = 2
"""Of words in quotation marks that stand in two places, how many each piece has at least."""


@dataclass(frozen=True, slots=True)
class Pool:
    """The sentences that a claim may rest on, and the sources they are of."""

    sentences: tuple[Candidate, ...]
    """Best first."""
    sources: dict[str, IndexedSource]

    def indexed(self, candidate: Candidate) -> IndexedSource:
        """The source of the candidate's sentence."""
        return self.sources[candidate.sentence.source_id]

    def paragraph(self, candidate: Candidate) -> str:
        """The text of the paragraph that the sentence stands in."""
        indexed = self.indexed(candidate)
        paragraph = indexed.paragraph(candidate.sentence.paragraph)
        return indexed.source.text[paragraph.start : paragraph.end]


@dataclass(frozen=True, slots=True)
class _Support:
    """A sentence that says what a claim says, and who says it."""

    candidate: Candidate
    attribution: Speaker | None
    """The sentence that names the speaker, where the claim is somebody's words."""
    is_quotation: bool = False
    """Whether the claim is somebody's words, letter by letter, and nobody plainly is named."""


def ground(claim: Stated, pointed: Sequence[Candidate], pool: Pool) -> Draft | Withheld:
    """The claim with the sentences that support it, or why there are none.

    Args:
        claim: what the model said.
        pointed: the sentences that it pointed at.
        pool: all sentences that were retrieved.
    """
    quoted = _quoted_words(claim.text)
    if wrong := _misquoted(quoted, pool):
        return Withheld(text=claim.text, reason=wrong)
    supports, reasons = _supports(claim.text, pointed, pool)
    if not supports and (parts := _in_parts(claim.text, pointed, pool)):
        supports = parts
    if not supports:
        supports, _ = _supports(claim.text, _promising(claim.text, pool), pool)
    if not supports:
        return Withheld(text=claim.text, reason=_reason(claim, pointed, reasons))
    supports = [*supports, *_from_other_sources(claim.text, supports, pool)][:MAX_CITED]
    if quoted and not _all_found(quoted, [support.candidate for support in supports]):
        return Withheld(text=claim.text, reason="misattributed")
    return _draft(claim.text, supports)


def _supports(
    text: str, candidates: Iterable[Candidate], pool: Pool
) -> tuple[list[_Support], list[WithheldReason]]:
    """The sentences that support the text by themselves, and why the others don't."""
    found: list[_Support] = []
    reasons: list[WithheldReason] = []
    for candidate in candidates:
        outcome = _support(text, candidate, pool)
        if not isinstance(outcome, _Support):
            reasons.append(outcome)
        elif not found or outcome.attribution == found[0].attribution:
            found.append(outcome)
    return found, reasons


def _support(text: str, candidate: Candidate, pool: Pool) -> _Support | WithheldReason:
    sentence = candidate.sentence
    if is_question(sentence.text):
        return "unsupported"
    before = _before(candidate, pool)
    because = contradicted_because(text, sentence.text, before)
    account = told(text)
    said_by = speaker_of(sentence, pool.indexed(candidate))
    if because == "speaker" and reports_anothers_words(sentence.text):
        return because
    if because is None or (because == "speaker" and said_by and account.speaker is None):
        return _with_attribution(text, candidate, said_by, pool)
    if account.speaker is None:
        return because
    because = contradicted_because(account.said, sentence.text, before)
    if because not in (None, "speaker"):
        return because
    if said_by is None or not same_person(said_by.name, account.speaker):
        return "speaker"
    quotes = [sentence.text, said_by.sentence.text]
    because = unsupported_because(text, None, quotes, [pool.paragraph(candidate)] * 2)
    return because or _Support(candidate, said_by)


def _with_attribution(
    text: str, candidate: Candidate, said_by: Speaker | None, pool: Pool
) -> _Support | WithheldReason:
    """The support, where the claim names the speaker of the sentence or there is none."""
    sentence = candidate.sentence
    if not is_quoted(sentence, pool.indexed(candidate)) and not says_that_somebody_says(
        sentence.text
    ):
        return _Support(candidate, None)
    if says_that_somebody_says(text) and (said_by is None or names_someone(text, said_by.name)):
        return _Support(candidate, None)
    if said_by:
        return _Support(candidate, said_by)
    whole = is_whole(text, sentence.text)
    return _Support(candidate, None, is_quotation=True) if whole else "speaker"


def _before(candidate: Candidate, pool: Pool) -> str:
    indexed, sentence = pool.indexed(candidate), candidate.sentence
    return indexed.source.text[indexed.paragraph(sentence.paragraph).start : sentence.start]


def _in_parts(text: str, pointed: Sequence[Candidate], pool: Pool) -> list[_Support]:
    """The sentences that together say the claim, each as a whole; [] where they don't."""
    if len(pointed) < 2 or any(
        is_quoted(each.sentence, pool.indexed(each)) or says_that_somebody_says(each.sentence.text)
        for each in pointed
    ):
        return []
    quotes = [each.sentence.text for each in pointed]
    if unsupported_because(text, None, quotes, []):
        return []
    return [_Support(each, None) for each in pointed]


def _promising(text: str, pool: Pool) -> list[Candidate]:
    """Sentences with all the words of what is said, or with a pronoun in the place of some."""
    wanted = _keys(told(text).said)
    found = []
    for candidate in pool.sentences:
        lacking = wanted - _keys(candidate.sentence.text)
        pronouns = any(term.kind == "pronoun" for term in terms(candidate.sentence.text))
        if not lacking or (pronouns and len(lacking) < len(wanted)):
            found.append(candidate)
    return found


def _keys(text: str) -> set[str]:
    return {term.key for term in terms(text) if term.kind == "word" and not term.name}


def _from_other_sources(text: str, supports: list[_Support], pool: Pool) -> list[_Support]:
    """From each source that isn't cited yet the best sentence that supports the claim as well."""
    cited = {support.candidate.sentence.source_id for support in supports}
    others = [c for c in _promising(text, pool) if c.sentence.source_id not in cited]
    found: dict[str, _Support] = {}
    for candidate in others:
        outcome = _support(text, candidate, pool)
        source_id = candidate.sentence.source_id
        if isinstance(outcome, _Support) and outcome.attribution is supports[0].attribution is None:
            found.setdefault(source_id, outcome)
    return list(found.values())


def _reason(
    claim: Stated, pointed: Sequence[Candidate], reasons: Sequence[WithheldReason]
) -> WithheldReason:
    if reasons:
        return furthest(reasons)
    if claim.labels and not pointed:
        return "unknown_label"
    return "no_citation" if not claim.labels else "unsupported"


def _draft(text: str, supports: Sequence[_Support]) -> Draft:
    quotes: list[Quote] = []
    speaker: str | None = None
    for support in supports:
        quotes.append(_quote(support.candidate))
        if said_by := support.attribution:
            sentence = said_by.sentence
            quotes.append(
                Quote(sentence.source_id, sentence.paragraph, sentence.text, sentence.start)
            )
            speaker = None if names_someone(text, said_by.name) else said_by.name
    if supports[0].is_quotation:
        text = f"“{text.strip(QUOTATION_MARKS)}”"
    return Draft(text, tuple(dict.fromkeys(quotes)), speaker, verbatim=False)


def _quote(candidate: Candidate) -> Quote:
    sentence = candidate.sentence
    return Quote(sentence.source_id, sentence.paragraph, sentence.text, sentence.start)


# --- words in quotation marks ------------------------------------------------------------------


def _quoted_words(text: str) -> list[str]:
    """What stands in quotation marks in the claim, without the marks and the comma inside them."""
    inside = (text[start:end].strip(QUOTATION_MARKS) for start, end in quoted_spans(text))
    return [words for each in inside if (words := each.strip(" ,.;:!?"))]


def _misquoted(quoted: Sequence[str], pool: Pool) -> WithheldReason | None:
    """Why words in quotation marks are in none of the texts as they stand; None when all are."""
    texts = [indexed.source.text for indexed in pool.sources.values()]
    for words in quoted:
        if any(find(words, text) for text in texts):
            continue
        return "stitched" if _is_stitched(words, texts) else "quote_not_found"
    return None


def _is_stitched(words: str, texts: Sequence[str]) -> bool:
    """Whether the words are two pieces that stand in different places."""
    pieces = words.replace("…", " ").replace("...", " ").split()
    for cut in range(MIN_PIECE_WORDS, len(pieces) - MIN_PIECE_WORDS + 1):
        halves = (" ".join(pieces[:cut]), " ".join(pieces[cut:]))
        if all(any(find(half, text) for text in texts) for half in halves):
            return True
    return False


def _all_found(quoted: Sequence[str], candidates: Sequence[Candidate]) -> bool:
    return all(any(find(words, each.sentence.text) for each in candidates) for words in quoted)
