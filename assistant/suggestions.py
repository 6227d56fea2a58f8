"""Questions to begin with, for a reader who doesn't know the sources yet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources
from itertools import islice

from assistant.render import one_line
from assistant.sample import is_sample
from index import Library, SourceSummary

COUNT = 3
LOOKED_AT = 100
"""The first so many sources are looked at."""
MAX_TITLE_CHARACTERS = 80


def suggested_questions(library: Library) -> tuple[str, ...]:
    """Up to three questions that the library should answer; none for an empty one.

    The sample's are written by hand; of other sources they ask what their texts state of
    themselves, and who is quoted there.
    """
    if is_sample(library):
        text = (resources.files("articles") / "examples.json").read_text(encoding="utf-8")
        return tuple(json.loads(text))[:COUNT]
    first = library.listing(limit=LOOKED_AT).sources
    questions = (question for source in first for question in _about(source))
    return tuple(islice(questions, COUNT))


def _about(source: SourceSummary) -> Iterator[str]:
    title = one_line(source.title.value) if source.title else ""
    if not title or len(title) > MAX_TITLE_CHARACTERS:
        return
    if source.author:
        yield f"Who wrote the article “{title}”?"
    yield f"Who is quoted in the article “{title}”?"
    if source.published:
        yield f"When was the article “{title}” published?"
