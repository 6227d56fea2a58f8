"""What the tests of question lists share: assistants that do as they are told, and runs."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from assistant import Answer, Assistant, ListedQuestion, ModelError, QuestionList
from page.list_runs import ListRun

WAIT_SECONDS = 60


class Held(Assistant):
    """Answers a question only when it is let, and takes down which it was asked."""

    def __init__(self, assistant: Assistant) -> None:
        super().__init__(assistant.library)
        self.asked: list[str] = []
        self._allowed = threading.Semaphore(0)

    def let(self, questions: int = 1) -> None:
        """Let it answer so many questions more."""
        for _ in range(questions):
            self._allowed.release()

    def ask(self, question: str, **more: Any) -> Answer:
        """Answer, once it is let."""
        self.asked.append(question)
        assert self._allowed.acquire(timeout=WAIT_SECONDS)
        return super().ask(question, **more)


class Told(Assistant):
    """Says of some questions what it is told: an answer, or a sentence for why there is none."""

    def __init__(self, assistant: Assistant, says: Mapping[str, Answer | str] = {}) -> None:
        super().__init__(assistant.library)
        self.asked: list[str] = []
        self.says = dict(says)

    def ask(self, question: str, **more: Any) -> Answer:
        """Answer as it is told, or else as ever."""
        self.asked.append(question)
        said = self.says.get(question)
        if isinstance(said, str):
            raise ModelError(said)
        return said or super().ask(question, **more)


def listed(*questions: str, name: str = "list.txt") -> QuestionList:
    """A list of these questions."""
    rows = (ListedQuestion(number, question) for number, question in enumerate(questions, 1))
    return QuestionList(name, tuple(rows))


def finish(run: ListRun, *, retry_failed: bool = False) -> ListRun:
    """Go on until the run comes to rest."""
    for _ in run.go_on(retry_failed=retry_failed, every=0.01):
        pass
    assert not run.busy
    return run


def stop_at(held: Held, run: ListRun, rows: int, *, retry_failed: bool = False) -> ListRun:
    """Stop the run while it answers its row of this number, counted from where it goes on."""
    begun = len(held.asked)
    held.let(rows - 1)
    with closing(run.go_on(retry_failed=retry_failed, every=0.01)) as going:
        for _ in going:
            if len(held.asked) - begun == rows:
                break
    held.let()
    assert run.wait(WAIT_SECONDS)
    return run
