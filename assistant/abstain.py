"""Can the evidence answer at all? A small calibrated model over honest features.

Similarity alone doesn't tell an answerable question from a near miss, so the decision also weighs
whether the question's words and names occur in what was found and whether the kind of answer that
is asked for is there. The coefficients, and what they were fitted on, are in `abstention.json`,
which `benchmarks/fit_abstention.py` writes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, Literal

from assistant import lexicon
from assistant.about_source import stating
from assistant.evidence import Candidate, Evidence
from assistant.facts import negations
from assistant.language import same_language
from assistant.names import names, romanised, same_name
from assistant.questions import Question
from assistant.quoted_people import asks_for_quoted_people, introductions
from assistant.rival_answers import rivalry
from assistant.witnesses import has_competitors, is_confirmed
from index.words import words

ModelName = Literal["read", "competing", "same_language", "other_language"]

SURE = 0.67
"""Probability from which the sources are held to answer although a model found nothing."""

FEW_WORDS, MOST_WORDS = 10, 30
"""Content words from which a question counts as long, and up to which they are counted."""
NEAREST = 3
"""Sentences among which the kind of answer that is asked for should be."""


def answerable_parts(found: Sequence[Evidence], strictness: float) -> list[Evidence]:
    """Those of a question's parts that the sources answer with a probability of `strictness`.

    A part that leans on an earlier one (and so quotes it, see `assistant.chat`) stays open with it:
    "and by how many votes?" has no answer where nobody is said to have won.
    """
    answerable: list[Evidence] = []
    left_open: list[str] = []
    for evidence in found:
        text = evidence.question.text
        if probability(evidence) >= strictness and not any(
            earlier in text for earlier in left_open
        ):
            answerable.append(evidence)
        else:
            left_open.append(text.rstrip("?"))
    return answerable


def probability(evidence: Evidence) -> float:
    """That the sources answer, by all the evidence for one question; 0 without candidates."""
    if (found := _answered_by_form(evidence)) is not None:
        return float(found)
    pool = evidence.prose()
    if not pool:
        return 0.0
    model = _models()[model_for(evidence, pool[0])]
    values = features(evidence, pool)
    score = model["intercept"] + sum(
        weight * values[name] for name, weight in model["coefficients"].items()
    )
    return 1 / (1 + math.exp(-score))


def model_for(evidence: Evidence, best: Candidate) -> ModelName:
    """Which model decides.

    Where several sources tell of what is asked, one that alone has an answer counts for less than
    one that others confirm, or contradict with an answer of their own.
    """
    if not same_language_as_evidence(evidence, best):
        return "other_language"
    if not evidence.readings:
        return "same_language"
    return "competing" if has_competitors(evidence) else "read"


def is_sure(evidence: Evidence, model_found_something: bool) -> bool:
    """Whether the sources' own sentences may answer where nothing that a model said holds.

    The kind of answer that is asked for must be there; and where the model found no answer at
    all, it must be likely that there is one.
    """
    pool = evidence.prose()
    if not pool or not pool[0].has_kind:
        return False
    return model_found_something or probability(evidence) >= SURE


def _answered_by_form(evidence: Evidence) -> bool | None:
    """Whether there is what a question about form asks for; None for one about content.

    A byline, an attribution or a spelling shares few words with the question for it.
    """
    question = evidence.question
    if question.about_source:
        stated = bool(stating(evidence))
        # Whoever asks for "the photo" may mean one that the article tells of.
        return None if not stated and question.about_source == "other" else stated
    if asks_for_quoted_people(question):
        return bool(introductions(evidence))
    pool = evidence.prose()
    if question.about_spelling and question.names and pool:
        return not _names_absent(question, evidence.paragraph_of(pool[0]))
    if question.kind == "duration" and evidence.readings and pool:
        return None if _tells_how_long(evidence, pool) else False
    if question.kind == "organisation" and question.names:
        # That nobody is tied to an organisation says little: the question may be about none.
        return any(candidate.has_kind for candidate in pool) or None
    return None


def _tells_how_long(evidence: Evidence, pool: Sequence[Candidate]) -> bool:
    """Whether the best sentences have a time or a length, or the likeliest answer is one."""
    found = evidence.readings[0]
    said = evidence.sources[found.source_id].source.text[found.start : found.end]
    units = lexicon.words("durations", "units") | lexicon.words("lengths", "units")
    return any(each.has_kind for each in pool[:NEAREST]) or not units.isdisjoint(words(said))


def features(evidence: Evidence, pool: Sequence[Candidate]) -> dict[str, float]:
    """What the decision rests on, for the best-first candidates `pool` (at least one)."""
    best, question = pool[0], evidence.question
    retrieved = "\n\n".join([*dict.fromkeys(map(evidence.paragraph_of, pool)), *_stated(evidence)])
    in_paragraph = set(words(evidence.paragraph_of(best)))
    in_sentence = set(words(best.sentence.text))
    return _as_read(evidence) | {
        "cosine": max(candidate.cosine for candidate in pool),
        "passage_cosine": max(candidate.passage for candidate in pool),
        "runner_up_cosine": pool[min(1, len(pool) - 1)].cosine,
        # A question of many words has many that no one sentence has, however well it answers.
        "length": max(0, min(len(question.content), MOST_WORDS) - FEW_WORDS) / 10,
        "rarest_word_absent": _rarest_absent(evidence.rarity, in_sentence),
        "names_absent": float(_names_absent(question, retrieved)),
        "numbers_absent": float(_numbers_absent(question, in_paragraph)),
        "kind_missing": float(not any(candidate.has_kind for candidate in pool[:NEAREST])),
        "negation_missing": float(
            bool(negations(question.text)) and not negations(best.sentence.text)
        ),
    }


def _as_read(evidence: Evidence) -> dict[str, float]:
    """What the reader makes of it; nothing where it wasn't asked."""
    readings = evidence.readings
    if not readings:
        return {}
    return {
        "margin": max(found.margin for found in readings),
        "answerable": max(found.answerable for found in readings),
        "confirmed": float(is_confirmed(evidence)),
        "rivals": float(has_competitors(evidence) and rivalry(evidence) is not None),
    }


def _stated(evidence: Evidence) -> Iterator[str]:
    """Whom a question may name that no paragraph does: "What did the Gazette report?"."""
    for indexed in evidence.sources.values():
        source = indexed.source
        for metadata in (source.title, source.publisher, source.author):
            if metadata:
                yield metadata.value


def same_language_as_evidence(evidence: Evidence, best: Candidate) -> bool:
    """Whether words can be compared: the question is in the language of what was found."""
    return same_language(evidence.question.text, evidence.paragraph_of(best))


def _rarest_absent(rarity: Mapping[str, float], present: set[str]) -> float:
    """Inverse document frequency of the rarest word that is absent, as a share of 8 (1 in 3000)."""
    return max((weight for word, weight in rarity.items() if word not in present), default=0.0) / 8


def _names_absent(question: Question, text: str) -> int:
    """How many names of the question are not in `text`, in no spelling."""
    present = set(romanised(text).split())
    stated = [name.text for name in names(text)]
    return sum(
        not set(romanised(name).split()) <= present
        and not any(same_name(name, other) for other in stated)
        for name in question.names
    )


def _numbers_absent(question: Question, present: set[str]) -> int:
    return sum(any(c.isdigit() for c in word) and word not in present for word in question.content)


@cache
def _models() -> Mapping[str, Any]:
    text = resources.files(__package__).joinpath("abstention.json").read_text("utf-8")
    models: Mapping[str, Any] = json.loads(text)
    return models
