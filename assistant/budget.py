"""What one question may cost, and what it did: tokens and money, over all requests to the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assistant.models import ChatModel, Message, Reply
from assistant.prices import Price, cost
from assistant.types import Usage
from index import ModelError
from index.tokens import count_tokens

DEFAULT_MAX_TOKENS = 1000
DEFAULT_CONTEXT_TOKENS = 8192
MIN_REPLY_TOKENS = 64
"""A reply of fewer tokens isn't worth asking for."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one question may use of a model."""

    max_tokens: int = DEFAULT_MAX_TOKENS
    """Tokens that the model may write, over all its replies to one question."""
    max_cost: float | None = None
    """USD that its requests may cost together; None for no limit."""
    context_tokens: int = DEFAULT_CONTEXT_TOKENS
    """The model's window: prompt and reply together."""


@dataclass(frozen=True, slots=True)
class ModelUse:
    """A model and what each question may use of it."""

    model: ChatModel
    limits: Limits
    price: Price | None
    judges: bool = False
    """Whether the model is asked of each of its claims if the quotes support it."""

    def budget(self) -> Budget:
        """A fresh budget, for one question."""
        return Budget(self.model, self.limits, self.price)


@dataclass(slots=True)
class Budget:
    """Asks the model within the limits and adds up what that took."""

    model: ChatModel
    limits: Limits
    price: Price | None
    _replies: list[Reply] = field(default_factory=list)

    def ask(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Reply:
        """Ask for a reply, which the caller closes.

        Raises ModelError where the limits leave no room for it, and as `ChatModel.reply` does.
        """
        room = self._room(sum(count_tokens(message.content) for message in messages))
        reply = self.model.reply(messages, max_tokens=room, schema=schema)
        self._replies.append(reply)
        return reply

    def allows_another(self, messages: Sequence[Message]) -> bool:
        """Whether the limits leave room for one more request."""
        try:
            self._room(sum(count_tokens(message.content) for message in messages))
        except ModelError:
            return False
        return True

    def usage(self) -> Usage:
        """Tokens and money so far; the cost is None where the price isn't known."""
        prompt = sum(reply.prompt_tokens for reply in self._replies)
        completion = sum(reply.completion_tokens for reply in self._replies)
        return Usage(
            prompt_tokens=prompt,
            completion_tokens=completion,
            cost_usd=cost(self.price, prompt, completion),
        )

    def _room(self, prompt_tokens: int) -> int:
        """How many tokens a reply to such a prompt may have."""
        spent = self.usage()
        room = self.limits.max_tokens - spent.completion_tokens
        room = min(room, self.limits.context_tokens - prompt_tokens)
        if self.limits.max_cost is not None and self.price is not None:
            left = self.limits.max_cost - (spent.cost_usd or 0.0)
            left -= cost(self.price, prompt_tokens, 0) or 0.0
            per_token = self.price.output / 1_000_000
            if left < 0:
                room = 0
            elif per_token:
                room = min(room, int(left / per_token))
        if room < min(MIN_REPLY_TOKENS, self.limits.max_tokens):
            raise ModelError(
                f"The model can't be asked within the limits: a prompt of {prompt_tokens:,} tokens "
                "leaves no room for a reply. Raise PINCITE_MAX_COST, PINCITE_MAX_TOKENS or "
                "PINCITE_CONTEXT_TOKENS, or ask fewer sources."
            )
        return room
