"""Adding texts through the page: files and pasted words become sources of the library."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from assistant import (
    AddEvent,
    AddResult,
    Assistant,
    Document,
    LibraryLockedError,
    PinciteError,
    Refused,
    Source,
    SourceError,
    read_path,
    slug,
    source_from_text,
)
from assistant.render import one_line
from page.failures import sentence
from page.templates import rendered

LOCKED_SECONDS = 60.0
"""How long to wait for another process that is writing to the library."""

_TELL_SECONDS = 0.3
_adding = threading.Lock()
"""Uploads go in one after the other, so that each sees the names that are taken."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A text that somebody gives: a file on this machine, or pasted words with a name."""

    name: str
    path: Path | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Adding:
    """How far the adding of texts has come."""

    results: tuple[AddResult, ...]
    doing: str = ""
    """What goes on; empty at the end."""

    @property
    def refused(self) -> bool:
        """Whether a text wasn't taken so far."""
        return any(result.outcome == "refused" for result in self.results)

    def html(self) -> str:
        """What became of each text, and what goes on."""
        return rendered("added.html", results=self.results, doing=self.doing)


def add_uploads(assistant: Assistant, uploads: Iterable[Upload]) -> Iterator[Adding]:
    """Add texts one after the other, and yield the state of affairs as it changes.

    One that can't be added is listed with what is wrong; the others go in. The files stay where
    they are: two people who upload the same one share it.
    """
    done: list[AddResult] = []
    for upload in uploads:
        name = one_line(upload.name)
        yield Adding(tuple(done), f"{name}: reading")
        for read in _read(upload):
            if isinstance(read, Refused):
                about, reason = _about(read.name, upload), _about(read.reason, upload)
                done.append(AddResult(one_line(about), "refused", None, one_line(reason)))
                continue
            for step in _steps(assistant, read):
                if isinstance(step, AddResult):
                    done.append(replace(step, name=name))
                else:
                    share = 100 * step.done // max(step.texts, 1)
                    yield Adding(tuple(done), f"{name}: indexed {share} %")
    yield Adding(tuple(done))


def _read(upload: Upload) -> Iterator[Source | Document | Refused]:
    """The sources in what is given, and what in it can't be one."""
    if upload.path is None:
        try:
            yield source_from_text(upload.text, id=slug(upload.name))
        except SourceError as error:
            yield Refused(upload.name, str(error))
        return
    for read in read_path(upload.path):
        if isinstance(read, Refused):
            yield read
        else:
            # Where it lies on this server isn't an address that anybody could go back to.
            uri = read.source.uri or ""
            own = replace(read.source, uri=None if uri.startswith("file:") else uri)
            yield replace(read, source=own)


def _about(told: str, upload: Upload) -> str:
    """What is told without the folder in which the server kept the file."""
    return told.replace(str(upload.path.parent) + "/", "") if upload.path else told


def _steps(assistant: Assistant, item: Source | Document) -> Iterator[AddEvent | AddResult]:
    """Add an item in a thread of its own; yields how far it is, and last the result.

    Whoever stops listening doesn't stop it: it is half done at no time.
    """
    told: queue.Queue[AddEvent | AddResult] = queue.Queue()

    def work() -> None:
        reason = "It can't be indexed: see the server's log."
        result = AddResult(_source(item).id, "refused", None, reason)
        try:
            result = _add(assistant, item, told)
        except PinciteError as error:
            result = replace(result, reason=sentence(assistant, error))
        finally:
            told.put(result)

    threading.Thread(target=work, daemon=True).start()
    while True:
        step = told.get()
        until = time.monotonic() + _TELL_SECONDS
        with suppress(queue.Empty):
            while not isinstance(step, AddResult):  # only the newest is worth telling
                step = told.get(timeout=max(0, until - time.monotonic()))
        yield step
        if isinstance(step, AddResult):
            return


def _add(
    assistant: Assistant, item: Source | Document, told: queue.Queue[AddEvent | AddResult]
) -> AddResult:
    source = _source(item)
    give_up = time.monotonic() + LOCKED_SECONDS
    with _adding:
        while True:
            own = replace(source, id=_free_id(source, assistant.library.content()))
            try:
                given = own if isinstance(item, Source) else replace(item, source=own)
                (result,) = assistant.library.add([given], told.put)
                return result
            except LibraryLockedError:
                if time.monotonic() > give_up:
                    raise
                time.sleep(_TELL_SECONDS)


def _source(item: Source | Document) -> Source:
    return item if isinstance(item, Source) else item.source


def _free_id(source: Source, content: dict[str, str]) -> str:
    """An id under which it replaces no other text: two files may well have the same name."""
    taken: Collection[str] = content.keys() - {
        each for each, sha256 in content.items() if sha256 == source.sha256
    }
    free, number = source.id, 1
    while free in taken:
        number += 1
        free = slug(f"{source.id[:70]}-{number}")
    return free
