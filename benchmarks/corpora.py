"""Question sets in the common format (see docs/evaluation.md), as the benchmarks need them.

The public originals: XQuAD at github.com/google-deepmind/xquad, SQuAD 2.0 at
rajpurkar.github.io/SQuAD-explorer.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant.evaluation import corpus
from assistant.evaluation.sets import QuestionSet, read_folder
from index import AddEvent, Library, PinciteError, Source


@dataclass(frozen=True)
class Asked:
    """A question of the set; of `gold`, (source id, paragraph from 1), any one is enough."""

    id: str
    text: str
    answerable: bool
    scope: frozenset[str] | None
    gold: frozenset[tuple[str, int | None]]


def questions(folder: Path) -> Iterator[Asked]:
    for asked in _set(folder).questions:
        if asked.type != "claim":
            yield Asked(
                id=asked.id,
                text=asked.question,
                answerable=asked.answerable,
                scope=None if asked.sources is None else frozenset(asked.sources),
                gold=asked.gold.places,
            )


def library_of(folder: Path, work: Path) -> Library:
    """The set's corpus as a library below `work`; built once, then reused."""
    found = _set(folder)
    for note in found.notes:
        print(note, file=sys.stderr)
    return corpus.library_of(found.corpus or (), work / folder.name, _progress)


def sources(folder: Path) -> tuple[Source, ...]:
    return _set(folder).corpus or ()


def _set(folder: Path) -> QuestionSet:
    try:
        return read_folder(folder)
    except PinciteError as error:
        sys.exit(str(error))


def _progress(event: AddEvent) -> None:
    if event.done == event.texts:
        print(f"\rindexed {event.source_id}   ", end="", file=sys.stderr, flush=True)
