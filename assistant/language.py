"""Do two texts speak the same language? A hint for scoring, never shown as a fact."""

from __future__ import annotations

import re

from index.language import language


def same_language(question: str, text: str) -> bool:
    """Whether words of `question` can be expected to occur in `text`; True when in doubt."""
    if _is_cyrillic(question) != _is_cyrillic(text):
        return False
    asked, told = language(question), language(text)
    return asked is None or told is None or asked == told


def _is_cyrillic(text: str) -> bool:
    cyrillic = len(re.findall(r"[\u0400-\u04ff]", text))
    return cyrillic > len(re.findall(r"[A-Za-z\u00c0-\u024f]", text))
