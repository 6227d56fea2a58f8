"""Which language is a text in? A hint for splitting and scoring, never shown as a fact."""

from __future__ import annotations

import re

from index.words import stop_words

MAX_CHARACTERS = 5000
"""So much of a text tells its language."""


def language(text: str) -> str | None:
    """ISO 639-1 code of the language whose function words are most frequent; None for a tie."""
    tokens = re.findall(r"[^\W\d_]+", text[:MAX_CHARACTERS].casefold())
    counts = {code: sum(token in words for token in tokens) for code, words in stop_words().items()}
    best = max(counts.values(), default=0)
    leaders = [code for code, count in counts.items() if count == best]
    return leaders[0] if best and len(leaders) == 1 else None
