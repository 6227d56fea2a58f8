"""Answers as text: one place for the form of a citation, on every surface.

Text from sources is untrusted: control characters are shown as "�" wherever text is meant for a
person, and Markdown is escaped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from assistant.types import Answer, Citation, Claim, Disagreement, Side, Withheld

NOT_ANSWERED = "The sources don't answer this question."
NEAREST = "Nearest passages (they don't answer it):"
OPEN = "The sources leave open:"
SOURCES_INSTEAD = (
    "Nothing that the model stated is supported by the sources; these are their own sentences."
)
LEFT_OUT = "This answer no longer holds, so it is left out."

WITHHELD_BECAUSE = {
    "quote_not_found": "it quotes words that the sources don't have",
    "stitched": "what it quotes is put together from different places",
    "misattributed": "what it quotes stands elsewhere, not in the sentences that it rests on",
    "unknown_label": "it rests on sentences that the model wasn't shown",
    "no_citation": "no sentence of the sources was found that states it",
    "number": "a number in it isn't in the sources' words",
    "date": "a date in it isn't in the sources' words",
    "name": "a name in it isn't in the sources' words",
    "negation": "it says that something is so where the sources say that it isn't, or the reverse",
    "speaker": "the sources don't say that this person said it",
    "unsupported": "the sources don't say this",
}
"""Each reason to withhold a statement, for a reader."""

_DISAGREE_ON = {
    "order": "what came first",
    "number": "a number",
    "date": "a date",
    "name": "a name",
    "attribution": "who said it",
    "affiliation": "where someone belongs",
    "polarity": "whether it is so",
    "scope": "how far it goes",
}


def marks(numbers: tuple[int, ...]) -> str:
    """Citation marks: (1, 3) -> "[1][3]"."""
    return "".join(f"[{number}]" for number in numbers)


def disagree_on(disagreement: Disagreement) -> str:
    """What the sources disagree on: "The sources disagree on a date"."""
    return f"The sources disagree on {_DISAGREE_ON[disagreement.kind]}"


def heading(
    disagreement: Disagreement, answer: Answer, marked: Callable[[tuple[int, ...]], str] = marks
) -> str:
    """What the sources disagree on, and which statements of the answer that concerns."""
    told = [marked(claim.citations[:1]) for claim in _told(disagreement, answer)]
    on = disagree_on(disagreement)
    if len(told) == 1:
        return f"{on}. Against {told[0]}:"
    return f"{on}: {' against '.join(told)}." if told else f"{on}:"


def untold(disagreement: Disagreement, answer: Answer) -> tuple[Side, ...]:
    """The sides that no claim of the answer states."""
    told = {claim.citations[:1] for claim in _told(disagreement, answer)}
    return tuple(side for side in disagreement.sides if side.citations[:1] not in told)


def _told(disagreement: Disagreement, answer: Answer) -> list[Claim]:
    """The claims that are sides of the disagreement."""
    sides = {side.citations[:1] for side in disagreement.sides}
    return [claim for claim in answer.claims if claim.citations[:1] in sides]


def place(citation: Citation) -> str:
    """Where a citation points: "whats-at-stake ¶8", or "report ¶8, page 3"."""
    return f"{citation.source_id} {paragraph(citation)}"


class _InParagraph(Protocol):
    """What stands in a paragraph, and maybe on a page."""

    @property
    def paragraph(self) -> int: ...
    @property
    def page(self) -> int | None: ...


def paragraph(citation: _InParagraph) -> str:
    """The citation's paragraph, and its page where the original has pages: "¶8, page 3"."""
    page = "" if citation.page is None else f", page {citation.page}"
    return f"¶{citation.paragraph}{page}"


def reference(citation: Citation) -> str:
    """Where a citation points, for whoever doesn't have the library: with the source's title."""
    title = citation.source_title
    return f"{place(citation)}, {one_line(title)}" if title else place(citation)


def prose(answer: Answer) -> str:
    """The claims with their marks, what other sources say against them, and what is left open."""
    if not answer.claims:
        return NOT_ANSWERED
    lines = [f"{claim.text} {marks(claim.citations)}" for claim in answer.claims]
    for disagreement in answer.disagreements:
        lines.append(heading(disagreement, answer))
        lines += [f"- {s.text} {marks(s.citations)}" for s in untold(disagreement, answer)]
    lines += [f"{OPEN} {' '.join(part.split())}" for part in answer.unanswered]
    return "\n".join(lines)


def fell_back(answer: Answer) -> bool:
    """Whether the sources' own sentences stand in for what a model said."""
    return bool(answer.claims) and answer.engine == "extractive" and answer.model is not None


def withheld_count(answer: Answer) -> str:
    """How many statements were withheld: "2 statements withheld: not supported ..."."""
    count = len(answer.withheld)
    return f"{count} statement{'s' * (count != 1)} withheld: not supported by the sources"


def withheld(statement: Withheld) -> str:
    """A statement that was withheld, and why."""
    return f"{one_line(statement.text)} ({WITHHELD_BECAUSE[statement.reason]})"


def making(answer: Answer) -> str:
    """What made the answer and what that took; a cost that isn't known is left out."""
    parts = [answer.model or answer.engine]
    if fell_back(answer):
        parts = [answer.engine, f"{answer.model} was asked"]
    usage = answer.usage
    if usage.prompt_tokens or usage.completion_tokens:
        parts.append(f"{usage.prompt_tokens:,} tokens read, {usage.completion_tokens:,} written")
    if usage.cost_usd is not None:
        parts.append(dollars(usage.cost_usd))
    count = answer.library.sources
    parts.append(f"library of {count} source{'s' * (count != 1)}")
    parts.append(f"{answer.timings_ms.total:.0f} ms")
    return one_line(" · ".join(parts))


def dollars(usd: float) -> str:
    """A sum with as many places as small ones need: $1.20, $0.00043."""
    if 0 < usd < 0.000001:
        return "less than $0.000001"
    whole, _, cents = f"{usd:,.6f}".partition(".")
    return f"${whole}.{cents.rstrip('0').ljust(2, '0')}"


def plain(answer: Answer) -> str:
    """The answer, then its citations, each with its quote; or the nearest passages."""
    blocks = [printable(answer.text)]
    if fell_back(answer):
        blocks.append(SOURCES_INSTEAD)
    if answer.citations:
        blocks += [
            f"[{c.number}] {reference(c)}\n    {one_line(c.quote)}" for c in answer.citations
        ]
    if answer.nearest:
        lines = [f"- {n.source_id} ¶{n.paragraph}: {one_line(n.text)}" for n in answer.nearest]
        blocks.append("\n".join([NEAREST, *lines]))
    if answer.withheld:
        blocks.append(withheld_count(answer))
    return "\n\n".join(blocks)


def one_line(text: str) -> str:
    """The text for display, each run of white space as one space."""
    return printable(" ".join(text.split()))


def printable(text: str) -> str:
    """The text with "�" for what could act on a terminal or turn the reading direction.

    It stays as long as it was; the carriage return of a Windows line end becomes a space.
    """
    return _ACTING.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r", " "))


_ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # the category Cc, but for tab and newline
    "\ud800-\udfff"  # Cs: halves of characters
    "\u202a-\u202e\u2066-\u2069]"  # turn the reading direction
)


def as_json(data: dict[str, Any] | list[dict[str, Any]], indent: int | None) -> str:
    """JSON text; characters outside ASCII are written as themselves unless they act (escaped)."""
    text = json.dumps(data, ensure_ascii=False, indent=indent)
    return _ACTING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def markdown(answer: Answer, *, show_withheld: bool = False, prefix: str = "") -> str:
    """The answer with its quotes as footnotes; source text can't act as Markdown.

    With `show_withheld` the statements that were withheld are listed at the end. `prefix` stands
    before the footnotes' numbers, where a document has those of several answers.
    """
    notes = partial(_notes, prefix=prefix)
    lines = [f"**{markdown_text(answer.question)}**", ""]
    if not answer.claims:
        lines += [NOT_ANSWERED, ""]
    for claim in answer.claims:
        lines += [f"{markdown_text(claim.text)}{notes(claim.citations)}", ""]
    for disagreement in answer.disagreements:
        lines += [heading(disagreement, answer, notes), ""]
        lines += [
            f"- {markdown_text(s.text)}{notes(s.citations)}" for s in untold(disagreement, answer)
        ]
        lines.append("")
    lines += [f"{OPEN} {markdown_text(part)}\n" for part in answer.unanswered if answer.claims]
    if fell_back(answer):
        lines += [SOURCES_INSTEAD, ""]
    for c in answer.citations:
        title = f", {markdown_text(c.source_title)}" if c.source_title else ""
        where = f"{markdown_text(place(c))}{title}"
        lines.append(f"[^{prefix}{c.number}]: {where}: {markdown_text(c.quote)}")
    if answer.nearest:
        lines += ["", NEAREST, ""]
        lines += [
            f"- {markdown_text(near.source_id)} ¶{near.paragraph}: {markdown_text(near.text)}"
            for near in answer.nearest
        ]
    if answer.withheld:
        lines += ["", withheld_count(answer), ""]
    if show_withheld:
        lines += [f"- {markdown_text(withheld(each))}" for each in answer.withheld]
    return "\n".join(lines).rstrip() + "\n"


def unanswered_markdown(question: str) -> str:
    """A question whose answer was left out."""
    return f"**{markdown_text(question)}**\n\n{LEFT_OUT}\n"


def _notes(numbers: tuple[int, ...], prefix: str) -> str:
    return "".join(f"[^{prefix}{number}]" for number in numbers)


_MARKDOWN = str.maketrans({character: f"\\{character}" for character in "\\`*_{}[]<>#|!~$&"})


def markdown_text(text: str) -> str:
    """The text in one line, with nothing in it that acts as Markdown."""
    escaped = one_line(text).translate(_MARKDOWN)
    return re.sub(r"^(\d*)([-+=.)])", r"\1\\\2", escaped)
