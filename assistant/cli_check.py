"""The command `pincite check`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console

from assistant import extractive
from assistant.assistant import Assistant
from assistant.check_text import show_check
from assistant.checking import clean_claim
from assistant.cli_options import (
    LangOption,
    LibraryOption,
    PublisherOption,
    SinceOption,
    SourcesOption,
    UntilOption,
    given_filter,
)
from assistant.terminal import progress_bar

NOT_SUPPORTED = 3

_out = Console(highlight=False)
_err = Console(stderr=True, highlight=False)


def check(
    claim: Annotated[str, typer.Argument(help="The statement; `-` reads it from stdin.")],
    library: LibraryOption = None,
    sources: SourcesOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    publisher: PublisherOption = None,
    lang: LangOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print pincite.check/1.")] = False,
) -> None:
    """Check a statement: supported, partly or not, with the evidence; exit code 3 if not all is."""
    stated = clean_claim(sys.stdin.read() if claim == "-" else claim)
    only = given_filter(sources, since, until, publisher, lang)
    with progress_bar(_err) as progress:
        assistant = Assistant.open(library, model=extractive.NAME, progress=progress)
    checked = assistant.limited_to(only).check(stated)
    if as_json:
        typer.echo(checked.to_json(indent=2))
    else:
        show_check(checked, _out)
    if checked.verdict != "supported":
        raise typer.Exit(NOT_SUPPORTED)
