"""The seam to language models: messages go in, a reply streams out.

The adapters stand in modules of their own, which are imported when one is loaded. All raise
ModelError when the model can't be used.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, runtime_checkable

from index.errors import ModelError, StoppedError
from index.tokens import count_tokens

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

MAX_REPLY_CHARACTERS = 200_000
"""Where a reply is cut, whatever the server goes on sending."""
DEFAULT_TIMEOUT = 120.0
"""Seconds without a byte; a large model on a slow machine reads a long prompt in silence."""
DEFAULT_RETRIES = 2
STOPPED = "The answer was stopped: ask again."

_LONE_SURROGATES = re.compile("[\ud800-\udfff]")


class SchemaRefusedError(ModelError):
    """The model can't hold its reply to a JSON schema: ask without one."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the conversation that a model continues."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Piece:
    """What an adapter reads from its server at a time; all parts are optional."""

    text: str = ""
    cut: bool = False
    """Whether the reply ended because of `max_tokens`."""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    """What the server counted so far; None where it doesn't say."""


class Reply(Iterator[str]):
    """A reply as it streams: an iterator of pieces of text, none of them empty.

    Iterating raises ModelError when the stream breaks off. Use it as a context manager, or call
    `close()`, to stop the request early; a reply that was read to its end is closed already.
    """

    def __init__(
        self,
        pieces: Iterable[str | Piece],
        messages: Sequence[Message],
        stop: Callable[[], object] | None = None,
    ) -> None:
        """`messages` are what was asked; `stop` ends the request, by default `pieces.close()`."""
        self._pieces = iter(pieces)
        self._messages = tuple(messages)
        self._stop = stop or getattr(self._pieces, "close", None)
        self._closed = False
        self._texts: list[str] = []
        self._room = MAX_REPLY_CHARACTERS
        self._cut = False
        self._prompt_tokens: int | None = None
        self._completion_tokens: int | None = None
        self._stopped: threading.Event | None = None

    def stop_when(self, stopped: threading.Event) -> None:
        """Have iterating raise StoppedError once the event is set, which any thread may do."""
        self._stopped = stopped

    def __next__(self) -> str:
        while not self._closed:
            if self._stopped is not None and self._stopped.is_set():
                self.close()
                raise StoppedError(STOPPED)
            try:
                piece = next(self._pieces)
            except BaseException:  # the end, a failure or an interruption: nothing more comes
                self.close()
                raise
            if text := self._take(Piece(piece) if isinstance(piece, str) else piece):
                return text
        raise StopIteration

    def _take(self, piece: Piece) -> str:
        self._cut = self._cut or piece.cut
        if piece.prompt_tokens is not None:
            self._prompt_tokens = piece.prompt_tokens
        if piece.completion_tokens is not None:
            self._completion_tokens = piece.completion_tokens
        text = _LONE_SURROGATES.sub("\N{REPLACEMENT CHARACTER}", piece.text[: self._room])
        # A piece without text counts too: a server may send nothing else for ever.
        self._room -= max(1, len(piece.text))
        if self._room < 0:
            self._cut = True
            self.close()
        if text:
            self._texts.append(text)
        return text

    @property
    def prompt_tokens(self) -> int:
        """Tokens of the messages, once the reply has ended; our own count if the server's lacks."""
        if self._prompt_tokens is None:
            self._prompt_tokens = sum(count_tokens(each.content) for each in self._messages)
        return self._prompt_tokens

    @property
    def completion_tokens(self) -> int:
        """Tokens of the reply so far; our own count if the server's lacks."""
        if self._completion_tokens is None:
            return count_tokens("".join(self._texts))
        return self._completion_tokens

    @property
    def cut(self) -> bool:
        """Whether the reply ended too early: at `max_tokens` or MAX_REPLY_CHARACTERS."""
        return self._cut

    @property
    def closed(self) -> bool:
        """Whether nothing more will come: it ended, was stopped, or failed."""
        return self._closed

    def close(self) -> None:
        """Stop the request, if it still runs; nothing more is read from it."""
        if not self._closed:
            self._closed = True
            if self._stop is not None:
                self._stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@runtime_checkable
class ChatModel(Protocol):
    """A language model. Implement this to use one that `load_model` doesn't know."""

    @property
    def name(self) -> str:
        """What answers are stamped with, such as "openai:gpt-4o-mini"."""

    @property
    def takes_schema(self) -> bool:
        """False once it is known that replies can't be held to a JSON schema."""

    def reply(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        schema: Mapping[str, Any] | None = None,
    ) -> Reply:
        """Ask for a reply of at most `max_tokens` tokens, a JSON text that fits `schema` if given.

        Raises ModelError here or while the reply is read, and SchemaRefusedError here when a
        schema is given and the model takes none.
        """


def load_model(
    model: str | ChatModel | LLM,
    *,
    base_url: str | None = None,
    api_key: str | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    retries: int = DEFAULT_RETRIES,
) -> ChatModel:
    """The model called "openai:NAME" or "PROVIDER:NAME", or one around a LlamaIndex LLM.

    "openai" is every server that speaks the OpenAI protocol, at `base_url` if that is given; any
    other provider is LlamaIndex's integration of that name. `timeout` is the longest silence in
    seconds, `retries` how often a failed request is repeated; both are for "openai" alone. What
    is given as an object has its own address and key. A ChatModel is returned as it is.

    Loading is cheap for "openai": no request is sent. Raises ModelError for an unknown name, a
    missing key or package, and a base URL that is none.
    """
    if isinstance(model, ChatModel):
        return model
    if not isinstance(model, str):
        from assistant.llamaindex_model import LlamaIndexModel

        return LlamaIndexModel.around(model)
    provider, _, name = model.partition(":")
    if provider == "openai" and name:
        from assistant.openai_model import OpenAIModel

        return OpenAIModel(
            name, base_url=base_url, api_key=api_key, timeout=timeout, retries=retries
        )
    from assistant.llamaindex_model import LlamaIndexModel

    return LlamaIndexModel.named(model, base_url=base_url, api_key=api_key)
