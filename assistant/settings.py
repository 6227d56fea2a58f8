"""Settings from the environment; the one reader of `PINCITE_*` variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from index.errors import SettingsError

PREFIX = "PINCITE_"


class Settings(BaseModel):
    """What a user can set for every command; an option on the command line goes first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    library: Path | None = None
    """`PINCITE_LIBRARY`: the folder of the library to use instead of the sample articles."""
    embedding: str | None = None
    """`PINCITE_EMBEDDING`: the embedding for new libraries, such as "openai:NAME"."""


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from `environment` (the process's own by default).

    Raises:
        SettingsError: a `PINCITE_*` variable isn't a setting; a misspelt one must not pass.
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
    return Settings.model_validate(given)


def _unknown(name: str) -> str:
    known = [PREFIX + field.upper() for field in Settings.model_fields]
    near = get_close_matches(name, Settings.model_fields, n=1, cutoff=0.6)
    advice = (
        f"did you mean {PREFIX + near[0].upper()}?"
        if near
        else f"the settings are {', '.join(known)}."
    )
    return f"{PREFIX + name.upper()} is set in the environment but is no setting: {advice}"
