"""Checks a claim against a library: retrieved sentences in, a verdict with cited evidence out."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from assistant.alignment import counterparts
from assistant.assemble import stamp
from assistant.attribution import names_someone, told
from assistant.check import Check, CheckedPart, SaidInstead
from assistant.differences import Difference, differences
from assistant.drafts import Quote
from assistant.evidence import Candidate, Evidence, gather, is_question
from assistant.language import same_language
from assistant.questions import clean_question, read_question
from assistant.render import one_line
from assistant.speakers import is_quoted, speaker_of
from assistant.support.contrary import Contrary
from assistant.support.evidence import Pool
from assistant.support.grading import GradedPart, grade, rarity
from assistant.support.points import Rarity, parts_of
from assistant.types import Citation, Disagreement, Nearest, Side, Timings
from assistant.verify import cite_in
from index import IndexedSource, Library, QuestionError, Sentence
from index.words import content_words

MAX_CLAIM_CHARACTERS = 1000
NEAREST = 3


def check(library: Library, claim: str, scope: frozenset[str] | None) -> Check:
    """How far the sources in `scope` support the claim; all sources for None.

    Raises:
        QuestionError: the claim is empty, too long, or a question.
    """
    start = time.perf_counter()
    stated = clean_claim(claim)
    rarities = _rarity_in(library)
    found = [_retrieve(library, text, scope) for text in _searched(stated, rarities)]
    retrieved = (time.perf_counter() - start) * 1000
    pool = _pool(found)
    comparable = _is_comparable(stated, found[0])
    graded = grade(stated, pool, rarities).parts if comparable else ()
    cited = _Cited(library)
    parts = tuple(_part(part, pool, cited) for part in graded)
    disagreements = tuple(_disagreements(stated, graded, found[0], cited))
    total = (time.perf_counter() - start) * 1000
    return Check(
        claim=stated,
        parts=parts,
        comparable=comparable,
        disagreements=disagreements,
        citations=cited.citations(),
        nearest=() if cited.citations() else _nearest(found[0]),
        timings_ms=Timings(
            retrieve=round(retrieved, 1),
            verify=round(total - retrieved, 1),
            total=round(total, 1),
        ),
        library=stamp(library),
    )


def clean_claim(text: str) -> str:
    """The claim without control characters and outer white space.

    Raises:
        QuestionError: it is empty, has no words, is a question, or is too long.
    """
    plain = " ".join(text.split())
    if not any(c.isalnum() for c in plain):
        raise QuestionError("The claim has no words: type a statement to check.")
    if len(plain) > MAX_CLAIM_CHARACTERS:
        raise QuestionError(
            f"The claim has {len(plain):,} characters and at most {MAX_CLAIM_CHARACTERS:,} are "
            "checked: check its sentences one by one."
        )
    if is_question(plain):
        raise QuestionError("This is a question: ask it, or state what is to be checked.")
    return clean_question(plain)


# --- retrieval -----------------------------------------------------------------------------------


def _rarity_in(library: Library) -> Rarity:
    def rarities(words: Sequence[str]) -> dict[str, float]:
        known = library.document_frequency(words)
        return rarity({word: known.get(word, 0) for word in words}, library.passage_count)

    return rarities


def _searched(claim: str, rarities: Rarity) -> list[str]:
    """The claim, and each of its parts if there are several: one may be told elsewhere."""
    parts = parts_of(claim, rarities)
    return [claim, *(part.text for part in parts if len(parts) > 1)]


def _retrieve(library: Library, text: str, scope: frozenset[str] | None) -> Evidence:
    # A claim about an article is compared with what the articles tell, as any other.
    question = replace(read_question(text), about_source=None)
    return gather(library, question, library.embed_question(text), scope)


def _pool(found: Iterable[Evidence]) -> Pool:
    sentences: dict[Sentence, None] = {}
    sources: dict[str, IndexedSource] = {}
    for evidence in found:
        sentences |= dict.fromkeys(candidate.sentence for candidate in evidence.prose())
        sources |= evidence.sources
    return Pool(tuple(sentences), sources)


def _is_comparable(claim: str, evidence: Evidence) -> bool:
    pool = evidence.prose()
    return not pool or same_language(claim, evidence.paragraph_of(pool[0]))


def _nearest(evidence: Evidence) -> tuple[Nearest, ...]:
    """The paragraphs nearest to the claim, best first."""
    best: dict[tuple[str, int], Candidate] = {}
    for candidate in evidence.prose():
        best.setdefault((candidate.sentence.source_id, candidate.sentence.paragraph), candidate)
    return tuple(
        Nearest(
            source_id=source_id,
            paragraph=paragraph,
            text=evidence.paragraph_of(candidate),
            score=round(candidate.passage, 4),
        )
        for (source_id, paragraph), candidate in list(best.items())[:NEAREST]
    )


# --- what is shown -------------------------------------------------------------------------------


class _Cited:
    """Citations, checked against the stored texts and numbered in order of appearance."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._numbered: dict[tuple[str, int, int], Citation] = {}

    def numbers(
        self, sentences: Iterable[Sentence], highlight: tuple[int, int] | None = None
    ) -> tuple[int, ...]:
        """The numbers of the citations of these sentences; one that can't be cited has none."""
        found = []
        for sentence in sentences:
            quote = _quote(sentence, highlight)
            if citation := cite_in(quote, self._library):
                key = (citation.source_id, citation.start, citation.end)
                known = self._numbered.get(key)
                number = known.number if known else len(self._numbered) + 1
                marked = (known and known.highlight) or citation.highlight
                update = {"number": number, "highlight": marked}
                self._numbered[key] = citation.model_copy(update=update)
                found.append(number)
        return tuple(dict.fromkeys(found))

    def citations(self) -> tuple[Citation, ...]:
        """All of them, in order."""
        return tuple(self._numbered.values())


def _quote(sentence: Sentence, highlight: tuple[int, int] | None) -> Quote:
    return Quote(sentence.source_id, sentence.paragraph, sentence.text, sentence.start, highlight)


def _part(part: GradedPart, pool: Pool, cited: _Cited) -> CheckedPart:
    examined = part.examined
    instead = tuple(_instead(contrary, cited) for contrary in examined.contraries)
    return CheckedPart(
        text=examined.text,
        verdict=part.verdict,
        literal=examined.is_literal,
        score=round(part.probability, 4),
        citations=cited.numbers(examined.evidence),
        missing=tuple(dict.fromkeys(point.text for point in examined.missing)),
        elsewhere=tuple(dict.fromkeys(point.text for point in examined.astray)),
        instead=instead,
        because=examined.because,
        said_by=_speakers(examined.text, examined.evidence[:1], pool)
        if part.verdict == "supported"
        else (),
    )


def _instead(contrary: Contrary, cited: _Cited) -> SaidInstead:
    end = contrary.start + len(contrary.theirs)
    return SaidInstead(
        kind=contrary.because,
        claim=contrary.ours,
        sources=contrary.theirs,
        citations=cited.numbers([contrary.sentence], (contrary.start, end)),
    )


def _speakers(text: str, evidence: Iterable[Sentence], pool: Pool) -> tuple[str, ...]:
    """Whose words the evidence is, where the claim states it as a fact."""
    if told(text).speaker is not None:
        return ()
    found = []
    for sentence in evidence:
        indexed = pool.sources[sentence.source_id]
        speaker = speaker_of(sentence, indexed) if is_quoted(sentence, indexed) else None
        if speaker and not names_someone(text, speaker.name):
            found.append(one_line(speaker.name))
    return tuple(dict.fromkeys(found))


def _disagreements(
    claim: str, parts: Sequence[GradedPart], evidence: Evidence, cited: _Cited
) -> Iterable[Disagreement]:
    """What other sources say against the sentences that support the claim, on what it states."""
    supporting = {
        s for part in parts if part.verdict == "supported" for s in part.examined.evidence
    }
    seen = set()
    for candidate in evidence.prose():
        if candidate.sentence not in supporting:
            continue
        for other in counterparts(candidate, evidence):
            for difference in differences(candidate.sentence.text, other.sentence.text):
                if difference.about in seen or not _concerns(claim, difference):
                    continue
                seen.add(difference.about)
                yield Disagreement(
                    kind=difference.kind,
                    about=difference.about,
                    sides=(_side(candidate, cited), _side(other, cited)),
                )


def _concerns(claim: str, difference: Difference) -> bool:
    """Whether the claim states what one source says against the other."""
    return set(content_words(difference.said[0])) <= set(content_words(claim))


def _side(candidate: Candidate, cited: _Cited) -> Side:
    return Side(text=candidate.sentence.text, citations=cited.numbers([candidate.sentence]))
