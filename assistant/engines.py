"""Which engine composes what: the model where one is in use, the sources' own sentences otherwise.

Questions that a byline or an attribution answers are never put to a model. Where nothing that a
model says holds, the sources' own sentences answer, if it is sure that they do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from assistant import extractive, generative
from assistant.abstain import is_sure
from assistant.budget import Budget
from assistant.drafts import Draft
from assistant.evidence import Candidate, Evidence
from assistant.generative import Composition
from assistant.types import Usage, Withheld


@dataclass(frozen=True, slots=True)
class Making:
    """What made an answer."""

    engine: str
    model: str | None
    prompt_version: str | None
    usage: Usage


@dataclass(slots=True)
class Composer:
    """Composes the drafts for the parts of a question that the sources can answer."""

    answerable: Sequence[Evidence]
    budget: Budget | None
    _composition: Composition | None = None
    _fell_back: bool = False
    _left_open: list[Evidence] = field(default_factory=list)

    def drafts(self, holds: Callable[[], int]) -> Iterator[Draft | Withheld]:
        """All drafts, the model's each as soon as it is complete.

        `holds` tells how many claims have been verified so far. Raises ModelError.
        """
        by_form = [each for each in self.answerable if extractive.answered_by_form(each)]
        free = [each for each in self.answerable if each not in by_form]
        if self.budget is None or not free:
            yield from _merged(self.answerable)
            return
        yield from _merged(by_form)
        before = holds()
        self._composition = Composition(free, self.budget)
        yield from self._composition.drafts()
        if holds() == before:
            sure = [each for each in free if is_sure(each, self._composition.stated_something)]
            self._left_open = [each for each in free if each not in sure]
            self._fell_back = True
            yield from _merged(sure)

    @property
    def left_open(self) -> tuple[Evidence, ...]:
        """Parts that could have been answered, but weren't."""
        return tuple(self._left_open)

    @property
    def left_open_by_model(self) -> tuple[str, ...]:
        """What the model says stays open beside what it answers."""
        if self._composition is None or self._fell_back:
            return ()
        return tuple(self._composition.left_open)

    @property
    def contradictions(self) -> tuple[tuple[Candidate, Candidate], ...]:
        """Sentences that the model says contradict each other."""
        return tuple(self._composition.contradictions) if self._composition else ()

    @property
    def making(self) -> Making:
        """What made the drafts."""
        budget, composed = self.budget, self._composition is not None and not self._fell_back
        return Making(
            engine=generative.NAME if composed else extractive.NAME,
            model=budget.model.name if budget and self._composition else None,
            prompt_version=budget.prompt_version if budget else None,
            usage=budget.usage() if budget else Usage(),
        )


def _merged(found: Iterable[Evidence]) -> Iterator[Draft]:
    """The extractive drafts; a statement that answers two parts is made once, with all quotes."""
    merged: dict[tuple[str, str | None], Draft] = {}
    for draft in (draft for evidence in found for draft in extractive.compose(evidence)):
        known = merged.get((draft.text, draft.speaker))
        quotes = (*known.quotes, *draft.quotes) if known else draft.quotes
        merged[draft.text, draft.speaker] = replace(draft, quotes=tuple(dict.fromkeys(quotes)))
    yield from merged.values()
