"""The tab for lists of questions: upload one, watch its answers come, stop, resume, download."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant import (
    Assistant,
    Citation,
    QuestionError,
    RowResult,
    read_questions,
    slug,
    write_results,
)
from assistant.question_lists import MAX_ROWS
from assistant.render import one_line, place, printable
from page.addresses import page_address
from page.events import QUIET
from page.list_runs import ListRun, progress_line
from page.templates import rendered

if TYPE_CHECKING:
    from gradio import Button, DownloadButton, State

SHOWN_ROWS = 200
"""The newest rows, which the table shows; all are in the downloads."""
SHOWN_CHARACTERS = 400
"""Of a question, an answer or a quote, in the table."""


FORMS = {"html": "Report", "xlsx": "XLSX", "csv": "CSV", "md": "Markdown", "jsonl": "JSONL"}
"""The endings of the files that results are downloaded as, and what they are called."""

_WAITING = "Waiting for other lists"
_ANSWERING = "Answering"
_STOPPING = "Stopping after this question"


def build_question_lists(assistant: Assistant) -> None:
    """Put the tab's contents where gradio is building."""
    import gradio as gr

    state = gr.State()
    gr.HTML(rendered("question_list_help.html", most=MAX_ROWS), apply_default_css=False)
    file = gr.File(label="List of questions", height=120, elem_id="list-file")
    with gr.Row():
        starts = gr.Button(
            "Run", size="sm", variant="primary", interactive=False, elem_id="list-run"
        )
        stops = gr.Button("Stop", size="sm", interactive=False, elem_id="list-stop")
        resumes = gr.Button("Resume", size="sm", interactive=False, elem_id="list-resume")
    view = gr.HTML(apply_default_css=False, elem_id="list-view")
    with gr.Row():
        downloads = [_download(assistant, state, ending) for ending in FORMS]

    def shown(run: ListRun, doing: str | None = None) -> tuple[Any, ...]:
        at_rest = doing is None
        return (
            run_html(run, doing),
            gr.Button(interactive=at_rest and not run.results),
            gr.Button(interactive=doing in (_WAITING, _ANSWERING)),
            gr.Button(interactive=at_rest and bool(run.results) and not run.finished),
            *[gr.Button(interactive=bool(run.results))] * len(downloads),
        )

    def upload(path: str) -> tuple[Any, ...]:
        try:
            run = ListRun(read_questions(Path(path)))
        except QuestionError as error:
            nothing = [gr.Button(interactive=False)] * len(shows[1:])
            return (None, None, fault_html(str(error)), *nothing)
        return (None, run, *shown(run))

    def wait(run: ListRun) -> tuple[Any, ...]:
        return shown(run, _WAITING)

    def answer(run: ListRun) -> Iterator[tuple[Any, ...]]:
        yield shown(run, _ANSWERING)
        for _ in run.go_on(assistant):
            yield shown(run, _ANSWERING)
        yield shown(run)

    def stop(run: ListRun) -> Iterator[tuple[Any, ...]]:
        yield shown(run, _STOPPING)
        run.wait()
        yield shown(run)

    shows = [view, starts, stops, resumes, *downloads]
    events: dict[str, Any] = {"concurrency_limit": 4, **QUIET}
    answering = gr.on([starts.click, resumes.click], wait, state, shows, **events).then(
        answer, state, shows, **events
    )
    # Cancelling comes first: what follows waits until the run has come to rest.
    cancels: dict[str, Any] = {"fn": None, "cancels": [answering], **QUIET}
    stops.click(**cancels).then(stop, state, shows, **events)
    file.upload(**cancels).then(upload, file, [file, state, *shows], **events)


def run_html(run: ListRun, doing: str | None = None) -> str:
    """How far the run is and a table of its newest results; `doing` says what goes on, if any."""
    done = len(run.results)
    at_rest = "Finished" if run.finished else "Stopped" if done else "Ready"
    return rendered(
        "question_list.html",
        name=one_line(run.questions.name),
        notes=[one_line(note) for note in run.questions.notes],
        line=f"{doing or at_rest} · {progress_line(run)}",
        done=done,
        total=len(run.questions.rows),
        rows=[_row(result) for result in run.results[-SHOWN_ROWS:]],
        fault="",
    )


def fault_html(sentence: str) -> str:
    """What is wrong with a list, in the place of its progress."""
    return rendered("question_list.html", fault=one_line(sentence))


def results_file(assistant: Assistant, run: ListRun, ending: str, folder: Path) -> Path:
    """The results so far as a file in a new folder within `folder`, which only we can read."""
    folder.mkdir(parents=True, exist_ok=True)
    own = Path(tempfile.mkdtemp(prefix="list-", dir=folder))
    path = own / f"{slug(Path(run.questions.name).stem)}-answers.{ending}"
    write_results(path, run.questions, run.results[:], assistant.library)
    return path


def _download(assistant: Assistant, state: State, ending: str) -> Button:
    """A button that writes the results so far, and then has the browser download them.

    Gradio's own button would download what was written before the click.
    """
    import gradio as gr

    name = f"list-{ending}"
    button = gr.Button(
        f"Download {FORMS[ending]}", size="sm", interactive=False, elem_id=name, min_width=120
    )
    file: DownloadButton = gr.DownloadButton(visible="hidden", elem_id=f"{name}-file")

    def written(run: ListRun) -> str:
        return str(results_file(assistant, run, ending, Path(file.GRADIO_CACHE)))

    button.click(written, state, file, concurrency_limit=4, **QUIET).success(
        None, None, None, js=f"() => document.getElementById('{name}-file').click()", **QUIET
    )
    return button


def _row(result: RowResult) -> dict[str, Any]:
    answer = result.answer
    told = answer.text if answer else result.failure or ""
    return {
        "number": result.row.number,
        "id": _cut(one_line(result.row.id or "")),
        "question": _cut(one_line(answer.question if answer else result.row.question)),
        "status": result.status,
        "lines": _cut(printable(told)).splitlines(),
        "citations": [_cited(citation) for citation in answer.citations] if answer else [],
    }


def _cited(citation: Citation) -> dict[str, Any]:
    return {
        "source": printable(citation.source_id),
        "paragraph": citation.paragraph,
        "start": citation.start,
        "quote": printable(citation.quote),
        "place": one_line(place(citation)),
        "shown": _cut(one_line(citation.quote)),
        "address": page_address(
            citation.source_id, citation.paragraph, start=citation.start, quote=citation.quote
        ),
    }


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 1].rstrip()}…"
