"""What a user reads when a server that speaks the OpenAI protocol fails.

The SDK's errors hold the request and its key, so none of them is passed on: each becomes one
sentence here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import httpx2
import openai

from assistant.openai_model import KEY_VARIABLE, Endpoint
from assistant.server_words import bracketed
from index.errors import ModelError

_DEPTH = 4
_MESSAGE = ("message", "detail", "msg", "error")
_COMPLAINT = (*_MESSAGE, "loc", "param", "code")

_CONTEXT = re.compile(
    r"context[ _](length|window|size)|exceed_context|prompt is too long|input is too long",
    re.IGNORECASE,
)


def complaint(error: openai.APIError) -> str:
    """All that the server says about a refused request: messages, and names of parameters."""
    return _words(error.body, _COMPLAINT, _DEPTH)


def is_about_context(said: str) -> bool:
    """Whether the server complains that prompt and reply are longer than it takes."""
    return bool(_CONTEXT.search(said))


def explain(error: Exception, at: Endpoint) -> ModelError:
    """The sentence for an error of the SDK, of its HTTP client or of a reply that can't be read."""
    if isinstance(error, openai.APITimeoutError | httpx2.TimeoutException):
        return _failure(
            f"{at.place} sent nothing for {at.timeout:g} seconds: "
            "try again later, or allow a longer time-out.",
            retryable=True,
        )
    if isinstance(error, openai.APIConnectionError | httpx2.HTTPError):
        return _explain_connection(error, at)
    if isinstance(error, openai.APIError):
        return _explain_refusal(error, at)
    return _failure(
        f"{at.place} sent a reply that isn't in the OpenAI protocol: "
        "try again, or check the base URL and the server.",
        retryable=True,
    )


def broken_off(at: Endpoint) -> ModelError:
    """The stream ended, but its reply didn't."""
    return _failure(f"{at.place} broke off in the middle of its reply: try again.", retryable=True)


def no_reply(at: Endpoint) -> ModelError:
    """What answered isn't a model: a web page, for one."""
    return _failure(
        f"{at.place} doesn't answer in the OpenAI protocol: "
        "correct the base URL, which usually ends in /v1."
    )


def empty_stream(at: Endpoint) -> ModelError:
    """A stream began and ended without a word: so llama-cpp-python fails at a prompt too long."""
    return _failure(
        f"{at.place} ended its reply before the first word: "
        "lower PINCITE_CONTEXT_TOKENS, or look into the server's log."
    )


def no_host(at: Endpoint) -> ModelError:
    """The base URL has the right form, but no such name can exist."""
    return _failure(f"{at.place} can't exist under such a name: correct the base URL.")


def not_set_up(error: Exception, at: Endpoint) -> ModelError:
    """The HTTP client can't be made: as the base URL was checked, it is for the proxy's sake."""
    return _failure(
        f"no connection to {at.place} can be set up{bracketed(str(error), at.key)}: "
        "correct the proxy settings in the environment."
    )


def _explain_connection(error: Exception, at: Endpoint) -> ModelError:
    cause = error.__cause__ if isinstance(error, openai.APIConnectionError) else error
    if isinstance(cause, httpx2.ConnectError):
        return _failure(
            f"no server answers at {at.place.removeprefix('the server at ')}"
            f"{bracketed(str(cause), at.key)}: start it, or correct the base URL.",
            retryable=True,
        )
    return _failure(f"{at.place} broke the connection: try again later.", retryable=True)


def _explain_refusal(error: openai.APIError, at: Endpoint) -> ModelError:
    """For what the server itself says, instead of a reply or in the middle of one."""
    status = error.status_code if isinstance(error, openai.APIStatusError) else None
    said = bracketed(_words(error.body, _MESSAGE, _DEPTH), at.key)
    told = complaint(error)
    if status in (401, 403):
        return _explain_key(status, said, at)
    if status == 404 or "model_not_found" in told:
        return _failure(
            f"there is no model {at.model!r} at {at.place}{said}: correct its name or the base URL."
        )
    if status != 429 and (status == 413 or is_about_context(told)):
        return _failure(
            f"the prompt is longer than the model {at.model!r} takes{said}: "
            "lower PINCITE_CONTEXT_TOKENS."
        )
    return _explain_trouble(status, said, at)


def _explain_key(status: int, said: str, at: Endpoint) -> ModelError:
    model = f"the model {at.model!r}"
    if at.key is None:
        return _failure(f"{at.place} wants a key for {model}: set {KEY_VARIABLE}.")
    if status == 401:  # the server's words may show a part of the key
        return _failure(f"{at.place} refused the key for {model}: correct {KEY_VARIABLE}.")
    return _failure(
        f"{at.place} refused access to {model}{said}: "
        f"check the key in {KEY_VARIABLE} and what it may be used for."
    )


def _explain_trouble(status: int | None, said: str, at: Endpoint) -> ModelError:
    if status is None:
        return _failure(f"{at.place} broke off with an error{said}: try again.", retryable=True)
    if status == 429:
        return _failure(
            f"{at.place} refused the request for its rate limit or quota{said}: try again later.",
            retryable=True,
        )
    if status >= 500 or status in (408, 409):
        return _failure(
            f"{at.place} failed with status {status}{said}: try again later.", retryable=True
        )
    return _failure(
        f"{at.place} refused the request with status {status}{said}: "
        "check the name of the model and the settings of the server."
    )


def _failure(sentence: str, *, retryable: bool = False) -> ModelError:
    return ModelError(sentence[0].upper() + sentence[1:], retryable=retryable)


def _words(body: object, keys: Sequence[str], depth: int) -> str:
    """The text in a decoded error body, whose form differs from server to server."""
    if isinstance(body, str | int):
        return str(body)
    if not depth:
        return ""
    if isinstance(body, Mapping):
        parts = [_words(body[key], keys, depth - 1) for key in keys if key in body]
    elif isinstance(body, Sequence):
        parts = [_words(each, keys, depth - 1) for each in body]
    else:
        parts = []
    return " ".join(part for part in parts if part)
