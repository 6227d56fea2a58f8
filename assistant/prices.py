"""What a model's tokens cost, where that is known: from `prices.toml` or a file of the user's."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from index.errors import SettingsError

_SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens."""

    input: float
    output: float
    as_of: date | None
    """When these prices held, if the file says so."""


_Dollars = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    input: _Dollars
    output: _Dollars


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid")

    as_of: date | None = None
    models: dict[str, _Entry]

    def find(self, name: str) -> Price | None:
        """A dated snapshot has a price of its own or that of its family."""
        entry = self.models.get(name) or self.models.get(_SNAPSHOT.sub("", name))
        return Price(entry.input, entry.output, self.as_of) if entry else None


def price_of(
    name: str, override: Path | None = None, *, base_url: str | None = None
) -> Price | None:
    """The price of the model that a ChatModel's `name` names; None when it isn't known.

    `override` is a file of the form of `prices.toml` that is read first. With a `base_url` only
    that file counts: a server elsewhere may give its model any name. Raises SettingsError when
    the file can't be read.
    """
    if override is not None and (price := _read(override).find(name)):
        return price
    return None if base_url else _list_prices().find(name)


def cost(price: Price | None, prompt_tokens: int, completion_tokens: int) -> float | None:
    """USD for so many tokens; None when the price isn't known."""
    if price is None:
        return None
    return (price.input * prompt_tokens + price.output * completion_tokens) / 1_000_000


@cache
def _list_prices() -> _Table:
    text = resources.files(__package__).joinpath("prices.toml").read_text("utf-8")
    return _Table.model_validate(tomllib.loads(text))


def _read(path: Path) -> _Table:
    try:
        return _Table.model_validate(tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        wrong = error.strerror or type(error).__name__
    except ValidationError as error:
        first = error.errors()[0]
        wrong = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    except ValueError as error:  # not UTF-8, or not TOML
        wrong = str(error)
    raise SettingsError(
        f"The prices in {path} can't be read ({wrong}): "
        "correct the file, which takes the form of assistant/prices.toml, or name none."
    )
