"""The `pincite` command: the one place where failures become exit codes."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import asdict
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.text import Text

from assistant import render
from assistant.assistant import Assistant
from assistant.settings import load_settings
from assistant.terminal import progress_bar, show_answer, show_paragraphs, show_sources
from index import Library, PinciteError, QuestionError, SettingsError, SourceError

ANSWERED, FAILED, WRONG_USAGE, ABSTAINED = 0, 1, 2, 3
INTERRUPTED = 130

app = typer.Typer(
    help="Ask your texts; every statement comes with a citation checked word for word.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

LibraryOption = Annotated[
    Path | None,
    typer.Option(
        "--library",
        metavar="DIR",
        help="Folder of the library; PINCITE_LIBRARY or the sample articles by default.",
        show_default=False,
    ),
]


@app.callback(invoke_without_command=True)
def _options(
    show_version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)
    ] = False,
) -> None:
    if show_version:
        out.print(f"pincite {version('pincite')}")
        raise typer.Exit(ANSWERED)


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="The question; `-` reads it from stdin.")],
    library: LibraryOption = None,
    sources: Annotated[
        list[str] | None,
        typer.Option("--sources", metavar="ID", help="Search only this source; repeatable."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print pincite.answer/1.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
) -> None:
    """Answer a question, each statement with its citation; exit code 3 if the sources don't."""
    if as_json and as_markdown:
        raise SettingsError("--json and --markdown exclude each other: leave one out.")
    text = sys.stdin.read() if question == "-" else question
    with progress_bar(err) as progress:
        assistant = Assistant.open(library, progress=progress)
    answer = assistant.ask(text, sources=_listed(sources))
    if as_json:
        typer.echo(answer.to_json(indent=2))
    elif as_markdown:
        typer.echo(answer.to_markdown(), nl=False)
    else:
        show_answer(answer, out)
    raise typer.Exit(ABSTAINED if answer.status == "abstained" else ANSWERED)


@app.command()
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


@app.command()
def show(
    source: Annotated[str, typer.Argument(metavar="SOURCE[:PARAGRAPH]")],
    library: LibraryOption = None,
) -> None:
    """Print a source with its paragraphs numbered, or one paragraph of it."""
    source_id, _, number = render.printable(source).partition(":")
    if number and not (number.isascii() and number.isdigit()):
        raise SettingsError(f"{number!r} is no paragraph number: use SOURCE:NUMBER, such as a:3.")
    indexed = _open(library).indexed(source_id)
    if number and not 1 <= int(number) <= len(indexed.paragraphs):
        raise SourceError(
            f"{source_id} has no paragraph {number}: it has {len(indexed.paragraphs)}, from 1."
        )
    show_paragraphs(indexed, int(number) if number else None, out)


@app.command()
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
        raise typer.Exit(FAILED)


@app.command()
def remove(
    source: Annotated[str, typer.Argument(help="The source's id.")],
    library: LibraryOption = None,
) -> None:
    """Remove a source and everything computed from it."""
    source_id = render.printable(source)
    Library.open(_own(library)).remove(source_id)
    out.print(Text(f"removed {source_id}"))


@app.command()
def reindex(library: LibraryOption = None) -> None:
    """Build the index again from the stored texts, after an update or for another embedding."""
    with progress_bar(err) as progress:
        opened = Library.reindex(
            _own(library), embedding=load_settings().embedding, progress=progress
        )
    out.print(Text(f"reindexed {len(opened.content())} sources"))


def _open(library: Path | None) -> Library:
    with progress_bar(err) as progress:
        return Assistant.open(library, progress=progress).library


def _own(library: Path | None) -> Path:
    """The library to change: the user's own, never the sample."""
    folder = library or load_settings().library
    if folder is None:
        raise SettingsError(
            "The sample library can't be changed: name a folder of your own with --library DIR "
            "(or set PINCITE_LIBRARY)."
        )
    return folder


def _listed(sources: list[str] | None) -> list[str] | None:
    """Sources may be given one an option or with commas between them."""
    if not sources:
        return None
    return [source.strip() for each in sources for source in each.split(",") if source.strip()]


def _speak_utf8() -> None:
    """Whatever the locale, texts are read and written in UTF-8; what isn't UTF-8 becomes "�"."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")


def main() -> NoReturn:
    """Run the command line; a failure that users can mend becomes one sentence and a code."""
    _speak_utf8()
    before = signal.signal(signal.SIGINT, _interrupted)
    try:
        load_settings()
        app(prog_name="pincite")
    except PinciteError as error:
        usage = isinstance(error, QuestionError | SettingsError | SourceError)
        err.print(Text(f"pincite: {error}"), soft_wrap=True)
        sys.exit(WRONG_USAGE if usage else FAILED)
    except OSError as error:  # the output can't be written: a full disk, a closed pipe
        err.print(Text(f"pincite: the output can't be written: {error.strerror or error}."))
        os._exit(FAILED)  # no second attempt to write what is still buffered
    finally:
        signal.signal(signal.SIGINT, before)
    sys.exit(ANSWERED)


def _interrupted(*_: object) -> NoReturn:
    err.print("pincite: interrupted; what was finished is kept.")
    sys.exit(INTERRUPTED)
