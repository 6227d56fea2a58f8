"""`pincite sources`, `show`, `add`, `remove` and `reindex`: what a library holds, and changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated, get_args

import typer
from rich.console import Console
from rich.text import Text

from assistant import extractive, render
from assistant.assistant import Assistant
from assistant.cli_options import (
    LangOption,
    LibraryOption,
    PublisherOption,
    RayOption,
    SinceOption,
    SourcesOption,
    UntilOption,
    given_filter,
)
from assistant.places import find_place
from assistant.settings import load_settings
from assistant.terminal import progress_bar, show_paragraphs, show_sources, show_versions
from index import Library, SettingsError
from index.additions import Outcome
from index.intake import STDIN_NAME, documents
from index.web import FetchLimits

SOME_REFUSED = 1
SHOWN_SOURCES = 100
"""Sources that are listed, if not told otherwise: a table of thousands takes seconds to lay out."""
COLUMN_FIELDS = ("text", "title", "author", "published", "publisher", "lang", "uri", "id")

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def sources(
    library: LibraryOption = None,
    search: Annotated[
        str,
        typer.Option(
            "--search",
            metavar="WORDS",
            help="Only sources with these words in their id, title or publisher.",
            show_default=False,
        ),
    ] = "",
    named: SourcesOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    publisher: PublisherOption = None,
    lang: LangOption = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            metavar="N",
            min=1,
            help=f"List up to so many; {SHOWN_SOURCES}, or with --json all, by default.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the sources of the library, or those that would be searched with the same options."""
    only = given_filter(named, since, until, publisher, lang)
    most = limit or (None if as_json else SHOWN_SOURCES)
    opened = _open(library)
    listing = opened.listing(only, words=search, limit=most)
    if as_json:
        typer.echo(render.as_json([asdict(source) for source in listing.sources], indent=2))
        return
    if listing.sources:
        show_sources(listing.sources, out)
    elif opened.source_count:
        out.print(
            Text(render.printable(f"No source has {search!r} in its id, title or publisher."))
        )
    else:
        out.print("The library is empty: add texts with `pincite add`.")
    if len(listing.sources) < listing.found:
        shown = f"{len(listing.sources):,} of {listing.found:,} are listed"
        err.print(f"{shown}: --search WORDS finds others, --limit N lists more.", soft_wrap=True)


def show(
    source: Annotated[str, typer.Argument(metavar="SOURCE[:PARAGRAPH]")],
    library: LibraryOption = None,
    version: Annotated[
        int | None,
        typer.Option(
            "--version",
            metavar="N",
            help="Print an earlier version; the newest by default.",
            show_default=False,
        ),
    ] = None,
    versions: Annotated[
        bool, typer.Option("--versions", help="List the versions of the source instead.")
    ] = False,
) -> None:
    """Print a source with its paragraphs numbered, or one paragraph of it."""
    if versions and version is not None:
        raise SettingsError("--version and --versions exclude each other: leave one out.")
    opened = _open(library)
    if versions:
        show_versions(opened.versions(render.printable(source)), out)
    else:
        show_paragraphs(*find_place(source, opened, version), out)


def add(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="WHAT...",
            help="Files, folders, patterns ('news/*.pdf') and web addresses; `-` for what comes by "
            "standard input.",
        ),
    ],
    library: LibraryOption = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="FIELD=NAME",
            help="The column of a table, or key of JSON, that holds a field: text, title, author, "
            "published, publisher, lang, uri or id. Repeatable.",
        ),
    ] = None,
    stdin_name: Annotated[
        str,
        typer.Option(
            "--stdin-name",
            metavar="NAME",
            help="What a file with what comes by standard input would be called; its ending "
            "tells the format.",
        ),
    ] = STDIN_NAME,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-host",
            metavar="HOST:PORT",
            help="Fetch from this server although it isn't a public one. Repeatable.",
        ),
    ] = None,
    ray: RayOption = None,
) -> None:
    """Add documents to a library, which is made if need be; what is there unchanged is left alone.

    A document whose text has changed gets a new version. Exit code 1 if any was refused; the others
    are added all the same.
    """
    limits = FetchLimits(allowed_hosts=frozenset(allow_host or ()))
    given = documents(names, columns=columns_of(column or ()), limits=limits, stdin_name=stdin_name)
    with progress_bar(err) as progress:
        settings = load_settings()
        opened = Library.open_or_create(
            own_library(library),
            embedding=settings.embedding,
            vector_store=settings.vector_store,
        )
        results = opened.add(given, progress, ray=ray)
    for result in results:
        reason = f": {result.reason}" if result.reason else ""
        known_as = f" as {result.source_id}" if result.source_id else ""
        stream = err if result.outcome == "refused" else out
        line = render.printable(f"{result.outcome} {result.name}{known_as}{reason}")
        stream.print(Text(line), soft_wrap=True)
    if out.is_terminal and len(results) > 1:
        counts = Counter(result.outcome for result in results)
        out.print(", ".join(f"{counts[each]} {each}" for each in get_args(Outcome) if counts[each]))
    if any(result.outcome == "refused" for result in results):
        raise typer.Exit(SOME_REFUSED)


def columns_of(given: Iterable[str]) -> dict[str, str]:
    """What `--column` says: the column of each field. Raises SettingsError for anything else."""
    found = dict(each.partition("=")[::2] for each in given)
    for field, name in found.items():
        if field not in COLUMN_FIELDS or not name:
            raise SettingsError(
                f"{f'{field}={name}' if name else field!r} names no column: write FIELD=NAME with "
                f"one of {', '.join(COLUMN_FIELDS)} as the field."
            )
    return found


def remove(
    source: Annotated[str, typer.Argument(help="The source's id.")],
    library: LibraryOption = None,
) -> None:
    """Remove a source with all its versions and everything computed from it."""
    source_id = render.printable(source)
    Library.open(own_library(library)).remove(source_id)
    out.print(Text(f"removed {source_id}"))


def reindex(library: LibraryOption = None) -> None:
    """Build the index again from the stored texts, after an update or for another embedding."""
    with progress_bar(err) as progress:
        settings = load_settings()
        opened = Library.reindex(
            own_library(library),
            embedding=settings.embedding,
            vector_store=settings.vector_store,
            progress=progress,
        )
    out.print(Text(f"reindexed {opened.source_count} sources"))


def _open(library: str | None) -> Library:
    """The library alone: whoever lists or shows sources needs no model, nor its key."""
    with progress_bar(err) as progress:
        return Assistant.open(library, model=extractive.NAME, progress=progress).library


def own_library(library: str | None) -> str:
    """The library to change: the user's own, never the sample."""
    own = library or load_settings().library
    if own is None:
        raise SettingsError(
            "The sample library can't be changed: name a folder of your own with --library DIR "
            "(or set PINCITE_LIBRARY)."
        )
    return own
