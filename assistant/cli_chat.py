"""`pincite chat`: one question after another, at a terminal or from a pipe."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from assistant.chat_commands import Chat
from assistant.chat_session import chat_from_lines, chat_on_terminal
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

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def chat(
    library: LibraryOption = None,
    model: ModelOption = None,
    base_url: BaseUrlOption = None,
    max_tokens: MaxTokensOption = None,
    max_cost: MaxCostOption = None,
    judge: JudgeOption = False,
    strictness: StrictnessOption = None,
    sources: SourcesOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    publisher: PublisherOption = None,
    lang: LangOption = None,
    resume: Annotated[
        Path | None,
        typer.Option("--resume", metavar="FILE", help="Go on with a saved conversation."),
    ] = None,
) -> None:
    """Ask one question after another; follow-ups are understood. /help lists the commands.

    Without a terminal, each line of stdin is a question or a command.
    """
    settings = given_settings(base_url, max_tokens, max_cost, judge, strictness)
    only = given_filter(sources, since, until, publisher, lang)
    assistant = open_assistant(library, model, base_url, settings, err).limited_to(only)
    assistant.scope()  # a filter that leaves no source is told before anything is asked
    talk = Chat(assistant, settings, out)
    by_hand = sys.stdin.isatty() and out.is_terminal
    if by_hand:
        talk.greet()
    if resume is not None:
        talk.resume(resume)
    if by_hand:
        chat_on_terminal(talk, out, err)
    else:
        chat_from_lines(talk, sys.stdin, out, err)
