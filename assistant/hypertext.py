"""Answers as HTML: a fragment for a page, and documents that stand on their own.

Every text is untrusted. The templates print all of it through `printable`, escaped; what they link
to is within the document, or comes from the caller, or is a plain web address.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from assistant import render
from assistant.text_fragments import fragment_link, is_web_address

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

    from assistant.types import Answer, Citation, Claim, Nearest, Side

SHOWN_CHARACTERS = 600
"""Of a quote in the list of citations; the data attributes and documents have all of it."""
LEAD_CHARACTERS = 200
"""Shown in front of the answering words where these stand further back than that."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something that is shown stands: a citation, or a passage of a paragraph."""

    source_id: str
    paragraph: int
    start: int | None = None
    """Where the quote starts, in code points of the source's text; None for a passage."""
    quote: str | None = None
    """The source's own characters, not escaped in any way; None for a passage."""


def answer_html(
    answer: Answer, *, link: Callable[[Place], str] | None = None, prefix: str = ""
) -> str:
    """The answer as an HTML fragment, `<div class="answer">`.

    `link` gives the address of a place; it is trusted to be one that may be followed. Without it
    marks point at the list of citations below, and the places there aren't links. `prefix` makes
    the ids of one answer differ from those of another in the same document.
    """
    return _fragment(answer, link, prefix)


def claim_html(
    claim: Claim,
    citations: Iterable[Citation],
    *,
    link: Callable[[Place], str] | None = None,
    prefix: str = "",
) -> str:
    """One claim as it stands in `answer_html`, for an answer that is still in the making.

    `citations` are those that the claim refers to.
    """
    macros: Any = templates().get_template("claim.html").module
    return str(macros.stated(claim, _by_number(citations), link, prefix)).strip()


def answer_document(answer: Answer) -> str:
    """The question, its answer and the quotes in their sources as one HTML document.

    It needs nothing else: it has no script and fetches nothing.
    """
    return _document([(answer.question, answer)], title=answer.question, heading=None)


def conversation_document(turns: Iterable[tuple[str, Answer | None]]) -> str:
    """All questions and answers as one HTML document like that of `answer_document`.

    None stands for an answer that was left out.
    """
    asked = list(turns)
    title = asked[0][0] if asked else "Conversation"
    return _document(asked, title=title, heading="Conversation")


def _fragment(
    answer: Answer, link: Callable[[Place], str] | None, prefix: str, *, stands_below: bool = False
) -> str:
    """`stands_below`: the document shows each quote in its source below, under its own id."""
    template = templates().get_template("answer.html")
    return template.render(answer=answer, link=link, prefix=prefix, stands_below=stands_below)


@dataclass(frozen=True, slots=True)
class _Turn:
    question: str
    answer: Answer | None
    prefix: str
    fragment: Markup | None


def _document(asked: list[tuple[str, Answer | None]], *, title: str, heading: str | None) -> str:
    turns = [
        _turn(question, answer, f"{number}-" if heading else "")
        for number, (question, answer) in enumerate(asked, 1)
    ]
    template = templates().get_template("document.html")
    return template.render(turns=turns, title=title, heading=heading)


def _turn(question: str, answer: Answer | None, prefix: str) -> _Turn:
    fragment = answer and markup(_fragment(answer, None, prefix, stands_below=True))
    return _Turn(question, answer, prefix, fragment or None)


@cache
def templates() -> Environment:
    """The templates of this package; what they print is escaped, and text goes through `printable`.

    Their filters and globals are those below.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["one_line"] = render.one_line
    environment.globals.update(
        render=render,
        by_number=_by_number,
        by_source=_by_source,
        excerpt=_excerpt,
        fragment_link=fragment_link,
        is_web_address=is_web_address,
        label=_label,
        passage_place=_passage_place,
        quote_place=_quote_place,
        title_of=_title_of,
        titles=_titles,
    )
    return environment


def asset(name: str) -> str:
    """A style or script that goes into a document, from beside the templates."""
    return (files(__package__) / "templates" / name).read_text(encoding="utf-8")


def digest(text: str) -> str:
    """How a Content-Security-Policy names a text."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def markup(html: str) -> Markup:
    """HTML that we made, for a template to print as it is."""
    from markupsafe import Markup

    return Markup(html)


def _shown(value: Any) -> Any:
    """What a template prints of a value; mark-up that a template made is printed as it is."""
    is_text = isinstance(value, str) and not hasattr(value, "__html__")
    return render.printable(value) if is_text else value


def _by_number(citations: Iterable[Citation]) -> dict[int, Citation]:
    return {citation.number: citation for citation in citations}


def _by_source(answer: Answer) -> list[list[Citation]]:
    """The citations of each source together, in order of appearance."""
    found: dict[tuple[str, str], list[Citation]] = {}
    for citation in answer.citations:
        found.setdefault((citation.source_id, citation.source_sha256), []).append(citation)
    return list(found.values())


def _title_of(citation: Citation) -> str:
    return render.one_line(citation.source_title or citation.source_id)


def _titles(side: Side, cited: dict[int, Citation]) -> str:
    """The titles of the sources that say it, each once."""
    known = (cited[number] for number in side.citations if number in cited)
    return ", ".join(dict.fromkeys(map(_title_of, known)))


def _label(citation: Citation) -> str:
    return f"{_title_of(citation)} {render.paragraph(citation)}"


def _quote_place(citation: Citation) -> Place:
    return Place(citation.source_id, citation.paragraph, citation.start, citation.quote)


def _passage_place(near: Nearest) -> Place:
    return Place(near.source_id, near.paragraph)


def _excerpt(citation: Citation) -> tuple[str, str, str]:
    """The quote on one line, cut where it is long: what is before, in and behind its highlight."""
    shown = render.one_line(citation.quote)
    first = last = 0
    if citation.highlight is not None:
        first = _on_one_line(citation.quote, citation.highlight.start - citation.start)
        last = max(first, _on_one_line(citation.quote, citation.highlight.end - citation.start))
    begin = max(0, first - LEAD_CHARACTERS) if last > SHOWN_CHARACTERS else 0
    end = max(last, begin + SHOWN_CHARACTERS)
    before, after = shown[begin:first], shown[last:end]
    return f"{'…' * (begin > 0)}{before}", shown[first:last], f"{after}{'…' * (end < len(shown))}"


def _on_one_line(text: str, position: int) -> int:
    """Where a position of the text is in `one_line` of it."""
    return len(re.sub(r"\s+", " ", text[: max(0, position)]).lstrip())
