"""The lines of a file of questions: their form, and what they say of the answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from assistant.chat import Turn
from assistant.evaluation.asked import Asked, Support
from assistant.evaluation.documents import Document, Documents
from assistant.evaluation.gold import NO_GOLD, Fact, Gold, Place, Span
from assistant.evaluation.lines import Line, Where, fault_of, read_lines
from index import QuestionError

_LABELS: Mapping[str, Support] = {
    "supported": "supported",
    "partially_supported": "partly",
    "partly": "partly",
    "not_supported": "not",
    "not": "not",
}


def read_question_lines(path: Path, documents: Documents) -> Iterator[Asked]:
    """The questions in a file, in order.

    Raises:
        QuestionError: the file can't be read, or a line of it can't be used.
    """
    ids = set()
    for where, line in read_lines(path, _Question, QuestionError):
        if line.id in ids:
            raise where.wrong(f"an earlier line has the id {line.id!r} too")
        ids.add(line.id)
        yield _asked(line, where, documents)


class _GoldLine(Line):
    """A place as the common format has it: paragraphs are counted from 0."""

    doc_id: str
    paragraph: int | None = Field(ge=0)
    quote: str | None = None


class _FactLine(Line):
    """A place in a source of a library: paragraphs are counted from 1, as everywhere else."""

    doc: str
    paragraph: int | None = Field(ge=1)
    quote: str | None = None


class _Side(Line):
    gold: list[int]


class _Meta(Line):
    scope: list[str] | None = Field(None, min_length=1)
    gold_mode: Literal["any", "all", "sets", "each_side", "documents", "none"] | None = None
    gold_sets: list[list[int]] = Field(default_factory=list)
    sides: list[_Side] = Field(default_factory=list)
    label: str | None = None


class _Question(Line):
    id: str = Field(min_length=1)
    question: str = Field(min_length=1)
    type: str = Field(min_length=1)
    answers: list[str] = Field(default_factory=list)
    gold: list[_GoldLine] = Field(default_factory=list)
    facts: list[list[_FactLine]] = Field(default_factory=list)
    history: list[Turn] = Field(default_factory=list)
    meta: dict[str, Any] = Field(default_factory=dict)

    @field_validator("id", mode="before")
    @classmethod
    def _number_too(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @field_validator("history", mode="before")
    @classmethod
    def _messages_too(cls, value: Any) -> Any:
        """A turn may also be an object with "role" and "content"."""
        return list(map(_turn, value)) if isinstance(value, list) else value


def _turn(value: Any) -> Any:
    if isinstance(value, dict):
        return value.get("role"), value.get("content")
    return tuple(value) if isinstance(value, list) else value


def _asked(line: _Question, where: Where, documents: Documents) -> Asked:
    meta = _meta(line, where)
    if line.gold and line.facts:
        raise where.wrong('it has "gold" and "facts": leave one out')
    if not line.question.strip():
        raise where.wrong('its "question" is blank')
    items = [_item(each, where, documents) for each in line.gold]
    facts = tuple(_fact(each, where, documents) for each in line.facts)
    gold = Gold((facts,)) if facts else _gold(items, meta, where)
    asked = Asked(
        id=line.id,
        question=line.question,
        type=line.type,
        answers=tuple(each for each in line.answers if each.strip()),
        gold=gold,
        sides=_sides(line.type, items, facts, meta, where),
        evidence=_evidence(items, meta, where) if line.type == "claim" else (),
        support=_support(line, meta, where) if line.type == "claim" else None,
        sources=_scope(meta, where, documents),
        history=tuple(line.history),
        meta=line.meta,
    )
    _check(asked, where)
    return asked


def _meta(line: _Question, where: Where) -> _Meta:
    try:
        return _Meta.model_validate(line.meta)
    except ValidationError as fault:
        raise where.wrong(fault_of(fault, "meta")) from None


def _check(asked: Asked, where: Where) -> None:
    """That enough is known of the answer, and not what can't be."""
    if asked.type == "unanswerable" and asked.gold:
        raise where.wrong('it is "unanswerable" but has gold')
    if asked.answerable and not asked.gold and not asked.answers:
        raise where.wrong(
            'it has neither gold nor answers: give one, or the type "unanswerable" or "claim"'
        )
    if asked.sources is not None:
        outside = {place[0] for place in asked.gold.places} - set(asked.sources)
        if outside:
            raise where.wrong(f"its gold is in {min(outside)!r}, which isn't in its scope")


def _scope(meta: _Meta, where: Where, documents: Documents) -> tuple[str, ...] | None:
    if meta.scope is None:
        return None
    wanted = [each for each in meta.scope if each not in documents.left_out]
    if not wanted:
        raise where.wrong("no text in its scope can be stored")
    return tuple(sorted({_document(each, where, documents).source_id for each in wanted}))


def _document(doc_id: str, where: Where, documents: Documents) -> Document:
    if doc_id in documents.left_out:
        raise where.wrong(f"the document {doc_id!r} can't be stored")
    found = documents.find(doc_id)
    if found is None:
        raise where.wrong(f"there is no document {doc_id!r}")
    return found


# --- gold ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Item:
    """One entry of the gold: its place, and where its words stand."""

    place: Place
    span: Span


def _item(line: _GoldLine, where: Where, documents: Documents) -> _Item:
    document = _document(line.doc_id, where, documents)
    if line.paragraph is None:
        return _Item((document.source_id, None), Span(document.source_id, 0, len(document.text)))
    if line.paragraph >= len(document.pieces):
        raise where.wrong(
            f"its gold names paragraph {line.paragraph} of {line.doc_id!r}, which has "
            f"{len(document.pieces)}, counted from 0"
        )
    block = document.pieces[line.paragraph]
    start, end = _words(line.quote, line.doc_id, line.paragraph, block, document, where)
    number = document.number_at(start)
    if number is None:
        raise where.wrong(f"paragraph {line.paragraph} of {line.doc_id!r} is blank")
    return _Item((document.source_id, number), Span(document.source_id, start, end))


def _fact(lines: list[_FactLine], where: Where, documents: Documents) -> Fact:
    if not lines:
        raise where.wrong("one of its facts has no place")
    return frozenset(_place(line, where, documents) for line in lines)


def _place(line: _FactLine, where: Where, documents: Documents) -> Place:
    document = _document(line.doc, where, documents)
    if line.paragraph is None:
        return document.source_id, None
    if line.paragraph > len(document.paragraphs):
        raise where.wrong(
            f"one of its facts names paragraph {line.paragraph} of {line.doc!r}, which has "
            f"{len(document.paragraphs)}, counted from 1"
        )
    paragraph = document.paragraphs[line.paragraph - 1]
    span = (paragraph.start, paragraph.end)
    _words(line.quote, line.doc, line.paragraph, span, document, where)
    return document.source_id, line.paragraph


def _words(
    quote: str | None,
    doc_id: str,
    paragraph: int,
    span: tuple[int, int],
    document: Document,
    where: Where,
) -> tuple[int, int]:
    """The span of the quote, which must stand in this span of the text; without one, all of it."""
    if not quote:
        return span
    start = document.text.find(quote, *span)
    if start < 0:
        shown = quote if len(quote) <= 60 else f"{quote[:60]}…"
        raise where.wrong(f"paragraph {paragraph} of {doc_id!r} doesn't have the quote {shown!r}")
    return start, start + len(quote)


def _gold(items: list[_Item], meta: _Meta, where: Where) -> Gold:
    places = [item.place for item in items]
    if not places:
        return NO_GOLD
    match meta.gold_mode:
        case "any" | "none" | None:
            return Gold(((frozenset(places),),))
        case "all" | "documents":
            return Gold((tuple(frozenset([place]) for place in dict.fromkeys(places)),))
        case "sets":
            return Gold(
                tuple(
                    tuple(frozenset([item.place]) for item in picked)
                    for picked in _picked(items, meta.gold_sets, "gold_sets", where)
                )
            )
    return Gold((_facts(items, meta, where),))


def _facts(items: list[_Item], meta: _Meta, where: Where) -> tuple[Fact, ...]:
    """The sides of a question whose answer needs each of them."""
    picked = _picked(items, [side.gold for side in meta.sides], "sides", where)
    return tuple(frozenset(item.place for item in side) for side in picked)


def _sides(
    type: str, items: list[_Item], facts: tuple[Fact, ...], meta: _Meta, where: Where
) -> tuple[Fact, ...]:
    if type != "conflict":
        return ()
    return facts or (_facts(items, meta, where) if meta.sides else ())


def _evidence(items: list[_Item], meta: _Meta, where: Where) -> tuple[tuple[Span, ...], ...]:
    if not items:
        return ()
    if not meta.gold_sets:
        return (tuple(item.span for item in items),)
    picked = _picked(items, meta.gold_sets, "gold_sets", where)
    return tuple(tuple(item.span for item in each) for each in picked)


def _picked(
    items: list[_Item], choices: list[list[int]], name: str, where: Where
) -> list[list[_Item]]:
    """The items with these indices."""
    if not choices:
        raise where.wrong(f'its gold_mode needs "meta.{name}"')
    for choice in choices:
        wrong = [index for index in choice if not 0 <= index < len(items)]
        if wrong or not choice:
            named = f"the index {wrong[0]}" if wrong else "an empty list"
            raise where.wrong(f'its "meta.{name}" has {named}; its gold has {len(items)} entries')
    return [[items[index] for index in choice] for choice in choices]


def _support(line: _Question, meta: _Meta, where: Where) -> Support:
    label = line.answers[0] if line.answers else meta.label or "not_supported"
    if label not in _LABELS:
        raise where.wrong(f"{label!r} is no verdict on a claim: write {', '.join(_LABELS)}")
    return _LABELS[label]
