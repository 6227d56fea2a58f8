"""Builds the page: what stands where, and what happens when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant import Assistant

if TYPE_CHECKING:
    from gradio import Blocks

TITLE = "Pincite"


def build_page(assistant: Assistant) -> Blocks:
    """The page over one assistant; to be launched by `page.server.serve`."""
    import gradio as gr

    with gr.Blocks(title=TITLE, analytics_enabled=False) as blocks:
        gr.HTML("<h1>Pincite</h1>")
    return blocks
