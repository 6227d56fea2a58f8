"""Options that several commands of `pincite` take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from index import Filter

LibraryOption = Annotated[
    str | None,
    typer.Option(
        "--library",
        metavar="DIR",
        help="Folder of the library, or its address on a Chroma server, chroma://HOST:PORT/NAME; "
        "PINCITE_LIBRARY or the sample articles by default.",
        show_default=False,
    ),
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME",
        help="Model that words the answers, such as openai:NAME; `extractive` for none. "
        "PINCITE_MODEL by default.",
        show_default=False,
    ),
]
BaseUrlOption = Annotated[
    str | None,
    typer.Option(
        "--base-url",
        metavar="URL",
        help="Where the model is served, for any server that speaks the OpenAI protocol.",
        show_default=False,
    ),
]
MaxTokensOption = Annotated[
    int | None,
    typer.Option(
        "--max-tokens",
        metavar="N",
        help="Tokens that the model may write for one question.",
        show_default=False,
    ),
]
MaxCostOption = Annotated[
    float | None,
    typer.Option(
        "--max-cost",
        metavar="USD",
        help="What the model may cost for one question.",
        show_default=False,
    ),
]
JudgeOption = Annotated[
    bool,
    typer.Option(
        "--judge",
        help="Ask the model again if its quotes support what it said; withhold what it denies.",
    ),
]
StrictnessOption = Annotated[
    float | None,
    typer.Option(
        "--strictness",
        metavar="P",
        help="How probable it must be that the sources answer, from 0 to 1, or the question is "
        "refused; PINCITE_STRICTNESS or 0.5 by default.",
        show_default=False,
    ),
]
ConcurrencyOption = Annotated[
    int | None,
    typer.Option(
        "--concurrency",
        metavar="N",
        help="Questions that are answered at a time; the number of cores, or with a model 4.",
        show_default=False,
    ),
]
RayOption = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="ADDRESS",
        help="Have the machines of a Ray cluster do the work: HOST:PORT, or auto for the one that "
        "this machine belongs to.",
        show_default=False,
    ),
]
SourcesOption = Annotated[
    list[str] | None,
    typer.Option("--source", "--sources", metavar="ID", help="Only this source; repeatable."),
]
SinceOption = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="DATE",
        help="Only sources that state a date from this on: YYYY-MM-DD, YYYY-MM or YYYY.",
        show_default=False,
    ),
]
UntilOption = Annotated[
    str | None,
    typer.Option(
        "--until",
        metavar="DATE",
        help="Only sources that state a date up to this.",
        show_default=False,
    ),
]
PublisherOption = Annotated[
    str | None,
    typer.Option(
        "--publisher",
        metavar="NAME",
        help="Only sources that state this publisher.",
        show_default=False,
    ),
]
LangOption = Annotated[
    str | None,
    typer.Option(
        "--lang",
        metavar="CODE",
        help="Only sources that state this language, such as en.",
        show_default=False,
    ),
]
HostOption = Annotated[
    str,
    typer.Option("--host", metavar="HOST", help="Address to listen on; this machine's own."),
]
PortOption = Annotated[
    int, typer.Option("--port", metavar="N", help="Port to listen on; 0 for any free one.")
]
AuthOption = Annotated[
    Path | None,
    typer.Option(
        "--auth",
        metavar="FILE",
        help="Who may use the page: a file with a line NAME:PASSWORD for each, that only you "
        "can read.",
        show_default=False,
    ),
]
OpenOption = Annotated[
    bool,
    typer.Option("--open", help="Allow a host that others can reach without --auth."),
]
McpOption = Annotated[
    bool,
    typer.Option("--mcp", help="Offer `ask`, `sources` and `show` as MCP tools too."),
]


def given_filter(
    sources: list[str] | None,
    since: str | None,
    until: str | None,
    publisher: str | None,
    lang: str | None,
) -> Filter:
    """The filter that the options make; several ids may stand in one, with commas between them.

    Raises SettingsError for what is no date, or names no source.
    """
    split = [each.strip() for given in sources or () for each in given.split(",")]
    named = [each for each in split if each]
    return Filter(since, until, publisher, lang, named if sources else None)
