"""`pincite sources`, `show`, `add`, `remove` and `reindex`: what a library holds, and changes."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from assistant import extractive, render
from assistant.assistant import Assistant
from assistant.cli_options import LibraryOption
from assistant.places import find_place
from assistant.settings import load_settings
from assistant.terminal import progress_bar, show_paragraphs, show_sources
from index import Library, SettingsError

SOME_REFUSED = 1

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def sources(
    library: LibraryOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the sources of the library."""
    found = _open(library).sources()
    if as_json:
        typer.echo(render.as_json([asdict(source) for source in found], indent=2))
    elif found:
        show_sources(found, out)
    else:
        out.print("The library is empty: add texts with `pincite add`.")


def show(
    source: Annotated[str, typer.Argument(metavar="SOURCE[:PARAGRAPH]")],
    library: LibraryOption = None,
) -> None:
    """Print a source with its paragraphs numbered, or one paragraph of it."""
    show_paragraphs(*find_place(source, _open(library)), out)


def add(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Texts and folders.")],
    library: LibraryOption = None,
) -> None:
    """Add .txt and .md files, or all in a folder, to a library; it is made if need be."""
    with progress_bar(err) as progress:
        opened = Library.open_or_create(_own(library), embedding=load_settings().embedding)
        results = opened.add_paths(paths, progress)
    for result in results:
        reason = f": {result.reason}" if result.reason else ""
        known_as = f" as {result.source_id}" if result.source_id else ""
        stream = err if result.outcome == "refused" else out
        line = render.printable(f"{result.outcome} {result.name}{known_as}{reason}")
        stream.print(Text(line), soft_wrap=True)
    if any(result.outcome == "refused" for result in results):
        raise typer.Exit(SOME_REFUSED)


def remove(
    source: Annotated[str, typer.Argument(help="The source's id.")],
    library: LibraryOption = None,
) -> None:
    """Remove a source and everything computed from it."""
    source_id = render.printable(source)
    Library.open(_own(library)).remove(source_id)
    out.print(Text(f"removed {source_id}"))


def reindex(library: LibraryOption = None) -> None:
    """Build the index again from the stored texts, after an update or for another embedding."""
    with progress_bar(err) as progress:
        opened = Library.reindex(
            _own(library), embedding=load_settings().embedding, progress=progress
        )
    out.print(Text(f"reindexed {opened.source_count} sources"))


def _open(library: Path | None) -> Library:
    """The library alone: whoever lists or shows sources needs no model, nor its key."""
    with progress_bar(err) as progress:
        return Assistant.open(library, model=extractive.NAME, progress=progress).library


def _own(library: Path | None) -> Path:
    """The library to change: the user's own, never the sample."""
    folder = library or load_settings().library
    if folder is None:
        raise SettingsError(
            "The sample library can't be changed: name a folder of your own with --library DIR "
            "(or set PINCITE_LIBRARY)."
        )
    return folder
