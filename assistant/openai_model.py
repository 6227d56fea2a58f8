"""The adapter to every server that speaks the OpenAI protocol.

Cheap to import: OpenAI's SDK is loaded with the connection, when the first reply is asked for.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from assistant.models import Message, Reply
from index.errors import ModelError

if TYPE_CHECKING:
    from assistant.openai_connection import Connection

KEY_VARIABLE = "OPENAI_API_KEY"
URL_VARIABLE = "OPENAI_BASE_URL"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Which model is asked, where and how."""

    model: str
    """The server's name for it."""
    base_url: str | None
    """None: OpenAI itself."""
    key: str | None = field(repr=False)
    """None: the server needs none, as far as we know."""
    timeout: float
    """The longest silence, in seconds."""
    retries: int
    """How often a failed request is repeated."""

    @property
    def place(self) -> str:
        """For the middle of a sentence; a user name and password in the URL are left out."""
        if self.base_url is None:
            return "OpenAI"
        parts = urlsplit(self.base_url)
        return f"the server at {parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


class OpenAIModel:
    """A model behind the OpenAI protocol. Threads may share it."""

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None,
        api_key: str | None,
        timeout: float,
        retries: int,
    ) -> None:
        """`model` is the server's name for it. Raises ModelError for a bad key or base URL."""
        self.name = f"openai:{model}"
        self.endpoint = Endpoint(
            model=model,
            base_url=base_url or os.environ.get(URL_VARIABLE) or None,
            key=(api_key or os.environ.get(KEY_VARIABLE) or "").strip() or None,
            timeout=timeout,
            retries=retries,
        )
        _check(self.endpoint)
        self._connecting = threading.Lock()

    @property
    def base_url(self) -> str | None:
        """Where the model is served; None for OpenAI itself, whose prices are known."""
        return self.endpoint.base_url

    @property
    def takes_schema(self) -> bool:
        """False once the server has refused schemas in all the forms that we know."""
        return self.connection.takes_schema if "_connected" in vars(self) else True

    def reply(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        schema: Mapping[str, Any] | None = None,
    ) -> Reply:
        """Send the request and return once the server begins to answer.

        Raises ModelError and SchemaRefusedError.
        """
        return self.connection.reply(messages, max_tokens=max_tokens, schema=schema)

    @property
    def connection(self) -> Connection:
        """What speaks to the server; made, and OpenAI's SDK loaded, when it is first asked for."""
        with self._connecting:
            return self._connected

    @cached_property
    def _connected(self) -> Connection:
        from assistant.openai_connection import Connection

        return Connection(self.endpoint)


def _check(endpoint: Endpoint) -> None:
    key, base_url = endpoint.key, endpoint.base_url
    if key is None and base_url is None:
        raise ModelError(
            f"The model 'openai:{endpoint.model}' needs a key: set {KEY_VARIABLE}, "
            "or give the base URL of a server of your own."
        )
    if key is not None and not (key.isascii() and key.isprintable() and " " not in key):
        raise ModelError(
            f"The key in {KEY_VARIABLE} has characters that no key has: copy it again."
        )
    if base_url is not None and not _is_http(base_url):
        raise ModelError(
            "The base URL isn't one: it should look like http://localhost:8080/v1, "
            "with http:// or https:// in front."
        )


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0
        return parts.scheme in ("http", "https") and has_host and url.isprintable()
    except ValueError:  # a port that is no number, brackets that don't match
        return False
