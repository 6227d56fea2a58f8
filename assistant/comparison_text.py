"""A comparison as text: differences by kind with both quotes, then what only one source tells."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from assistant import render
from assistant.comparison import ComparedSource, Comparison
from assistant.types import Citation, Disagreement, DisagreementKind

TITLES: dict[DisagreementKind, str] = {
    "order": "What came first",
    "date": "Dates",
    "number": "Numbers",
    "affiliation": "Where someone belongs",
    "attribution": "Who says it",
    "polarity": "Whether it is so",
    "scope": "How far it goes",
    "name": "Names",
}
"""Each kind of difference, as a heading."""

TWINS = "They render the same original: two texts, but one witness."
NO_DIFFERENCES = "No differences were found in what can be compared."

_Line = tuple[int, Text]
"""How far it is indented, and what it says."""


def show_comparison(comparison: Comparison, console: Console) -> None:
    """Print the comparison; the words that decide are emphasised."""
    for indent, text in _lines(comparison):
        if console.is_terminal:
            console.print(Padding(text, (0, 0, 0, indent)))
        else:
            console.print(Text(" " * indent).append(text), soft_wrap=True)


def plain(comparison: Comparison) -> str:
    """The comparison without emphasis."""
    return "\n".join(f"{' ' * indent}{text.plain}".rstrip() for indent, text in _lines(comparison))


def by_kind(
    comparison: Comparison,
) -> list[tuple[DisagreementKind, list[tuple[int, Disagreement]]]]:
    """The differences of each kind there is, each with its number from 1."""
    numbered = enumerate(comparison.differences, 1)
    return [(kind, list(found)) for kind, found in groupby(numbered, lambda pair: pair[1].kind)]


def subject(difference: Disagreement) -> str:
    """What a difference is about, for below the heading of its kind, which isn't said again."""
    about = render.one_line(difference.about)
    return about.removeprefix(f"{TITLES[difference.kind].lower()}: ")


def aligned(comparison: Comparison) -> str:
    """How much of each source is aligned: "26 of 32 and 20 of 23 paragraphs are aligned."."""
    counts = (
        sum(len(row.first) for row in comparison.aligned),
        sum(len(row.second) for row in comparison.aligned),
    )
    shares = (
        f"{count} of {source.paragraphs}"
        for count, source in zip(counts, comparison.sources, strict=True)
    )
    return f"{' and '.join(shares)} paragraphs are aligned."


def counted(comparison: Comparison) -> str:
    """How many differences there are."""
    count = len(comparison.differences)
    return f"{count} difference{'s' * (count != 1)}" if count else NO_DIFFERENCES


def title_of(source: ComparedSource) -> str:
    """The source's title, or its id where it has none."""
    return render.one_line(source.title or source.id)


def _lines(comparison: Comparison) -> Iterator[_Line]:
    for source in comparison.sources:
        yield 0, Text(title_of(source), "bold").append(f" ({source.id})", "dim not bold")
    twins = f"{TWINS} " if comparison.twins else ""
    yield 0, Text(f"{twins}{aligned(comparison)}")
    yield 0, Text()
    yield 0, Text(counted(comparison), "bold")
    for kind, found in by_kind(comparison):
        yield 0, Text()
        yield 0, Text(TITLES[kind], "bold yellow")
        for number, difference in found:
            yield 0, Text(f"{number}. {subject(difference)}")
            for side in difference.sides:
                for cited in side.citations:
                    yield 3, _quoted(comparison.citation(cited))
    for which in (0, 1):
        if alone := comparison.only_in_source(which):
            yield 0, Text()
            yield 0, Text(f"Only in {comparison.sources[which].id}", "bold yellow")
            for each in alone:
                for cited in each.citations:
                    yield 3, _quoted(comparison.citation(cited))


def _quoted(citation: Citation) -> Text:
    """Where it stands, and the quote with the words that decide emphasised."""
    shown = Text(render.printable(citation.quote.replace("\n", " ")))
    if citation.highlight:
        start = citation.highlight.start - citation.start
        shown.stylize("bold underline", start, start + len(citation.highlight.text))
    return Text.assemble((f"{render.place(citation)}  ", "cyan"), shown)
