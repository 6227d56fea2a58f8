"""Answers as files: what a tab has kept is verified again and written in the form asked for."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import BaseModel, ConfigDict, ValidationError

from assistant import (
    EXPORT_FORMATS,
    Answer,
    AnswerError,
    Assistant,
    Conversation,
    ExportFormat,
    Library,
    PinciteError,
)
from page.conversation import Verified
from page.failures import sentence

UNKNOWN = "This can't be exported: reload the page and try again."


class Request(BaseModel):
    """What to export: a kept conversation, or one answer of it, counted from 1."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    saved: str
    form: str
    """The name of one of `EXPORT_FORMATS`."""
    turn: int | None = None


def exported(verified: Verified, asked: object) -> dict[str, str]:
    """The name, media type and text of the file.

    Raises:
        AnswerError: there is nothing to export, or a citation in it no longer holds.
    """
    try:
        request = Request.model_validate(asked)
        form = {form.name: form for form in EXPORT_FORMATS}[request.form]
    except (ValidationError, KeyError):
        raise AnswerError(UNKNOWN) from None
    conversation, faults = verified.restore(request.saved)
    if faults:
        raise AnswerError(f"It isn't exported, as something in it no longer holds. {faults[0]}")
    if not conversation.turns:
        raise AnswerError("There is nothing to export yet: ask a question.")
    name = "conversation" if request.turn is None else f"answer-{request.turn}"
    return {
        "name": f"pincite-{name}{form.ending}",
        "type": f"{form.media_type};charset=utf-8",
        "text": _text(conversation, request.turn, form, verified.library),
    }


def exporter(assistant: Assistant, verified: Verified) -> Callable[[object], dict[str, str]]:
    """`exported` as a function that the page's script can call."""

    def export_answers(asked: object) -> dict[str, str]:
        try:
            return exported(verified, asked)
        except PinciteError as error:
            return {"error": sentence(assistant, error)}

    return export_answers


def _text(
    conversation: Conversation, number: int | None, form: ExportFormat, library: Library
) -> str:
    """One answer of the conversation, or all of it where there is no number."""
    if number is not None:
        answer = _answer(conversation, number)
        _check_cited(form, [answer])
        return form.of_answer(answer, library)
    if form.of_conversation is None:
        raise AnswerError(UNKNOWN)
    _check_cited(form, [turn.answer for turn in conversation.turns if turn.answer])
    return form.of_conversation(conversation, library)


def _answer(conversation: Conversation, number: int) -> Answer:
    turns = conversation.turns
    answer = turns[number - 1].answer if 0 < number <= len(turns) else None
    if answer is None:
        raise AnswerError(f"There is no answer {number} in this conversation: reload the page.")
    return answer


def _check_cited(form: ExportFormat, answers: list[Answer]) -> None:
    """An empty file would look like a failed download."""
    if not form.is_whole and not any(answer.citations for answer in answers):
        raise AnswerError(f"No source is cited there: there is nothing to export as {form.label}.")
