"""The evidence for a question: the sentences of the retrieved passages, scored as answers."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assistant import lexicon
from assistant.facts import dates, numbers
from assistant.lexicon import pattern
from assistant.likeness import Likeness, likeness
from assistant.names import Name, is_introduced, names, organisations, same_name
from assistant.questions import Question
from assistant.speakers import attributed_name, speaker_of
from index import Hit, IndexedSource, Library, ParagraphKind, Sentence, Vectors, search
from index.words import content_words, words

if TYPE_CHECKING:
    from assistant.reading import Found

PASSAGES = 12
"""Passages retrieved for a question; near-duplicates of one another count once."""

PROSE: frozenset[ParagraphKind] = frozenset({"body"})
"""What can be an answer: titles, captions and counters are no evidence of what a text tells."""

FORM_KINDS = frozenset({"identity", "organisation", "statement"})

PASSAGE_WEIGHT = 0.8
COVERAGE_WEIGHT = 0.04
LIKENESS_WEIGHT = 0.04
PASSAGE_LIKENESS_WEIGHT = 0.08
PUBLISHER_WEIGHT = 0.05
"""Added where the question names who published the source: "According to the Gazette, ..."."""
OTHER_MOUTH_WEIGHT = 0.3
"""Taken where the words are those of somebody whom the question names, but doesn't ask for."""
KIND_WEIGHT = 0.03
FORM_WEIGHT = 0.06
"""Added where the sentence holds the kind of answer that is asked for: a little for a date or a
name, which many sentences hold; more for what is rare, such as words of the person asked about."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A sentence that may answer, with what speaks for it."""

    sentence: Sentence
    kind: ParagraphKind
    vector: NDArray[np.float32]
    cosine: float
    """Similarity of question and sentence."""
    passage: float
    """Similarity of question and the passage, given with its title and heading."""
    coverage: float
    """Share of the question's content words, weighted by rarity, that the sentence has."""
    has_kind: bool
    """It holds what the question asks for (a date, a number, a name not in the question)."""
    score: float
    likeness: float = 0.0
    """Share of the question's words that the sentence has in some spelling, weighted by rarity."""
    passage_likeness: float = 0.0
    """The same of the passage."""


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """All that was found for one question."""

    question: Question
    vector: NDArray[np.float32]
    """The question's embedding: shape (dimensions,)."""
    hits: tuple[Hit, ...]
    candidates: tuple[Candidate, ...]
    """Best first."""
    sources: dict[str, IndexedSource]
    twins: dict[str, frozenset[str]]
    """For each of the sources, the ids of those that render the same original."""
    rarity: dict[str, float]
    """Inverse document frequency of each content word of the question."""
    readings: tuple[Found, ...] = ()
    """What the reader finds, likeliest first; none where it wasn't asked, see `with_readings`."""
    _prose: tuple[Candidate, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        prose = (c for c in self.candidates if c.kind in PROSE and not is_question(c.sentence.text))
        object.__setattr__(self, "_prose", tuple(prose))

    def prose(self) -> tuple[Candidate, ...]:
        """The candidates that can be answers, best first; a question is none."""
        return self._prose

    def paragraph_of(self, candidate: Candidate) -> str:
        """The text of the paragraph that the candidate's sentence stands in."""
        indexed = self.sources[candidate.sentence.source_id]
        paragraph = indexed.paragraph(candidate.sentence.paragraph)
        return indexed.source.text[paragraph.start : paragraph.end]


def gather(
    library: Library,
    question: Question,
    vector: NDArray[np.float32],
    sources: frozenset[str] | None = None,
) -> Evidence:
    """Retrieve for `question` (embedded as `vector`, shape (d,)) and score every sentence found."""
    found = find(library, question, vector, sources)
    rarity = inverse_document_frequencies(library, question.content)
    indexed = {hit.passage.source_id: hit.source for hit, _ in found}
    candidates: list[Candidate] = []
    for hit, alike in found:
        candidates.extend(
            _candidates(question, vector, hit, alike, indexed[hit.passage.source_id], rarity)
        )
    candidates.sort(key=best_first)
    twins = {source_id: library.twins(source_id) for source_id in indexed}
    hits = tuple(hit for hit, _ in found)
    return Evidence(question, vector, hits, tuple(candidates), indexed, twins, rarity)


def find(
    library: Library,
    question: Question,
    vector: NDArray[np.float32],
    sources: frozenset[str] | None = None,
    k: int = PASSAGES,
) -> list[tuple[Hit, Likeness]]:
    """The `k` passages nearest to `question`, best first, and the likeness of their words.

    To the scores that the search gives them is added what else speaks for a passage as a whole.
    """
    kinds = None if question.about_source else PROSE
    hits = search(library, question.text, vector, sources=sources, kinds=kinds, k=k)
    alike = likeness(question.text, [_sentences_of(hit) for hit in hits])
    found = [
        (replace(hit, score=hit.score + _favour(question, hit, shares)), shares)
        for hit, shares in zip(hits, alike, strict=True)
    ]
    return sorted(found, key=lambda pair: (-pair[0].score, pair[0].passage.id))


def _favour(question: Question, hit: Hit, alike: Likeness) -> float:
    named = _names_publisher(question, hit.source)
    return PASSAGE_LIKENESS_WEIGHT * alike.passage + PUBLISHER_WEIGHT * named


def _names_publisher(question: Question, indexed: IndexedSource) -> bool:
    """Whether the question names the source's publisher, by a capital: "Time" is no "time"."""
    publisher = indexed.source.publisher
    name = _SUBTITLE.split(publisher.value)[0] if publisher else ""
    if not name:
        return False
    found = re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", question.text, re.IGNORECASE)
    return any(not match[0][:1].islower() for match in found)


_SUBTITLE = re.compile(r"\s+[|–—-]\s+")
"""What parts a publisher's name from its section: "BBC News - Technology"."""


def _sentences_of(hit: Hit) -> list[str]:
    return [hit.source.sentences[row].text for row in hit.source.rows_of(hit.passage)]


def best_first(candidate: Candidate) -> tuple[float, str, int]:
    """Sorts candidates by their scores, those with the same one by where they stand."""
    return -candidate.score, candidate.sentence.source_id, candidate.sentence.start


def inverse_document_frequencies(library: Library, content: tuple[str, ...]) -> dict[str, float]:
    """BM25's inverse document frequency of each word, over the library's passages."""
    frequencies = library.document_frequency(list(content))
    total = library.passage_count
    return {
        word: math.log(
            1 + (total - frequencies.get(word, 0) + 0.5) / (frequencies.get(word, 0) + 0.5)
        )
        for word in content
    }


def coverage(rarity: dict[str, float], text: str) -> float:
    """Share of the question's content words, by weight, that occur in `text`; 0 for no words."""
    total = sum(rarity.values())
    present = set(words(text))
    return (
        sum(weight for word, weight in rarity.items() if word in present) / total if total else 0.0
    )


def _candidates(
    question: Question,
    vector: NDArray[np.float32],
    hit: Hit,
    alike: Likeness,
    indexed: IndexedSource,
    rarity: dict[str, float],
) -> list[Candidate]:
    rows = indexed.rows_of(hit.passage)
    vectors: Vectors = indexed.sentence_vectors[rows]
    cosines = vectors @ vector
    kind_weight = FORM_WEIGHT if question.kind in FORM_KINDS else KIND_WEIGHT
    favour = _favour(question, hit, alike)
    found = []
    for row, sentence_vector, cosine, share in zip(
        rows, vectors, cosines, alike.sentences, strict=True
    ):
        sentence = indexed.sentences[row]
        covered = coverage(rarity, sentence.text)
        has_kind = _holds_kind(question, sentence, indexed)
        score = float(cosine) + PASSAGE_WEIGHT * hit.dense
        score += COVERAGE_WEIGHT * covered + kind_weight * has_kind
        score += LIKENESS_WEIGHT * share + favour
        score -= OTHER_MOUTH_WEIGHT * _is_anothers(question, sentence, indexed)
        found.append(
            Candidate(
                sentence=sentence,
                kind=indexed.paragraph(sentence.paragraph).kind,
                vector=sentence_vector,
                cosine=float(cosine),
                passage=hit.dense,
                coverage=covered,
                has_kind=has_kind,
                score=score,
                likeness=share,
                passage_likeness=alike.passage,
            )
        )
    return found


def _holds_kind(question: Question, sentence: Sentence, indexed: IndexedSource) -> bool:
    if question.kind != "statement":
        return holds_answer_kind(question, sentence.text)
    speaker = speaker_of(sentence, indexed)
    return speaker is not None and any(same_name(speaker.name, name) for name in question.names)


def _is_anothers(question: Question, sentence: Sentence, indexed: IndexedSource) -> bool:
    """Whether it tells what Y said of X, where the question is what X said of Y."""
    asked = question.speaker
    speaker = speaker_of(sentence, indexed) if asked else None
    if asked is None or speaker is None or same_name(speaker.name, asked):
        return False
    told_of = any(
        same_name(name.text, asked) and _SAYS.match(sentence.text, name.end)
        for name in names(sentence.text)
    )
    return not told_of and any(same_name(speaker.name, name) for name in question.names)


_SAYS = re.compile(rf"\s+(?:(?:has|had)\s+)?{pattern('reporting', 'verbs').pattern}", re.IGNORECASE)
"""Behind a name: "Y said that X had accused him" tells of X's words."""


def holds_answer_kind(question: Question, text: str) -> bool:
    """Whether `text` has the kind of thing asked for; True where the question asks for no kind."""
    match question.kind:
        case "date":
            return bool(dates(text))
        case "number":
            return bool(numbers(text))
        case "duration":
            # "How long" asks for a time or for a length.
            units = lexicon.words("durations", "units") | lexicon.words("lengths", "units")
            return any(n.unit in units and not _tells_when(text, n.end) for n in numbers(text))
        case "identity":
            return any(is_introduced(text, name) for name in _asked_about(question, text))
        case "organisation":
            return any(organisations(text, name) for name in _asked_about(question, text))
        case "person" if question.wants_list:
            return attributed_name(text) is not None
        case "person" | "place":
            asked = set(question.content)
            return any(not set(content_words(name.text)) <= asked for name in names(text))
        case _:
            return True


def _tells_when(text: str, end: int) -> bool:
    """Whether a time that ends there says when, not how long: "three years ago"."""
    return bool(re.match(r"\s+(?:ago|later|earlier|old|before|after)\b", text[end:]))


_ASKS = re.compile(r"^\W*(?:Q|Question|Frage|Вопрос|Въпрос|Pitanje|Питање)\s*[:.]|[?？]\W*$")


def is_question(sentence: str) -> bool:
    """Whether the sentence asks, as the interviewer's in an interview."""
    return bool(_ASKS.search(sentence))


def _asked_about(question: Question, text: str) -> list[Name]:
    """The persons in `text` whom the question names; all where it names nobody."""
    found = names(text)
    asked = [n for n in found if any(same_name(n.text, name) for name in question.names)]
    return asked if question.names else list(found)
