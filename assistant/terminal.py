"""Answers and sources for a person at a terminal; plain lines where the output isn't one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Literal

from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from assistant import render
from assistant.streaming import replay
from assistant.types import Answer, Citation, ClaimEvent, Event
from index import AddEvent, IndexedSource, Paragraph, SourceSummary, SourceVersion

NEAREST_CHARACTERS = 280

ShownWithheld = Literal["listed", "--show-withheld", "/withheld"]
"""Whether withheld statements are listed, or else what a user gives to see them."""


def show_answer(answer: Answer, console: Console, withheld: ShownWithheld) -> None:
    """The answer, then its numbered citations with the answering words emphasised."""
    show_events(replay(answer), answer.question, console, withheld)


def show_events(
    events: Iterable[Event], asked: str, console: Console, withheld: ShownWithheld
) -> Answer:
    """Show an answer as it comes, nothing of it twice; what `show_answer` shows when it's done.

    `asked` is the question as the user put it.
    """
    for event in events:
        if isinstance(event, Answer):
            _rest(event, console, withheld)
            return event
        if isinstance(event, ClaimEvent):
            _claim(event, console)
        elif event.standalone_question != asked:
            line = f"Asked: {render.one_line(event.standalone_question)}"
            _line(console, Text(line, "dim"))
    raise RuntimeError("the stream ended without an answer")


def _claim(event: ClaimEvent, console: Console) -> None:
    claim = event.claim
    statement = _statement(claim.text, claim.citations)
    highlight = next(c.highlight for c in event.citations if c.number == claim.citations[0])
    if highlight and highlight.text in claim.text:
        start = claim.text.index(highlight.text)
        statement.stylize("bold", start, start + len(highlight.text))
    _line(console, statement)


def _rest(answer: Answer, console: Console, withheld: ShownWithheld) -> None:
    """What follows the claims."""
    if answer.claims:
        _open_ends(answer, console)
    else:
        _line(console, Text(render.NOT_ANSWERED, "bold"))
    for citation in answer.citations:
        console.print()
        _citation(citation, console)
    if answer.nearest:
        _nearest(answer, console)
    if answer.withheld:
        console.print()
        show_withheld(answer, console, withheld)
    if console.is_terminal:
        console.print()
        _line(console, Text(render.making(answer), "dim"))


def _open_ends(answer: Answer, console: Console) -> None:
    for disagreement in answer.disagreements:
        _line(console, Text(render.heading(disagreement, answer), "bold yellow"))
        for side in render.untold(disagreement, answer):
            _line(console, _statement(side.text, side.citations), indent=2)
    for part in answer.unanswered:
        _line(console, Text(f"{render.OPEN} {render.one_line(part)}", "yellow"))
    if render.fell_back(answer):
        _line(console, Text(render.SOURCES_INSTEAD, "yellow"))


def _statement(text: str, numbers: tuple[int, ...]) -> Text:
    shown = Text(render.printable(text))
    return shown.append(" ").append(render.marks(numbers), "cyan")


def _citation(citation: Citation, console: Console) -> None:
    _line(console, heading(citation))
    _line(console, emphasised(citation), indent=4)


def heading(citation: Citation) -> Text:
    """Where the quote stands, behind the citation's number."""
    title = f" {render.one_line(citation.source_title)}" if citation.source_title else ""
    place = Text(f"[{citation.number}] ", "cyan").append(render.place(citation), "bold")
    return place.append(title, "dim")


def emphasised(citation: Citation) -> Text:
    """The quote, nothing added to it, with what is highlighted in bold."""
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


def show_withheld(answer: Answer, console: Console, withheld: ShownWithheld) -> None:
    """How many statements were withheld, and how to see them; or each with its reason."""
    count = render.withheld_count(answer)
    if withheld != "listed":
        _line(console, Text(f"{count} ({withheld} lists them)", "yellow"))
        return
    _line(console, Text(f"{count}:", "yellow"))
    for each in answer.withheld:
        _line(console, Text(f"- {render.withheld(each)}"), indent=2)


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
    columns = ["published", "author", "title", "twin of"]
    edited = any(source.versions > 1 for source in sources)
    for column in columns + ["versions"] * edited:
        table.add_column(column)
    for source in sources:
        stated = (source.published, source.author, source.title)
        published, author, title = (render.one_line(s.value) if s else "–" for s in stated)
        row: tuple[str, ...] = (
            source.id,
            str(source.paragraphs),
            published.partition("T")[0],
            author,
            title,
        )
        row += (", ".join(source.twins) or "–", *[str(source.versions)] * edited)
        table.add_row(*map(Text, row))
    console.print(table)


def show_versions(versions: tuple[SourceVersion, ...], console: Console) -> None:
    """A table of the versions of a source, the newest last."""
    table = Table("version", "added", "sha256", box=None, pad_edge=False, header_style="bold")
    for version in versions:
        added = version.added or "not recorded"
        table.add_row(*map(Text, (str(version.number), added, version.sha256)))
    console.print(table)


def show_paragraphs(indexed: IndexedSource, number: int | None, console: Console) -> None:
    """The source's paragraphs, numbered; only one where a number is given."""
    for paragraph in indexed.paragraphs:
        if number in (None, paragraph.number):
            mark = Text(f"¶{paragraph.number}", "cyan")
            if paragraph.kind != "body":
                mark.append(f" {paragraph.kind}", "dim")
            _line(console, mark)
            _line(console, _text_of(paragraph, indexed))
            console.print()


def show_context(citation: Citation, indexed: IndexedSource, console: Console) -> None:
    """The paragraph that a citation quotes, with the quote emphasised in it."""
    paragraph = indexed.paragraph(citation.paragraph)
    text = _text_of(paragraph, indexed)
    start, end = citation.start - paragraph.start, citation.end - paragraph.start
    text.stylize("bold underline", start, end)
    _line(console, heading(citation))
    _line(console, text)
    console.print()


def _text_of(paragraph: Paragraph, indexed: IndexedSource) -> Text:
    shown = render.printable(indexed.source.text[paragraph.start : paragraph.end])
    return Text(shown, "bold" if paragraph.kind in ("title", "heading") else "")


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


@contextmanager
def waiting(console: Console, model: str | None) -> Iterator[None]:
    """A sign of life while a model is asked, where somebody watches; it leaves no trace."""
    if model is None or not console.is_terminal:
        yield
        return
    with console.status(Text(f"Asking {render.one_line(model)}", "dim")):
        yield
