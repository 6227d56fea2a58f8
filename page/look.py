"""How the page looks: theme, style sheet and script, all from files of the project."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradio.themes import Base


@cache
def head() -> str:
    """What goes into the page's head: the style sheet and the script, inline."""
    assets = files("page") / "assets"
    css = (assets / "page.css").read_text(encoding="utf-8")
    script = (assets / "page.js").read_text(encoding="utf-8")
    return f"<style>{css}</style><script>{script}</script>"


def theme() -> Base:
    """Gradio's plain theme with the system's own fonts: nothing is fetched from elsewhere."""
    from gradio.themes import Base

    return Base(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])
