"""What an answer is made of: plain immutable values that serialise as `pincite.answer/1`.

Status and text are computed from the parts whenever they are read, so they can't contradict them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    ValidationError,
    computed_field,
    model_serializer,
)

from assistant import hypertext, render
from index.errors import AnswerError

if TYPE_CHECKING:
    from index import Library

SCHEMA = "pincite.answer/1"

Status = Literal["answered", "partial", "disputed", "abstained"]
Match = Literal["exact", "folded"]
DisagreementKind = Literal[
    "order", "number", "date", "name", "attribution", "affiliation", "polarity", "scope"
]
WithheldReason = Literal[
    "quote_not_found",
    "stitched",
    "misattributed",
    "unknown_label",
    "no_citation",
    "number",
    "date",
    "name",
    "negation",
    "speaker",
    "unsupported",
]


class Value(BaseModel):
    """Base of the immutable values below; an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Highlight(Value):
    """The shortest span of a quote that answers; offsets into the source text."""

    start: int
    end: int
    text: str


class Citation(Value):
    """A verbatim quote and where it stands: `source.text[start:end] == quote`, always."""

    number: int
    """From 1, in order of appearance in the answer."""
    source_id: str
    source_title: str | None
    source_uri: str | None
    source_sha256: str
    paragraph: int
    page: int | None = None
    """Of the document that the source was read from, where the quote starts; None without pages."""
    start: int
    end: int
    quote: str
    prefix: str
    """Up to 32 characters before the quote, for finding it again in an edited text."""
    suffix: str
    match: Match
    """"folded" where the wording asked for differed from the quote in typography alone."""
    highlight: Highlight | None = None

    @model_serializer(mode="wrap")
    def _without_no_page(self, serialised: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A citation of a text without pages says nothing of a page."""
        data: dict[str, Any] = serialised(self)
        if data["page"] is None:
            del data["page"]
        return data


class Claim(Value):
    """One statement of the answer; `citations` are the numbers of those that support it."""

    text: str
    citations: tuple[int, ...]


class Side(Value):
    """What one side of a disagreement says."""

    text: str
    citations: tuple[int, ...]


class Disagreement(Value):
    """Two or more statements about the same thing that can't all be right."""

    kind: DisagreementKind
    about: str
    sides: tuple[Side, ...]


class Withheld(Value):
    """A statement that was kept from the answer because its support failed a check."""

    text: str
    reason: WithheldReason


class Nearest(Value):
    """A passage shown with an abstention: near the question, but no answer to it."""

    source_id: str
    paragraph: int
    text: str
    score: float
    """Cosine similarity to the question."""


class Usage(Value):
    """Tokens and money that a model cost; `cost_usd` is None when the price is unknown."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None


class Timings(Value):
    """Milliseconds spent on each step."""

    retrieve: float = 0.0
    compose: float = 0.0
    verify: float = 0.0
    total: float = 0.0


class LibraryStamp(Value):
    """Which library, in which state, was asked."""

    fingerprint: str
    sources: int
    paragraphs: int


class Answer(Value):
    """The answer to one question, with everything needed to check it."""

    id: str
    """Hash of question, library state and settings: the same question has the same id."""
    question: str
    standalone_question: str
    engine: str
    """What composed the claims: "model", or "extractive" for the sources' own sentences."""
    model: str | None = None
    """The model that was asked; with the engine "extractive", nothing it said could be used."""
    claims: tuple[Claim, ...] = ()
    citations: tuple[Citation, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    nearest: tuple[Nearest, ...] = ()
    unanswered: tuple[str, ...] = ()
    """The parts of the question that the sources leave open."""
    usage: Usage = Usage()
    timings_ms: Timings = Timings()
    library: LibraryStamp
    prompt_version: str | None = None
    """Content hashes of the prompts that the model was given."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def status(self) -> Status:
        """Computed: no claim is "abstained", a disagreement "disputed", an open part "partial"."""
        if not self.claims:
            return "abstained"
        if self.disagreements:
            return "disputed"
        return "partial" if self.unanswered else "answered"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def text(self) -> str:
        """The answer as prose with citation marks, such as `They spoke on 12 May [1].`"""
        return render.prose(self)

    @classmethod
    def from_dict(cls, data: Any) -> Answer:
        """The answer that `to_dict` made `data` of; its citations aren't checked again by this.

        Raises:
            AnswerError: `data` isn't an answer of this form.
        """
        if not isinstance(data, dict) or data.get("schema") != SCHEMA:
            raise AnswerError(f"This is no answer of the form {SCHEMA}: it wasn't written by this.")
        given = {key: value for key, value in data.items() if key in cls.model_fields}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            wrong = error.errors()[0]
            place = ".".join(map(str, wrong["loc"]))
            raise AnswerError(
                f"This answer can't be read back: {place or 'it'} is wrong ({wrong['msg']})."
            ) from None

    def citation(self, number: int) -> Citation:
        """The citation with this number; KeyError when there is none."""
        for citation in self.citations:
            if citation.number == number:
                return citation
        raise KeyError(number)

    def to_dict(self) -> dict[str, Any]:
        """The answer as `pincite.answer/1`."""
        data = self.model_dump(mode="json")
        first = ("id", "question", "standalone_question", "status", "text")
        return {"schema": SCHEMA, **{name: data[name] for name in first}, **data}

    def to_json(self, indent: int | None = None) -> str:
        """`to_dict` as JSON text."""
        return render.as_json(self.to_dict(), indent)

    def to_markdown(self) -> str:
        """The answer with its citations as Markdown footnotes."""
        return render.markdown(self)

    def to_html(self) -> str:
        """The answer and its quotes as an HTML document that stands on its own."""
        return hypertext.answer_document(self)

    def to_web_annotations(self) -> str:
        """Each statement attached to the words that support it: W3C Web Annotations in JSON-LD."""
        from assistant.web_annotations import collection

        return render.as_json(collection(self), 2)

    def to_csl_json(self, library: Library | None = None) -> str:
        """The cited sources as CSL-JSON; `library` adds what its texts state of themselves."""
        from assistant.bibliography import csl_json

        return render.as_json(csl_json(self.citations, library), 2)

    def to_bibtex(self, library: Library | None = None) -> str:
        """The cited sources as BibTeX; `library` adds what its texts state of themselves."""
        from assistant.bibliography import bibtex

        return bibtex(self.citations, library)

    def __str__(self) -> str:
        return render.plain(self)


class QuestionEvent(Value):
    """First event of a stream: the question as it is put to the sources."""

    standalone_question: str


class ClaimEvent(Value):
    """A verified claim of an answer in the making; neither it nor its numbers change later."""

    claim: Claim
    citations: tuple[Citation, ...]
    """Those that the claim refers to, numbered as in the finished answer."""


Event = QuestionEvent | ClaimEvent | Answer
"""What `Assistant.stream` yields; the last is the Answer."""
