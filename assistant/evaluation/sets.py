"""Sets of questions whose right answers are known, read from a folder or a file.

A folder holds `corpus.jsonl`, the texts, and `questions.jsonl`; a file holds questions about the
sources of a library. Both are described in docs/evaluation.md. What a set knows of a question's
answer, and whatever else its `meta` holds, stays here and in the scoring: the assistant is given
the question, its history and the ids of its sources, and of the texts what `corpus` makes of them.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from assistant.evaluation.asked import Asked
from assistant.evaluation.documents import Documents, corpus_of, documents_of
from assistant.evaluation.question_lines import read_question_lines
from index import Library, QuestionError, Source

CORPUS, QUESTIONS = "corpus.jsonl", "questions.jsonl"


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """The questions of one folder or file, in their order."""

    name: str
    sha256: str
    """Of the file with the questions: 64 hex digits."""
    questions: tuple[Asked, ...]
    corpus: tuple[Source, ...] | None
    """The texts; None for questions about a library."""
    notes: tuple[str, ...] = ()
    """What should be told of the set, each in one sentence."""

    def spread(self, limit: int | None) -> tuple[Asked, ...]:
        """At most `limit` of the questions, spread over the set; always the same ones.

        One is drawn from each of `limit` equal stretches: every third question of a set may be of
        one kind, so that steps of equal length would pick that kind alone.
        """
        total = len(self.questions)
        if limit is None or limit >= total:
            return self.questions
        dice = random.Random(limit)
        edges = [at * total // limit for at in range(limit + 1)]
        return tuple(self.questions[dice.randrange(*each)] for each in pairwise(edges))


def read_folder(folder: Path) -> QuestionSet:
    """The set in a folder with `corpus.jsonl` and `questions.jsonl`.

    Raises:
        SourceError: the corpus isn't there, or a line of it can't be used; it says which and why.
        QuestionError: the same of the questions.
    """
    sources, documents = corpus_of(folder / CORPUS)
    return _set(folder.resolve().name, folder / QUESTIONS, documents, sources)


def read_file(path: Path, library: Library) -> QuestionSet:
    """The questions in a file, which are about the sources of `library`.

    Raises:
        QuestionError: the file isn't there, or a line of it can't be used; it says which and why.
    """
    return _set(path.stem, path, documents_of(library), None)


def _set(
    name: str, path: Path, documents: Documents, corpus: tuple[Source, ...] | None
) -> QuestionSet:
    asked = tuple(read_question_lines(path, documents))
    if not asked:
        raise QuestionError(f"{str(path)!r} holds no question: write at least one into it.")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return QuestionSet(name, digest, asked, corpus, tuple(_notes(documents)))


def _notes(documents: Documents) -> Iterator[str]:
    if documents.left_out:
        count = len(documents.left_out)
        what = "1 text is" if count == 1 else f"{count:,} texts are"
        yield f"{what} left out, the first because {next(iter(documents.left_out.values()))}"
