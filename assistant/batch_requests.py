"""Questions as requests in a file, and the replies in such a file as answers.

A row is asked twice: once of a model that only takes down what it is asked, and, when the reply has
come, of one that gives this reply to the same request. So what is batched is verified as ever.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import BaseModel, Field

from assistant.assistant import Assistant
from assistant.budget import ModelUse
from assistant.models import ChatModel, Message, Piece, Reply
from assistant.prices import Price
from assistant.question_lists import ListedQuestion, RowResult
from assistant.types import Answer
from index import PinciteError

URL = "/v1/chat/completions"
PRICE_SHARE = 0.5
"""What a request costs in a batch, as a share of the list price."""
_KEY_DIGITS = 32  # of a custom_id's 64 characters
_NOT_IN_A_BATCH = ("stream", "stream_options")


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a model is asked for one row."""

    messages: tuple[Message, ...]
    max_tokens: int
    schema: Mapping[str, Any] | None

    @property
    def digest(self) -> str:
        """Changes with every word of what is asked: 32 hex digits."""
        return _digest([[[each.role, each.content] for each in self.messages], self.schema])


@dataclass(frozen=True, slots=True)
class Collected:
    """A reply out of a batch's output."""

    text: str
    cut: bool
    """Whether it ended because of `max_tokens`."""
    prompt_tokens: int | None
    completion_tokens: int | None
    """What the server counted; None where it doesn't say."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a request in a batch has no reply, in the server's words, which nobody has cleaned."""

    said: str


def row_key(row: ListedQuestion) -> str:
    """What tells a row's question from others: 32 hex digits; the same question has the same."""
    return _digest([row.question, row.history, row.sources])


def can_be_batched(row: ListedQuestion) -> bool:
    """Whether one request is enough: a follow-up may have to be reworded by the model first."""
    return not row.history


def at_half_the_price(use: ModelUse) -> ModelUse:
    """The same model within the same limits, at what its requests cost in a batch."""
    price = use.price
    if price is None:
        return use
    return replace(
        use, price=Price(price.input * PRICE_SHARE, price.output * PRICE_SHARE, price.as_of)
    )


# --- asking --------------------------------------------------------------------------------------


class _RecordedError(Exception):
    """Ends the asking where the model would be asked; no PinciteError, which may be caught."""

    def __init__(self, request: Recorded) -> None:
        super().__init__()
        self.request = request


@dataclass(frozen=True, slots=True)
class _Recorder:
    """A model that is never asked: the first request to it ends the asking."""

    model: ChatModel

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def takes_schema(self) -> bool:
        return self.model.takes_schema

    def reply(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        schema: Mapping[str, Any] | None = None,
    ) -> Reply:
        raise _RecordedError(Recorded(tuple(messages), max_tokens, schema))


def record(assistant: Assistant, use: ModelUse, row: ListedQuestion) -> Recorded | RowResult:
    """What the model is to be asked for the row; its result where no model is needed for that."""
    try:
        return RowResult(row, _ask(assistant, replace(use, model=_Recorder(use.model)), row), None)
    except _RecordedError as recorded:
        return recorded.request
    except PinciteError as error:
        return RowResult(row, None, str(error))


def request_line(key: str, body: Mapping[str, Any]) -> bytes:
    """The line of a batch's input that asks this, in ASCII; `body` is as it is asked directly."""
    asked = {name: value for name, value in body.items() if name not in _NOT_IN_A_BATCH}
    line = {"custom_id": key, "method": "POST", "url": URL, "body": asked}
    return json.dumps(line).encode("ascii") + b"\n"


# --- the replies ---------------------------------------------------------------------------------


class _Message(BaseModel):
    content: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Usage(BaseModel):
    prompt_tokens: Any = None
    completion_tokens: Any = None


class _Completion(BaseModel):
    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None


class _Response(BaseModel):
    status_code: int
    body: Any = None


class _Line(BaseModel):
    custom_id: str
    response: _Response | None = None
    error: Any = None


def read_line(line: bytes) -> tuple[str, Collected | Refused] | None:
    """A line of a batch's output or error file, with its key; None for one that is none."""
    try:
        read = _Line.model_validate_json(line)
    except ValueError:
        return None
    if read.response is None or read.error:
        return read.custom_id, Refused(_said(read.error))
    if read.response.status_code != 200:
        return read.custom_id, Refused(_said(read.response.body))
    try:
        return read.custom_id, _collected(_Completion.model_validate(read.response.body))
    except ValueError:
        return read.custom_id, Refused("the reply isn't in the OpenAI protocol")


def _collected(completion: _Completion) -> Collected:
    choice, usage = completion.choices[0], completion.usage or _Usage()
    return Collected(
        text=choice.message.content or "",
        cut=choice.finish_reason == "length",
        prompt_tokens=_count(usage.prompt_tokens),
        completion_tokens=_count(usage.completion_tokens),
    )


def _count(tokens: object) -> int | None:
    """A number that makes no sense is no reason to lose the reply: we count ourselves then."""
    return tokens if type(tokens) is int and tokens >= 0 else None


def _said(body: Any) -> str:
    match body:
        case {"error": dict(inner)}:
            return _said(inner)
        case {"message": str(message)} | {"error": str(message)} | {"code": str(message)}:
            return message
        case str(message):
            return message
    return ""


# --- answering -----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Replayer:
    """A model that gives the reply to the request that it is for, once, and else says nothing."""

    name: str
    takes_schema: bool
    digest: str
    collected: Collected
    used: bool = field(default=False, init=False)

    def reply(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        schema: Mapping[str, Any] | None = None,
    ) -> Reply:
        asked = tuple(messages)
        if self.used or Recorded(asked, max_tokens, schema).digest != self.digest:
            return Reply([Piece(prompt_tokens=0, completion_tokens=0)], asked)  # nobody was paid
        self.used = True
        got = self.collected
        return Reply([Piece(got.text, got.cut, got.prompt_tokens, got.completion_tokens)], asked)


def replay(
    assistant: Assistant,
    use: ModelUse,
    row: ListedQuestion,
    collected: Collected,
    *,
    digest: str,
    takes_schema: bool,
) -> Answer | None:
    """The row's answer from the reply to the request with this digest, verified as ever.

    None where the row is put to a model in other words now, so that the reply isn't to it. What
    the model would be asked again, such as to mend its reply, stays without one. Raises
    PinciteError as `Assistant.ask` does.
    """
    model = _Replayer(use.model.name, takes_schema, digest, collected)
    answer = _ask(assistant, replace(use, model=model), row)
    return answer if model.used else None


def _ask(assistant: Assistant, use: ModelUse, row: ListedQuestion) -> Answer:
    asked = assistant.worded_by(use)
    return asked.ask(row.question, history=row.history, sources=row.sources)


def _digest(parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts).encode("ascii")).hexdigest()[:_KEY_DIGITS]
