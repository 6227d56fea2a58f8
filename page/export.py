"""Answers as files: what a tab has kept is verified again and written in the form asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from assistant import Answer, AnswerError, Assistant, Conversation, PinciteError
from page.conversation import Verified
from page.failures import sentence

Form = Literal["markdown", "html", "json"]

_FILES: dict[Form, tuple[str, str]] = {
    "markdown": ("md", "text/markdown"),
    "html": ("html", "text/html"),
    "json": ("json", "application/json"),
}
"""The ending of a file of each form, and its media type."""


class Request(BaseModel):
    """What to export: a kept conversation, or one answer of it, counted from 1."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    saved: str
    form: Form
    turn: int | None = None


def exported(verified: Verified, asked: object) -> dict[str, str]:
    """The name, media type and text of the file.

    Raises:
        AnswerError: there is nothing to export, or a citation in it no longer holds.
    """
    try:
        request = Request.model_validate(asked)
    except ValidationError:
        raise AnswerError("This can't be exported: reload the page and try again.") from None
    conversation, faults = verified.restore(request.saved)
    if faults:
        raise AnswerError(f"It isn't exported, as something in it no longer holds. {faults[0]}")
    if not conversation.turns:
        raise AnswerError("There is nothing to export yet: ask a question.")
    ending, media_type = _FILES[request.form]
    name = "conversation" if request.turn is None else f"answer-{request.turn}"
    return {
        "name": f"pincite-{name}.{ending}",
        "type": f"{media_type};charset=utf-8",
        "text": _text(conversation, request),
    }


def exporter(assistant: Assistant, verified: Verified) -> Callable[[object], dict[str, str]]:
    """`exported` as a function that the page's script can call."""

    def export_answers(asked: object) -> dict[str, str]:
        try:
            return exported(verified, asked)
        except PinciteError as error:
            return {"error": sentence(assistant, error)}

    return export_answers


def _text(conversation: Conversation, request: Request) -> str:
    written = conversation if request.turn is None else _answer(conversation, request.turn)
    match request.form:
        case "markdown":
            return written.to_markdown()
        case "html":
            return written.to_html()
        case "json":
            return written.to_json(indent=2)


def _answer(conversation: Conversation, number: int) -> Answer:
    turns = conversation.turns
    answer = turns[number - 1].answer if 0 < number <= len(turns) else None
    if answer is None:
        raise AnswerError(f"There is no answer {number} in this conversation: reload the page.")
    return answer
