"""The assistant: question in, verified answer out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from assistant import extractive
from assistant.abstain import answerable_parts
from assistant.assemble import assemble
from assistant.chat import Turn, stand_alone_parts
from assistant.disagreement import find_conflicts
from assistant.evidence import Evidence, gather
from assistant.questions import clean_question, read_question, split_parts
from assistant.render import printable
from assistant.sample import open_sample
from assistant.settings import load_settings
from assistant.types import Answer, Timings
from assistant.verify import verify
from index import AddEvent, Library, SettingsError, SourceError


class Assistant:
    """Answers questions over one library; every statement is verified before it is returned.

    Made by `Assistant.open`. One assistant may be shared between threads.
    """

    def __init__(self, library: Library) -> None:
        self.library = library

    @classmethod
    def open(
        cls,
        library: str | Path | None = None,
        *,
        progress: Callable[[AddEvent], None] | None = None,
    ) -> Assistant:
        """Open a library folder; without one, `PINCITE_LIBRARY` or else the sample articles.

        The sample library is built on first use; `progress` is told how far that is.

        Raises:
            LibraryNotFoundError: there is no library in the folder.
            LibraryMismatchError: it was built by another version of Pincite.
            SettingsError: a `PINCITE_*` variable isn't a setting.
        """
        folder = library if library is not None else load_settings().library
        return cls(open_sample(progress) if folder is None else Library.open(folder))

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        sources: Iterable[str] | None = None,
    ) -> Answer:
        """Answer `question` from the library; the same question gets the same answer.

        Args:
            question: in any language that the library's embedding knows.
            history: earlier turns, oldest first, each ("user" or "assistant", its text).
            sources: ids of the sources to search; all by default.

        Raises:
            QuestionError: the question is empty, has no words, or is too long.
            SourceError: `sources` names one that the library doesn't have.
            SettingsError: `sources` is given and names none.

        That the sources don't answer is no error: the answer's status is "abstained" then.
        """
        clock = _Clock()
        asked = clean_question(question)
        scope = self._scope(sources)
        parts = stand_alone_parts(asked, [(role, printable(text)) for role, text in history])
        with clock.measure("retrieve"):
            found = [self._retrieve(part, scope) for part in parts]
            answerable = answerable_parts(found)
        with clock.measure("compose"):
            drafts = [draft for e in answerable for draft in extractive.compose(e)]
        with clock.measure("verify"):
            claims, withheld = verify(drafts, self.library)
            conflicts = find_conflicts(answerable, claims, self.library)
        return assemble(
            library=self.library,
            question=asked,
            standalone_question=asked if parts == split_parts(asked) else " ".join(parts),
            scope=scope,
            engine=extractive.NAME,
            claims=claims,
            conflicts=conflicts,
            withheld=withheld,
            left_open=[e for e in found if e not in answerable] if claims else found,
            timings=clock.timings(),
        )

    def ask_many(
        self, questions: Iterable[str], *, sources: Iterable[str] | None = None
    ) -> Iterator[Answer]:
        """Answer questions one after the other, in their order, each as it is asked for."""
        scope = self._scope(sources)
        for question in questions:
            yield self.ask(question, sources=scope)

    def close(self) -> None:
        """Release the library's files."""
        self.library.close()

    def _scope(self, sources: Iterable[str] | None) -> frozenset[str] | None:
        if sources is None:
            return None
        wanted = frozenset([sources] if isinstance(sources, str) else sources)
        if not wanted:
            raise SettingsError("No source is named: name one, or leave `sources` out for all.")
        unknown = sorted(wanted - set(self.library.content()))
        if unknown:
            raise SourceError(
                f"The library has no source {unknown[0]!r}: `pincite sources` lists what it has."
            )
        return wanted

    def _retrieve(self, part: str, scope: frozenset[str] | None) -> Evidence:
        return gather(self.library, read_question(part), self.library.embed_question(part), scope)


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
            self._spent[step] = round((time.perf_counter() - start) * 1000, 1)

    def timings(self) -> Timings:
        total = round((time.perf_counter() - self._start) * 1000, 1)
        return Timings(**self._spent, total=total)
