"""A conversation: questions with their answers, which can be saved and continued later.

A saved file may have been edited, and the sources may have changed since. So every answer is
checked again when it is loaded, and what doesn't hold isn't taken over.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from assistant import hypertext, render
from assistant.chat import Turn
from assistant.recheck import recheck
from assistant.replacing import PRIVATE, replacing
from assistant.types import Answer, Citation
from index import AnswerError, Library, StorageError

SCHEMA = "pincite.conversation/1"
MAX_FILE_BYTES = 50_000_000
MAX_MESSAGE_CHARACTERS = 300

_PATH_FAULTS = (OSError, ValueError, RuntimeError)
"""What a path can raise: ValueError for a NUL in it, RuntimeError for a home that isn't there."""


@dataclass(frozen=True, slots=True)
class AskedTurn:
    """A question of a conversation and its answer."""

    question: str
    answer: Answer | None
    """None where the answer was saved, but doesn't hold any more."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """Questions and answers so far, oldest first."""

    turns: tuple[AskedTurn, ...] = ()

    @property
    def last(self) -> Answer | None:
        """The latest answer."""
        return next((turn.answer for turn in reversed(self.turns) if turn.answer), None)

    def with_answer(self, answer: Answer) -> Conversation:
        """This conversation with one more question and its answer."""
        return Conversation((*self.turns, AskedTurn(answer.question, answer)))

    def history(self) -> tuple[Turn, ...]:
        """What was said, as `Assistant.ask` takes it.

        The questions are given as they were put to the sources: a follow-up to a follow-up needs
        the names that the first one was given.
        """
        history: list[Turn] = []
        for turn in self.turns:
            if turn.answer is None:
                history.append(("user", turn.question))
            else:
                history.append(("user", turn.answer.standalone_question))
                history.append(("assistant", turn.answer.text))
        return tuple(history)

    def to_dict(self) -> dict[str, Any]:
        """The conversation as `pincite.conversation/1`."""
        turns = [
            {"question": turn.question, "answer": turn.answer and turn.answer.to_dict()}
            for turn in self.turns
        ]
        return {"schema": SCHEMA, "turns": turns}

    def to_json(self, indent: int | None = None) -> str:
        """`to_dict` as JSON text."""
        return render.as_json(self.to_dict(), indent)

    def to_markdown(self) -> str:
        """All questions and answers as Markdown; the footnotes of turn 2 are [^2-1], [^2-2], …"""
        turns = [
            render.markdown(turn.answer, prefix=f"{number}-")
            if turn.answer
            else render.unanswered_markdown(turn.question)
            for number, turn in enumerate(self.turns, 1)
        ]
        return "\n---\n\n".join(turns)

    def to_html(self) -> str:
        """All questions and answers with their quotes as one HTML document."""
        return hypertext.conversation_document((turn.question, turn.answer) for turn in self.turns)

    def to_csl_json(self, library: Library | None = None) -> str:
        """The sources that the answers cite as CSL-JSON, each once; see `Answer.to_csl_json`."""
        from assistant.bibliography import csl_json

        return render.as_json(csl_json(self._cited(), library), 2)

    def to_bibtex(self, library: Library | None = None) -> str:
        """The sources that the answers cite as BibTeX, each once; see `Answer.to_bibtex`."""
        from assistant.bibliography import bibtex

        return bibtex(self._cited(), library)

    def _cited(self) -> Iterator[Citation]:
        return (each for turn in self.turns if turn.answer for each in turn.answer.citations)

    @classmethod
    def from_dict(cls, data: Any) -> Conversation:
        """The conversation that `to_dict` made `data` of; nothing is checked again by this.

        Raises:
            AnswerError: `data` isn't a conversation of this form.
        """
        if not isinstance(data, dict) or data.get("schema") != SCHEMA:
            raise AnswerError(f"This is no conversation of the form {SCHEMA}: name another file.")
        turns = data.get("turns")
        if not isinstance(turns, list):
            raise AnswerError("This conversation can't be read back: it has no list of turns.")
        return cls(tuple(_turn(turn, number) for number, turn in enumerate(turns, 1)))

    @classmethod
    def from_json(cls, text: str) -> Conversation:
        """The conversation that `to_json` wrote; nothing is checked again by this.

        Raises:
            AnswerError: the text isn't a conversation of this form.
        """
        return cls.from_dict(_parsed(text, "This"))

    def rechecked(self, library: Library) -> tuple[Conversation, tuple[str, ...]]:
        """What of the conversation holds, and a sentence for each answer that is left out.

        Every citation is checked against the library, and every statement against its citations.
        An answer in which something doesn't hold is left out; its question is kept.

        Raises:
            StorageError: the library can't be read.
        """
        turns: list[AskedTurn] = []
        faults: list[str] = []
        for number, turn in enumerate(self.turns, 1):
            if turn.answer is not None:
                checked = recheck(turn.answer, library)
                turn = replace(turn, answer=checked.answer)
                if checked.faults:
                    reasons = "; ".join(checked.faults)
                    faults.append(f"The answer of turn {number} is left out: {reasons}.")
            turns.append(turn)
        return Conversation(tuple(turns)), tuple(faults)

    def save(self, path: Path) -> None:
        """Write the conversation to a file; what was there is replaced all at once or not at all.

        Raises:
            StorageError: the file can't be written, or is there and is no conversation.
        """
        text = self.to_json(indent=2) + "\n"
        try:
            target = path.expanduser().resolve()
            if target.exists() and not _is_conversation(target):
                raise StorageError(
                    f"{_named(path)} is there already and is no conversation: name another file."
                )
            with replacing(target, PRIVATE) as file:
                file.write(text.encode("utf-8"))
        except _PATH_FAULTS as error:
            raise StorageError(f"{_named(path)} can't be written: {_because(error)}.") from None

    @classmethod
    def load(cls, path: Path, library: Library) -> tuple[Conversation, tuple[str, ...]]:
        """The conversation in a file, as far as it holds: see `rechecked`.

        Raises:
            AnswerError: the file can't be read, or isn't a conversation.
            StorageError: the library can't be read.
        """
        return cls.from_dict(_read(path)).rechecked(library)


def _turn(data: Any, number: int) -> AskedTurn:
    if not isinstance(data, dict) or not isinstance(data.get("question"), str):
        _refuse(number, "it has no question")
    question, answer = data["question"], None
    if data.get("answer") is not None:
        try:
            answer = Answer.from_dict(data["answer"])
        except AnswerError as error:
            _refuse(number, render.one_line(str(error)).rstrip("."))
        if answer.question != question:
            _refuse(number, "its answer is to another question")
    return AskedTurn(question, answer)


def _refuse(number: int, reason: str) -> NoReturn:
    if len(reason) > MAX_MESSAGE_CHARACTERS:
        reason = f"{reason[:MAX_MESSAGE_CHARACTERS]}…"
    raise AnswerError(f"Turn {number} of the conversation can't be read back: {reason}.") from None


def _read(path: Path) -> Any:
    try:
        path = path.expanduser()
        if not path.is_file():
            raise AnswerError(f"There is no file {_named(path)}: check the name.")
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except _PATH_FAULTS as error:
        raise AnswerError(f"{_named(path)} can't be read: {_because(error)}.") from None
    if len(data) > MAX_FILE_BYTES:
        raise AnswerError(
            f"{_named(path)} is larger than {MAX_FILE_BYTES // 1_000_000} MB: it isn't read."
        )
    return _parsed(data, _named(path))


def _parsed(data: bytes | str, name: str) -> Any:
    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):  # no UTF-8, no JSON, or nested too deeply
        raise AnswerError(f"{name} is no saved conversation: name another file.") from None


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _is_conversation(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return SCHEMA.partition("/")[0].encode() in file.read(200)


def _because(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _named(path: Path) -> str:
    return render.printable(repr(str(path)))
