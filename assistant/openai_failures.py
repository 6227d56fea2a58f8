"""What a user reads when a server that speaks the OpenAI protocol fails, without its key.

The SDK's errors hold the request with its headers, so none of them is passed on: each becomes one
sentence here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import httpx2
import openai

from assistant.openai_model import KEY_VARIABLE, Endpoint
from assistant.render import one_line
from index.errors import ModelError

_SAID_CHARACTERS = 200
_DEPTH = 4
_MESSAGE = ("message", "detail", "msg", "error")
_COMPLAINT = (*_MESSAGE, "loc", "param", "code")

_CONTEXT = re.compile(
    r"context[ _](length|window|size)|exceed_context|prompt is too long|input is too long",
    re.IGNORECASE,
)


def complaint(error: openai.APIStatusError) -> str:
    """All that the server says about a refused request: messages, and names of parameters."""
    return _words(error.body, _COMPLAINT, _DEPTH)


def is_about_context(said: str) -> bool:
    """Whether the server complains that prompt and reply are longer than it takes."""
    return bool(_CONTEXT.search(said))


def explain(error: Exception, at: Endpoint) -> ModelError:
    """The sentence for an error of the SDK, of its HTTP client or of a reply that can't be read."""
    if isinstance(error, openai.APIStatusError):
        return _explain_status(error, at)
    if isinstance(error, openai.APITimeoutError | httpx2.TimeoutException):
        return _failure(
            f"{at.place} sent nothing for {at.timeout:g} seconds: "
            "try again later or choose a longer time-out.",
            retryable=True,
        )
    if isinstance(error, openai.APIConnectionError | httpx2.HTTPError):
        return _explain_connection(error, at)
    if isinstance(error, openai.APIError):  # the server's own word in the middle of a stream
        return _explain_event(error, at)
    return _failure(
        f"{at.place} sent a reply that isn't in the OpenAI protocol: "
        "check the base URL and the server, or try again.",
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


def not_set_up(error: Exception, at: Endpoint) -> ModelError:
    """The HTTP client can't be made; with a checked base URL that is for the proxy's sake."""
    return _failure(
        f"no connection to {at.place} can be set up{_bracket(str(error), at)}: "
        "correct the proxy settings in the environment."
    )


def _explain_status(error: openai.APIStatusError, at: Endpoint) -> ModelError:
    status = error.status_code
    said = _bracket(_words(error.body, _MESSAGE, _DEPTH), at)
    told = complaint(error)
    if status == 401:
        wrong = "wants a key" if at.key is None else "refused the key"
        mend = "set" if at.key is None else "correct"
        return _failure(f"{at.place} {wrong} for the model {at.model!r}: {mend} {KEY_VARIABLE}.")
    if status == 403:
        return _failure(
            f"{at.place} refused access to the model {at.model!r}{said}: "
            f"check the key in {KEY_VARIABLE} and what it may be used for."
        )
    if status == 404 or "model_not_found" in told:
        return _failure(
            f"There is no model {at.model!r} at {at.place}{said}: correct its name or the base URL."
        )
    if status == 429:
        return _failure(
            f"{at.place} refused the request for its rate limit or quota{said}: try again later.",
            retryable=True,
        )
    if status == 413 or is_about_context(told):
        return _failure(
            f"The prompt is longer than the model {at.model!r} takes{said}: "
            "lower PINCITE_CONTEXT_TOKENS."
        )
    return _explain_other_status(status, said, at)


def _explain_other_status(status: int, said: str, at: Endpoint) -> ModelError:
    if status >= 500 or status in (408, 409):
        return _failure(
            f"{at.place} failed with status {status}{said}: try again later.", retryable=True
        )
    return _failure(
        f"{at.place} refused the request with status {status}{said}: "
        "check the name of the model and the settings of the server."
    )


def _explain_connection(error: Exception, at: Endpoint) -> ModelError:
    cause = error if isinstance(error, httpx2.HTTPError) else error.__cause__
    if isinstance(cause, httpx2.ConnectError):
        return _failure(
            f"No server answers at {at.place.removeprefix('the server at ')}"
            f"{_bracket(str(cause), at)}: start it, or correct the base URL.",
            retryable=True,
        )
    return _failure(f"{at.place} broke the connection: try again later.", retryable=True)


def _explain_event(error: openai.APIError, at: Endpoint) -> ModelError:
    if is_about_context(error.message):
        return _failure(
            f"The prompt is longer than the model {at.model!r} takes"
            f"{_bracket(error.message, at)}: lower PINCITE_CONTEXT_TOKENS."
        )
    return _failure(
        f"{at.place} broke off its reply with an error{_bracket(error.message, at)}: try again.",
        retryable=True,
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


def _bracket(said: str, at: Endpoint) -> str:
    """The server's words for the middle of a sentence: short, on one line, without the key."""
    if said.lstrip().startswith("<"):  # a page of HTML says nothing to a reader
        return ""
    if at.key:
        said = said.replace(at.key, "[key]")
    said = one_line(said).rstrip(".")
    if len(said) > _SAID_CHARACTERS:
        said = said[: _SAID_CHARACTERS - 1] + "…"
    return f" ({said})" if said else ""
