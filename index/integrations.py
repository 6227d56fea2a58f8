"""Finds LlamaIndex's integrations, each a package of its own, by the name of their provider."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal

Kind = Literal["embeddings", "llms"]

# The integrations don't agree on what to call these.
_SPELLINGS = {"model": ("model", "model_name"), "base_url": ("base_url", "api_base")}


@dataclass(frozen=True, slots=True)
class Integration:
    """A model of a provider, as "provider:model" names it."""

    kind: Kind
    provider: str
    model: str

    @property
    def package(self) -> str:
        """What to install with pip."""
        return f"llama-index-{self.kind}-{self.provider.replace('_', '-')}"

    @property
    def module(self) -> str:
        """What the package adds to LlamaIndex."""
        return f"llama_index.{self.kind}.{self.provider}"

    @property
    def is_installed(self) -> bool:
        """Whether the package is there; it isn't imported."""
        try:
            return find_spec(self.module) is not None
        except ModuleNotFoundError:
            return False

    def build(self, base: type[Any], options: Mapping[str, str | None] | None = None) -> Any:
        """Import the package and make its model, a `base`.

        `options` are "api_key" and "base_url"; one without a value is left out. Raises LookupError
        for one that the model doesn't take, and whatever the package raises.
        """
        exported = vars(import_module(self.module)).values()
        classes: list[Any] = [
            each
            for each in exported
            if inspect.isclass(each) and issubclass(each, base) and each is not base
        ]
        if not classes:
            raise LookupError(f"{self.module} has no {base.__name__}")
        # Of several (a local one and one over HTTP) the plain one has the shortest name.
        chosen = min(classes, key=lambda each: len(each.__name__))
        given = {"model": self.model, **(options or {})}
        return chosen(**{_spelled(n, chosen): value for n, value in given.items() if value})


def parse(kind: Kind, name: str) -> Integration | None:
    """What `name` names, or None if it isn't of the form "provider:model"."""
    provider, _, model = name.partition(":")
    return Integration(kind, provider, model) if provider.isidentifier() and model else None


def _spelled(option: str, model: Any) -> str:
    """What the class `model` calls the option."""
    parameters = inspect.signature(model.__init__).parameters
    is_open = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    fields = getattr(model, "model_fields", {}) if is_open else {}  # pydantic's, given by name
    for names in (parameters, fields):
        for spelling in _SPELLINGS.get(option, (option,)):
            if spelling in names:
                return spelling
    raise LookupError(f"{model.__name__} takes no {option}")
