"""The adapter to LlamaIndex's language models, one by one with its integrations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from assistant.models import Message, Piece, Reply, SchemaRefusedError
from assistant.server_words import bracketed
from index.errors import ModelError
from index.integrations import parse
from index.tokens import count_tokens

if TYPE_CHECKING:
    from llama_index.core.llms import LLM


class LlamaIndexModel:
    """A model of LlamaIndex. Its token counts are ours: the integrations rarely tell theirs."""

    takes_schema = False

    def __init__(self, name: str, llm: LLM, key: str | None = None) -> None:
        """`key` is kept out of error messages; by default the LLM's own `api_key`."""
        self.name = name
        self._llm = llm
        self._key = key or getattr(llm, "api_key", None)

    @classmethod
    def around(cls, llm: object) -> LlamaIndexModel:
        """An adapter around an LLM of LlamaIndex. Raises ModelError if it is none."""
        from llama_index.core.llms import LLM

        if not isinstance(llm, LLM):
            raise ModelError(
                f"A {type(llm).__name__} is no language model: give a name such as "
                "'openai:NAME', an LLM of LlamaIndex or a ChatModel."
            )
        return cls(f"{type(llm).__name__}:{llm.metadata.model_name}", llm)

    @classmethod
    def named(
        cls, name: str, *, base_url: str | None = None, api_key: str | None = None
    ) -> LlamaIndexModel:
        """The model "provider:model". Raises ModelError when it isn't installed or can't be made.

        A key that isn't given is read by the integration, usually from the environment.
        """
        integration = parse("llms", name)
        if integration is None or integration.provider == "openai":
            raise ModelError(
                f"There is no language model {name!r}: use PROVIDER:MODEL, "
                "such as 'openai:gpt-4o-mini'."
            )
        if not integration.is_installed:
            raise ModelError(
                f"The language model {name!r} needs a package: "
                f"run `pip install {integration.package}`."
            )
        from llama_index.core.llms import LLM

        try:
            llm: LLM = integration.build(LLM, {"base_url": base_url, "api_key": api_key})
        except Exception as error:  # every integration raises errors of its own
            failure = ModelError(
                f"The language model {name!r} can't be set up{bracketed(str(error), api_key)}: "
                "correct its name, key or address."
            )
        else:
            return cls(name, llm, api_key)
        raise failure

    def reply(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        schema: Mapping[str, Any] | None = None,
    ) -> Reply:
        """Return at once; the request is sent when the reply is read.

        Raises SchemaRefusedError when a schema is given; ModelError comes from reading.
        """
        if schema is not None:
            raise SchemaRefusedError(
                f"The model {self.name!r} can't hold its replies to a JSON schema: "
                "ask it without one."
            )
        return Reply(self._pieces(messages, max_tokens), messages)

    def _pieces(self, messages: Sequence[Message], max_tokens: int) -> Iterator[Piece]:
        """The reply, cut here: what integrations take for a limit differs, or they take none."""
        from llama_index.core.llms import ChatMessage

        failure = None
        length = tokens = 0
        try:
            for response in self._llm.stream_chat(
                [ChatMessage(role=each.role, content=each.content) for each in messages]
            ):
                text = response.delta
                if text is None:  # some only tell the whole reply so far
                    text = (response.message.content or "")[length:]
                length += len(text)
                tokens += count_tokens(text)
                if tokens > max_tokens:
                    yield Piece(text, cut=True)
                    return
                yield Piece(text)
        except Exception as error:  # every integration raises errors of its own
            failure = ModelError(
                f"The language model {self.name!r} failed{bracketed(str(error), self._key)}: "
                "check its name, key and connection, or try again later.",
                retryable=True,
            )
        if failure is not None:  # outside of the handler: it must not carry the error's context
            raise failure
