"""The engine with a model: the model points and words, the program quotes and checks.

The model is shown the retrieved sentences under numbers and replies with claims and the numbers of
the sentences that state them. What it says becomes a draft only where sentences support it (see
`assistant.grounding`); the quotes are the program's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice

from assistant.budget import Budget
from assistant.drafts import Draft
from assistant.evidence import Candidate, Evidence, holds_answer_kind
from assistant.grounding import Pool, ground
from assistant.models import Message, Reply, SchemaRefusedError
from assistant.packing import Packed, pack
from assistant.render import WITHHELD_BECAUSE
from assistant.replies import (
    REPLY_SCHEMA,
    Contradiction,
    Item,
    LeftOpen,
    Stated,
    Unfinished,
    read_json,
    read_marked,
)
from assistant.types import Withheld, WithheldReason
from index import ModelError
from index.tokens import count_tokens
from index.words import content_words
from prompts import load_prompt

NAME = "model"

MAX_PASSAGE_TOKENS = 1000
"""More passages than that cost time and lead small models astray; they don't help large ones."""
HARD_KINDS = frozenset({"number", "duration"})
"""Kinds of answer without which a claim can't be one."""
MOST_OF_THE_QUESTION = 0.7
"""Share of the question's content words up to which some of them are a part of it."""
MAX_TRAILING_PIECES = 8
"""Pieces of a reply that are read behind its last item."""
RECONNECTS = 1
"""How often a reply that broke off is asked for again."""
REPAIRABLE: frozenset[WithheldReason] = frozenset(
    (
        "quote_not_found",
        "stitched",
        "misattributed",
        "unknown_label",
        "no_citation",
        "number",
        "date",
    )
)
"""What a model can mend when it is told. Who says what the sources don't say says it again: of ten
repair rounds on such claims none brought one that held (see docs/results.md)."""
RELEVANT = 0.2
"""How far behind the best a sentence may score for a claim that rests on it to be an answer."""
RELEVANT_COVERAGE = 0.5
"""Or else which share of the question's words, by rarity, it must have."""


@dataclass(slots=True)
class Composition:
    """The model's answer in the making: iterate `drafts()`, then read the rest."""

    found: Sequence[Evidence]
    """The evidence for each part of the question that the sources can answer."""
    budget: Budget
    contradictions: list[tuple[Candidate, Candidate]] = field(default_factory=list)
    """Sentences of different sources that the model says contradict each other."""
    stated_something: bool = False
    """Whether the model made any claim, held or not."""
    _left_open: list[str] = field(default_factory=list)
    _quoted: list[str] = field(default_factory=list)
    _said: str = ""

    @property
    def left_open(self) -> tuple[str, ...]:
        """Parts of the question that the model leaves open, and that no quote is about."""
        told = set(content_words(" ".join(self._quoted)))
        return tuple(part for part in self._left_open if not set(content_words(part)) <= told)

    def drafts(self) -> Iterator[Draft | Withheld]:
        """What the model states, each as soon as it is complete: with its quotes, or withheld.

        Where nothing of a reply can be used and some of it only slipped, the model is told why,
        once, and asked again. Raises ModelError when the model can't be asked or its reply breaks
        off. Closing the iterator stops the request.
        """
        packed = pack(self.found, self._passage_tokens())
        asked = self.budget.prompt("question").render(
            passages=packed.text,
            question=" ".join(evidence.question.text for evidence in self.found),
        )
        exchange = [Message("user", asked)]
        failures: list[Withheld] = []
        held = False
        for outcome in self._outcomes(exchange, packed):
            if isinstance(outcome, Withheld):
                failures.append(outcome)
            else:
                held = True
                self._quoted += [quote.text for quote in outcome.quotes]
            yield outcome
        if not held and any(each.reason in REPAIRABLE for each in failures):
            exchange += [Message("assistant", self._said), Message("user", self._repair(failures))]
            if self.budget.allows(exchange):
                yield from self._outcomes(exchange, packed)

    def _outcomes(self, exchange: Sequence[Message], packed: Packed) -> Iterator[Draft | Withheld]:
        pool = pool_of(self.found)
        for item in self._items(exchange):
            yield from self._take(item, packed, pool)

    def _repair(self, failures: Sequence[Withheld]) -> str:
        told = (f"- {each.text} ({WITHHELD_BECAUSE[each.reason]})" for each in failures)
        return self.budget.prompt("repair").render(failures="\n".join(told))

    def _passage_tokens(self) -> int:
        """What the window leaves for passages beside the instructions and the reply."""
        limits = self.budget.limits
        fixed = count_tokens(load_prompt("answer").text) + sum(
            count_tokens(evidence.question.text) for evidence in self.found
        )
        return min(MAX_PASSAGE_TOKENS, limits.context_tokens - limits.max_tokens - fixed - 100)

    def _items(self, exchange: Sequence[Message]) -> Iterator[Item]:
        """The items of the model's next reply, in JSON if it can, else in lines.

        A reply that breaks off is asked for once more; what it repeats is dropped further on.
        Where no reply began, the request was repeated already.
        """
        for attempt in range(1 + RECONNECTS):
            self._said = ""
            try:
                yield from self._reply(exchange)
            except ModelError as error:
                if not (error.retryable and self._said) or attempt == RECONNECTS:
                    raise
            else:
                return

    def _reply(self, exchange: Sequence[Message]) -> Iterator[Item]:
        if self.budget.model.takes_schema:
            system = Message("system", load_prompt("answer").text)
            try:
                reply = self.budget.ask([system, *exchange], REPLY_SCHEMA)
            except SchemaRefusedError:
                pass
            else:
                self.budget.prompt("answer")
                yield from self._read(reply, read_json)
                return
        system = Message("system", self.budget.prompt("answer_marked").text)
        yield from self._read(self.budget.ask([system, *exchange]), read_marked)

    def _read(
        self, reply: Reply, read: Callable[[Iterable[str]], Iterator[Item]]
    ) -> Iterator[Item]:
        with reply:
            yield from read(self._heard(reply))
            with suppress(ModelError):  # behind the last item the server tells what it counted
                for _ in islice(reply, MAX_TRAILING_PIECES):
                    pass

    def _heard(self, reply: Reply) -> Iterator[str]:
        """The pieces of a reply, which is kept in case that the model must be told of it."""
        for piece in reply:
            self._said += piece
            yield piece

    def _take(self, item: Item, packed: Packed, pool: Pool) -> Iterator[Draft | Withheld]:
        match item:
            case Stated():
                self.stated_something = True
                for outcome in _grounded(item, packed, pool):
                    yield self._answering(outcome)
            case Unfinished():
                yield Withheld(text=f"{item.text} …", reason="no_citation")
            case LeftOpen():
                if _asks_only(item.text, self.found):
                    self._left_open.append(item.text)
            case Contradiction():
                self.contradictions += _pairs(packed.labelled(item.labels))

    def _answering(self, outcome: Draft | Withheld) -> Draft | Withheld:
        """The draft; withheld where it is beside the question, however true it is."""
        if isinstance(outcome, Withheld) or any(_answers(each, outcome) for each in self.found):
            return outcome
        return Withheld(text=outcome.text, reason="unsupported")


_SENTENCE_END = re.compile(r"(?<=[\w”\"’')][.!?])\s+(?=[“\"A-ZА-Я])")


def _grounded(item: Stated, packed: Packed, pool: Pool) -> list[Draft | Withheld]:
    """The claim; where it fails as a whole and has several sentences, each of them by itself."""
    pointed = packed.labelled(item.labels)
    whole = ground(item, pointed, pool)
    sentences = _SENTENCE_END.split(item.text)
    if isinstance(whole, Draft) or len(sentences) < 2:
        return [whole]
    return [ground(replace(item, text=sentence), pointed, pool) for sentence in sentences]


def _answers(evidence: Evidence, draft: Draft) -> bool:
    """Whether the draft rests on a sentence near the question, and has the kind asked for."""
    question, pool = evidence.question, evidence.prose()
    speaker = draft.speaker if draft.speaker and question.kind == "person" else ""
    text = f"{speaker} {draft.text}"
    if any(each.has_kind for each in pool[:3]) and not holds_answer_kind(question, text):
        return False
    cited = {(quote.source_id, quote.start) for quote in draft.quotes}
    return any(
        each.score >= pool[0].score - RELEVANT or each.coverage >= RELEVANT_COVERAGE
        for each in pool
        if (each.sentence.source_id, each.sentence.start) in cited
    )


def pool_of(found: Iterable[Evidence]) -> Pool:
    """All sentences of the evidence that can be quoted, each once, best first."""
    candidates = sorted(
        (each for evidence in found for each in evidence.prose()), key=lambda each: -each.score
    )
    unique = {each.sentence: each for each in reversed(candidates)}
    return Pool(
        tuple(sorted(unique.values(), key=lambda each: -each.score)),
        {id: indexed for evidence in found for id, indexed in evidence.sources.items()},
    )


def _asks_only(text: str, found: Sequence[Evidence]) -> bool:
    """Whether what the model leaves open is a part of the question, in its words.

    All of the question is no part: whether that is answered, the claims tell.
    """
    asked = {word for evidence in found for word in content_words(evidence.question.text)}
    left = set(content_words(text))
    return bool(left) and left <= asked and len(left) <= MOST_OF_THE_QUESTION * len(asked)


def _pairs(sentences: Sequence[Candidate]) -> list[tuple[Candidate, Candidate]]:
    """The pairs of sentences that are of different sources."""
    return [
        (first, second)
        for i, first in enumerate(sentences)
        for second in sentences[i + 1 :]
        if first.sentence.source_id != second.sentence.source_id
    ]
