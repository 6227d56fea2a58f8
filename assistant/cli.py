"""The `pincite` command: the one place where failures become exit codes."""

from __future__ import annotations

import os
import signal
import sys
from importlib.metadata import version
from io import TextIOWrapper
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.text import Text

from assistant import render
from assistant.cli_ask import ask
from assistant.cli_batch import batch
from assistant.cli_chat import chat
from assistant.cli_check import check
from assistant.cli_compare import compare
from assistant.cli_doctor import doctor
from assistant.cli_eval import eval
from assistant.cli_library import add, reindex, remove, show, sources
from assistant.cli_serve import serve
from assistant.cli_verify import verify
from assistant.settings import load_settings
from index import PinciteError, QuestionError, SettingsError, SourceError

DONE, FAILED, WRONG_USAGE = 0, 1, 2
INTERRUPTED = 130

COMMANDS = (
    ask, chat, serve, sources, show, check, compare, add, remove, reindex, doctor, batch, verify,
    eval,
)  # fmt: skip
"""As the help lists them."""

app = typer.Typer(
    help="Ask your texts; every statement comes with a citation checked word for word.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

for command in COMMANDS:
    app.command()(command)


@app.callback(invoke_without_command=True)
def _options(
    show_version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)
    ] = False,
) -> None:
    if show_version:
        out.print(f"pincite {version('pincite')}")
        raise typer.Exit(DONE)


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
    sys.exit(DONE)


def _speak_utf8() -> None:
    """Whatever the locale, texts are read and written in UTF-8; what isn't UTF-8 becomes "�"."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")


def _interrupted(*_: object) -> NoReturn:
    err.print("pincite: interrupted; what was finished is kept.")
    sys.exit(INTERRUPTED)
