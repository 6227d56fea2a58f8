"""`pincite ask`: answers one question and prints the answer in the form asked for."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Annotated

import typer
from rich.console import Console

from assistant import render
from assistant.assistant import Assistant
from assistant.cli_assistant import given_settings, open_assistant
from assistant.cli_options import (
    BaseUrlOption,
    JudgeOption,
    LangOption,
    LibraryOption,
    MaxCostOption,
    MaxTokensOption,
    ModelOption,
    PublisherOption,
    SinceOption,
    SourcesOption,
    StrictnessOption,
    UntilOption,
    given_filter,
)
from assistant.export import EXPORT_FORMATS, ExportFormat, find_format
from assistant.questions import clean_question
from assistant.streaming import event_dict
from assistant.terminal import ShownWithheld, show_answer, show_events, waiting
from assistant.types import Answer, Event
from index import SettingsError

ABSTAINED = 3
TEXT = "text"
"""The form for a person at a terminal, which is no form for files."""
STREAMED = (TEXT, "json")
"""The forms that can be printed piece by piece."""

NOTHING_CITED = f"{render.NOT_ANSWERED.removesuffix('.')}, so there is nothing to cite."

_NAMES = (TEXT, *(form.name for form in EXPORT_FORMATS))
_CHOICE = f"{', '.join(_NAMES[:-1])} or {_NAMES[-1]}"

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def ask(
    question: Annotated[str, typer.Argument(help="The question; `-` reads it from stdin.")],
    library: LibraryOption = None,
    sources: SourcesOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    publisher: PublisherOption = None,
    lang: LangOption = None,
    model: ModelOption = None,
    base_url: BaseUrlOption = None,
    max_tokens: MaxTokensOption = None,
    max_cost: MaxCostOption = None,
    judge: JudgeOption = False,
    strictness: StrictnessOption = None,
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
            help="List the statements that were withheld, with the reasons; JSON and HTML always "
            "have them.",
        ),
    ] = False,
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="NAME",
            help=f"Print the answer as {_CHOICE}; {TEXT} by default.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print pincite.answer/1; short for --format json.")
    ] = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print Markdown; short for --format markdown.")
    ] = False,
) -> None:
    """Answer a question, each statement with its citation; exit code 3 if the sources don't."""
    form = _form(format, as_json, as_markdown, stream, show_withheld)
    asked = clean_question(sys.stdin.read() if question == "-" else question)
    only = given_filter(sources, since, until, publisher, lang)
    settings = given_settings(base_url, max_tokens, max_cost, judge, strictness)
    assistant = open_assistant(library, model, base_url, settings, err).limited_to(only)
    answering = _stream if stream else _answer
    answer = answering(assistant, asked, form, show_withheld)
    if answer.status == "abstained":
        raise typer.Exit(ABSTAINED)


def _form(
    format: str | None, as_json: bool, as_markdown: bool, stream: bool, show_withheld: bool
) -> ExportFormat | None:
    """The form that the options ask for, None for text.

    Raises:
        SettingsError: there is no such form, or the options contradict each other.
    """
    if format is not None and format not in _NAMES:
        raise SettingsError(f"There is no format {format[:40]!r}: choose {_CHOICE}.")
    given = {
        "--json": "json" if as_json else None,
        "--markdown": "markdown" if as_markdown else None,
        f"--format {format}": format,
    }
    asked = [(option, name) for option, name in given.items() if name is not None]
    (option, name), *others = asked or [("", TEXT)]
    for other, other_name in others:
        if other_name != name:
            raise SettingsError(f"{option} and {other} exclude each other: leave one out.")
    form = find_format(name)
    if stream and name not in STREAMED:
        raise SettingsError(f"Only text and JSON can be streamed: leave --stream or {option} out.")
    if show_withheld and form is not None and not form.is_whole:
        raise SettingsError(
            f"{form.label} can't list what was withheld: leave --show-withheld or {option} out."
        )
    return form


def _answer(
    assistant: Assistant,
    asked: str,
    form: ExportFormat | None,
    show_withheld: bool,
) -> Answer:
    """Print the answer as a whole."""
    with waiting(out, assistant.model):
        answer = assistant.ask(asked)
    if form is None:
        show_answer(answer, out, "listed" if show_withheld else "--show-withheld")
    elif form.name == "markdown":
        typer.echo(render.markdown(answer, show_withheld=show_withheld), nl=False)
    else:
        text = form.of_answer(answer, assistant.library)
        typer.echo(text, nl=bool(text) and not text.endswith("\n"))
        if not form.is_whole and not answer.citations:
            err.print(f"pincite: {NOTHING_CITED}", soft_wrap=True)
    return answer


def _stream(
    assistant: Assistant,
    asked: str,
    form: ExportFormat | None,
    show_withheld: bool,
) -> Answer:
    """Print the answer as it comes, as text or JSON."""
    shown: ShownWithheld = "listed" if show_withheld else "--show-withheld"
    with closing(assistant.stream(asked)) as events:
        if form is not None:
            return _print_events(events)
        with waiting(out, assistant.model):
            return show_events(events, asked, out, shown)


def _print_events(events: Iterator[Event]) -> Answer:
    for event in events:
        typer.echo(render.as_json(event_dict(event), indent=None))
        if isinstance(event, Answer):
            return event
    raise RuntimeError("the stream ended without an answer")
