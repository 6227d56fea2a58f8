"""What a comparison of two sources is made of: immutable values, `pincite.comparison/1`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from assistant import render
from assistant.types import Citation, Disagreement, Value

if TYPE_CHECKING:
    from index import Library

SCHEMA = "pincite.comparison/1"


class ComparedSource(Value):
    """One of the two sources."""

    id: str
    title: str | None
    uri: str | None
    sha256: str
    paragraphs: int


class AlignedParagraphs(Value):
    """Paragraphs that tell of the same thing, by their numbers in the two sources."""

    first: tuple[int, ...]
    second: tuple[int, ...]


class OnlyIn(Value):
    """Something that only one of the sources tells; `citations` has the number of its quote."""

    source_id: str
    text: str
    citations: tuple[int, ...]


class Comparison(Value):
    """Two sources side by side: what is aligned, what differs, and what only one of them tells."""

    sources: tuple[ComparedSource, ComparedSource]
    twins: bool
    """Whether they render the same original, and so are one witness."""
    aligned: tuple[AlignedParagraphs, ...]
    differences: tuple[Disagreement, ...]
    """By kind; of each, the first source's side comes first."""
    only_in: tuple[OnlyIn, ...]
    citations: tuple[Citation, ...]

    def citation(self, number: int) -> Citation:
        """The citation with this number; KeyError when there is none."""
        for citation in self.citations:
            if citation.number == number:
                return citation
        raise KeyError(number)

    def only_in_source(self, which: Literal[0, 1]) -> tuple[OnlyIn, ...]:
        """What only the first (0) or only the second (1) source tells."""
        return tuple(o for o in self.only_in if o.source_id == self.sources[which].id)

    def to_dict(self) -> dict[str, Any]:
        """The comparison as `pincite.comparison/1`."""
        return {"schema": SCHEMA, **self.model_dump(mode="json")}

    def to_json(self, indent: int | None = None) -> str:
        """`to_dict` as JSON text."""
        return render.as_json(self.to_dict(), indent)

    def to_html(self, library: Library) -> str:
        """Both texts side by side with the differences marked, as one HTML document.

        Raises:
            SourceError: the library doesn't have one of the sources any more.
            AnswerError: a citation doesn't hold any more, as a source has changed.
        """
        from assistant.comparison_page import comparison_document

        return comparison_document(self, library)

    def __str__(self) -> str:
        from assistant.comparison_text import plain

        return plain(self)
