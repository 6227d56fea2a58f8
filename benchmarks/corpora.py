"""Reads a question set in the common format: corpus.jsonl and questions.jsonl in one folder.

The public originals: XQuAD at github.com/google-deepmind/xquad, SQuAD 2.0 at
rajpurkar.github.io/SQuAD-explorer. A line of corpus.jsonl is one article: `doc_id` (a slug),
`title`, `text` (paragraphs apart by blank lines). A line of questions.jsonl is one question: `id`,
`question`, `type` ("factoid" or "unanswerable"), `gold` (a list of `doc_id` and `paragraph`, from
0), and `meta.scope`: the articles to ask, or null for all.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index import Library, LibraryMismatchError, Source, Stated, source_from_text


@dataclass(frozen=True)
class Asked:
    """A question of the set; of `gold`, (document id, paragraph from 1), any one is enough."""

    id: str
    text: str
    answerable: bool
    scope: frozenset[str] | None
    gold: frozenset[tuple[str, int]]


def questions(folder: Path) -> Iterator[Asked]:
    for row in _rows(folder / "questions.jsonl"):
        if row["type"] not in ("factoid", "unanswerable"):
            continue
        scope = row["meta"].get("scope")
        yield Asked(
            id=row["id"],
            text=row["question"],
            answerable=row["type"] == "factoid",
            scope=frozenset(scope) if scope else None,
            gold=frozenset((gold["doc_id"], gold["paragraph"] + 1) for gold in row["gold"]),
        )


def library_of(folder: Path, work: Path) -> Library:
    """The set's corpus as a library below `work`; built once, then reused."""
    try:
        library = Library.open_or_create(work / folder.name)
    except LibraryMismatchError:
        library = Library.reindex(work / folder.name, progress=_progress)
    results = library.add(_sources(folder), _progress)
    refused = [result for result in results if result.outcome == "refused"]
    if refused:
        print(f"{len(refused)} documents refused, the first: {refused[0].reason}", file=sys.stderr)
    return library


def _sources(folder: Path) -> Iterator[Source]:
    for row in _rows(folder / "corpus.jsonl"):
        yield source_from_text(
            row["text"], id=row["doc_id"], title=Stated(row["title"], "corpus.jsonl")
        )


def _progress(event: Any) -> None:
    if event.done == event.texts:
        print(f"\rindexed {event.source_id}   ", end="", file=sys.stderr, flush=True)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        sys.exit(f"{path} isn't there: name a folder with corpus.jsonl and questions.jsonl.")
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
