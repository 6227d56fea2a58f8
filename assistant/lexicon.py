"""The closed-class words that the offline rules use, read once from `lexicon.toml`."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Any


@cache
def lexicon() -> dict[str, Any]:
    """All tables of `lexicon.toml`."""
    return tomllib.loads(resources.files(__package__).joinpath("lexicon.toml").read_text("utf-8"))


@cache
def words(table: str, key: str) -> frozenset[str]:
    """One list of the lexicon as a set."""
    return frozenset(lexicon()[table][key])


@cache
def pattern(table: str, key: str) -> re.Pattern[str]:
    """Matches any entry of one list as whole words, longest first, in any letter case."""
    return any_of(tuple(lexicon()[table][key]))


@cache
def any_of(entries: tuple[str, ...], gap: int = 0) -> re.Pattern[str]:
    """Matches any of `entries` as whole words, longest first, in any letter case.

    `gap` other words may stand between two words of an entry: "which (neutral) country".
    """
    longest_first = sorted(set(entries), key=lambda entry: (-len(entry), entry))
    between = rf"\s+(?:\w+\s+){{0,{gap}}}" if gap else r"\s+"
    joined = "|".join(re.escape(entry).replace(r"\ ", between) for entry in longest_first)
    return re.compile(rf"(?<!\w)(?:{joined})(?!\w)", re.IGNORECASE)
