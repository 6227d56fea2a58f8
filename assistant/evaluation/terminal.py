"""An evaluation on the terminal: a table of figures, one by type, and what changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from assistant.evaluation import told
from assistant.evaluation.asked import Support
from assistant.evaluation.changes import Changed, RunComparison
from assistant.evaluation.result import SUPPORTS, Evaluation
from assistant.evaluation.rows import GOOD, OUTCOMES
from assistant.render import one_line, printable

MAX_SHOWN = 20
"""Changed questions that are listed of each sort."""
MAX_QUESTION = 70


def show_evaluation(evaluation: Evaluation, console: Console) -> None:
    """The figures with their intervals, the most telling ones by type, and the outcomes."""
    console.print(Text(one_line(told.asked(evaluation)), "bold"), soft_wrap=True)
    for note in evaluation.notes:
        console.print(Text(one_line(note)), soft_wrap=True)
    table = _table("", "", "95 % interval", "questions")
    for title, figures in told.by_section(evaluation.all):
        table.add_row(Text(title, "bold"))
        for kind, figure in figures:
            table.add_row(
                f"  {kind.title}",
                told.number(figure.value, kind),
                Text(told.interval(figure), "dim"),
                f"{figure.questions:,}",
            )
    console.print(table)
    if len(evaluation.summary) > 1:
        console.print(_by_type(evaluation), crop=False)  # rather a broken line than a cut heading
    if evaluation.confusion is not None:
        console.print(_confusion(evaluation.confusion))
    console.print(Text(_outcomes(evaluation)), soft_wrap=True)
    failed = next((row for row in evaluation.rows if row.failure), None)
    if failed is not None:
        line = f"The first that failed is {failed.id}: {failed.failure}"
        console.print(Text(one_line(line)), soft_wrap=True)


def _table(*columns: str) -> Table:
    """A plain table; all columns but the first are numbers."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for at, column in enumerate(columns):
        table.add_column(
            column,
            justify="right" if at else "left",
            no_wrap=not at,
            min_width=max(map(len, column.split()), default=0),
        )
    return table


def _by_type(evaluation: Evaluation) -> Table:
    kinds = [kind for kind in told.compared_kinds(evaluation) if kind.name in told.BY_TYPE]
    table = _table("", "questions", *(kind.title for kind in kinds))
    for group in evaluation.summary[1:]:
        found = [(kind, group.figure(kind.name)) for kind in kinds]
        cells = [told.number(figure.value, kind) if figure else "–" for kind, figure in found]
        table.add_row(Text(one_line(group.name)), f"{group.questions:,}", *cells)
    return table


def _confusion(confusion: dict[Support, dict[Support, int]]) -> Table:
    table = _table("claims", *(f"said {each}" for each in SUPPORTS))
    for true in SUPPORTS:
        table.add_row(true, *(f"{confusion[true][said]:,}" for said in SUPPORTS))
    return table


def _outcomes(evaluation: Evaluation) -> str:
    """Such as "20 answered from the right place, 3 refused although …"; the good ones first."""
    counts = Counter(row.outcome for row in evaluation.rows)
    ordered = sorted(counts, key=lambda each: (each not in GOOD, -counts[each]))
    return "; ".join(f"{counts[each]:,} {OUTCOMES[each]}" for each in ordered)


# --- two runs ------------------------------------------------------------------------------------


def show_comparison(comparison: RunComparison, console: Console) -> None:
    """What changed from an old run: the figures, and the questions that came out otherwise."""
    console.print()
    console.print(Text(told.counted(comparison), "bold"), soft_wrap=True)
    for setting in comparison.settings:
        console.print(Text(one_line(setting)), soft_wrap=True)
    table = _table("", "old", "new", "difference", "95 % interval")
    for kind, change in told.changed_figures(comparison):
        style = _style(change.difference, kind.better) if change.is_clear else ""
        table.add_row(
            kind.title,
            told.number(change.old, kind),
            told.number(change.new, kind),
            Text(told.number(change.difference, kind, signed=True), style),
            Text(told.interval(change, signed=True), "dim"),
        )
    if table.row_count:
        console.print(table)
    _list("better", comparison.better, console)
    _list("worse", comparison.worse, console)


def _style(difference: float, better: str | None) -> str:
    if better is None:
        return ""
    return "green" if (difference > 0) == (better == "higher") else "red"


def _list(name: str, changed: Sequence[Changed], console: Console) -> None:
    if not changed:
        return
    console.print(Text(f"{name}:", "bold"))
    for line in _lines(changed[:MAX_SHOWN]):
        console.print(Text(line), soft_wrap=True)
    if len(changed) > MAX_SHOWN:
        console.print(f"  … and {len(changed) - MAX_SHOWN:,} more; --json and --report have all.")


def _lines(changed: Iterable[Changed]) -> Iterable[str]:
    for each in changed:
        asked = one_line(each.question)
        shown = asked if len(asked) <= MAX_QUESTION else f"{asked[:MAX_QUESTION]}…"
        yield printable(f"  {each.id} {shown} – {each.old}, now: {each.new}")
