"""Answers as strings: compared as SQuAD's and ALCE's evaluation compares them.

Lower case, no punctuation, no English article, single spaces (Rajpurkar et al. 2016). Theirs takes
away ASCII punctuation only; here it is that of all scripts, as news texts have “typographic” marks.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_BARE = frozenset({"yes", "no"})


def normalised(text: str) -> str:
    """The text as it is compared."""
    plain = "".join(each for each in text.lower() if not _is_punctuation(each))
    return " ".join(_ARTICLES.sub(" ", plain).split())


def contains(said: str, accepted: Iterable[str]) -> bool:
    """Whether one of the accepted strings stands in what is said (ALCE's STR-EM)."""
    whole = normalised(said)
    return any(wanted in whole for each in accepted if (wanted := normalised(each)))


def token_f1(said: str, accepted: Iterable[str]) -> float:
    """SQuAD's F1 of the words said and of an accepted string; of that which fits best."""
    words = normalised(said).split()
    return max((_f1(words, normalised(each).split()) for each in accepted), default=0.0)


def is_bare(accepted: Sequence[str]) -> bool:
    """Whether nothing but yes or no is accepted, which stands in any text by chance."""
    return bool(accepted) and {normalised(each) for each in accepted} <= _BARE


def _f1(words: list[str], wanted: list[str]) -> float:
    same = (Counter(words) & Counter(wanted)).total()
    if not words or not wanted:
        return float(words == wanted)
    return 2 * same / (len(words) + len(wanted))


def _is_punctuation(character: str) -> bool:
    return character in string.punctuation or unicodedata.category(character).startswith("P")
