"""`pincite serve`: the page, over the sample library or one of the user's own."""

from __future__ import annotations

import os
import sys

import typer
from rich.console import Console
from rich.text import Text

from assistant import render
from assistant.cli_assistant import given_settings, open_assistant
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
    StrictnessOption,
)
from assistant.settings import Settings
from index import Library, has_library

STOPPED = 0

err = Console(stderr=True, highlight=False)


def serve(
    library: LibraryOption = None,
    model: ModelOption = None,
    base_url: BaseUrlOption = None,
    max_tokens: MaxTokensOption = None,
    max_cost: MaxCostOption = None,
    judge: JudgeOption = False,
    strictness: StrictnessOption = None,
    host: HostOption = "127.0.0.1",
    port: PortOption = 7860,
    auth: AuthOption = None,
    open_to_all: OpenOption = False,
    mcp: McpOption = False,
) -> None:
    """Serve the page: chat with the sources beside the answer. A new library is made if need be."""
    from page import server  # the one command that needs the page; all others do without it

    settings = given_settings(base_url, max_tokens, max_cost, judge, strictness)
    server.check(host, port, auth, open_to_all)
    _make_library(library or settings.library, settings)
    assistant = open_assistant(library, model, base_url, settings, err)

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
    os._exit(STOPPED)  # threads that still wait for a model must not hold up the end


def _make_library(library: str | None, settings: Settings) -> None:
    """An empty library where there is none: the page can add texts to it."""
    if library is None or has_library(library):
        return
    Library.open_or_create(
        library, embedding=settings.embedding, vector_store=settings.vector_store
    ).close()
    line = f"There was no library in {library}: an empty one was made; the page can add texts."
    err.print(Text(render.printable(line)), soft_wrap=True)
