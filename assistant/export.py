"""The forms in which answers are taken away: one list for the command line, the page and others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.conversation import Conversation
    from assistant.types import Answer
    from index import Library


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A form for files with answers.

    The library that is given adds what the texts state of themselves where a form can tell it; it
    should be the one that was asked.
    """

    name: str
    """What it is asked for by, such as "csl-json"."""
    label: str
    """What readers know it as, such as "CSL-JSON"."""
    ending: str
    """The end of a file's name, such as ".csl.json"."""
    media_type: str
    is_whole: bool
    """Whether all of an answer is in it, such as what was withheld or is left open; the others
    have what is cited, and nothing where nothing is."""
    of_answer: Callable[[Answer, Library | None], str]
    of_conversation: Callable[[Conversation, Library | None], str] | None = None
    """None where only single answers have this form."""


EXPORT_FORMATS: tuple[ExportFormat, ...] = (
    ExportFormat(
        name="markdown",
        label="Markdown",
        ending=".md",
        media_type="text/markdown",
        is_whole=True,
        of_answer=lambda answer, _: answer.to_markdown(),
        of_conversation=lambda conversation, _: conversation.to_markdown(),
    ),
    ExportFormat(
        name="html",
        label="HTML",
        ending=".html",
        media_type="text/html",
        is_whole=True,
        of_answer=lambda answer, _: answer.to_html(),
        of_conversation=lambda conversation, _: conversation.to_html(),
    ),
    ExportFormat(
        name="json",
        label="JSON",
        ending=".json",
        media_type="application/json",
        is_whole=True,
        of_answer=lambda answer, _: answer.to_json(indent=2),
        of_conversation=lambda conversation, _: conversation.to_json(indent=2),
    ),
    ExportFormat(
        name="annotations",
        label="Web annotations",
        ending=".jsonld",
        media_type='application/ld+json;profile="http://www.w3.org/ns/anno.jsonld"',
        is_whole=False,
        of_answer=lambda answer, _: answer.to_web_annotations(),
    ),
    ExportFormat(
        name="csl-json",
        label="CSL-JSON",
        ending=".csl.json",  # reference managers go by ".json"
        media_type="application/vnd.citationstyles.csl+json",
        is_whole=False,
        of_answer=lambda answer, library: answer.to_csl_json(library),
        of_conversation=lambda conversation, library: conversation.to_csl_json(library),
    ),
    ExportFormat(
        name="bibtex",
        label="BibTeX",
        ending=".bib",
        media_type="application/x-bibtex",
        is_whole=False,
        of_answer=lambda answer, library: answer.to_bibtex(library),
        of_conversation=lambda conversation, library: conversation.to_bibtex(library),
    ),
)
"""All of them, in the order in which they are offered."""


def find_format(name: str) -> ExportFormat | None:
    """The form with this name, if there is one."""
    return next((form for form in EXPORT_FORMATS if form.name == name), None)
