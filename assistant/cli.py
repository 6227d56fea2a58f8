"""The `pincite` command: the one place where failures become exit codes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer
from rich.console import Console
from rich.text import Text

from assistant import extractive, render
from assistant.assistant import Assistant
from assistant.chat_commands import Chat
from assistant.chat_session import chat_from_lines, chat_on_terminal
from assistant.cli_batch import batch
from assistant.cli_options import (
    AuthOption,
    BaseUrlOption,
    HostOption,
    JudgeOption,
    LibraryOption,
    MaxCostOption,
    MaxTokensOption,
    McpOption,
    ModelOption,
    OpenOption,
    PortOption,
)
from assistant.cli_verify import verify
from assistant.places import find_place
from assistant.questions import clean_question
from assistant.settings import Settings, load_settings
from assistant.streaming import event_dict
from assistant.terminal import (
    ShownWithheld,
    progress_bar,
    show_answer,
    show_events,
    show_paragraphs,
    show_sources,
    waiting,
)
from assistant.types import Answer, Event
from index import (
    Library,
    PinciteError,
    QuestionError,
    SettingsError,
    SourceError,
    has_library,
)

ANSWERED, FAILED, WRONG_USAGE, ABSTAINED = 0, 1, 2, 3
INTERRUPTED = 130

Form = Literal["text", "json", "markdown"]
"""The form of an answer on stdout."""

app = typer.Typer(
    help="Ask your texts; every statement comes with a citation checked word for word.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


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
    model: ModelOption = None,
    base_url: BaseUrlOption = None,
    max_tokens: MaxTokensOption = None,
    max_cost: MaxCostOption = None,
    judge: JudgeOption = False,
    stream: Annotated[
        bool,
        typer.Option(
            "--stream",
            help="Print each statement as soon as it is verified. With --json one event a line: "
            '"question", "claim" for each statement, and last "answer", with pincite.answer/1.',
        ),
    ] = False,
    show_withheld: Annotated[
        bool,
        typer.Option(
            "--show-withheld",
            help="List the statements that were withheld, with the reasons; JSON always has them.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print pincite.answer/1.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
) -> None:
    """Answer a question, each statement with its citation; exit code 3 if the sources don't."""
    if as_json and as_markdown:
        raise SettingsError("--json and --markdown exclude each other: leave one out.")
    if stream and as_markdown:
        raise SettingsError("Markdown is printed as a whole: leave --stream or --markdown out.")
    asked = clean_question(sys.stdin.read() if question == "-" else question)
    settings = _settings(base_url, max_tokens, max_cost, judge)
    assistant = _assistant(library, model, base_url, settings)
    form: Form = "json" if as_json else "markdown" if as_markdown else "text"
    answering = _stream if stream else _answer
    answer = answering(assistant, asked, _listed(sources), form, show_withheld)
    raise typer.Exit(ABSTAINED if answer.status == "abstained" else ANSWERED)


def _answer(
    assistant: Assistant, asked: str, sources: list[str] | None, form: Form, show_withheld: bool
) -> Answer:
    """Print the answer as a whole."""
    with waiting(out, assistant.model):
        answer = assistant.ask(asked, sources=sources)
    if form == "json":
        typer.echo(answer.to_json(indent=2))
    elif form == "markdown":
        typer.echo(render.markdown(answer, show_withheld=show_withheld), nl=False)
    else:
        show_answer(answer, out, "listed" if show_withheld else "--show-withheld")
    return answer


def _stream(
    assistant: Assistant, asked: str, sources: list[str] | None, form: Form, show_withheld: bool
) -> Answer:
    """Print the answer as it comes."""
    shown: ShownWithheld = "listed" if show_withheld else "--show-withheld"
    with closing(assistant.stream(asked, sources=sources)) as events:
        if form == "json":
            return _print_events(events)
        with waiting(out, assistant.model):
            return show_events(events, asked, out, shown)


def _print_events(events: Iterator[Event]) -> Answer:
    for event in events:
        typer.echo(render.as_json(event_dict(event), indent=None))
        if isinstance(event, Answer):
            return event
    raise RuntimeError("the stream ended without an answer")


@app.command()
def chat(
    library: LibraryOption = None,
    model: ModelOption = None,
    base_url: BaseUrlOption = None,
    max_tokens: MaxTokensOption = None,
    max_cost: MaxCostOption = None,
    judge: JudgeOption = False,
    resume: Annotated[
        Path | None,
        typer.Option("--resume", metavar="FILE", help="Go on with a saved conversation."),
    ] = None,
) -> None:
    """Ask one question after another; follow-ups are understood. /help lists the commands.

    Without a terminal, each line of stdin is a question or a command.
    """
    settings = _settings(base_url, max_tokens, max_cost, judge)
    talk = Chat(_assistant(library, model, base_url, settings), settings, out)
    by_hand = sys.stdin.isatty() and out.is_terminal
    if by_hand:
        talk.greet()
    if resume is not None:
        talk.resume(resume)
    if by_hand:
        chat_on_terminal(talk, out, err)
    else:
        chat_from_lines(talk, sys.stdin, out, err)


@app.command()
def serve(
    library: LibraryOption = None,
    model: ModelOption = None,
    base_url: BaseUrlOption = None,
    max_tokens: MaxTokensOption = None,
    max_cost: MaxCostOption = None,
    judge: JudgeOption = False,
    host: HostOption = "127.0.0.1",
    port: PortOption = 7860,
    auth: AuthOption = None,
    open_to_all: OpenOption = False,
    mcp: McpOption = False,
) -> None:
    """Serve the page: chat with the sources beside the answer. A new library is made if need be."""
    from page import server  # the one command that needs the page; all others do without it

    settings = _settings(base_url, max_tokens, max_cost, judge)
    server.check(host, port, auth, open_to_all)
    _make_library(library or settings.library, settings)
    assistant = _assistant(library, model, base_url, settings)

    def ready(address: str) -> None:
        typer.echo(f"Pincite is at {address} (Ctrl-C stops it).")
        if mcp:
            typer.echo(f"MCP clients find it at {server.mcp_address(address)}")
        sys.stdout.flush()

    server.serve(
        assistant,
        host=host,
        port=port,
        auth_file=auth,
        open_to_all=open_to_all,
        mcp=mcp,
        ready=ready,
    )
    os._exit(ANSWERED)  # threads that still wait for a model must not hold up the end


def _make_library(folder: Path | None, settings: Settings) -> None:
    """An empty library in the folder where there is none: the page can add texts to it."""
    if folder is None or has_library(folder):
        return
    Library.open_or_create(folder, embedding=settings.embedding).close()
    line = f"There was no library in {folder}: an empty one was made; the page can add texts."
    err.print(Text(render.printable(line)), soft_wrap=True)


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
    show_paragraphs(*find_place(source, _open(library)), out)


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


app.command()(batch)
app.command()(verify)


def _settings(
    base_url: str | None, max_tokens: int | None, max_cost: float | None, judge: bool
) -> Settings:
    """The environment's settings, overridden by what is given; a flag left out says nothing."""
    return load_settings().overridden(
        base_url=base_url, max_tokens=max_tokens, max_cost=max_cost, judge=judge or None
    )


def _assistant(
    library: Path | None, model: str | None, base_url: str | None, settings: Settings
) -> Assistant:
    with progress_bar(err) as progress:
        return Assistant.open(
            library,
            model=model,
            base_url=base_url,
            max_tokens=settings.max_tokens,
            max_cost=settings.max_cost,
            judge=settings.judge,
            progress=progress,
        )


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
        err.print(Text(f"pincite: {render.one_line(str(error))}"), soft_wrap=True)
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
