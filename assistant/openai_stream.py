"""Reads a reply that streams in the OpenAI protocol."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import openai
from pydantic import BaseModel

from assistant.models import Piece
from assistant.openai_failures import broken_off, empty_stream, explain, no_reply
from assistant.openai_model import Endpoint


class _Text(BaseModel):
    content: str | None = None


class _Choice(BaseModel):
    delta: _Text | None = None
    message: _Text | None = None
    """The whole text, from a server that was asked to stream and doesn't."""
    finish_reason: str | None = None


class _Usage(BaseModel):
    prompt_tokens: Any = None
    completion_tokens: Any = None


class _Part(BaseModel):
    """What we use of a chunk; the SDK itself doesn't check that one has the promised form."""

    choices: list[_Choice] | None = None
    usage: _Usage | None = None

    @property
    def finished(self) -> bool:
        return any(each.finish_reason or each.message for each in self.choices or ())

    def piece(self) -> Piece:
        choice = self.choices[0] if self.choices else _Choice()
        usage = self.usage or _Usage()
        return Piece(
            text=(choice.delta or choice.message or _Text()).content or "",
            cut=choice.finish_reason == "length",
            prompt_tokens=_count(usage.prompt_tokens),
            completion_tokens=_count(usage.completion_tokens),
        )


def _count(tokens: object) -> int | None:
    """A number that makes no sense is no reason to lose the reply: we count ourselves then."""
    return tokens if isinstance(tokens, int) and tokens >= 0 else None


def read(stream: openai.Stream[Any], at: Endpoint) -> Iterator[Piece]:
    """The pieces of a reply; closes the stream at the end. Raises ModelError."""
    began = begun_choice = finished = False
    failure = None
    try:
        for part in _parts(stream):
            began = True
            begun_choice = begun_choice or bool(part.choices)
            finished = finished or part.finished
            yield part.piece()
    except (openai.APIError, httpx2.HTTPError, ValueError, RecursionError) as error:
        failure = explain(error, at)
    finally:
        stream.close()
    if finished:
        return  # what breaks behind the reply's end, such as the count of tokens, isn't missed
    if failure is None and not began:
        is_stream = "text/event-stream" in _content_type(stream)
        failure = empty_stream(at) if is_stream else no_reply(at)
    elif failure is None and begun_choice:
        failure = broken_off(at)
    if failure is not None:
        raise failure


def _parts(stream: openai.Stream[Any]) -> Iterator[_Part]:
    """The chunks, or the one JSON text of a server that doesn't stream.

    Raises ValueError and RecursionError (both from decoding), and the errors of the SDK and its
    HTTP client.
    """
    if "json" in _content_type(stream):
        part = _Part.model_validate_json(stream.response.read())
        if not part.choices:
            raise ValueError("a JSON text that is no reply")
        yield part
        return
    for chunk in stream:
        yield _Part.model_validate(chunk, from_attributes=True)


def _content_type(stream: openai.Stream[Any]) -> str:
    return str(stream.response.headers.get("content-type", ""))
