"""The tab of the sources: choose which are searched, add texts, remove them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from assistant import Assistant, PinciteError, SourceError
from assistant.render import one_line
from page.ask_tab import AskTab
from page.choice import scope_line
from page.events import QUIET, choose_sources, find_sources
from page.failures import sentence
from page.source_list import MAX_WORDS_CHARACTERS, find_source, list_html
from page.templates import rendered
from page.uploads import Upload, add_uploads

UNCHANGEABLE = (
    "These are the sample articles, which stay as they are. To add texts of your own, start the "
    "page over a library of your own: `pincite serve --library DIR`."
)

ADD_TEXTS = """
<h3>Add texts</h3>
<p>Text, Markdown, HTML, PDF, Word (.docx), EPUB, e-mail, feeds, JSON, CSV, or a .zip of these.</p>
"""

SENT_BYTES = 20_000_001
"""Of a larger file; enough to see that it is too large."""

cut_files = f"""
// Gradio takes none of the files when one is too large. So of a large one only the beginning is
// sent: the server then says of that one that it is too large, and the others go in.
const most = {SENT_BYTES};
const large = (files) => [...(files ?? [])].some((file) => file.size > most);
const cut = (files) => {{
  const all = new DataTransfer();
  for (const file of files) {{
    const part = file.size > most ? new File([file.slice(0, most)], file.name) : file;
    all.items.add(part);
  }}
  return all.files;
}};
document.addEventListener("change", (event) => {{
  if (event.target.matches?.("#upload input[type=file]") && large(event.target.files)) {{
    event.target.files = cut(event.target.files);
  }}
}}, true);
document.addEventListener("drop", (event) => {{
  const input = event.target.closest?.("#upload")?.querySelector("input[type=file]");
  if (!input || !large(event.dataTransfer.files)) return;
  event.preventDefault();
  event.stopPropagation();
  input.files = cut(event.dataTransfer.files);
  input.dispatchEvent(new Event("change", {{ bubbles: true }}));
}}, true);
"""

show_removal = """
() => {
  const show = (tries) => {
    const keep = [...document.querySelectorAll("#removal button")].at(-1);
    if (keep) {
      keep.closest("#removal").scrollIntoView({ block: "nearest" });
      keep.focus();
    } else if (tries) setTimeout(() => show(tries - 1), 20);
  };
  show(50);
}
"""
"""The question may stand far below the button that was pressed."""


def build_sources_tab(
    assistant: Assistant, scope: gr.Textbox, ask: AskTab, changed: dict[str, Any]
) -> gr.HTML:
    """Build the tab; returns the table of the sources.

    `scope` holds the choice as the tab keeps it; parts of the Ask tab set and tell it too.
    `changed` is the listener for whatever else has to follow when the library was changed.
    """
    view = gr.Textbox(visible="hidden", elem_id="view")
    finder = gr.HTML(
        rendered("finder.html", most=MAX_WORDS_CHARACTERS),
        elem_id="finder",
        js_on_load=find_sources,
        apply_default_css=False,
    )
    table = gr.HTML(elem_id="sources", js_on_load=choose_sources, apply_default_css=False)

    # In the browser, where nothing is dropped or late: of choices in quick succession Gradio would
    # take the first one to the server, and a question would be asked of other sources than ticked.
    chosen: dict[str, Any] = {"js": "() => window.pincite.chosen()", **QUIET}
    looked: dict[str, Any] = {"js": "() => window.pincite.view()", **QUIET}
    last: dict[str, Any] = {"trigger_mode": "always_last", **QUIET}
    for part in (table, finder):
        part.choose(None, None, scope, **chosen)
    finder.look(None, None, view, **looked)
    table.turn(None, None, view, **looked)
    lists: dict[str, Any] = {
        "fn": partial(list_html, assistant),
        "inputs": [scope, view],
        "outputs": table,
        **last,
    }
    view.change(**lists)
    ask.filter.narrow(None, None, scope, **chosen).then(**lists)
    scope.change(None, scope, None, js="(chosen) => window.pincite.keepChosen(chosen)", **QUIET)
    scope.change(partial(scope_line, assistant), scope, ask.searching, **last)
    if assistant.is_sample:
        gr.Markdown(UNCHANGEABLE)
    else:
        _removal(assistant, table, [scope, view], changed)
        _adding(assistant, table, [scope, view], changed)
    return table


def _removal(
    assistant: Assistant, table: gr.HTML, shown: list[gr.Textbox], changed: dict[str, Any]
) -> None:
    unwanted = gr.State("")
    with gr.Column(visible=False, elem_id="removal") as asking:
        sure = gr.HTML(apply_default_css=False)
        with gr.Row():
            yes = gr.Button("Remove it", variant="stop", size="sm")
            no = gr.Button("Keep it", size="sm")
    outcome = gr.HTML(apply_default_css=False)

    def ask(event: gr.EventData) -> tuple[str, Any, str, str]:
        try:
            indexed = find_source(assistant, str(event.id))
        except PinciteError as error:
            return "", gr.Column(visible=False), "", _failure(assistant, error)
        title = indexed.source.title.value if indexed.source.title else indexed.source.id
        question = rendered(
            "removal.html", title=one_line(title), paragraphs=len(indexed.paragraphs)
        )
        return indexed.source.id, gr.Column(visible=True), question, ""

    def remove(source_id: str, chosen: str, view: str) -> tuple[Any, str, str]:
        told = ""
        try:
            find_source(assistant, source_id)
            assistant.library.remove(source_id)
        except PinciteError as error:
            told = _failure(assistant, error)
        return gr.Column(visible=False), told, list_html(assistant, chosen, view)

    asked = table.unwanted(ask, None, [unwanted, asking, sure, outcome], **QUIET)
    asked.then(None, None, None, js=show_removal, **QUIET)
    yes.click(remove, [unwanted, *shown], [asking, outcome, table], **QUIET).then(**changed)
    no.click(lambda: gr.Column(visible=False), None, asking, **QUIET)


def _adding(
    assistant: Assistant, table: gr.HTML, shown: list[gr.Textbox], changed: dict[str, Any]
) -> None:
    gr.HTML(ADD_TEXTS, js_on_load=cut_files, apply_default_css=False)
    files = gr.File(
        label="Files",
        file_count="multiple",
        elem_id="upload",
        height=150,
    )
    with gr.Accordion("Paste a text", open=False):
        name = gr.Textbox(label="Name", max_length=200)
        text = gr.Textbox(label="Text", lines=8, max_lines=16)
        paste = gr.Button("Add this text", size="sm")
    added = gr.HTML(elem_id="added", apply_default_css=False)

    def upload(paths: list[str] | None, chosen: str, view: str) -> Iterator[tuple[Any, ...]]:
        uploads = [Upload(Path(path).name, Path(path)) for path in paths or []]
        for adding in add_uploads(assistant, uploads):
            files_left = gr.skip() if adding.doing else None
            listed = gr.skip() if adding.doing else list_html(assistant, chosen, view)
            yield files_left, adding.html(), listed

    def add_pasted(given: str, pasted: str, chosen: str, view: str) -> Iterator[tuple[Any, ...]]:
        if not pasted.strip():
            told = _failure(assistant, SourceError("There is no text to add: paste one first."))
            yield gr.skip(), gr.skip(), told, gr.skip()
            return
        named = given.strip() or pasted.strip().partition("\n")[0][:80]
        for adding in add_uploads(assistant, [Upload(named, text=pasted)]):
            cleared = gr.skip() if adding.doing or adding.refused else ""
            listed = gr.skip() if adding.doing else list_html(assistant, chosen, view)
            yield cleared, cleared, adding.html(), listed

    many: dict[str, Any] = {"concurrency_limit": None, **QUIET}
    files.upload(upload, [files, *shown], [files, added, table], **many).then(**changed)
    pasting = [name, text, added, table]
    paste.click(add_pasted, [name, text, *shown], pasting, **many).then(**changed)


def _failure(assistant: Assistant, error: PinciteError) -> str:
    return rendered("turns.html", turns=[], faults=[sentence(assistant, error)])
