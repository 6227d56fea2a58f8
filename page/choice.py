"""What a tab has chosen to be searched: the sources that are ticked, and what they must state."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from assistant import EVERYTHING, Assistant, Filter, PinciteError, SourceError
from assistant.render import one_line
from assistant.scope import told
from page.failures import sentence

NAMED_IN_LINE = 3
"""Titles of chosen sources that the line names."""


class _Kept(BaseModel):
    """A choice as the tab keeps it. It names whichever is fewer to it: ticked or unticked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    only: frozenset[str] | None = None
    without: frozenset[str] = frozenset()
    since: str | None = None
    until: str | None = None
    publisher: str | None = None
    lang: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be searched: of the ticked sources those that meet the filter."""

    only: frozenset[str] | None = None
    """The ids of the ticked sources; None for all but those in `without`."""
    without: frozenset[str] = frozenset()
    filter: Filter = EVERYTHING

    def ticks(self, source_id: str) -> bool:
        """Whether the source is ticked."""
        return source_id in self.only if self.only is not None else source_id not in self.without

    def ids(self, assistant: Assistant) -> list[str] | None:
        """The ticked sources, of those there are now; None for all.

        Raises SourceError where none of them is there any more.
        """
        if self.only is None and not self.without:
            return None
        found = [each for each in assistant.library.content() if self.ticks(each)]
        if not found:
            raise SourceError("No source is chosen: tick at least one under Sources.")
        return found


_KEPT = TypeAdapter[_Kept | frozenset[str]](_Kept | frozenset[str])


def read_choice(kept: str) -> Choice:
    """The choice as the tab keeps it: "" for all, or JSON: a list of ids, or see `_Kept`.

    Raises:
        SourceError: it is nothing of that.
        SettingsError: a date in it isn't one.
    """
    if not kept:
        return Choice()
    try:
        read = _KEPT.validate_json(kept)
    except ValidationError:
        raise SourceError("The choice of sources can't be read: reload the page.") from None
    if not isinstance(read, _Kept):
        return Choice(only=read)
    return Choice(
        read.only, read.without, Filter(read.since, read.until, read.publisher, read.lang)
    )


def scope_ids(assistant: Assistant, kept: str) -> list[str] | None:
    """The ticked sources, of those there are now; None for all. See `read_choice`.

    Raises SourceError, where none of the chosen sources is there any more too.
    """
    return read_choice(kept).ids(assistant)


def scope_line(assistant: Assistant, kept: str) -> str:
    """What is searched, in words; as HTML, for titles are other people's text."""
    count = assistant.library.source_count
    if not count:
        return "There are no sources yet: add texts under Sources."
    try:
        choice = read_choice(kept)
        scope = assistant.limited_to(choice.filter).scope(choice.ids(assistant))
    except PinciteError as error:
        return escape(sentence(assistant, error))
    if scope is None or (choice.filter.is_empty and len(scope) == count):
        return f"Searching all {count:,} sources" if count > 1 else "Searching 1 source"
    line = f"Searching {len(scope):,} of {count:,} sources"
    if not choice.filter.is_empty:
        return f"{line}, <bdi>{escape(one_line(told(choice.filter)))}</bdi>"
    named = assistant.library.listing(ids=scope, limit=NAMED_IN_LINE).sources
    titles = [one_line(each.title.value) if each.title else each.id for each in named]
    more = " …" if len(scope) > NAMED_IN_LINE else ""
    return f"{line}: {'; '.join(f'<bdi>{escape(title)}</bdi>' for title in titles)}{more}"
