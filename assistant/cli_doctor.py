"""`pincite doctor`: says what is damaged in a library, and mends what can be mended."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from assistant import render
from assistant.cli_library import own_library
from assistant.cli_options import LibraryOption
from assistant.terminal import progress_bar
from index import AddEvent, examine, mend

DAMAGED = 1

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def doctor(
    library: LibraryOption = None,
    mends: Annotated[
        bool,
        typer.Option(
            "--mend",
            help="Mend what can be mended. A damaged catalog is kept beside the new one.",
        ),
    ] = False,
) -> None:
    """Check every stored text and all that was computed; exit code 1 if damage is left."""
    own = own_library(library)
    if not mends:
        found = examine(own)
        _tell([damage.what for damage in found])
        if found:
            _tell(["Add --mend to mend what can be mended."])
            raise typer.Exit(DAMAGED)
        _tell(["The library is whole."])
        return
    with progress_bar(err) as progress:
        mended = mend(own, lambda *event: progress(AddEvent(*event)))
    _tell([*mended.done, *mended.lost, *(damage.what for damage in mended.left)])
    if mended.left:
        raise typer.Exit(DAMAGED)
    _tell(["The library is whole."])


def _tell(sentences: list[str]) -> None:
    for sentence in sentences:
        out.print(Text(render.one_line(sentence)), soft_wrap=True)
