"""What visitors are told of failures."""

from __future__ import annotations

from assistant import Assistant, PinciteError
from assistant.render import one_line


def sentence(assistant: Assistant, failure: PinciteError | str) -> str:
    """What went wrong, without the folder of the library: that is nothing for visitors."""
    folder = str(assistant.library.path)
    told = str(failure).replace(f" in {folder!r}", "").replace(f" --library {folder}", "")
    return one_line(told)
