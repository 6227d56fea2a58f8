"""What visitors are told of failures."""

from __future__ import annotations

from assistant import Assistant, PinciteError
from assistant.render import one_line


def sentence(assistant: Assistant, failure: PinciteError | str) -> str:
    """What went wrong, without where the library is: that is nothing for visitors."""
    told = str(failure)
    for place in (assistant.library.address, str(assistant.library.path)):
        told = told.replace(f" in {place!r}", "").replace(f" --library {place}", "")
    return one_line(told)
