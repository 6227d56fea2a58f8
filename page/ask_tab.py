"""The tab to ask in: the conversation, the box below it, and what can be done with both."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import gradio as gr
from anyio import to_thread

from assistant import EXPORT_FORMATS, Assistant, suggested_questions
from page.conversation import Shown, Verified, answer_question
from page.events import QUIET, narrow_search, pick_example
from page.templates import rendered

MAX_QUESTION_CHARACTERS = 10_000

PRESS_ASK = "() => document.querySelector('#question button').click()"


@dataclass(frozen=True, slots=True)
class AskTab:
    """The parts of the tab that others change."""

    question: gr.Textbox
    """Where questions are typed; not before it is made interactive."""
    earlier: gr.HTML
    """The finished turns."""
    searching: gr.HTML
    """The line that says what is searched."""
    filter: gr.HTML
    """The form that narrows it."""


def build_ask_tab(
    blocks: gr.Blocks,
    assistant: Assistant,
    verified: Verified,
    saved: gr.Textbox,
    scope: gr.Textbox,
) -> AskTab:
    """Build the tab.

    `saved` holds the conversation and `scope` the chosen sources, both as the tab keeps them.
    """
    with gr.Column(elem_id="conversation"):
        earlier = gr.HTML(js_on_load=pick_example, apply_default_css=False)
        current = gr.HTML(elem_id="current", apply_default_css=False)
    with gr.Column(elem_id="composer"):
        question = gr.Textbox(
            elem_id="question",
            label="Question",
            placeholder="Ask the sources a question",
            max_lines=6,
            max_length=MAX_QUESTION_CHARACTERS,
            submit_btn="Ask",
            interactive=False,  # until what the tab has kept is there: it would replace an answer
            container=False,
        )
        with gr.Row(elem_id="scope-row"):
            searching = gr.HTML(elem_id="searching", apply_default_css=False)
            narrowing = gr.HTML(elem_id="filter", js_on_load=narrow_search, apply_default_css=False)
        with gr.Row(elem_id="tools"):
            stop = gr.Button("Stop", size="sm", elem_id="stop")
            begin = gr.Button("New conversation", size="sm")
            gr.HTML(_conversation_exports(), apply_default_css=False)

    answering: defaultdict[str | None, set[threading.Event]] = defaultdict(set)

    async def answer(
        asked: str, kept: str, chosen: str, request: gr.Request
    ) -> AsyncIterator[tuple[Any, ...]]:
        if not asked.strip():
            yield (gr.skip(),) * 4
            return
        # Cancelling reaches a coroutine that waits, but no thread that waits for the model.
        stopped = threading.Event()
        answering[request.session_hash].add(stopped)
        steps = answer_question(assistant, verified, asked, kept, chosen, stopped)
        try:
            yield "", gr.skip(), gr.skip(), gr.skip()
            while shown := await to_thread.run_sync(next, steps, None, abandon_on_cancel=True):
                yield _updates(shown)
        finally:
            stopped.set()
            answering.get(request.session_hash, set()).discard(stopped)

    def leave(request: gr.Request) -> None:
        for stopped in answering.pop(request.session_hash, ()):
            stopped.set()

    def picked(event: gr.EventData) -> str:
        return str(event.question)

    def begun() -> tuple[str, str, str]:
        return beginning(assistant), "", ""

    asks: dict[str, Any] = {
        "fn": answer,
        "inputs": [question, saved, scope],
        "outputs": [question, earlier, current, saved],
        "concurrency_limit": None,
        **QUIET,
    }
    running = question.submit(**asks)
    # Asked as if it were typed, so that a tab asks one question at a time.
    earlier.pick(picked, None, question, **QUIET).then(None, None, None, js=PRESS_ASK, **QUIET)
    shown = [current, question]
    # What an event cancels, the browser cancels only once the event itself is done.
    running.failure(None, shown, shown, js=_interrupted("failed"), **QUIET)
    stop.click(None, shown, shown, cancels=running, js=_interrupted("stopped"), **QUIET)
    begin.click(None, None, None, cancels=running, **QUIET).then(
        begun, None, [earlier, current, saved], **QUIET
    )
    # Gradio itself would notice only with the next claim that the reader is gone.
    blocks.unload(leave)
    saved.change(None, saved, None, js="(kept) => window.pincite.keep(kept)", **QUIET)
    return AskTab(question, earlier, searching, narrowing)


def beginning(assistant: Assistant) -> str:
    """What stands in place of a conversation that hasn't begun."""
    return rendered(
        "beginning.html",
        questions=suggested_questions(assistant.library),
        empty=not assistant.library.source_count,
    )


def _conversation_exports() -> str:
    """The menu of the forms in which the conversation can be downloaded."""
    return rendered(
        "export.html",
        formats=[form for form in EXPORT_FORMATS if form.of_conversation],
        summary="Download conversation",
        what="the conversation",
        turn=None,
    )


def _updates(shown: Shown) -> tuple[Any, ...]:
    parts = (shown.unasked, shown.earlier, shown.current, shown.saved)
    return tuple(gr.skip() if part is None else part for part in parts)


def _interrupted(how: str) -> str:
    return f'(current, question) => window.pincite.interrupted(current, question, "{how}")'
