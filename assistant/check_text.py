"""A checked claim as text: the verdict, each part with what it lacks, then the quotes."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from assistant import render
from assistant.check import Check, CheckedPart, SaidInstead
from assistant.terminal import emphasised, heading

SUPPORTED = "Supported: the sources say so."
LIKELY = "Supported, as far as words tell: read the quotes."
DISPUTED = "Partly supported: the sources disagree."
PARTLY = "Partly supported."
CONTRADICTED = "Not supported: the sources say otherwise."
NOT = "Not supported by the sources."
OTHER_LANGUAGE = (
    "Not supported: the claim isn't in the language of the sources, so that their words can't be "
    "compared."
)
NEAREST = "Nearest passages (they don't support it):"
READ = "Nearest passages (read them, or check the claim in their language):"

_NEAREST_CHARACTERS = 280
_VERDICTS = {"supported": "supported", "partly": "partly supported", "not": "left open"}
_STYLES = {"supported": "bold green", "partly": "bold yellow", "not": "bold red"}

_Line = tuple[int, Text]
"""How far it is indented, and what it says."""


def headline(check: Check) -> str:
    """The verdict in a sentence."""
    if not check.comparable:
        return OTHER_LANGUAGE
    if check.verdict == "supported":
        return SUPPORTED if all(part.literal for part in check.parts) else LIKELY
    if check.verdict == "partly":
        return DISPUTED if check.disagreements else PARTLY
    return CONTRADICTED if any(map(is_contradicted, check.parts)) else NOT


def is_contradicted(part: CheckedPart) -> bool:
    """Whether the sources say something that can't be right as well."""
    return part.because == "negation" or any(each.kind != "unsupported" for each in part.instead)


def show_check(check: Check, console: Console) -> None:
    """Print the check; what the sources say instead is emphasised in the quotes."""
    for indent, text in _lines(check):
        if console.is_terminal:
            console.print(Padding(text, (0, 0, 0, indent)))
        else:
            console.print(Text(" " * indent).append(text), soft_wrap=True)


def plain(check: Check) -> str:
    """The check without emphasis."""
    return "\n".join(f"{' ' * indent}{text.plain}".rstrip() for indent, text in _lines(check))


def _lines(check: Check) -> Iterator[_Line]:
    yield 0, Text(headline(check), _STYLES[check.verdict])
    for part in check.parts:
        yield from _part(part)
    for disagreement in check.disagreements:
        yield 0, Text(f"{render.disagree_on(disagreement)}:", "bold yellow")
        for side in disagreement.sides:
            yield 2, _marked(f"- {render.one_line(side.text)}", side.citations)
    for citation in check.citations:
        yield 0, Text()
        yield 0, heading(citation)
        yield 4, emphasised(citation)
    if check.nearest:
        yield 0, Text()
        yield 0, Text(NEAREST if check.comparable else READ, "bold")
        for near in check.nearest:
            text = render.one_line(near.text)
            if len(text) > _NEAREST_CHARACTERS:
                text = text[:_NEAREST_CHARACTERS].rsplit(" ", 1)[0] + " …"
            place = Text(f"{near.source_id} ¶{near.paragraph} ", "bold")
            yield 2, place.append(text, "not bold")


def _part(part: CheckedPart) -> Iterator[_Line]:
    said = "contradicted" if is_contradicted(part) else _VERDICTS[part.verdict]
    yield 0, _marked(f"- {said}: {render.one_line(part.text)}", part.citations)
    for each in part.instead:
        yield 2, _marked(_instead(each), each.citations)
    if part.because:
        yield 2, Text(render.WITHHELD_BECAUSE[part.because])
    replaced = {each.claim for each in part.instead}
    if missing := [each for each in part.missing if not _is_told(each, replaced)]:
        quoted = ", ".join(f"“{render.one_line(each)}”" for each in missing)
        yield 2, Text(f"not found there: {quoted}")
    if part.elsewhere:
        quoted = ", ".join(f"“{render.one_line(each)}”" for each in part.elsewhere)
        yield 2, Text(f"found only apart from the rest: {quoted}")
    for name in part.said_by:
        yield 2, Text(f"in the words of {name}; the sources don't state it themselves")


def _is_told(missing: str, replaced: set[str]) -> bool:
    return any(missing in each for each in replaced)


def _instead(each: SaidInstead) -> str:
    ours, theirs = render.one_line(each.claim), render.one_line(each.sources)
    if each.kind == "speaker":
        return f"the sources have {theirs} say it, not {ours}"
    return f"the sources say “{theirs}”, not “{ours}”"


def _marked(text: str, numbers: tuple[int, ...]) -> Text:
    shown = Text(text)
    return shown.append(f" {render.marks(numbers)}", "cyan") if numbers else shown
