"""The assistant that a command was told to ask."""

from __future__ import annotations

from rich.console import Console

from assistant.assistant import Assistant
from assistant.settings import Settings, load_settings
from assistant.terminal import progress_bar


def given_settings(
    base_url: str | None,
    max_tokens: int | None,
    max_cost: float | None,
    judge: bool,
    strictness: float | None,
) -> Settings:
    """The environment's settings, overridden by what is given; a flag left out says nothing."""
    return load_settings().overridden(
        base_url=base_url,
        max_tokens=max_tokens,
        max_cost=max_cost,
        judge=judge or None,
        strictness=strictness,
    )


def open_assistant(
    library: str | None,
    model: str | None,
    base_url: str | None,
    settings: Settings,
    console: Console,
) -> Assistant:
    """The assistant over this library; the console shows how far it is where it is built first."""
    with progress_bar(console) as progress:
        return Assistant.open(
            library,
            model=model,
            base_url=base_url,
            max_tokens=settings.max_tokens,
            max_cost=settings.max_cost,
            judge=settings.judge,
            strictness=settings.strictness,
            progress=progress,
        )
