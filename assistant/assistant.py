"""The assistant: question in, verified answer out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from assistant.abstain import answerable_parts
from assistant.assemble import Assembly
from assistant.budget import Budget, ModelUse
from assistant.chat import Turn, depends, stand_alone_parts
from assistant.check import Check
from assistant.checking import check
from assistant.citations import cite
from assistant.comparing import compare
from assistant.comparison import Comparison
from assistant.disagreement import find_conflicts
from assistant.drafts import Draft, Quote
from assistant.engines import Composer
from assistant.judging import judged
from assistant.model_use import model_use
from assistant.models import ChatModel
from assistant.questions import clean_question, split_parts
from assistant.reading import retrieve
from assistant.render import printable
from assistant.rewriting import rewritten
from assistant.sample import is_sample, open_sample
from assistant.scope import scope_of
from assistant.settings import DEFAULT_STRICTNESS, load_settings
from assistant.types import Answer, Citation, Event, QuestionEvent, Timings, Withheld
from assistant.verify import VerifiedClaim, verify_draft
from index import EVERYTHING, AddEvent, Filter, Library, SettingsError

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

T = TypeVar("T")


class Assistant:
    """Answers questions over one library; every statement is verified before it is returned.

    Made by `Assistant.open`. One assistant may be shared between threads.
    """

    def __init__(
        self,
        library: Library,
        use: ModelUse | None = None,
        strictness: float = DEFAULT_STRICTNESS,
        only: Filter = EVERYTHING,
    ) -> None:
        self.library = library
        self.model_use = use
        """The model that words the answers, with its limits and price; None where none does."""
        self.strictness = strictness
        """How probable it must be that the sources answer a question, from 0 to 1."""
        self.only = only
        """What sources must state to be searched; see `limited_to`."""

    @classmethod
    def open(
        cls,
        library: str | Path | None = None,
        *,
        model: str | ChatModel | LLM | None = None,
        base_url: str | None = None,
        max_tokens: int | None = None,
        max_cost: float | None = None,
        judge: bool | None = None,
        strictness: float | None = None,
        progress: Callable[[AddEvent], None] | None = None,
    ) -> Assistant:
        """Open a library; without one, `PINCITE_LIBRARY` or else the sample articles.

        Args:
            library: its folder, or its address on a Chroma server: "chroma://host:port/name".
            model: words the answers: "openai:NAME", "PROVIDER:NAME" or a LlamaIndex LLM;
                `PINCITE_MODEL` by default, and "extractive" for none.
            base_url: where the model is served, for any server that speaks the OpenAI protocol.
            max_tokens: tokens that the model may write for one question.
            max_cost: USD that the model may cost for one question.
            judge: whether the model is asked of each of its claims, once it is verified, if the
                quotes support it; what it denies is withheld. Off by default.
            strictness: how probable it must be that the sources answer, from 0 (whatever is nearest
                is given as the answer) to 1; a question that falls short is refused.
                `PINCITE_STRICTNESS` or 0.5 by default.
            progress: told how far the sample library is, which is built on first use.

        Raises:
            LibraryNotFoundError: there is no library there.
            LibraryMismatchError: it was built by another version of Pincite.
            ModelError: the model's name is unknown, or its key or package is missing.
            SettingsError: a `PINCITE_*` variable or one of the limits isn't a setting.
        """
        settings = load_settings().overridden(
            base_url=base_url,
            max_tokens=max_tokens,
            max_cost=max_cost,
            judge=judge,
            strictness=strictness,
        )
        use = model_use(settings.model if model is None else model, settings)
        if base_url is not None and use is None and model is None:
            raise SettingsError(
                "The base URL is of no use without a model: name the model too, as in openai:NAME."
            )
        own = library if library is not None else settings.library
        opened = open_sample(progress) if own is None else Library.open(own)
        return cls(opened, use, settings.strictness)

    @property
    def model(self) -> str | None:
        """The name of the model that words the answers; None for the sources' own sentences."""
        return self.model_use.model.name if self.model_use else None

    @property
    def is_sample(self) -> bool:
        """Whether the library is the sample's, which can't be changed."""
        return is_sample(self.library)

    def limited_to(self, only: Filter) -> Assistant:
        """This assistant, but of the sources it searches only those that meet the filter.

        `assistant.limited_to(Filter(since="2025-02", lang="en"))` searches what states a date from
        then on and that it is in English; `sources`, where a method takes it, narrows that
        further. An earlier limit is replaced. Both share the library: closing one closes it.

        Where the filter leaves no source, asking raises SettingsError, which says what leaves none.
        """
        return Assistant(self.library, self.model_use, self.strictness, only)

    def worded_by(self, use: ModelUse | None) -> Assistant:
        """This assistant, but another model words the answers, or none; see `limited_to`."""
        return Assistant(self.library, use, self.strictness, self.only)

    def scope(self, sources: Iterable[str] | None = None) -> frozenset[str] | None:
        """The ids of the sources that are searched, or of these; None for all of the library.

        Raises:
            SourceError: `sources` names one that the library doesn't have.
            SettingsError: `sources` is given and names none, or the filter leaves none.
        """
        return scope_of(self.library, sources, self.only)

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        sources: Iterable[str] | None = None,
    ) -> Answer:
        """Answer `question` from the library; offline, the same question gets the same answer.

        Args:
            question: in any language that the library's embedding knows.
            history: earlier turns, oldest first, each ("user" or "assistant", its text).
            sources: ids of the sources to search; all by default.

        Raises:
            QuestionError: the question is empty, has no words, or is too long.
            SourceError: `sources` names one that the library doesn't have.
            SettingsError: `sources` is given and names none, or no source meets the filter.
            ModelError: the model can't be asked, or its reply broke off.

        That the sources don't answer is no error: the answer's status is "abstained" then.
        """
        *_, answer = self.stream(question, history=history, sources=sources)
        assert isinstance(answer, Answer)
        return answer

    def stream(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        sources: Iterable[str] | None = None,
        stop: threading.Event | None = None,
    ) -> Generator[Event]:
        """Answer as `ask` does, and yield each claim as soon as it is verified.

        The first event is the question as it is put to the sources, the last is the Answer;
        between them come claims, which never change again. Closing the iterator stops the request
        to the model; from another thread, which can't close an iterator at work, set `stop`:
        StoppedError is raised then with the model's next word. Raises as `ask` does, where the
        model is concerned while it is iterated.
        """
        asked = clean_question(question)
        scope = self.scope(sources)
        turns = [(role, printable(text)) for role, text in history]
        return self._answering(asked, turns, scope, stop)

    def _answering(
        self,
        asked: str,
        history: Sequence[Turn],
        scope: frozenset[str] | None,
        stop: threading.Event | None,
    ) -> Generator[Event]:
        clock = _Clock()
        budget = self.model_use.budget(stop) if self.model_use else None
        parts = _stand_alone(asked, history, budget)
        standalone = asked if parts == split_parts(asked) else " ".join(parts)
        yield QuestionEvent(standalone_question=standalone)
        with clock.measure("retrieve"):
            found = [retrieve(self.library, part, scope) for part in parts]
            answerable = answerable_parts(found, self.strictness)
        composer = Composer(answerable, budget)
        assembly = Assembly(self.library)
        for draft in clock.timed("compose", composer.drafts(lambda: len(assembly.verified))):
            with clock.measure("verify"):
                event = assembly.take(self._verified(draft, assembly, budget))
            if event:
                yield event
        with clock.measure("verify"):
            conflicts = find_conflicts(
                answerable, assembly.verified, self.library, composer.contradictions
            )
        refused = [evidence for evidence in found if evidence not in answerable]
        yield assembly.answer(
            question=asked,
            standalone_question=standalone,
            scope=scope,
            conflicts=conflicts,
            left_open=[*refused, *composer.left_open] if assembly.verified else found,
            left_open_by_model=composer.left_open_by_model,
            made=composer.making,
            timings=clock.timings(),
        )

    def _verified(
        self, draft: Draft | Withheld, assembly: Assembly, budget: Budget | None
    ) -> VerifiedClaim | Withheld:
        """The draft as a claim that holds, or why it is withheld."""
        if isinstance(draft, Withheld):
            return draft
        outcome = verify_draft(draft, self.library)
        asks_again = self.model_use is not None and self.model_use.judges and not draft.verbatim
        if budget is None or not asks_again or isinstance(outcome, Withheld):
            return outcome
        return outcome if assembly.states(outcome.text) else judged(outcome, budget)

    def ask_many(
        self, questions: Iterable[str], *, sources: Iterable[str] | None = None
    ) -> Iterator[Answer]:
        """Answer questions one after the other, in their order, each as it is asked for."""
        scope = self.scope(sources)
        for question in questions:
            yield self.ask(question, sources=scope)

    def cite(
        self, source_id: str, paragraph: int, quote: str, *, start: int | None = None
    ) -> Citation | None:
        """The citation for words of a paragraph; None where it doesn't have them.

        Typography apart the words must be the paragraph's own. Where they occur more than once,
        `start` says about where in the source they are meant. The citation's number is 0.

        Raises:
            SourceError: there is no such source.
        """
        return cite(Quote(source_id, paragraph, quote, start), self.library.indexed(source_id))

    def compare(self, first: str, second: str) -> Comparison:
        """Lay two sources side by side: what differs, with both quotes, and what only one tells.

        Needs no model. Twins, which render the same original, are aligned from beginning to end;
        of other sources only what surely tells of the same thing is compared.

        Raises:
            SourceError: the library doesn't have one of them.
            SettingsError: both are the same source, or one is too long to be compared.
        """
        return compare(self.library, first, second)

    def check(self, claim: str, *, sources: Iterable[str] | None = None) -> Check:
        """Check a statement against the library: supported, partly or not, part by part.

        Needs no model. What is supported literally is so for certain; what shares its words with
        the sources is supported by degree, and never with a number, a date or a name that they
        don't have, or where they say otherwise.

        Args:
            claim: a statement, of up to 1,000 characters.
            sources: ids of the sources to check it against; all by default.

        Raises:
            QuestionError: the claim is empty, has no words, is a question, or is too long.
            SourceError: `sources` names one that the library doesn't have.
            SettingsError: `sources` is given and names none, or no source meets the filter.
        """
        return check(self.library, claim, self.scope(sources))

    def close(self) -> None:
        """Release the library's files."""
        self.library.close()


def _stand_alone(question: str, history: Sequence[Turn], budget: Budget | None) -> tuple[str, ...]:
    """The question's parts, each to be understood alone: by the model's wording, or else by rules.

    A model is only asked where the question leans on the conversation.
    """
    if budget and history and depends(question):
        wording = rewritten(question, history, budget)
        if wording:
            return split_parts(wording)
    return stand_alone_parts(question, history)


class _Clock:
    """Takes down the milliseconds of each step, and of all."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._spent: dict[str, float] = {}

    @contextmanager
    def measure(self, step: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self._add(step, start)

    def timed(self, step: str, items: Iterator[T]) -> Generator[T]:
        """The items, with the time that each takes to come measured."""
        try:
            while True:
                with self.measure(step):
                    item = next(items, None)
                if item is None:
                    return
                yield item
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                close()

    def _add(self, step: str, start: float) -> None:
        spent = (time.perf_counter() - start) * 1000
        self._spent[step] = self._spent.get(step, 0.0) + spent

    def timings(self) -> Timings:
        total = round((time.perf_counter() - self._start) * 1000, 1)
        return Timings(**{step: round(ms, 1) for step, ms in self._spent.items()}, total=total)
