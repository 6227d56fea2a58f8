"""What visitors are told of failures."""

from __future__ import annotations

from assistant import Assistant, PinciteError
from assistant.render import one_line

_ON_THE_PAGE = {
    "--since": "the first day",
    "--until": "the last day",
    "--publisher": "the publisher",
    "--lang": "the language",
}
"""What the command line's options are called where there are none."""


def sentence(assistant: Assistant, failure: PinciteError | str) -> str:
    """What went wrong, without where the library is: that is nothing for visitors."""
    told = str(failure)
    for place in (assistant.library.address, str(assistant.library.path)):
        told = told.replace(f" in {place!r}", "").replace(f" --library {place}", "")
    for option, name in _ON_THE_PAGE.items():
        told = told.replace(f"{option} '", f"{name} '")
    return one_line(told)
