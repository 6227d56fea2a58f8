"""Settings from the environment; the one reader of `PINCITE_*` variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assistant.budget import DEFAULT_CONTEXT_TOKENS, DEFAULT_MAX_TOKENS, MIN_REPLY_TOKENS
from assistant.models import DEFAULT_TIMEOUT
from index.errors import SettingsError

PREFIX = "PINCITE_"

DEFAULT_STRICTNESS = 0.5


class Settings(BaseModel):
    """What a user can set for every command; an option on the command line goes first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    library: str | None = None
    """`PINCITE_LIBRARY`: the library to use instead of the sample articles: its folder, or its
    address on a Chroma server."""
    embedding: str | None = None
    """`PINCITE_EMBEDDING`: the embedding for new libraries, such as "openai:NAME"."""
    vector_store: str | None = None
    """`PINCITE_VECTOR_STORE`: where the vectors of new and reindexed libraries are searched:
    "chroma" or "postgres:postgresql://USER@HOST:PORT/DATABASE"."""
    model: str | None = None
    """`PINCITE_MODEL`: the language model that words the answers, such as "openai:NAME"."""
    base_url: str | None = None
    """`PINCITE_BASE_URL`: where the model is served, if not by its maker."""
    max_tokens: int = Field(DEFAULT_MAX_TOKENS, ge=MIN_REPLY_TOKENS)
    """`PINCITE_MAX_TOKENS`: tokens that the model may write for one question."""
    max_cost: float | None = Field(None, gt=0, allow_inf_nan=False)
    """`PINCITE_MAX_COST`: USD that the model may cost for one question."""
    context_tokens: int = Field(DEFAULT_CONTEXT_TOKENS, ge=1024)
    """`PINCITE_CONTEXT_TOKENS`: the model's window, prompt and reply together."""
    timeout: float = Field(DEFAULT_TIMEOUT, gt=0, allow_inf_nan=False)
    """`PINCITE_TIMEOUT`: seconds of silence after which a request to the model has failed."""
    judge: bool = False
    """`PINCITE_JUDGE`: whether the model is asked again if the quotes support what it said."""
    strictness: float = Field(DEFAULT_STRICTNESS, ge=0, le=1, allow_inf_nan=False)
    """`PINCITE_STRICTNESS`: how probable it must be that the sources answer, from 0 to 1."""
    prices: Path | None = None
    """`PINCITE_PRICES`: a file with prices of models, of the form of `assistant/prices.toml`."""

    def overridden(self, **given: Any) -> Settings:
        """These settings with those of `given` that aren't None; SettingsError for a bad one."""
        return _validated(self.model_dump() | {k: v for k, v in given.items() if v is not None}, "")


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from `environment` (the process's own by default).

    Raises:
        SettingsError: a `PINCITE_*` variable isn't a setting (a misspelt one must not pass), or
            its value isn't one for it.
    """
    environment = os.environ if environment is None else environment
    given = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and value
    }
    for name in given:
        if name not in Settings.model_fields:
            raise SettingsError(_unknown(name))
    return _validated(given, PREFIX)


def _validated(given: Mapping[str, Any], prefix: str) -> Settings:
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        wrong = error.errors()[0]
        name = str(wrong["loc"][0])
        shown = prefix + name.upper() if prefix else name
        raise SettingsError(f"{shown} is wrong: {wrong['msg'].lower()}.") from None


def _unknown(name: str) -> str:
    known = [PREFIX + field.upper() for field in Settings.model_fields]
    near = get_close_matches(name, Settings.model_fields, n=1, cutoff=0.6)
    advice = (
        f"did you mean {PREFIX + near[0].upper()}?"
        if near
        else f"the settings are {', '.join(known)}."
    )
    return f"{PREFIX + name.upper()} is set in the environment but is no setting: {advice}"
