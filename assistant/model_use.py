"""From settings to the model that words the answers, with its limits and its price."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant import extractive
from assistant.budget import Limits, ModelUse
from assistant.models import ChatModel, load_model
from assistant.prices import price_of
from assistant.settings import Settings
from index import SettingsError

if TYPE_CHECKING:
    from llama_index.core.llms import LLM


def model_use(model: str | ChatModel | LLM | None, settings: Settings) -> ModelUse | None:
    """The model to use; None for none, which is also what the name "extractive" means.

    Raises:
        ModelError: its name is unknown, or its key or package is missing.
        SettingsError: its cost is limited and its price isn't known.
    """
    if model is None or model == extractive.NAME:
        return None
    loaded = load_model(model, base_url=settings.base_url, timeout=settings.timeout)
    price = price_of(loaded.name, settings.prices, base_url=getattr(loaded, "base_url", None))
    if settings.max_cost is not None and price is None:
        raise SettingsError(
            f"The cost of {loaded.name!r} can't be limited, as its price isn't known: name a file "
            "with its price in PINCITE_PRICES, or leave the limit out."
        )
    limits = Limits(settings.max_tokens, settings.max_cost, settings.context_tokens)
    return ModelUse(loaded, limits, price, settings.judge)
