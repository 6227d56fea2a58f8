"""The conversation pane: a question goes in, verified claims come out one by one.

The conversation lives in the reader's tab, as `pincite.conversation/1`: a reload or a restarted
server loses nothing, and nobody's questions are kept here. What a tab sends is verified again
unless this server wrote it.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from assistant import (
    EXPORT_FORMATS,
    Answer,
    AnswerError,
    Assistant,
    ClaimEvent,
    Conversation,
    ExportFormat,
    PinciteError,
    QuestionEvent,
)
from assistant.hypertext import Place, answer_html, claim_html
from assistant.render import LEFT_OUT, one_line
from page.addresses import page_address
from page.choice import read_choice
from page.failures import sentence
from page.templates import rendered

UNREADABLE = "The conversation that this tab has kept can't be read back: begin a new one."

_REMEMBERED = 1000


class Verified:
    """Remembers, by their digests, which saved conversations were verified here."""

    def __init__(self, assistant: Assistant) -> None:
        self.library = assistant.library
        self._known: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def content(self) -> str:
        """A digest of what the library holds: an edited source has everything checked again."""
        return self.library.content_digest

    def save(self, conversation: Conversation, content: str | None = None) -> str:
        """The conversation, whose answers are all verified, as text to be kept in the tab.

        `content` is that of the library before the first of them was, by default as it is now.
        """
        text = conversation.to_json()
        self._remember(text, self.content() if content is None else content)
        return text

    def restore(self, saved: str) -> tuple[Conversation, tuple[str, ...]]:
        """The conversation that a tab has kept, and a sentence for each answer that is left out.

        Raises:
            AnswerError: it isn't a conversation.
        """
        if not saved:
            return Conversation(), ()
        try:
            conversation = Conversation.from_json(saved)
        except AnswerError:
            raise AnswerError(UNREADABLE) from None
        content = self.content()
        with self._lock:
            if _digest(content + saved) in self._known:
                return conversation, ()
        conversation, faults = conversation.rechecked(self.library)
        if not faults:
            self._remember(saved, content)
        return conversation, faults

    def _remember(self, text: str, content: str) -> None:
        with self._lock:
            self._known[_digest(content + text)] = None
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Shown:
    """What changes on the page; None leaves a part as it is."""

    earlier: str | None = None
    """The finished turns."""
    current: str | None = None
    """The turn that is being answered."""
    saved: str | None = None
    """The conversation as the tab keeps it."""
    unasked: str | None = None
    """A question that couldn't be answered, to be put back where it was typed."""


def answer_question(
    assistant: Assistant,
    verified: Verified,
    question: str,
    saved: str,
    chosen: str,
    stop: threading.Event,
) -> Iterator[Shown]:
    """Answer a question and show each claim as soon as it is verified, until `stop` is set.

    `saved` is the conversation so far and `chosen` what to search, as the tab keeps them.
    """
    claims, standalone = "", question
    try:
        content = verified.content()  # what changes meanwhile has the answer checked again
        conversation, faults = verified.restore(saved)
        yield Shown(
            earlier=turns_html(conversation, faults),
            current=turn_html(question, waiting=_waiting(assistant)),
        )
        choice = read_choice(chosen)
        events = assistant.limited_to(choice.filter).stream(
            question,
            history=conversation.history(),
            sources=choice.ids(assistant),
            stop=stop,
        )
        with closing(events):
            for event in events:
                if isinstance(event, Answer):
                    conversation = conversation.with_answer(event)
                    yield Shown(
                        current=_answered(event, len(conversation.turns)),
                        saved=verified.save(conversation, content),
                    )
                    return
                if isinstance(event, QuestionEvent):
                    standalone = event.standalone_question
                elif isinstance(event, ClaimEvent):
                    claims += claim_html(event.claim, event.citations, link=_address)
                yield Shown(
                    current=turn_html(
                        question, standalone, fragment=claims, waiting=_waiting(assistant)
                    )
                )
    except PinciteError as error:
        failure = sentence(assistant, error)
        # What was shown is verified, so it stays.
        yield Shown(
            current=turn_html(question, standalone, fragment=claims, failure=failure),
            unasked=question,
        )


def turns_html(conversation: Conversation, faults: tuple[str, ...] = ()) -> str:
    """The finished turns of a conversation."""
    turns = [
        turn_html(turn.question, failure=LEFT_OUT)
        if turn.answer is None
        else _answered(turn.answer, number)
        for number, turn in enumerate(conversation.turns, 1)
    ]
    return rendered("turns.html", turns=turns, faults=faults)


def turn_html(
    question: str,
    standalone: str | None = None,
    *,
    fragment: str = "",
    waiting: str = "",
    failure: str = "",
    number: int | None = None,
    answer: Answer | None = None,
) -> str:
    """One turn: the question, and what is known of its answer so far."""
    return rendered(
        "turn.html",
        question=one_line(question),
        understood=one_line(standalone) if standalone and standalone != question else "",
        fragment=fragment,
        waiting=waiting,
        failure=failure,
        number=number,
        plain=str(answer) if answer else "",
        formats=_formats(answer) if answer else (),
    )


def _answered(answer: Answer, number: int) -> str:
    fragment = answer_html(answer, link=_address, prefix=f"turn-{number}-")
    return turn_html(
        answer.question,
        answer.standalone_question,
        fragment=fragment,
        number=number,
        answer=answer,
    )


def _formats(answer: Answer) -> list[ExportFormat]:
    """Those in which there is something of the answer."""
    return [form for form in EXPORT_FORMATS if form.is_whole or answer.citations]


def _waiting(assistant: Assistant) -> str:
    if assistant.model is None:
        return "Searching the sources …"
    return f"Asking {one_line(assistant.model)}; each statement is checked before it is shown …"


def _address(place: Place) -> str:
    return page_address(place.source_id, place.paragraph, start=place.start, quote=place.quote)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
