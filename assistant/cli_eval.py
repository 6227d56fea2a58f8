"""`pincite eval`: asks questions whose right answers are known, and measures the answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from assistant.cli_options import (
    BaseUrlOption,
    ConcurrencyOption,
    JudgeOption,
    LibraryOption,
    StrictnessOption,
)
from assistant.render import one_line, printable
from assistant.replacing import replacing
from index import SettingsError

if TYPE_CHECKING:
    from assistant.evaluation import Evaluation
    from assistant.evaluation.running import Step

LOG_SECONDS = 30.0
"""How often a line tells how far it is, where nobody watches."""

_out = Console(highlight=False)
_err = Console(stderr=True, highlight=False)


def eval(
    questions: Annotated[
        Path,
        typer.Argument(
            metavar="SET",
            help="A folder with corpus.jsonl and questions.jsonl, or a .jsonl file with questions "
            "about the sources of a library.",
        ),
    ],
    library: LibraryOption = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--engine",
            "--model",
            metavar="NAME",
            help="What words the answers: a model such as openai:NAME, or `extractive` for none. "
            "PINCITE_MODEL by default.",
            show_default=False,
        ),
    ] = None,
    base_url: BaseUrlOption = None,
    judge: JudgeOption = False,
    strictness: StrictnessOption = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            metavar="N",
            help="Ask only N of the questions, spread over the set.",
            show_default=False,
        ),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by",
            metavar="FIELD",
            help="Figures by this field of the questions' meta too; repeatable.",
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="OUT.html", help="Write a page with everything."),
    ] = None,
    json: Annotated[
        Path | None,
        typer.Option("--json", metavar="OUT.json", help="Write pincite.evaluation/1."),
    ] = None,
    rows: Annotated[
        Path | None,
        typer.Option("--rows", metavar="OUT.jsonl", help="Write one line for each question."),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            "--against",
            metavar="OLD.json",
            help="Compare with an earlier run: which questions and figures changed.",
        ),
    ] = None,
    work: Annotated[
        Path | None,
        typer.Option(
            "--work",
            metavar="DIR",
            help="Where the set's library and what is finished are kept; your cache by default.",
            show_default=False,
        ),
    ] = None,
    concurrency: ConcurrencyOption = None,
    restart: Annotated[
        bool,
        typer.Option("--restart", help="Ask anew what an earlier run asked in the same way."),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print no figures.")] = False,
) -> None:
    """Measure answers on questions whose right answers are known, with intervals.

    The same command goes on where it was stopped or killed. What the figures mean, and how to write
    questions of your own, is in docs/evaluation.md.
    """
    # Every other command is quicker without it.
    from assistant.evaluation import compare, evaluate, read_evaluation
    from assistant.evaluation.terminal import show_comparison, show_evaluation

    for path, ending in ((report, ".html"), (json, ".json"), (rows, ".jsonl")):
        _check(path, ending)
    old = read_evaluation(against) if against is not None else None
    with _shown(_err, quiet) as show:
        result = evaluate(
            questions,
            library=library,
            model=model,
            base_url=base_url,
            judge=judge or None,
            strictness=strictness,
            limit=limit,
            by=by or (),
            work=work,
            concurrency=concurrency,
            restart=restart,
            progress=show,
        )
    if old is not None:
        result = result.model_copy(update={"against": compare(result, old)})
    if not quiet:
        show_evaluation(result, _out)
        if result.against is not None:
            show_comparison(result.against, _out)
    _write(result, report, json, rows, quiet)


def _check(path: Path | None, ending: str) -> None:
    if path is not None and path.suffix.lower() != ending:
        raise SettingsError(f"{printable(repr(str(path)))} isn't named as a {ending} file.")


def _write(
    result: Evaluation, report: Path | None, json: Path | None, rows: Path | None, quiet: bool
) -> None:
    forms: tuple[tuple[Path | None, Callable[[], str]], ...] = (
        (report, result.to_html),
        (json, lambda: f"{result.to_json(indent=1)}\n"),
        (rows, result.rows_as_jsonl),
    )
    for path, form in forms:
        if path is not None:
            with replacing(path) as file:
                file.write(form().encode("utf-8"))
            if not quiet:
                _out.print(Text(one_line(f"written to {path}")), soft_wrap=True)


# --- while it runs -------------------------------------------------------------------------------


@contextmanager
def _shown(console: Console, quiet: bool) -> Iterator[Callable[[Step], None] | None]:
    """Shows how far it is: a bar, or now and then a line where nobody watches."""
    if quiet:
        yield None
        return
    if not console.is_terminal:
        yield _Log(console)
        return
    columns = (TextColumn("{task.description}"), BarColumn(20), TextColumn("{task.completed:,}"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("")

        def show(step: Step) -> None:
            bar.update(task, description=step.doing, total=step.total, completed=step.done)

        yield show


class _Log:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._told = time.monotonic()

    def __call__(self, step: Step) -> None:
        if time.monotonic() - self._told >= LOG_SECONDS:
            self._told = time.monotonic()
            self._console.print(f"{step.doing}: {step.done:,} of {step.total:,}")
