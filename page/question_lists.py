"""The tab for lists of questions: upload one, watch its answers come, stop, resume, download."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
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
from page.list_runs import TELL_SECONDS, ListRun, progress_line
from page.templates import rendered

if TYPE_CHECKING:
    from gradio import Button, DownloadButton, State

Updates = tuple[Any, ...]
"""What Gradio puts into its components, one after the other."""

SHOWN_ROWS = 200
"""The last rows that are finished, which the table shows; all are in the downloads."""
SHOWN_CHARACTERS = 400
"""Of a question, an answer or a quote, in the table."""


CONTROLS = {"run": "Run", "stop": "Stop", "resume": "Resume", "retry": "Retry failed"}
FORMS = {"html": "Report", "xlsx": "XLSX", "csv": "CSV", "md": "Markdown", "jsonl": "JSONL"}
"""The endings of the files that results are downloaded as, and what they are called."""

LISTS_AT_ONCE = 2
"""Each takes all cores, or several requests to the model; two, so that a short one needn't wait."""

WAITING = "Waiting for other lists"
ANSWERING = "Answering"
STOPPING = "Finishing what runs"
RENAME = 'call the one that holds the questions "question"'
GONE = "The server doesn't have this list any more: upload it again."


def build_question_lists(assistant: Assistant) -> None:
    """Put the tab's contents where gradio is building."""
    import gradio as gr

    state = gr.State(delete_callback=_closed)
    gr.HTML(rendered("question_list_help.html", most=MAX_ROWS), apply_default_css=False)
    file = gr.File(label="List of questions", height=120, elem_id="list-file")
    with gr.Row():
        starts, stops, resumes, retries = (
            gr.Button(
                label,
                size="sm",
                variant="primary" if name == "run" else "secondary",
                interactive=False,
                elem_id=f"list-{name}",
                min_width=120,
            )
            for name, label in CONTROLS.items()
        )
    view = gr.HTML(apply_default_css=False, elem_id="list-view")
    with gr.Row():
        downloads = [_download(assistant, state, ending) for ending in FORMS]
    shows = [view, starts, stops, resumes, retries, *downloads]

    def upload(path: str, before: ListRun | None) -> Updates:
        _closed(before)
        try:
            questions = read_questions(Path(path))
        except QuestionError as error:
            return (None, None, *_faulty(_without_options(str(error))))
        run = ListRun(assistant, questions, Path(file.GRADIO_CACHE))
        return (None, run, *_shown(run))

    events: dict[str, Any] = {"concurrency_limit": None, **QUIET}
    turns: dict[str, Any] = {
        "inputs": state,
        "outputs": [state, *shows],
        "concurrency_id": "lists",
        "concurrency_limit": LISTS_AT_ONCE,
        **QUIET,
    }
    waiting = gr.on([starts.click, resumes.click], _waiting, state, shows, **events)
    answering = waiting.then(_answering, **turns)
    retrying = retries.click(_waiting, state, shows, **events).then(_retrying, **turns)
    stopping = stops.click(_stopping, state, shows, **events)
    file.upload(None, cancels=[answering, retrying, stopping], **QUIET).then(
        upload, [file, state], [file, state, *shows], **events
    )


def _waiting(run: ListRun | None) -> Updates:
    if run is not None:
        run.wanted = True
    return _shown(run, WAITING)


def _answering(run: ListRun | None, retry_failed: bool = False) -> Iterator[Updates]:
    if run is not None and run.wanted:  # it may have been stopped while it waited
        with closing(run.go_on(retry_failed=retry_failed)) as going:
            for _ in going:
                if run.closed:
                    break
                # What is stored again isn't deleted as something that is out of use.
                yield run, *_shown(run)
    if run is None or not run.closed:  # or else another list has taken its place
        yield run, *_shown(run)


def _retrying(run: ListRun | None) -> Iterator[Updates]:
    yield from _answering(run, retry_failed=True)


def _stopping(run: ListRun | None) -> Iterator[Updates]:
    if run is not None:
        run.stop()
        while not run.wait(TELL_SECONDS):
            yield _shown(run)
    yield _shown(run)


def _shown(run: ListRun | None, doing: str | None = None) -> Updates:
    """The view of the run and its buttons, as they are to be while this goes on."""
    import gradio as gr

    if run is None or run.closed:
        return _faulty(GONE)
    if run.busy:
        doing = STOPPING if run.stopping else ANSWERING
    at_rest = doing is None
    return (
        run_html(run, doing),
        gr.Button(interactive=at_rest and run.state is None),
        gr.Button(interactive=doing in (WAITING, ANSWERING)),
        gr.Button(interactive=at_rest and run.state is not None and not run.finished),
        gr.Button(interactive=at_rest and run.can_retry),
        *[gr.Button(interactive=run.done > 0)] * len(FORMS),
    )


def _faulty(sentence: str) -> Updates:
    """The view where there is no run, and nothing to be done with its buttons."""
    import gradio as gr

    return (fault_html(sentence), *[gr.Button(interactive=False)] * len({**CONTROLS, **FORMS}))


def _without_options(sentence: str) -> str:
    """What is wrong with a list, told for those who can't give options to a command."""
    for words, instead in (
        ("name the one that holds the questions with --question-column, or rename it", RENAME),
        ('name one with --question-column, or call it "question"', RENAME),
    ):
        sentence = sentence.replace(words, instead)
    return sentence


def _closed(run: ListRun | None) -> None:
    """End what a tab doesn't show any more."""
    if run is not None:
        run.close()


def run_html(run: ListRun, doing: str | None = None) -> str:
    """How far the run is and a table of its last results; `doing` says what goes on, if any."""
    at_rest = "Finished" if run.finished else "Stopped" if run.state else "Ready"
    rows = run.last(SHOWN_ROWS, _row)
    numbers = {row["number"] for row in rows}
    return rendered(
        "question_list.html",
        name=one_line(run.questions.name),
        notes=[one_line(note) for note in run.notes],
        line=f"{doing or at_rest} · {progress_line(run)}",
        done=run.done,
        total=len(run.questions.rows),
        rows=rows,
        failures=[each for each in run.failures if each[0] not in numbers],
        fault=one_line(run.fault),
    )


def fault_html(sentence: str) -> str:
    """What is wrong with a list, in the place of its progress."""
    return rendered("question_list.html", fault=one_line(sentence), name="")


def results_file(assistant: Assistant, run: ListRun, ending: str, folder: Path) -> Path:
    """The results so far as a file in a new folder within `folder`, which only we can read."""
    folder.mkdir(parents=True, exist_ok=True)
    own = Path(tempfile.mkdtemp(prefix="list-", dir=folder))
    path = own / f"{slug(Path(run.questions.name).stem)}-answers.{ending}"
    questions = replace(run.questions, notes=run.notes)
    write_results(path, questions, run.results(), assistant.library)
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

    def written(run: ListRun | None) -> str:
        if run is None or run.closed:
            raise gr.Error(GONE, print_exception=False)
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
