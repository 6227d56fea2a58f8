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
    LibraryOption,
    MaxCostOption,
    MaxTokensOption,
    ModelOption,
    StrictnessOption,
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
    resume: Annotated[
        Path | None,
        typer.Option("--resume", metavar="FILE", help="Go on with a saved conversation."),
    ] = None,
) -> None:
    """Ask one question after another; follow-ups are understood. /help lists the commands.

    Without a terminal, each line of stdin is a question or a command.
    """
    settings = given_settings(base_url, max_tokens, max_cost, judge, strictness)
    talk = Chat(open_assistant(library, model, base_url, settings, err), settings, out)
    by_hand = sys.stdin.isatty() and out.is_terminal
    if by_hand:
        talk.greet()
    if resume is not None:
        talk.resume(resume)
    if by_hand:
        chat_on_terminal(talk, out, err)
    else:
        chat_from_lines(talk, sys.stdin, out, err)
