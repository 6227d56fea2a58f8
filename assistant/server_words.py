"""What a server said, made fit for the middle of one of our sentences."""

from __future__ import annotations

from assistant.render import one_line

_CHARACTERS = 200


def bracketed(said: str, key: object = None) -> str:
    """The server's words as " (...)": short, on one line, without the key; "" if there are none."""
    if said.lstrip().startswith("<"):  # a page of HTML says nothing to a reader
        return ""
    if isinstance(key, str) and key:
        said = said.replace(key, "[key]")
    said = one_line(said).rstrip(".")
    if len(said) > _CHARACTERS:
        said = said[: _CHARACTERS - 1] + "…"
    return f" ({said})" if said else ""
