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
    """What went wrong, without the folder of the library: that is nothing for visitors."""
    folder = str(assistant.library.path)
    told = str(failure).replace(f" in {folder!r}", "").replace(f" --library {folder}", "")
    for option, name in _ON_THE_PAGE.items():
        told = told.replace(f"{option} '", f"{name} '")
    return one_line(told)
