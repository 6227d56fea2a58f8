"""The endpoints for programs: `ask`, `sources` and `show`, over HTTP and as MCP tools.

Their docstrings are what clients and models are told of them. Gradio checks no argument, so it is
done here.
"""

import json
import logging
import os
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial, wraps
from typing import TYPE_CHECKING, Annotated, Any, Literal, ParamSpec, TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from pydantic import Field, ValidationError, validate_call

from assistant import (
    Assistant,
    Filter,
    IndexedSource,
    PinciteError,
    Source,
    SourceError,
    SourceSummary,
)
from page.failures import sentence

if TYPE_CHECKING:
    from gradio import Blocks

P = ParamSpec("P")
R = TypeVar("R")
Functions = tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]

Limit = Annotated[int, Field(ge=1, le=1000)]
Offset = Annotated[int, Field(ge=0, le=10**9)]

ANSWERS_AT_ONCE = 2 * (os.cpu_count() or 2)
"""Many more threads that compute than there are processors only get in each other's way."""
ANSWERS_AT_ONCE_WITH_MODEL = 20
"""Most of the time such a thread waits for the model."""

FAILED = "Pincite failed at this: what went wrong is in the output of the server."

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side said in a conversation."""

    role: Literal["user", "assistant"]
    content: str


def add_endpoints(assistant: Assistant) -> None:
    """Add the three endpoints to the Gradio page that is being built."""
    from gradio import Error
    from gradio.events import api

    class Refusal(Error):
        """A sentence for the caller; nothing is printed."""

        def __init__(self, sentence: str) -> None:
            super().__init__(sentence, print_exception=False)

        def __str__(self) -> str:
            return str(self.message)

    at_once = CapacityLimiter(
        ANSWERS_AT_ONCE if assistant.model is None else ANSWERS_AT_ONCE_WITH_MODEL
    )
    for function in endpoints(assistant):
        api(
            _in_turn(_refusing_with(assistant, Refusal)(function), at_once),
            api_name=function.__name__,
            queue=False,  # else an MCP call goes the long way round, by a client in the server
            concurrency_limit=None,
        )


def answer_mcp_in_json(blocks: "Blocks") -> None:
    """Let MCP clients have results as JSON; Gradio would send them as Python prints them.

    To be called once `blocks` is mounted with its MCP server.
    """
    from mcp.types import ImageContent, TextContent

    def as_content(data: Any, root_url: str) -> list[TextContent | ImageContent]:
        texts = [json.dumps(result, ensure_ascii=False) for result in data]
        return [TextContent(type="text", text=text) for text in texts]

    server = blocks.mcp_server_obj
    assert server is not None, blocks.mcp_error
    server.postprocess_output_data = as_content  # type: ignore[method-assign]


def endpoints(assistant: Assistant) -> Functions:
    """The functions `ask`, `sources` and `show` over one assistant.

    They raise PinciteError, whatever arguments they are given.
    """

    def ask(
        question: str,
        sources: list[str] | None = None,
        history: list[Turn] | None = None,
        since: str | None = None,
        until: str | None = None,
        publisher: str | None = None,
        lang: str | None = None,
    ) -> dict[str, Any]:
        """Answer a question from the sources of the library, each statement with a citation.

        Every citation has the verbatim quote, its source and its paragraph, checked by the
        program. The status is "answered", "partial", "disputed" (the sources disagree) or
        "abstained" (the sources don't answer).

        Args:
            question: The question, in any language.
            sources: Ids of the sources to search, as `sources` lists them; without it, all.
            history: Earlier turns, oldest first, so that a follow-up is understood.
            since: Search only sources that state a date from this on: YYYY-MM-DD, YYYY-MM or YYYY.
            until: Search only sources that state a date up to this, in the same forms.
            publisher: Search only sources that state this publisher, whatever the case.
            lang: Search only sources that state this language, such as en.

        Returns:
            The answer in the form pincite.answer/1
        """
        turns = [(turn.role, turn.content) for turn in history or ()]
        asked = assistant.limited_to(_filter(since, until, publisher, lang))
        return asked.ask(question, history=turns, sources=sources).to_dict()

    def sources(
        search: str | None = None,
        since: str | None = None,
        until: str | None = None,
        publisher: str | None = None,
        lang: str | None = None,
        limit: Limit = 100,
        offset: Offset = 0,
    ) -> list[dict[str, Any]]:
        """List sources of the library with what their texts say of themselves.

        Each has its id, title, author, publisher, published, lang, uri, the number of its
        paragraphs, and its twins: the ids of sources that render the same original.

        Args:
            search: Words that are all in the id, title or publisher.
            since: Only sources that state a date from this on: YYYY-MM-DD, YYYY-MM or YYYY.
            until: Only sources that state a date up to this, in the same forms.
            publisher: Only sources that state this publisher, whatever the case.
            lang: Only sources that state this language, such as en.
            limit: How many are listed at most, up to 1000.
            offset: How many are left out before the first; for the next ones, after `limit`.
        """
        only = _filter(since, until, publisher, lang)
        listing = assistant.library.listing(only, words=search or "", limit=limit, offset=offset)
        return [_summary(source) for source in listing.sources]

    def show(source: str, paragraph: int | None = None) -> dict[str, Any]:
        """Show the text of a source with its paragraphs numbered, or one paragraph of it.

        Each paragraph has its number, kind and text, and the offsets start and end of the text
        in the source, in Unicode code points.

        Args:
            source: The id of the source, as `sources` lists it.
            paragraph: The number of the paragraph, from 1; without it, all.
        """
        indexed = _indexed(assistant, source)
        chosen = _paragraphs(indexed, paragraph)
        return {**_metadata(indexed.source), "paragraphs": chosen}

    return _checked(ask), _checked(sources), _checked(show)


def _filter(
    since: str | None, until: str | None, publisher: str | None, lang: str | None
) -> Filter:
    """The filter; programs that can't leave an argument out give an empty text."""
    return Filter(since or None, until or None, publisher or None, lang or None)


def _checked(function: Callable[P, R]) -> Callable[P, R]:
    """The function, for arguments of any type: those that aren't of its types are refused."""
    checked = validate_call(function)

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return checked(*args, **kwargs)
        except ValidationError as error:
            wrong = error.errors()[0]
            position, *inside = wrong["loc"]
            names = tuple(function.__code__.co_varnames)
            name = names[position] if isinstance(position, int) else position
            place = ".".join(map(str, [name, *inside]))
            raise ArgumentError(f"The argument {place} is wrong: {wrong['msg'].lower()}.") from None

    return call


class ArgumentError(PinciteError):
    """An argument isn't of the type that the endpoint takes: correct it."""


def _refusing_with(
    assistant: Assistant,
    refusal: Callable[[str], Exception],
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Failures become one sentence for the caller, who learns nothing of others."""

    def wrap(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return function(*args, **kwargs)
            except PinciteError as error:
                raise refusal(sentence(assistant, error)) from None
            except Exception:
                logger.exception("The endpoint %s failed", function.__name__)
                raise refusal(FAILED) from None

        return call

    return wrap


def _in_turn(
    function: Callable[P, R], at_once: CapacityLimiter
) -> Callable[P, Coroutine[Any, Any, R]]:
    """The function for the event loop, run in a thread when it is its turn."""

    @wraps(function)
    async def call(*args: P.args, **kwargs: P.kwargs) -> R:
        return await run_sync(partial(function, *args, **kwargs), limiter=at_once)

    return call


def _indexed(assistant: Assistant, source_id: str) -> IndexedSource:
    if assistant.library.unknown([source_id]):
        raise SourceError(
            f"The library has no source {source_id!r}: the endpoint `sources` lists what it has."
        )
    return assistant.library.indexed(source_id)


def _paragraphs(indexed: IndexedSource, number: int | None) -> list[dict[str, Any]]:
    count = len(indexed.paragraphs)
    if number is not None and not 1 <= number <= count:
        raise SourceError(f"{indexed.source.id} has no paragraph {number}: it has {count}, from 1.")
    return [
        {
            "number": paragraph.number,
            "kind": paragraph.kind,
            "start": paragraph.start,
            "end": paragraph.end,
            "text": indexed.source.text[paragraph.start : paragraph.end],
        }
        for paragraph in indexed.paragraphs
        if number in (None, paragraph.number)
    ]


def _summary(source: SourceSummary) -> dict[str, Any]:
    return {**_metadata(source), "paragraphs": source.paragraphs, "twins": list(source.twins)}


def _metadata(source: Source | SourceSummary) -> dict[str, Any]:
    stated = ("title", "author", "publisher", "published", "lang")
    values = {name: getattr(source, name) for name in stated}
    return {
        "id": source.id,
        **{name: value.value if value else None for name, value in values.items()},
        "uri": source.uri,
    }
