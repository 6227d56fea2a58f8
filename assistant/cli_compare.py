"""The command `pincite compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from assistant import extractive, render
from assistant.assistant import Assistant
from assistant.cli_options import LibraryOption
from assistant.comparison_text import show_comparison
from assistant.replacing import replacing
from assistant.terminal import progress_bar
from index import SettingsError, StorageError

_out = Console(highlight=False)
_err = Console(stderr=True, highlight=False)
_PATH_FAULTS = (OSError, ValueError, RuntimeError)
"""What a path can raise: ValueError for a NUL in it, RuntimeError for a home that isn't there."""


def compare(
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="SOURCE SOURCE", help="The ids of the two sources."),
    ] = None,
    library: LibraryOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print pincite.comparison/1.")] = False,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            metavar="OUT.html",
            help="Also write a page with both texts side by side, the differences marked.",
        ),
    ] = None,
) -> None:
    """Lay two sources side by side: what differs, with both quotes, and what only one tells."""
    if not sources or len(sources) != 2:
        raise SettingsError("Two sources are compared: name two, as in pincite compare A B.")
    if html is not None and html.suffix.lower() not in (".html", ".htm"):
        raise SettingsError(f"{_named(html)} is written as HTML: let its name end with .html.")
    with progress_bar(_err) as progress:
        assistant = Assistant.open(library, model=extractive.NAME, progress=progress)
    comparison = assistant.compare(*map(render.printable, sources))
    if html is not None:
        _write(html, comparison.to_html(assistant.library))
    if as_json:
        typer.echo(comparison.to_json(indent=2))
    else:
        show_comparison(comparison, _out)
    if html is not None:
        _err.print(Text(f"The page is in {_named(html)}."), soft_wrap=True)


def _write(path: Path, text: str) -> None:
    """Write the file; what was there is replaced all at once or not at all."""
    try:
        with replacing(path.expanduser()) as file:
            file.write(text.encode("utf-8"))
    except _PATH_FAULTS as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise StorageError(
            f"{_named(path)} can't be written: {render.printable(reason)}."
        ) from None


def _named(path: Path) -> str:
    return render.printable(repr(str(path)))
