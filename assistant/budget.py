"""What one question may cost, and what it did: tokens and money, over all requests to the model."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assistant.models import STOPPED, ChatModel, Message, Reply
from assistant.prices import Price, cost
from assistant.types import Usage
from index import ModelError, StoppedError
from index.tokens import count_tokens
from prompts import Prompt, load_prompt

DEFAULT_MAX_TOKENS = 1000
DEFAULT_CONTEXT_TOKENS = 8192
JUDGES_SHARE = 8
"""The part of the tokens that is kept for judging claims while others still come: one eighth."""
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

    def budget(self, stop: threading.Event | None = None) -> Budget:
        """A fresh budget, for one question; nothing more is asked or read once `stop` is set."""
        reserved = self.limits.max_tokens // JUDGES_SHARE if self.judges else 0
        return Budget(self.model, self.limits, self.price, reserved, stop)


@dataclass(slots=True)
class Budget:
    """Asks the model within the limits and adds up what that took."""

    model: ChatModel
    limits: Limits
    price: Price | None
    reserved: int = 0
    """Tokens that are kept for requests that say how much they need at most."""
    stop: threading.Event | None = None
    _granted: list[tuple[Reply, int]] = field(default_factory=list)
    _versions: list[str] = field(default_factory=list)

    def prompt(self, name: str) -> Prompt:
        """The prompt in `name`.md, of which it is noted that it was used."""
        prompt = load_prompt(name)
        self._versions.append(prompt.version)
        return prompt

    @property
    def prompt_version(self) -> str | None:
        """The versions of all prompts that were used; None where none was."""
        return " ".join(dict.fromkeys(self._versions)) or None

    def ask(
        self,
        messages: Sequence[Message],
        schema: Mapping[str, Any] | None = None,
        most: int | None = None,
    ) -> Reply:
        """Ask for a reply, which the caller closes; of `most` tokens, or as many as there are.

        Raises ModelError where the limits leave no room for it, and as `ChatModel.reply` does;
        StoppedError, here or while the reply is read, once the question was stopped.
        """
        if self.stop is not None and self.stop.is_set():
            raise StoppedError(STOPPED)
        room = self._room(messages, most)
        if room < (most or min(MIN_REPLY_TOKENS, self.limits.max_tokens - self.reserved)):
            tokens = sum(count_tokens(message.content) for message in messages)
            raise ModelError(
                f"The model can't be asked within the limits: a prompt of {tokens:,} tokens leaves "
                "no room for a reply. Raise PINCITE_MAX_COST, PINCITE_MAX_TOKENS or "
                "PINCITE_CONTEXT_TOKENS, or ask fewer sources."
            )
        reply = self.model.reply(messages, max_tokens=room, schema=schema)
        self._granted.append((reply, room))
        if self.stop is not None:
            reply.stop_when(self.stop)
        return reply

    def allows(self, messages: Sequence[Message], most: int | None = None) -> bool:
        """Whether the limits leave room for one more request."""
        return self._room(messages, most) >= (most or MIN_REPLY_TOKENS)

    def usage(self) -> Usage:
        """Tokens and money so far; the cost is None where the price isn't known."""
        prompt = sum(reply.prompt_tokens for reply, _ in self._granted)
        completion = sum(reply.completion_tokens for reply, _ in self._granted)
        return Usage(
            prompt_tokens=prompt,
            completion_tokens=completion,
            cost_usd=cost(self.price, prompt, completion),
        )

    def _room(self, messages: Sequence[Message], most: int | None) -> int:
        """How many tokens a reply to these messages may have, 0 for none.

        What was granted to a reply that still streams counts as spent.
        """
        prompt_tokens = sum(count_tokens(message.content) for message in messages)
        spent = [reply.completion_tokens if reply.closed else room for reply, room in self._granted]
        room = self.limits.max_tokens - sum(spent)
        room = room - self.reserved if most is None else min(room, most)
        room = min(room, self.limits.context_tokens - prompt_tokens)
        if self.limits.max_cost is not None and self.price is not None:
            asked = prompt_tokens + sum(reply.prompt_tokens for reply, _ in self._granted)
            left = self.limits.max_cost - (cost(self.price, asked, sum(spent)) or 0.0)
            per_token = self.price.output / 1_000_000
            if left < 0:
                return 0
            room = min(room, int(left / per_token)) if per_token else room
        return max(room, 0)
