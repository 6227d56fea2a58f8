"""Turns text into the words that lexical search and coverage compare."""

from __future__ import annotations

import threading
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

import regex

if TYPE_CHECKING:
    from Stemmer import Stemmer

WORDS_VERSION = 1
"""Raise it when the same text gives other words: libraries must then be reindexed."""

_MAX_STEMMED_CHARS = 64
_MAX_REMEMBERED_CHARS = 2000
_WORD = regex.compile(
    # Scripts written without spaces have no words that could be seen: each sign is one.
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
    r"|\p{N}+(?:[.,]\p{N}+)+"
    r"|[[\w\p{M}]--[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]]+"
    r"(?:'[[\w\p{M}]--[\p{Han}\p{Hiragana}\p{Katakana}]]+)*",
    regex.VERSION1,
)
_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ＇`´", "'"))
_LATIN = regex.compile(r"\p{Latin}")
_CYRILLIC = regex.compile(r"\p{Cyrillic}")
_local = threading.local()


def words(text: str) -> list[str]:
    """The words of `text` in order: compatibility-folded, lower case, stemmed.

    Words in Latin script are stemmed as English, in Cyrillic as Russian, others not at all.
    Numbers keep their separators (`1,000`, `3.5`); an English `'s` is dropped.
    """
    return [_stem(word) for word in _tokens(text)]


def content_words(text: str) -> list[str]:
    """`words(text)` without function words; negations stay, as they carry the meaning."""
    remembered = len(text) <= _MAX_REMEMBERED_CHARS
    return list(_remembered(text) if remembered else _content_words(text))


@lru_cache(maxsize=4096)
def _remembered(text: str) -> tuple[str, ...]:
    return _content_words(text)


def _content_words(text: str) -> tuple[str, ...]:
    stop = _stop_words()
    return tuple(_stem(word) for word in _tokens(text) if word not in stop)


def _tokens(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text).translate(_APOSTROPHES).casefold()
    # Folding the case can take a text out of its normal form again.
    return _WORD.findall(unicodedata.normalize("NFKC", folded))


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    word = word.removesuffix("'s")
    word = _irregular().get(word, word)
    if len(word) > _MAX_STEMMED_CHARS:
        return word[:_MAX_STEMMED_CHARS]
    if _LATIN.match(word):
        return str(_stemmers()["english"].stemWord(word))
    if _CYRILLIC.match(word):
        return str(_stemmers()["russian"].stemWord(word))
    return word


def _stemmers() -> dict[str, Stemmer]:
    """One set a thread: a stemmer keeps state and isn't safe to share."""
    found: dict[str, Stemmer] | None = getattr(_local, "stemmers", None)
    if found is None:
        from Stemmer import Stemmer

        found = _local.stemmers = {name: Stemmer(name) for name in ("english", "russian")}
    return found


@cache
def _irregular() -> dict[str, str]:
    lines = files("index").joinpath("irregular.txt").read_text(encoding="utf-8").splitlines()
    entries = (line.split() for line in lines if not line.startswith("#"))
    return {form: base for base, *forms in entries for form in forms}


@cache
def stop_words() -> dict[str, frozenset[str]]:
    """Function words by language (ISO 639-1 code), in lower case, not stemmed."""
    lines = files("index").joinpath("stopwords.txt").read_text(encoding="utf-8").splitlines()
    entries = (line.partition(":") for line in lines if not line.startswith("#"))
    return {code.strip(): frozenset(listed.split()) for code, _, listed in entries if listed}


@cache
def _stop_words() -> frozenset[str]:
    return frozenset().union(*stop_words().values())
