"""Requests to a server that speaks the OpenAI protocol, in the dialect that it understands.

The SDK repeats failed requests, with growing pauses and as the server's Retry-After asks. What a
server doesn't take is learned from its refusal and left out from then on.
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Mapping, Sequence
from typing import Any

import httpx2
import openai

from assistant.models import Message, Reply, SchemaRefusedError
from assistant.openai_failures import complaint, explain, is_about_context, no_host, not_set_up
from assistant.openai_model import Endpoint
from assistant.openai_stream import read

_PLACEHOLDER_KEY = "none"  # the SDK wants a key, a server without one takes any
_CONNECT_SECONDS = 10.0
_SEED = 42  # not 0, which some servers take for "random"
_OPTIONAL: Mapping[str, Any] = {
    "stream_options": {"include_usage": True},
    "temperature": 0,
    "seed": _SEED,
}
_SCHEMA_FORMS = ("json_schema", "json_object")


class Connection:
    """One server and what it has been found to take. Threads may share it."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Opens no connection yet. Raises ModelError when the proxy settings can't be used."""
        self._endpoint = endpoint
        self.client = _client(endpoint)
        self._limit = "max_tokens"
        self._refused: frozenset[str] = frozenset()
        self._form = 0  # the index in _SCHEMA_FORMS of the one to try

    @property
    def takes_schema(self) -> bool:
        """False once every form of asking for a schema was refused."""
        return self._form < len(_SCHEMA_FORMS)

    def reply(
        self, messages: Sequence[Message], *, max_tokens: int, schema: Mapping[str, Any] | None
    ) -> Reply:
        """See ChatModel.reply."""
        while True:
            request = self.request(messages, max_tokens, schema)
            try:
                stream = self._send(request)
            except openai.APIError as error:
                if self._learns(error, request):
                    continue
                failure = explain(error, self._endpoint)
            except UnicodeError:  # from the name of the host; the rest can be encoded
                failure = no_host(self._endpoint)
            else:
                return Reply(read(stream, self._endpoint), messages, stop=stream.close)
            # Outside of the handler, or the SDK's error with the key in it would be its context.
            raise failure

    def _send(self, request: Mapping[str, Any]) -> openai.Stream[Any]:
        create: Any = self.client.chat.completions.create  # its overloads take no mapping
        stream: openai.Stream[Any] = create(**request)
        return stream

    def request(
        self, messages: Sequence[Message], max_tokens: int, schema: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """The request's body, in the dialect that the server is known to take so far.

        Raises SchemaRefusedError.
        """
        request: dict[str, Any] = {
            "model": self._endpoint.model,
            # A lone surrogate, which can't be sent, becomes "?".
            "messages": [
                {"role": each.role, "content": each.content.encode(errors="replace").decode()}
                for each in messages
            ],
            "stream": True,
            self._limit: max_tokens,
        }
        request |= {name: value for name, value in _OPTIONAL.items() if name not in self._refused}
        if schema is not None:
            request["response_format"] = self._response_format(schema)
        return request

    def _response_format(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        form = self._form
        if form == len(_SCHEMA_FORMS):
            raise SchemaRefusedError(
                f"The model 'openai:{self._endpoint.model}' can't hold its replies to a "
                "JSON schema: ask it without one."
            )
        if _SCHEMA_FORMS[form] == "json_object":  # as llama-cpp-python takes it
            return {"type": "json_object", "schema": schema}
        wrapped = {"name": "reply", "strict": True, "schema": schema}
        return {"type": "json_schema", "json_schema": wrapped}

    def _learns(self, error: openai.APIError, request: Mapping[str, Any]) -> bool:
        """Whether the server refused a part of the request that can be left out or put anew."""
        if not isinstance(error, openai.APIStatusError):
            return False
        said = complaint(error)
        if is_about_context(said):
            return False
        if error.status_code in (400, 422) and self._learns_parameters(said, request):
            return True
        if "response_format" in request and _is_about_format(error.status_code, said):
            used = _SCHEMA_FORMS.index(request["response_format"]["type"])
            self._form = max(self._form, used + 1)
            return True
        return False

    def _learns_parameters(self, said: str, request: Mapping[str, Any]) -> bool:
        if "max_tokens" in request and "max_completion_tokens" in said:
            self._limit = "max_completion_tokens"
            return True
        named = {name for name in _OPTIONAL if re.search(rf"\b{name}\b", said)} & request.keys()
        self._refused |= named
        return bool(named)


def _client(endpoint: Endpoint) -> openai.OpenAI:
    http_client = None
    try:
        http_client = openai.DefaultHttpxClient(event_hooks={"response": [_dont_repeat]})
        client = openai.OpenAI(
            api_key=endpoint.key or _PLACEHOLDER_KEY,
            base_url=endpoint.base_url,
            timeout=openai.Timeout(
                endpoint.timeout, connect=min(endpoint.timeout, _CONNECT_SECONDS)
            ),
            max_retries=endpoint.retries,
            http_client=http_client,
        )
    except (ValueError, ImportError, httpx2.InvalidURL) as error:
        failure = no_host(endpoint) if http_client else not_set_up(error, endpoint)
    else:
        # Streams hold the client, so its connections last until the last reply was read.
        weakref.finalize(client, http_client.close)
        return client
    raise failure


def _dont_repeat(response: httpx2.Response) -> None:
    """Keep the SDK from repeating, with pauses, what llama-cpp-python will never take."""
    if response.status_code == 500 and _is_about_format(
        500, response.read().decode(errors="replace")
    ):
        response.headers["x-should-retry"] = "false"


def _is_about_format(status: int, said: str) -> bool:
    if status == 500:  # llama-cpp-python's answer to a request that it finds invalid
        return "response_format" in said
    return status in (400, 422) and bool(
        re.search("response_format|schema|json", said, re.IGNORECASE)
    )
