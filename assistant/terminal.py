"""Answers and sources for a person at a terminal; plain lines where the output isn't one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from assistant import render
from assistant.types import Answer, Citation
from index import AddEvent, IndexedSource, SourceSummary

NEAREST_CHARACTERS = 280


def show_answer(answer: Answer, console: Console) -> None:
    """The answer, then its numbered citations with the answering words emphasised."""
    if answer.standalone_question != answer.question:
        _line(console, Text(f"Asked: {render.printable(answer.standalone_question)}", "dim"))
    if answer.claims:
        _statements(answer, console)
    else:
        _line(console, Text(render.NOT_ANSWERED, "bold"))
    for citation in answer.citations:
        console.print()
        _citation(citation, console)
    if answer.nearest:
        _nearest(answer, console)
    if console.is_terminal:
        _footer(answer, console)


def _statements(answer: Answer, console: Console) -> None:
    for claim in answer.claims:
        statement = _statement(claim.text, claim.citations)
        highlight = answer.citation(claim.citations[0]).highlight
        if highlight and highlight.text in claim.text:
            start = claim.text.index(highlight.text)
            statement.stylize("bold", start, start + len(highlight.text))
        _line(console, statement)
    for disagreement in answer.disagreements:
        _line(console, Text(render.heading(disagreement, answer), "bold yellow"))
        for side in render.untold(disagreement, answer):
            _line(console, _statement(side.text, side.citations), indent=2)
    for part in answer.unanswered:
        _line(console, Text(f"{render.OPEN} {render.printable(part)}", "yellow"))


def _statement(text: str, numbers: tuple[int, ...]) -> Text:
    shown = Text(render.printable(text))
    return shown.append(" ").append(render.marks(numbers), "cyan")


def _citation(citation: Citation, console: Console) -> None:
    title = f" {render.one_line(citation.source_title)}" if citation.source_title else ""
    place = Text(f"[{citation.number}] ", "cyan").append(render.place(citation), "bold")
    _line(console, place.append(title, "dim"))
    _line(console, _emphasised(citation), indent=4)


def _emphasised(citation: Citation) -> Text:
    """The quote, nothing added to it, with its answering span in bold."""
    shown = Text(render.printable(citation.quote.replace("\n", " ")))
    if citation.highlight:
        start = citation.highlight.start - citation.start
        shown.stylize("bold underline", start, start + len(citation.highlight.text))
    return shown


def _nearest(answer: Answer, console: Console) -> None:
    console.print()
    _line(console, Text(render.NEAREST, "bold"))
    for near in answer.nearest:
        text = render.one_line(near.text)
        if len(text) > NEAREST_CHARACTERS:
            text = text[:NEAREST_CHARACTERS].rsplit(" ", 1)[0] + " …"
        place = Text(f"{near.source_id} ¶{near.paragraph} ", "bold")
        _line(console, place.append(text, "not bold"), indent=2)


def _footer(answer: Answer, console: Console) -> None:
    console.print()
    count = answer.library.sources
    parts = [answer.engine, f"library of {count} source{'s' if count != 1 else ''}"]
    if answer.withheld:
        parts.append(f"{len(answer.withheld)} statements withheld: not supported by the sources")
    parts.append(f"{answer.timings_ms.total:.0f} ms")
    _line(console, Text(" · ".join(parts), "dim"))


def _line(console: Console, text: Text, indent: int = 0) -> None:
    if console.is_terminal:
        console.print(Padding(text, (0, 0, 0, indent)))
    else:
        console.print(Text(" " * indent).append(text), soft_wrap=True)


def show_sources(sources: tuple[SourceSummary, ...], console: Console) -> None:
    """A table of the sources with the metadata that their texts state."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("source", no_wrap=True)
    table.add_column("¶", justify="right")
    for column in ("published", "author", "title", "twin of"):
        table.add_column(column)
    for source in sources:
        stated = (source.published, source.author, source.title)
        published, author, title = (render.one_line(s.value) if s else "–" for s in stated)
        row = (source.id, str(source.paragraphs), published.partition("T")[0], author, title)
        table.add_row(*(Text(cell) for cell in (*row, ", ".join(source.twins) or "–")))
    console.print(table)


def show_paragraphs(indexed: IndexedSource, number: int | None, console: Console) -> None:
    """The source's paragraphs, numbered; only one where a number is given."""
    source = indexed.source
    for paragraph in indexed.paragraphs:
        if number not in (None, paragraph.number):
            continue
        style = "bold" if paragraph.kind in ("title", "heading") else ""
        text = Text(render.printable(source.text[paragraph.start : paragraph.end]), style)
        mark = Text(f"¶{paragraph.number}", "cyan")
        if paragraph.kind != "body":
            mark.append(f" {paragraph.kind}", "dim")
        _line(console, mark)
        _line(console, text)
        console.print()


@contextmanager
def progress_bar(console: Console) -> Iterator[Callable[[AddEvent], None]]:
    """A bar for each source that is being indexed; nothing where nobody watches."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.0f}%"))
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        tasks: dict[str, int] = {}

        def advance(event: AddEvent) -> None:
            if event.source_id not in tasks:
                label = f"Indexing {event.source_id}"
                tasks[event.source_id] = bar.add_task(label, total=event.texts)
            bar.update(bar.task_ids[list(tasks).index(event.source_id)], completed=event.done)

        yield advance
