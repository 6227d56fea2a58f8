"""The sample library: the two articles that ship with Pincite, indexed on first use."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import platformdirs

from index import (
    AddEvent,
    Library,
    LibraryLockedError,
    Source,
    current_fingerprint,
    source_from_text,
)

WAIT_SECONDS = 120.0
"""How long to wait for another process that is just building the sample library."""


def sample_folder() -> Path:
    """Where the sample library lives; a version that indexes differently gets another folder."""
    return platformdirs.user_cache_path("pincite") / f"sample-{current_fingerprint()}"


def is_sample(library: Library) -> bool:
    """Whether it is the sample library, which isn't anybody's to change."""
    return library.path == sample_folder().resolve()


def sample_sources() -> tuple[Source, ...]:
    """The sample articles as sources, without addresses: the texts state none."""
    texts = [each for each in resources.files("articles").iterdir() if each.name.endswith(".txt")]
    return tuple(
        source_from_text(text.read_bytes().decode("utf-8"), id=text.name.removesuffix(".txt"))
        for text in sorted(texts, key=lambda each: each.name)
    )


def open_sample(progress: Callable[[AddEvent], None] | None = None) -> Library:
    """Open the sample library; build it where it isn't there yet or was left unfinished.

    Raises:
        LibraryLockedError: another process has been building it for `WAIT_SECONDS`.
        StorageError: the folder for caches can't be written.
    """
    give_up = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            library = Library.open_or_create(sample_folder())
            if library.source_count < len(sample_sources()):
                library.add(sample_sources(), progress)
            return library
        except LibraryLockedError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.2)
