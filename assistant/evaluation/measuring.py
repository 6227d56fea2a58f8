"""`evaluate`: asks a set of questions and measures the answers."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from assistant.assistant import Assistant
from assistant.evaluation.corpus import library_of
from assistant.evaluation.made import made_with, versions
from assistant.evaluation.result import Evaluation, SetStamp, summed_up
from assistant.evaluation.running import Progress, RunOptions, Step, run
from assistant.evaluation.sets import QuestionSet, read_file, read_folder
from assistant.models import ChatModel
from assistant.sample import sample_sources
from assistant.settings import load_settings
from assistant.types import LibraryStamp
from index import AddEvent, Library, QuestionError, SettingsError, StorageError, slug

if TYPE_CHECKING:
    from llama_index.core.llms import LLM


def evaluate(
    questions: Path | str,
    *,
    library: Path | str | None = None,
    model: str | ChatModel | LLM | None = None,
    base_url: str | None = None,
    judge: bool | None = None,
    strictness: float | None = None,
    limit: int | None = None,
    by: Sequence[str] = (),
    work: Path | str | None = None,
    concurrency: int | None = None,
    restart: bool = False,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> Evaluation:
    """Ask questions whose right answers are known, and measure what comes of them.

    A run that was stopped or killed goes on with the same call. docs/evaluation.md describes the
    forms of the questions and defines the figures.

    Args:
        questions: a folder with `corpus.jsonl` and `questions.jsonl`, or a `.jsonl` file with
            questions about the sources of a library.
        library: for a file, the folder of that library; by default the one that
            `Assistant.open` opens.
        model: words the answers; this, `base_url`, `judge` and `strictness` are as for
            `Assistant.open`.
        base_url: where the model is served.
        judge: whether the model is asked again if its quotes support what it said.
        strictness: how probable it must be that the sources answer.
        limit: ask only so many of the questions, spread over the set.
        by: fields of the questions' `meta`; there are figures for each of their values too.
        work: where the library of a folder's texts and what is finished of a run are kept; the
            user's cache by default.
        concurrency: how many questions are asked at a time.
        restart: ask everything anew, also what an earlier run asked with the same program,
            texts and settings.
        progress: told how far it is.
        stop: once it is set, what is asked is finished and kept, and the run ends.

    Raises:
        QuestionError: the questions can't be used; it names file and line.
        SourceError: the same of the texts.
        SettingsError: an argument makes no sense, or another run is using the folder.
        LibraryNotFoundError: there is no such library.
        ModelError: the model's name is unknown, or its key or package is missing.
        StorageError: `work` can't be written.
        StoppedError: `stop` was set before all was asked.
    """
    path = Path(questions)
    if not path.exists():
        raise QuestionError(f"There is no folder or file {str(path)!r}: check the name.")
    if limit is not None and limit < 1:
        raise SettingsError(f"The limit is wrong: it must be at least 1, not {limit}.")
    options = RunOptions(concurrency, restart, tuple(by))
    place = _place(path, work)
    asked, folder = _opened(path, library, place, progress)
    building = _indexing(len(sample_sources()), progress)
    with closing(
        Assistant.open(
            folder,
            model=model,
            base_url=base_url,
            judge=judge,
            strictness=strictness,
            progress=building,
        )
    ) as assistant:
        if asked is None:
            asked = read_file(path, assistant.library)
        _check_groups(asked, options.by)
        identity = made_with(assistant)
        run_folder = place / f"run-{_digest(identity.model_dump_json())}"
        _make(run_folder)
        picked = asked.spread(limit)
        rows = tuple(run(assistant, picked, run_folder, options, progress=progress, stop=stop))
        return summed_up(
            rows,
            set=SetStamp(
                name=asked.name,
                sha256=asked.sha256,
                questions=len(asked.questions),
                asked=len(picked),
            ),
            date=datetime.now(UTC).date().isoformat(),
            versions=versions(),
            settings=dict(identity.settings),
            library=_stamp(assistant.library),
            notes=asked.notes,
        )


def _opened(
    path: Path, library: Path | str | None, place: Path, progress: Progress | None
) -> tuple[QuestionSet | None, Path | str | None]:
    """The questions, if they can be read without a library, and the library to ask."""
    if not path.is_dir():
        return None, library
    if library is not None:
        raise SettingsError(
            "The folder has its own texts: leave the library out, or name a .jsonl file with "
            "questions about that library."
        )
    asked = read_folder(path)
    assert asked.corpus is not None
    _make(place)
    built = library_of(
        asked.corpus,
        place / "library",
        _indexing(len(asked.corpus), progress),
        embedding=load_settings().embedding,
    )
    built.close()
    return asked, place / "library"


def _indexing(texts: int, progress: Progress | None) -> Callable[[AddEvent], None] | None:
    if progress is None:
        return None
    seen: dict[str, None] = {}

    def tell(event: AddEvent) -> None:
        seen.setdefault(event.source_id)
        progress(Step("indexing", len(seen), texts))

    return tell


def _check_groups(asked: QuestionSet, by: Sequence[str]) -> None:
    for name in by:
        if not any(name in each.meta for each in asked.questions):
            raise SettingsError(f'No question has a field {name!r} in its "meta": name another.')


def _place(path: Path, work: Path | str | None) -> Path:
    """The folder for everything that is kept of this set; two of the same name have two."""
    base = platformdirs.user_cache_path("pincite") / "evaluation" if work is None else Path(work)
    whole = path.resolve()
    return base / f"{slug(path.stem)}-{_digest(str(whole))[:8]}"


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"The folder {str(folder)!r} can't be made ({error.strerror}): name another with "
            "--work."
        ) from None


def _stamp(library: Library) -> LibraryStamp:
    return LibraryStamp(
        fingerprint=library.fingerprint,
        sources=library.source_count,
        paragraphs=library.paragraph_count,
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]
