"""Builds the page: what stands where, and what happens when it is opened or the library changes."""

from __future__ import annotations

from functools import partial
from typing import Any

import gradio as gr

from assistant import Assistant, PinciteError
from assistant.render import one_line
from page.api import add_endpoints
from page.ask_tab import beginning, build_ask_tab
from page.choice import scope_line
from page.conversation import Verified, turns_html
from page.events import QUIET, attach_pane
from page.export import exporter
from page.failures import sentence
from page.filter_form import filter_html
from page.question_lists import build_question_lists
from page.source_list import list_html
from page.source_pane import place_opener
from page.sources_tab import build_sources_tab
from page.templates import rendered

TITLE = "Pincite"
UPLOADS_LAST = (3600, 6 * 3600)
"""How often uploaded files are looked through, and at which age they are deleted, in seconds."""


def build_page(assistant: Assistant) -> gr.Blocks:
    """The page over one assistant; to be launched by `page.server.serve`."""
    verified = Verified(assistant)
    blocks: gr.Blocks
    with gr.Blocks(
        title=TITLE, analytics_enabled=False, fill_width=True, delete_cache=UPLOADS_LAST
    ) as blocks:
        add_endpoints(assistant)  # first, so that no other function takes their names
        saved = gr.Textbox(visible="hidden", elem_id="saved")
        scope = gr.Textbox(visible="hidden", elem_id="scope")
        masthead = gr.HTML(apply_default_css=False)
        with gr.Row(elem_id="desk"):
            with gr.Column(elem_id="work"), gr.Tabs():
                with gr.Tab("Ask", elem_id="ask-tab"):
                    ask = build_ask_tab(blocks, assistant, verified, saved, scope)
                changed: dict[str, Any] = {
                    "fn": partial(_changed, assistant),
                    "inputs": [saved, scope],
                    "outputs": [masthead, ask.searching, ask.filter, ask.earlier],
                    **QUIET,
                }
                with gr.Tab("Sources", elem_id="sources-tab"):
                    table = build_sources_tab(assistant, scope, ask, changed)
                with gr.Tab("Question lists", elem_id="lists-tab"):
                    build_question_lists(assistant)
            with gr.Column(elem_id="source-pane"):
                gr.HTML(
                    html_template=rendered("pane.html"),
                    js_on_load=attach_pane,
                    server_functions=[place_opener(assistant), exporter(assistant, verified)],
                    apply_default_css=False,
                )

        blocks.load(
            partial(_arrive, assistant, verified),
            [saved, scope],
            [
                masthead,
                ask.searching,
                ask.filter,
                table,
                ask.earlier,
                saved,
                scope,
                ask.question,
            ],
            js="() => [window.pincite.kept(), window.pincite.chosen()]",
            **QUIET,
        )
    return blocks


def _arrive(assistant: Assistant, verified: Verified, kept: str, chosen: str) -> tuple[Any, ...]:
    """What a tab shows when it is opened or reloaded."""
    turns, text = _restored(assistant, verified, kept)
    lines = _masthead(assistant), scope_line(assistant, chosen), filter_html(assistant)
    ready = gr.Textbox(interactive=True)
    return *lines, list_html(assistant, chosen), turns, text, chosen, ready


def _changed(assistant: Assistant, kept: str, chosen: str) -> tuple[Any, ...]:
    """What follows when sources were added or removed."""
    turns = gr.skip() if kept else beginning(assistant)
    return _masthead(assistant), scope_line(assistant, chosen), filter_html(assistant), turns


def _masthead(assistant: Assistant) -> str:
    """The line at the top: what is asked, and who words the answers."""
    return rendered(
        "masthead.html",
        sources=assistant.library.source_count,
        paragraphs=assistant.library.paragraph_count,
        model=one_line(assistant.model) if assistant.model else "",
    )


def _restored(assistant: Assistant, verified: Verified, kept: str) -> tuple[str, str]:
    """The turns of a tab that was reloaded, and its conversation as it is kept from now on."""
    try:
        conversation, faults = verified.restore(kept)
    except PinciteError as error:
        return rendered("turns.html", turns=[], faults=[sentence(assistant, error)]), ""
    if not conversation.turns:
        return beginning(assistant), ""
    return turns_html(conversation, faults), verified.save(conversation)
