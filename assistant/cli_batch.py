"""`pincite batch`: answers a list of questions and writes what became of each into a file."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from assistant.assistant import Assistant
from assistant.batch import answer_into
from assistant.batch_estimate import Estimate, estimate
from assistant.batch_progress import BatchState, counts_line, progress_line, time_text
from assistant.batch_run import BatchOptions
from assistant.cli_options import (
    BaseUrlOption,
    ConcurrencyOption,
    JudgeOption,
    LangOption,
    LibraryOption,
    ModelOption,
    PublisherOption,
    RayOption,
    SinceOption,
    SourcesOption,
    StrictnessOption,
    UntilOption,
    given_filter,
)
from assistant.journal import journal_path
from assistant.list_readers import MAX_LIST_BYTES
from assistant.list_writers import ENDINGS, check_output
from assistant.question_lists import QuestionList, read_questions, read_questions_from
from assistant.render import dollars, one_line, printable
from assistant.scope import searched_line
from assistant.terminal import progress_bar
from index import SettingsError

SOME_FAILED = 4
INTERRUPTED = 130
STDIN = "-"
LOG_SECONDS = 30.0
"""How often a line tells how far it is, where nobody watches."""

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def batch(
    input: Annotated[
        str,
        typer.Argument(
            metavar="IN",
            help="The questions: a .txt (one a line), .csv, .tsv, .xlsx or .jsonl file; `-` reads "
            "them from stdin.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help=f"The file to write, by its ending: {', '.join(ENDINGS)}.",
            show_default=False,
        ),
    ] = None,
    library: LibraryOption = None,
    model: ModelOption = None,
    base_url: BaseUrlOption = None,
    judge: JudgeOption = False,
    strictness: StrictnessOption = None,
    sources: SourcesOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    publisher: PublisherOption = None,
    lang: LangOption = None,
    question_column: Annotated[
        str | None,
        typer.Option(
            "--question-column",
            metavar="NAME",
            help="The column or field that holds the questions, if it isn't called so.",
            show_default=False,
        ),
    ] = None,
    concurrency: ConcurrencyOption = None,
    rate: Annotated[
        float | None,
        typer.Option(
            "--rate", metavar="N", help="Questions a minute, at most.", show_default=False
        ),
    ] = None,
    max_cost: Annotated[
        float | None,
        typer.Option(
            "--max-cost",
            metavar="USD",
            help="What the whole list may cost, earlier runs included; once it is spent, what runs "
            "is finished. PINCITE_MAX_COST is for one question.",
            show_default=False,
        ),
    ] = None,
    max_tokens: Annotated[
        int | None,
        typer.Option(
            "--max-tokens",
            metavar="N",
            help="Tokens that the model may write for the whole list, likewise. "
            "PINCITE_MAX_TOKENS is for one question.",
            show_default=False,
        ),
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Ask those again that failed in earlier runs.")
    ] = False,
    restart: Annotated[
        bool,
        typer.Option(
            "--restart", help="Begin anew; the answers so far are kept in OUT.journal.old."
        ),
    ] = False,
    openai_batch: Annotated[
        bool,
        typer.Option(
            "--openai-batch",
            help="Submit the questions to OpenAI's Batch API: half the price, answers within a "
            "day. The same command collects them. Follow-ups are asked one by one after it.",
        ),
    ] = False,
    ray: RayOption = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Ask no model and write nothing: estimate tokens, cost and time."
        ),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only what fails.")] = False,
) -> None:
    """Answer a list of questions; the same command goes on where it was stopped or killed.

    --source, --since and the like hold for the whole list; a row's own sources narrow it further.
    What is finished is kept in OUT.journal. Exit code 4 if questions failed, or were left when a
    limit was reached; 130 after Ctrl-C.
    """
    only = given_filter(sources, since, until, publisher, lang)
    options = BatchOptions(concurrency, rate, max_cost, max_tokens, retry_failed, ray)
    if output is None and not dry_run:
        raise SettingsError("There is no output: name a file for the answers with -o.")
    if ray is not None and (output is None or dry_run):
        raise SettingsError("--dry-run asks on this machine: leave out --ray.")
    if output is not None:
        check_output(output, None if input == STDIN else Path(input))
    questions = _questions(input, question_column)
    if not quiet:
        _tell(questions.notes)
    with progress_bar(err) as progress:
        assistant = Assistant.open(
            library,
            model=model,
            base_url=base_url,
            judge=judge or None,
            strictness=strictness,
            progress=progress,
        ).limited_to(only)
    if output is None or dry_run:
        found = estimate(assistant, questions, concurrency, openai_batch=openai_batch)
        _show_estimate(found, assistant, openai_batch=openai_batch)
        return
    with _stopping() as stop, _shown(err, quiet) as show:
        state = answer_into(
            assistant,
            questions,
            output,
            options,
            restart=restart,
            openai_batch=openai_batch,
            progress=show,
            stop=stop,
        )
    _finish(state, output, quiet, interrupted=stop.is_set())


def _questions(input: str, question_column: str | None) -> QuestionList:
    if input != STDIN:
        return read_questions(Path(input), question_column=question_column)
    data = sys.stdin.buffer.read(MAX_LIST_BYTES + 1)
    return read_questions_from(data, "stdin", question_column=question_column)


def _tell(lines: tuple[str, ...]) -> None:
    for line in lines:
        err.print(Text(one_line(line)), soft_wrap=True)


# --- while it runs -------------------------------------------------------------------------------


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """An event that Ctrl-C sets; whoever presses it again doesn't want to wait for what runs."""
    stop = threading.Event()
    presses: list[int] = []

    def finish() -> None:
        try:  # told first: once the event is set, the end may come before it
            err.print("Finishing what runs; Ctrl-C again ends at once.")
        finally:
            stop.set()

    def pressed(number: int, _frame: FrameType | None) -> None:
        # Whatever lock the interrupted code may hold, neither printing nor the event may wait for
        # it here: a thread can.
        presses.append(number)
        if len(presses) > 1:
            os.write(2, b"pincite: interrupted; what was finished is kept.\n")
            os._exit(INTERRUPTED)  # requests that still run must not hold up the end
        threading.Thread(target=finish).start()

    before = signal.signal(signal.SIGINT, pressed)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _shown(console: Console, quiet: bool) -> Iterator[Callable[[BatchState], None] | None]:
    """Shows how far it is: a bar, or now and then a line where nobody watches."""
    if quiet:
        yield None
        return
    if not console.is_terminal:
        yield _Log(console)
        return
    columns = (BarColumn(20), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("")

        def show(state: BatchState) -> None:
            done = state.total - state.left
            bar.update(task, total=state.total, completed=done, description=progress_line(state))

        yield show


class _Log:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._told = time.monotonic()

    def __call__(self, state: BatchState) -> None:
        if time.monotonic() - self._told >= LOG_SECONDS:
            self._told = time.monotonic()
            self._console.print(Text(progress_line(state)), soft_wrap=True)


# --- at its end ----------------------------------------------------------------------------------


def _finish(state: BatchState, output: Path, quiet: bool, *, interrupted: bool) -> None:
    if not quiet:
        _tell(state.notes)
        out.print(Text(_summary(state)), soft_wrap=True)
        written = printable(f"The answers are in {str(output)!r}.")
        out.print(Text(written), soft_wrap=True)
    if state.failed:
        _tell(_failures(state))
    if state.left:
        kept = printable(repr(str(journal_path(output))))
        goes_on = f"The same command goes on from there ({kept} has the answers)."
        _tell((f"{state.reason} {state.waiting or goes_on}",))
        if interrupted:
            raise typer.Exit(INTERRUPTED)
    if state.failed or state.left:
        raise typer.Exit(SOME_FAILED)


def _summary(state: BatchState) -> str:
    """Such as "50 questions: 40 answered, 6 abstained, 4 left · $0.0120 · 12 s"."""
    parts = [part for part in (counts_line(state), state.left and f"{state.left:,} left") if part]
    line = f"{_counted(state.total, 'question')}: {', '.join(parts)}"
    if state.cost_usd is not None:
        line += f" · {dollars(state.cost_usd)}"
    return f"{line} · {time_text(state.seconds)}"


def _failures(state: BatchState) -> tuple[str, ...]:
    shown = (f"row {number}: {failure}" for number, failure in state.failures)
    return (f"{state.failed:,} failed; --retry-failed asks again what may work now:", *shown)


def _show_estimate(found: Estimate, assistant: Assistant, *, openai_batch: bool) -> None:
    for line in _estimated(found, assistant, "in a batch " if openai_batch else ""):
        out.print(Text(line), soft_wrap=True)


def _estimated(found: Estimate, assistant: Assistant, how: str) -> Iterator[str]:
    yield f"{_counted(found.rows, 'question')}, {found.different:,} different."
    if not assistant.only.is_empty:
        yield printable(searched_line(assistant))
    if found.faults:
        number, fault = found.faults[0]
        count = len(found.faults)
        yield one_line(f"{_counted(count, 'row')} can't be asked; row {number}: {fault}")
    about = "" if found.tried == found.different else f" (as {found.tried} of them tell)"
    yield f"The sources probably answer {found.answerable:,} of them{about}."
    if assistant.model is not None:
        name = one_line(assistant.model)
        yield (
            f"About {_counted(found.requests, 'request')} {how}to {name}, with "
            f"{_counted(found.prompt_tokens, 'token')} of prompts: {_cost(found)}."
        )
    if found.seconds is not None:
        yield f"That takes about {time_text(found.seconds)}."


def _cost(found: Estimate) -> str:
    if found.cost_prompts is None or found.cost_most is None:
        return "what that costs isn't known"
    return (
        f"{dollars(found.cost_prompts)} without the replies, and at most "
        f"{dollars(found.cost_most)} with replies of {found.reply_tokens:,} tokens"
    )


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"
