"""The form that narrows the search to sources by what they state of themselves."""

from __future__ import annotations

from assistant import Assistant
from assistant.render import one_line
from page.templates import rendered

PUBLISHERS = 100
"""The publishers that are proposed: those of the most sources; any other can be typed."""
LANGUAGES = 50


def filter_html(assistant: Assistant) -> str:
    """The form, with the values that the library's sources state; nothing where none states any."""
    library = assistant.library
    return rendered(
        "filter.html",
        dated=bool(library.most_stated("published", 1)),
        publishers=[one_line(name) for name, _ in library.most_stated("publisher", PUBLISHERS)],
        languages=library.most_stated("lang", LANGUAGES),
    )
