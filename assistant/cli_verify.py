"""`pincite verify`: checks stored answers again, and makes evidence bundles of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from assistant import extractive, render
from assistant.assistant import Assistant
from assistant.bundle import write_bundle
from assistant.cli_options import LibraryOption
from assistant.stored_answers import Skipped, StoredAnswer, read_answers
from assistant.terminal import progress_bar
from assistant.verifying import (
    CitationCheck,
    FileSources,
    LibrarySources,
    StatementCheck,
    check_statements,
    shortened,
    uncited_statements,
    verify_answers,
)
from index import SettingsError

SCHEMA = "pincite.verification/1"
DOES_NOT_HOLD = 5
MAX_SHOWN = 60
"""Characters of a question or an id in the table; twice as many of a quote."""

_STATES = ("holds", "moved", "changed", "gone")
_COLOURS = {"holds": "green", "supported": "green", "moved": "yellow"}

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


@dataclass(slots=True)
class _Found:
    """What has been found so far."""

    answers: int = 0
    states: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    """How many places had no answer, by the reason."""
    edited: int = 0
    """How many citations hold in a version of their source that isn't the newest."""
    told: list[CitationCheck | StatementCheck] = field(default_factory=list)
    """What is listed: what doesn't hold, or not in the newest version; or everything."""

    @property
    def all_hold(self) -> bool:
        return not self.states.keys() - {"holds", "supported"}


def verify(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="An answer's JSON, the JSONL or HTML output of a batch, or a saved conversation.",
        ),
    ],
    library: LibraryOption = None,
    against: Annotated[
        list[Path] | None,
        typer.Option(
            "--against",
            metavar="PATH",
            help="Check against this text, or those in this folder, in place of a library; "
            "repeatable.",
        ),
    ] = None,
    statements: Annotated[
        bool,
        typer.Option("--statements", help="Also check each statement against its quotes."),
    ] = False,
    show_all: Annotated[
        bool, typer.Option("--all", help="List what holds too, not only what doesn't.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print pincite.verification/1.")] = False,
    bundle: Annotated[
        Path | None,
        typer.Option(
            "--bundle",
            metavar="OUT.zip",
            help="Write the answers, the texts they cite and a verifier to a ZIP file, for "
            "somebody without Pincite; only if everything holds.",
        ),
    ] = None,
) -> None:
    """Check every citation of stored answers again; exit code 5 if any doesn't hold.

    It holds, or it moved (the same words stand elsewhere), or it changed (the source doesn't have
    these words), or its source is gone. Each is checked in the version of the source that it
    cites; where the source has been edited since, that is told.
    """
    if statements and against:
        raise SettingsError("--statements needs a library: leave --against out.")
    sources = _sources(library, against)
    found = _check(file, sources, statements, show_all)
    if found.states["gone"] and isinstance(sources, FileSources):
        for each in sources.refused:
            told = render.printable(f"not checked against {each.name}: {each.reason}")
            err.print(Text(told), soft_wrap=True)
    if as_json:
        typer.echo(render.as_json(_report(file, found), indent=2))
    else:
        _show(found, out)
    if not found.all_hold:
        if bundle is not None:
            err.print("pincite: No bundle is written, as not everything holds.", soft_wrap=True)
        raise typer.Exit(DOES_NOT_HOLD)
    if bundle is not None:
        write_bundle(bundle, _answers(read_answers(file)), sources)
        if not as_json:
            out.print(Text(render.printable(f"bundle written to {bundle}")), soft_wrap=True)


def _sources(library: str | None, against: list[Path] | None) -> LibrarySources | FileSources:
    if against and library:
        raise SettingsError("--library and --against exclude each other: leave one out.")
    if against:
        return FileSources(against)
    with progress_bar(err) as progress:
        return LibrarySources(
            Assistant.open(library, model=extractive.NAME, progress=progress).library
        )


def _answers(stored: Iterable[StoredAnswer | Skipped]) -> Iterator[StoredAnswer]:
    return (each for each in stored if isinstance(each, StoredAnswer))


def _check(
    file: Path, sources: LibrarySources | FileSources, statements: bool, show_all: bool
) -> _Found:
    found = _Found()
    for stored in read_answers(file):
        if isinstance(stored, Skipped):
            found.skipped[stored.reason] += 1
            continue
        found.answers += 1
        for check in _checks(stored, sources, statements):
            found.states[check.state] += 1
            edited = isinstance(check, CitationCheck) and check.edited
            found.edited += edited
            if show_all or edited or check.state not in ("holds", "supported"):
                found.told.append(check)
    return found


def _checks(
    stored: StoredAnswer, sources: LibrarySources | FileSources, statements: bool
) -> Iterator[CitationCheck | StatementCheck]:
    yield from verify_answers([stored], sources)
    if statements and isinstance(sources, LibrarySources):
        yield from check_statements(stored, sources)
    else:
        yield from uncited_statements(stored)


def _report(file: Path, found: _Found) -> dict[str, Any]:
    """What was found as `pincite.verification/1`."""
    return {
        "schema": SCHEMA,
        "file": str(file),
        "all_hold": found.all_hold,
        "answers": found.answers,
        "edited": found.edited,
        "counts": {state: found.states[state] for state in (*_STATES, "supported", "unsupported")},
        "skipped": dict(found.skipped),
        "citations": [_citation(each) for each in found.told if isinstance(each, CitationCheck)],
        "statements": [asdict(each) for each in found.told if isinstance(each, StatementCheck)],
    }


def _citation(check: CitationCheck) -> dict[str, Any]:
    now = check.now and dict(zip(("paragraph", "start", "end"), check.now, strict=True))
    return {**asdict(check), "now": now}


# --- for a person --------------------------------------------------------------------------------


_COLUMNS = ("answer", "citation", "state", "quote or statement", "what was found")


def _show(found: _Found, console: Console) -> None:
    """A table of what is listed, or a line each where the output isn't a terminal; then the sum."""
    if found.told and console.is_terminal:
        table = Table(*_COLUMNS, box=None, pad_edge=False, header_style="bold")
        for check in found.told:
            answer, cited, state, *rest = map(Text, _row(check))
            state.stylize(_COLOURS.get(check.state, "red"))
            table.add_row(answer, cited, state, *rest)
        console.print(table)
    elif found.told:
        for check in found.told:
            console.print(Text(" | ".join(_row(check))), soft_wrap=True)
    if found.told:
        console.print()
    console.print(Text(_summary(found)), soft_wrap=True)
    for reason, count in found.skipped.items():
        places = "1 place has" if count == 1 else f"{count} places have"
        console.print(Text(f"{places} no answer to check: {reason}."), soft_wrap=True)


def _row(check: CitationCheck | StatementCheck) -> tuple[str, ...]:
    """What stands in `_COLUMNS`."""
    asked = f"{check.place}: {shortened(check.question, MAX_SHOWN)}"
    if isinstance(check, CitationCheck):
        place = render.paragraph(check)
        cited = f"[{check.number}] {shortened(check.source_id, MAX_SHOWN)} {place}"
        said, note = check.quote, check.note
        if check.now is not None:
            paragraph, start, end = check.now
            place = f"now ¶{paragraph}, {start}-{end}"
            note = f"{place}; {note}" if note else place
    else:
        cited, said, note = render.marks(check.citations), check.text, check.note
    return asked, cited, check.state, shortened(said, 2 * MAX_SHOWN), note


def _summary(found: _Found) -> str:
    """Such as "12 citations: 10 hold, 1 moved, 1 gone"."""
    counts = [(found.states[state], state) for state in _STATES]
    total = sum(count for count, _ in counts)
    parts = [f"{n} {'hold' if state == 'holds' and n != 1 else state}" for n, state in counts if n]
    if found.edited:
        parts[0] += f" ({found.edited} in earlier versions of their sources)"
    line = f"{total} citation{'s' * (total != 1)}{': ' * bool(parts)}{', '.join(parts)}"
    told = [(found.states[state], state) for state in ("supported", "unsupported")]
    if stated := [f"{count} {state}" for count, state in told if count]:
        number = sum(count for count, _ in told)
        line += f"; {number} statement{'s' * (number != 1)}: {', '.join(stated)}"
    return line
