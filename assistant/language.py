"""Do two texts speak the same language? A hint for scoring, never shown as a fact."""

from __future__ import annotations

import re

from index.words import stop_words


def same_language(question: str, text: str) -> bool:
    """Whether words of `question` can be expected to occur in `text`; True when in doubt."""
    if _is_cyrillic(question) != _is_cyrillic(text):
        return False
    asked, told = language(question), language(text)
    return asked is None or told is None or asked == told


def language(text: str) -> str | None:
    """ISO 639-1 code of the language whose function words are most frequent; None for a tie."""
    tokens = re.findall(r"[^\W\d_]+", text.casefold())
    counts = {code: sum(token in words for token in tokens) for code, words in stop_words().items()}
    best = max(counts.values(), default=0)
    leaders = [code for code, count in counts.items() if count == best]
    return leaders[0] if best and len(leaders) == 1 else None


def _is_cyrillic(text: str) -> bool:
    cyrillic = len(re.findall(r"[\u0400-\u04ff]", text))
    return cyrillic > len(re.findall(r"[A-Za-z\u00c0-\u024f]", text))
